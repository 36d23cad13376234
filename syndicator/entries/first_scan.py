"""A source's silent beginning, and when it is over: no clock is read, no folder looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicator.entries.scanner import ScanResult

OPENING_LASTS = timedelta(minutes=10)
"""How long the beginning waits for files that do not rest and folders that cannot be read."""


@dataclass(slots=True)
class Opening:
    """The looks at a source that has not begun yet."""

    since: datetime | None = None
    """When its folder was first seen, or seen again."""
    waiting: frozenset[str] | None = None
    """What of the first look at all of it had not come to rest."""
    unread: int = 0
    """How many files the beginning did not wait for any longer."""

    def is_over(self, scanned: ScanResult, waiting: frozenset[str], now: datetime) -> bool:
        """Whether all that was there at the first whole look has been taken in, files at rest only later too:
        they are as little news as the others. What never rests or cannot be read is not waited for for ever.
        """
        if scanned.whole:
            self.since = (self.since or now) if scanned.there else None
            if scanned.complete and self.waiting is None:
                self.waiting = waiting
        if self.waiting is not None and not waiting & self.waiting:
            self.unread = 0
            return True
        self.unread = max(1, len(waiting))
        return self.since is not None and abs(now - self.since) >= OPENING_LASTS
