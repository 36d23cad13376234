"""The clocks of this machine, read in one place. Everything that decides gets its time as an argument."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The time of a look on its three clocks: the calendar, the file system's, the monotonic one."""

    now: datetime
    wall_ns: int
    monotonic: float


class Clock(Protocol):
    def now(self) -> datetime:
        """The calendar's time, in UTC."""
        ...

    def moment(self) -> Moment:
        """The same moment on all clocks."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def moment(self) -> Moment:
        return Moment(now=self.now(), wall_ns=time.time_ns(), monotonic=time.monotonic())
