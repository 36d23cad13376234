"""The clocks of this machine, read in one place. Everything that decides gets its time as an argument."""

from __future__ import annotations

import time
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

    def moment(self) -> Moment:
        return Moment(now=datetime.now(UTC), wall_ns=time.time_ns(), monotonic=time.monotonic())

    def now(self) -> datetime:
        return self.moment().now
