"""How much there is to expect of a topic, counted over the eight weeks that end at its newest entry, or over
all its time where these have one or two; and how people say it (pure).

The window ends at the newest entry and not at today, and moments are absolute, so that a page's bytes follow
from its entries alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from syndicator.models import Appearance
from syndicator.text import say_count

WINDOW_DAYS = 56
_DAYS_PER_MONTH = 365.25 / 12
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counts of one topic. All but `total` and `first` are of the window; days are in its moments' zone.

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
        return min(WINDOW_DAYS, self.all_days)

    @property
    def all_days(self) -> int:
        """How many days the topic has existed, at least 1."""
        if self.first is None or self.newest is None:
            return 1
        return (self.newest.date() - self.first.date()).days + 1

    def reaching(self, minimum: float) -> int:
        """Entries in the window whose quality reaches the minimum."""
        return sum(count for quality, count in self.qualities.items() if quality >= minimum)


def window_start(newest: datetime) -> datetime:
    """The first moment of the window that ends on the newest entry's day: what came before is not counted."""
    return newest.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=WINDOW_DAYS - 1)


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


def say_day(day: date) -> str:
    """`5 March 2026`."""
    return f"{day:%-d %B %Y}"


def say_moment(moment: datetime) -> str:
    """`5 March 2026, 14:05 UTC`, in the moment's own zone."""
    name = moment.tzname() or ""  # many zones have no name but `-03`
    return f"{say_day(moment)}, {moment:%H:%M} {name if name.isalpha() else f'UTC{name}'}"


def local(moment: datetime, time_zone: str) -> datetime:
    """The same moment in this zone."""
    return moment.astimezone(ZoneInfo(time_zone)) if time_zone != "UTC" else moment


def say_rate(count: int, days: int) -> str:
    """How often something came that came `count` times in `days` days.

    >>> [say_rate(count, 56) for count in (560, 112, 56, 24, 8, 3, 1, 0)]  # doctest: +NORMALIZE_WHITESPACE
    ['about 10 a day', 'about 2 a day', 'about 1 a day', 'about 3 a week', 'about 1 a week',
     'about 2 a month', 'about 1 a month', 'none in the last 8 weeks']
    >>> say_rate(3, 2), say_rate(0, 2), say_rate(1, 9)
    ('3 so far', 'none so far', '1 so far')
    >>> say_rate(9, 730), say_rate(2, 3_650)
    ('about 5 a year', '2 so far')
    """
    if days < 7 or (0 < count < _FEW and days < WINDOW_DAYS):
        return f"{count:,} so far" if count else "none so far"
    if count == 0:
        return f"none in the last {days // 7} weeks" if days >= 14 else "none in the last week"
    for length, name in ((1, "day"), (7, "week")):
        if (often := count * length / days) >= 0.95:
            return f"about {round(often):,} a {name}"
    if (often := count * _DAYS_PER_MONTH / days) >= 0.5:
        return f"about {max(1, round(often))} a month"
    often *= 12
    return f"about {round(often)} a year" if often >= 0.95 else f"{count:,} so far"


def say_pace(statistics: Statistics) -> str:
    """How often something comes in the topic; empty where there is nothing to expect."""
    if not statistics.total:
        return ""
    count, days = statistics.recent, statistics.covered_days
    if count < _FEW and statistics.total * days < count * statistics.all_days:
        # The window ends at the newest entry, so that one is always in it, however rare they are.
        count, days = statistics.total, statistics.all_days
    return say_rate(count, days)


def say_expectation(statistics: Statistics) -> str:
    """`about 2 a day, 14 publishers`; empty where there is nothing to expect."""
    pace = say_pace(statistics)
    if not pace or not statistics.publishers:
        return pace
    return f"{pace}, {say_count(statistics.publishers, 'publisher')}"
