"""When a digest is due, and what wakes the service: jobs of APScheduler at a digest's slots and at intervals.

A digest has slots, each known by its nominal local time. A slot that spring skips comes as much later; the
second pass of autumn's repeated hour is the same slot, and not another. A job that fires notes its slot and
wakes the loop, on the scheduler's own thread. Each digest's job also fires at the start and when the clock
was set, so that a slot missed while the machine slept or the service was down is caught up once: of several
the last one counts.

A crontab has the five fields of crontab(5): minute, hour, day, month, weekday; 0 and 7 are Sunday, 1 is
Monday, and names (`mon`, `jan`) are understood. When day and weekday are both restricted, either will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from syndicator.alerts import Slot
from syndicator.clock import Clock
from syndicator.settings.models import Digest

log = structlog.get_logger()

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = re.compile(r"([0-7])(?:-([0-7]))?(?:/([1-9][0-9]*))?")
SHIFT = timedelta(hours=3)
"""More than any change of clocks; where the offset is the same on both sides, there is none to mind."""
WINDOWS = (timedelta(minutes=10), timedelta(days=1), timedelta(days=32), timedelta(days=366 * 9))
"""How far back a last slot is looked for, in steps; nine years hold a 29 February."""
JUMP_S = 2.0
"""A clock that moves this much apart from the monotonic one was set, or the machine slept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A crontab in a zone, checked; `nominal` steps through local times as if no clock ever changed."""

    nominal: BaseTrigger
    zone: ZoneInfo


@cache
def read_cron(cron: str, time_zone: str) -> Cron:
    """The crontab, ready to ask. Raises ValueError, in words for whoever wrote the settings."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {time_zone!r}; write one like Europe/Berlin") from None
    found = Cron(nominal=_read_fields(cron), zone=zone)
    if next(_nominals(found, datetime(2024, 1, 1)), None) is None:  # noqa: DTZ001  (nominal times have no zone)
        raise ValueError(f"the time {cron!r} never comes")
    return found


def latest_slot(digest: Digest, now: datetime) -> Slot | None:
    """The slot whose moment came last, up to and including `now`; None if none did for nine years."""
    cron = read_cron(digest.cron, digest.time_zone)
    local = now.astimezone(cron.zone).replace(tzinfo=None)
    shift = SHIFT if _clocks_change(cron.zone, now) else timedelta(0)
    for window in WINDOWS:
        nominals = _nominals(cron, local - max(window, shift), local + shift)
        slots = [slot for nominal in nominals if (slot := _slot(cron, nominal)).at <= now]
        if slots:
            return max(slots, key=lambda slot: (slot.at, slot.nominal))
    return None


def next_slot(cron: Cron, after: datetime) -> Slot | None:
    """The slot whose moment comes first after `after`."""
    local = after.astimezone(cron.zone).replace(tzinfo=None)
    shift = SHIFT if _clocks_change(cron.zone, after) else timedelta(0)
    first: Slot | None = None
    for nominal in _nominals(cron, local - shift):
        slot = _slot(cron, nominal)
        if slot.at > after and (first is None or slot.at < first.at):
            first = slot
        if first is not None and nominal > local + shift:
            break
    return first


_NEXT: dict[tuple[str, str], tuple[datetime, datetime]] = {}
"""What was found last, by crontab and time zone: for which moment, and the next slot's."""


def next_digest(digest: Digest, now: datetime) -> datetime | None:
    """When the digest's next slot comes; searched for once until it has come, or the clock was set back."""
    key = digest.cron, digest.time_zone
    if key not in _NEXT or not _NEXT[key][0] <= now < _NEXT[key][1]:
        slot = next_slot(read_cron(*key), now)
        if slot is None:
            return None
        _NEXT[key] = now, slot.at
    return _NEXT[key][1]


class Schedule:
    """Runs jobs when their time comes, between `start` and `stop`. They must return at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart_s = 0.0
        # In memory only: a job store that pickles runs whatever is put into its table.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def add_digest(self, route: str, digest: Digest, due: Callable[[str, Slot | None], None]) -> None:
        """Calls `due` with the route and its last slot, at each of the digest's slots and at the start."""
        self._scheduler.add_job(
            lambda: due(route, latest_slot(digest, self._clock.now())),
            SlotTrigger(read_cron(digest.cron, digest.time_zone)),
            name=f"digest {route}",
            next_run_time=self._clock.now(),
        )

    def add_interval(self, name: str, every: timedelta, wake: Callable[[], None]) -> None:
        """Calls `wake` at intervals, first after one."""
        self._scheduler.add_job(wake, IntervalTrigger(seconds=every.total_seconds(), timezone=UTC), name=name)

    def start(self) -> None:
        """Begins; each digest's job fires at once."""
        self._apart_s = self._apart()
        self._scheduler.start()

    def stop(self) -> None:
        """Ends at once; a job under way is waited for."""
        self._scheduler.shutdown(wait=False)

    def follow_clock(self) -> None:
        """Fires all jobs where the clock was set or the machine slept: APScheduler waits by the old time.

        To be called every few seconds; a few reads of the clock.
        """
        apart_s = self._apart()
        if abs(apart_s - self._apart_s) > JUMP_S:
            log.info("clock was set, schedule made anew", by_s=round(apart_s - self._apart_s, 1))
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=self._clock.now())
        self._apart_s = apart_s

    def _apart(self) -> float:
        at = self._clock.moment()
        return at.now.timestamp() - at.monotonic


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's question, when next, answered by slots."""

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        slot = next_slot(self._cron, (previous_fire_time or now).astimezone(UTC))
        return None if slot is None else slot.at


def _slot(cron: Cron, nominal: datetime) -> Slot:
    """The slot of a nominal time: the first of two passes, and as much later as the clock skipped it."""
    at = nominal.replace(tzinfo=cron.zone).astimezone(UTC)
    return Slot(nominal=nominal.isoformat(timespec="minutes"), at=at)


def _nominals(cron: Cron, first: datetime, last: datetime | None = None) -> Iterator[datetime]:
    # APScheduler steps through them as times in UTC, which has no changes of clocks.
    current = cron.nominal.get_next_fire_time(None, first.replace(tzinfo=UTC))
    while current is not None and (last is None or current.replace(tzinfo=None) <= last):
        yield current.replace(tzinfo=None)
        after = current + timedelta(minutes=1)
        current = cron.nominal.get_next_fire_time(None, after)


def _clocks_change(zone: ZoneInfo, now: datetime) -> bool:
    around = (now - SHIFT * 2, now, now + SHIFT * 2)
    return len({moment.astimezone(zone).utcoffset() for moment in around}) > 1


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
