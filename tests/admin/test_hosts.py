"""Under which names the operator's address answers."""

from __future__ import annotations

import pytest

from syndicator.admin.server import is_own_host


@pytest.mark.parametrize(
    ("host", "configured", "ours"),
    [
        ("127.0.0.1:9090", "127.0.0.1", True),
        ("127.1.2.3", "127.0.0.1", True),
        ("[::1]:9090", "127.0.0.1", True),
        ("LOCALHOST.:9090", "127.0.0.1", True),
        ("", "127.0.0.1", True),
        ("evil.example:9090", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("localhost@evil.example", "127.0.0.1", False),
        ("10.0.0.5", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
        ("10.0.0.5:9090", "10.0.0.5", True),
        ("Metrics.Example:9090", "metrics.example", True),
        ("10.0.0.5:9090", "0.0.0.0", True),
        ("[fd00::5]:9090", "::", True),
        ("evil.example:9090", "0.0.0.0", False),
    ],
)
def test_host_of_a_request(host: str, configured: str, ours: bool) -> None:
    assert is_own_host(host, configured) is ours
