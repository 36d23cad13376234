"""What the service has done since it started, counted by the thread that does it; others only read."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class Durations:
    """How often something took how long, as a histogram: the seconds are sorted into `BOUNDS_S`."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def note(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds

    def buckets(self) -> list[tuple[float, int]]:
        """Each bound with how many took at most so long; the last bound is infinite.

        >>> durations = Durations()
        >>> durations.note(0.03)
        >>> durations.buckets()[:3]
        [(0.02, 0), (0.05, 1), (0.1, 1)]
        """
        total, found = 0, []
        for bound, count in zip((*BOUNDS_S, float("inf")), self._counts, strict=True):
            total += count
            found.append((bound, total))
        return found


@dataclass(slots=True, kw_only=True)
class Activity:
    scans: int = 0
    scan_s: float = 0.0
    """How long the last scan of everything took."""
    scanned_at: float = 0.0
    """When that was, in seconds since 1970."""
    bursts: int = 0
    """How often so many events came that some may have been lost, and everything was scanned."""
    files_written: int = 0
    feeds_written: int = 0
    file_to_feed: Durations = field(default_factory=Durations)
    """From the first event of a change to its feeds on disk."""
    _hinted_s: float | None = None
    """When the first event came of what is not published yet."""

    def note_hint(self) -> None:
        self._hinted_s = self._hinted_s or time.monotonic()

    def note_published(self, files: int, feeds: int) -> None:
        """So many files were written, feeds among them."""
        self.files_written += files
        self.feeds_written += feeds

    def note_followed(self, feeds: int, *, waits: bool) -> None:
        """All events so far are followed by these feeds; whether a file still waits to come to rest."""
        if feeds and self._hinted_s is not None:
            self.file_to_feed.note(time.monotonic() - self._hinted_s)
        if feeds or not waits:
            self._hinted_s = None

    def note_scan(self, seconds: float, now: float) -> None:
        """A scan of everything took so long and ended now, in seconds since 1970."""
        self.scans, self.scan_s, self.scanned_at = self.scans + 1, seconds, now
