"""The clocks of this machine, read in one place. Everything that decides gets its time as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment on three clocks: the calendar's (UTC), the file system's, the monotonic one."""

    now: datetime
    wall_ns: int
    monotonic: float


class Clock:
    """The machine's own; a test may give another."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_ns, self._monotonic = wall_ns, monotonic

    def moment(self) -> Moment:
        """All clocks, read one after the other."""
        wall_ns, monotonic = self._wall_ns(), self._monotonic()
        return Moment(now=datetime.fromtimestamp(wall_ns / 1e9, UTC), wall_ns=wall_ns, monotonic=monotonic)

    def now(self) -> datetime:
        return self.moment().now
