"""The short form of the proof that nothing is lost, nothing is posted twice and each edit arrives.

It runs as a process of its own, as the long form does: it forks, kills and talks to its children through
descriptors, and a loop has those of other tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

SHORT = {"deliveries": 60, "faults": 30, "kills": 3, "timeout": 150}
LONG = {"deliveries": 1_000, "faults": 500, "kills": 50, "timeout": 1_500}
both = pytest.mark.parametrize(
    "size", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "long"]
)


def prove(size: dict[str, int], *more: str) -> dict[str, int]:
    """The figures that the proof prints, by their names."""
    # Its folder removes itself. Not tmp_path: the sockets of multiprocessing lie there, and 107 bytes are the
    # longest path that one may have.
    folder = os.environ.get("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    options = [word for name, value in size.items() for word in (f"--{name}", f"{value}")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.deliveries", *options, *more],
        env=os.environ | {"TMPDIR": folder},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=size["timeout"] + 20,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    return {name.strip(): int(float(figure)) for name, figure in rows}


@both
@pytest.mark.timeout(1_600)
def test_nothing_is_lost_and_nothing_comes_twice_under_faults_and_kills(
    size: dict[str, int], record_property: Callable[[str, object], None]
) -> None:
    figures = prove(size | {"edits": size["deliveries"] // 2})
    assert (figures["lost"], figures["twice"], figures["unsettled"]) == (0, 0, 0)
    assert figures["not the last text"] == 0 and figures["edits made"] >= size["deliveries"] // 2
    assert figures["posted"] == size["deliveries"]
    assert figures["kill -9"] >= 1 and figures["faults"] >= size["faults"] // 2
    record_property(
        "seen",
        f"{figures['posted']} deliveries, {figures['edits made']} edits, {figures['faults']} faults, "
        f"{figures['kill -9']} kills: lost 0, twice 0, each with its last text",
    )


@both
@pytest.mark.timeout(1_600)
def test_webhook_never_posts_twice_and_lists_what_is_unclear(size: dict[str, int]) -> None:
    figures = prove(size, "--webhook")
    assert (figures["lost"], figures["twice"], figures["unsettled"]) == (0, 0, 0)
    assert figures["unclear, listed"] >= 4 and figures["kill -9"] >= 1
