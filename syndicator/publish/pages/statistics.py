"""How much there is to expect of a topic, counted over the eight weeks that end at its newest entry (pure).

The window ends at the newest entry and not at today, so that a page's bytes follow from its entries alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicator.models import Entry, refuse_naive

WINDOW_DAYS = 56


LARGEST = 1e15
"""A quality beyond it is no rating; articles never have one, and no scale could show it."""


def is_rated(quality: float) -> bool:
    """Whether a quality counts: a number that a scale can show."""
    return math.isfinite(quality) and abs(quality) <= LARGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What counts of one public entry. A row of the store is enough for it."""

    published: datetime
    quality: float | None = None
    publisher: str | None = None


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


def count_statistics(
    appearances: Iterable[Appearance], *, total: int | None = None, first: datetime | None = None
) -> Statistics:
    """The statistics of these public entries, in any order; those before the window may be left out.

    `total` and `first` (the oldest published time) are of all the topic's entries; where they are not given,
    the appearances are taken for all.
    """
    seen = list(appearances)
    if not seen:
        return Statistics(total=total or 0, first=first)
    newest = max(appearance.published for appearance in seen)
    start = window_start(newest)
    recent = [appearance for appearance in seen if appearance.published >= start]
    days = Counter((appearance.published.date() - start.date()).days for appearance in recent)
    rated = Counter(one.quality for one in recent if one.quality is not None and is_rated(one.quality))
    return Statistics(
        total=len(seen) if total is None else total,
        first=first or min(appearance.published for appearance in seen),
        newest=newest,
        days=tuple(days[day] for day in range(WINDOW_DAYS)),
        publishers=len({appearance.publisher for appearance in recent if appearance.publisher}),
        qualities=dict(sorted(rated.items())),
    )


def count_entries(entries: Iterable[Entry]) -> Statistics:
    """The statistics of all the public entries of a topic, in any order."""
    return count_statistics(
        Appearance(
            published=entry.article.published,
            quality=entry.article.quality,
            publisher=entry.article.provider.name if entry.article.provider else None,
        )
        for entry in entries
    )
