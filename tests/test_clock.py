"""The clocks are read as of one moment."""

from __future__ import annotations

from itertools import count

import pytest

from syndicator.clock import Clock

PAUSE_S = 7.0


@pytest.mark.parametrize("paused", range(4))
def test_pause_between_two_clocks_is_no_jump_of_one(paused: int) -> None:
    """The process stands still before one of its readings."""
    reads = count()

    def time() -> float:
        return PAUSE_S if next(reads) >= paused else 0.0

    at = Clock(lambda: int(time() * 1e9), time).moment()
    assert at.now.timestamp() == at.wall_ns / 1e9 == at.monotonic
