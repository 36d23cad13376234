"""The times of a crontab, in words for whoever wrote it where there are none.

It has the five fields of crontab(5): minute, hour, day, month, weekday; 0 and 7 are Sunday, 1 is Monday, and
names (`mon`, `jan`) are understood. When day and weekday are both restricted, either will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = re.compile(r"([0-7])(?:-([0-7]))?(?:/([1-9][0-9]*))?")


@cache
def read_crontab(cron: str) -> BaseTrigger:
    """What steps through its times. Raises ValueError, readable, where there are none."""
    found = _read_fields(cron)
    if next(nominals(found, datetime(2024, 1, 1)), None) is None:  # noqa: DTZ001  (nominal times have no zone)
        raise ValueError(f"the time {cron!r} never comes")
    return found


def nominals(cron: BaseTrigger, first: datetime, last: datetime | None = None) -> Iterator[datetime]:
    """Its local times from `first` to `last`, in order, as if no clock ever changed."""
    # APScheduler steps through them as times in UTC, which has no changes of clocks.
    current = cron.get_next_fire_time(None, first.replace(tzinfo=UTC))
    while current is not None and (last is None or current.replace(tzinfo=None) <= last):
        yield current.replace(tzinfo=None)
        after = current + timedelta(minutes=1)
        current = cron.get_next_fire_time(None, after)


def _read_fields(cron: str) -> BaseTrigger:
    fields = cron.lower().split()
    if len(fields) != 5:
        form = "minute hour day month weekday, like 0 9 * * mon-fri"
        raise ValueError(f"the time {cron!r} has {len(fields)} fields, not five: {form}")
    minute, hour, day, month, weekday = fields
    weekdays = ",".join(_read_weekdays(weekday))
    common = {"minute": minute, "hour": hour, "month": month}
    if day.startswith("*") or weekday.startswith("*"):
        return _trigger(cron, day=day, day_of_week=weekdays, **common)
    # crontab(5): with both restricted, the day matches when either does.
    return OrTrigger([_trigger(cron, day=day, **common), _trigger(cron, day_of_week=weekdays, **common)])


def _trigger(cron: str, **fields: str) -> CronTrigger:
    try:
        return CronTrigger(timezone=UTC, **fields)
    except ValueError as error:
        raise ValueError(f"the time {cron!r} is not understood: {error}") from None


def _read_weekdays(field: str) -> Sequence[str]:
    """The names of the weekdays, since APScheduler counts them from another day than crontab does."""
    numbers = re.sub("|".join(WEEKDAYS), lambda name: str(WEEKDAYS.index(name[0])), field)
    found: set[str] = set()
    for part in numbers.split(","):
        read = WEEKDAY.fullmatch(part.replace("*", "0-6"))
        low, high = (int(read[1]), int(read[2] or (6 if read[3] else read[1]))) if read else (1, -1)
        high = 7 if high == 0 < low else high
        if not read or low > high:
            raise ValueError(
                f"the weekday {field!r} is not understood; 1 or mon is Monday, 0, 7 or sun Sunday"
            )
        found |= {WEEKDAYS[number] for number in range(low, high + 1, int(read[3] or 1))}
    return [name for name in WEEKDAYS[1:] if name in found]
