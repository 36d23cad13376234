"""The short form of the proof that nothing is lost and nothing is posted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.deliveries import run


@pytest.mark.timeout(170)
def test_nothing_is_lost_and_nothing_comes_twice_under_faults_and_kills(tmp_path: Path) -> None:
    result = run(deliveries=80, faults=40, kills=6, channels=16, folder=tmp_path, timeout_s=150)
    assert result.bad == [], result.table()
    assert result.posted == 80 and result.kills.total() >= 1 and result.faults.total() >= 20


@pytest.mark.timeout(170)
def test_webhook_never_posts_twice_and_lists_what_is_unclear(tmp_path: Path) -> None:
    result = run(deliveries=80, faults=40, kills=6, channels=16, webhook=True, folder=tmp_path, timeout_s=150)
    assert result.bad == [], result.table()
    assert result.listed >= 5 and result.kills.total() >= 1
