"""How much there is to expect of a topic, counted over the eight weeks that end at its newest entry (pure).

The window ends at the newest entry and not at today, so that a page's bytes follow from its entries alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicator.models import Appearance, refuse_naive

WINDOW_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counts of one topic. All but `total` and `first` are of the window; days are days in UTC.

    `days` has WINDOW_DAYS counts, oldest first, the last one of the newest entry's day; `qualities` counts
    the rated entries by quality, ascending.
    """

    total: int = 0
    first: datetime | None = None
    newest: datetime | None = None
    days: tuple[int, ...] = (0,) * WINDOW_DAYS
    publishers: int = 0
    qualities: Mapping[float, int] = field(default_factory=dict)

    @property
    def recent(self) -> int:
        """Entries in the window."""
        return sum(self.days)

    @property
    def covered_days(self) -> int:
        """How many days of the window the topic has existed, at least 1."""
        if self.first is None or self.newest is None:
            return 1
        return min(WINDOW_DAYS, (self.newest.date() - self.first.date()).days + 1)

    def reaching(self, minimum: float) -> int:
        """Entries in the window whose quality reaches the minimum."""
        return sum(count for quality, count in self.qualities.items() if quality >= minimum)


def window_start(newest: datetime) -> datetime:
    """The first moment of the window that ends on the newest entry's day: what came before is not counted."""
    refuse_naive(newest)
    midnight = newest.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=min(WINDOW_DAYS - 1, (midnight.date() - midnight.min.date()).days))


def count_statistics(appearances: Iterable[Appearance], *, total: int, first: datetime | None) -> Statistics:
    """The statistics of a topic from its appearances in the window, in any order; older ones do not count.

    `total` and `first` (the oldest published time) are of all the topic's entries.
    """
    seen = list(appearances)
    if not seen:
        return Statistics(total=total, first=first)
    newest = max(published for published, _, _ in seen)
    start = window_start(newest)
    recent = [one for one in seen if one.published >= start]
    days = Counter((one.published.date() - start.date()).days for one in recent)
    rated = Counter(one.quality for one in recent if one.quality is not None)
    return Statistics(
        total=total,
        first=first,
        newest=newest,
        days=tuple(days[day] for day in range(WINDOW_DAYS)),
        publishers=len({one.publisher for one in recent if one.publisher}),
        qualities=dict(sorted(rated.items())),
    )
