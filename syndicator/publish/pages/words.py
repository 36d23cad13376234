"""Numbers and moments as people say them (pure). Everything is absolute: a page does not age."""

from __future__ import annotations

from datetime import date, datetime

from syndicator.publish.pages.statistics import WINDOW_DAYS, Statistics
from syndicator.text import say_count

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS_PER_MONTH = 365.25 / 12


def say_day(day: date) -> str:
    """`5 March 2026`, whatever the locale."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def say_moment(moment: datetime) -> str:
    """`5 March 2026, 14:05 UTC`."""
    return f"{say_day(moment)}, {moment:%H:%M} UTC"


def say_rate(count: int, days: int) -> str:
    """How often something came that came `count` times in `days` days.

    >>> [say_rate(count, 56) for count in (560, 112, 56, 24, 8, 3, 1, 0)]  # doctest: +NORMALIZE_WHITESPACE
    ['about 10 a day', 'about 2 a day', 'about 1 a day', 'about 3 a week', 'about 1 a week',
     'about 2 a month', 'about 1 a month', 'none in the last 8 weeks']
    >>> say_rate(3, 2), say_rate(0, 2), say_rate(1, 9)
    ('3 so far', 'none so far', '1 so far')
    """
    if days < 7 or (0 < count < 3 and days < WINDOW_DAYS):
        return f"{count:,} so far" if count else "none so far"
    if count == 0:
        return f"none in the last {days // 7} weeks" if days >= 14 else "none in the last week"
    for length, name in ((1, "day"), (7, "week")):
        if (often := count * length / days) >= 0.95:
            return f"about {round(often):,} a {name}"
    return f"about {max(1, round(count * _DAYS_PER_MONTH / days))} a month"


def say_expectation(statistics: Statistics) -> str:
    """`about 2 a day, 14 publishers`; empty where there is nothing to expect."""
    if not statistics.total:
        return ""
    rate = say_rate(statistics.recent, statistics.covered_days)
    if not statistics.publishers:
        return rate
    return f"{rate}, {say_count(statistics.publishers, 'publisher')}"
