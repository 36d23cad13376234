"""When each step runs: digests by crontab in named time zones, and jobs at intervals.

A digest has slots, each known by its nominal local time. A slot that spring skips comes as much later; the
second pass of autumn's repeated hour is the same slot, and not another. Jobs only mark work, in memory, on
the scheduler's own thread: what is due is read from the clock, by `latest_slots`, so that a slot missed while
the machine slept or the service was down is caught up once. Of several missed slots the last one counts.

A crontab has the five fields of crontab(5): minute, hour, day, month, weekday; 0 and 7 are Sunday, 1 is
Monday, and names (`mon`, `jan`) are understood. When day and weekday are both restricted, either will do.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from syndicator.alerts import Slot

log = structlog.get_logger()

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS = ("minute", "hour", "day", "month", "weekday")
SHIFT = timedelta(hours=3)
"""More than any change of clocks; where the offset is the same on both sides, there is none to mind."""
WINDOWS = (timedelta(minutes=10), timedelta(days=1), timedelta(days=32), timedelta(days=366 * 9))
"""How far back a last slot is looked for, in steps; nine years hold a 29 February."""
NEVER = datetime.max.replace(tzinfo=UTC)
PULSE_S = 5.0
JUMP_S = 2.0
"""A clock that moves this much apart from the monotonic one was set, or the machine slept."""


@dataclass(slots=True, eq=False)
class Cron:
    """A crontab in a zone, checked; `nominal` steps through local times as if no clock ever changed.

    `known` is the last answer to `latest_slot` and until when it holds: it is asked far more often than it
    changes, and working it out takes milliseconds.
    """

    nominal: BaseTrigger
    zone: ZoneInfo
    known: tuple[Slot, datetime] | None = None


def validate_cron(cron: str, time_zone: str) -> None:
    """Raises ValueError, in words for whoever wrote the settings, if the digest's time is none."""
    read_cron(cron, time_zone)


def read_cron(cron: str, time_zone: str) -> Cron:
    """The crontab, ready to ask. Raises ValueError as `validate_cron`."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {time_zone!r}; write one like Europe/Berlin") from None
    found = Cron(nominal=_read_fields(cron), zone=zone)
    if next(_nominals(found, datetime(2024, 1, 1)), None) is None:  # noqa: DTZ001  (nominal times have no zone)
        raise ValueError(f"the time {cron!r} never comes")
    return found


def latest_slot(cron: Cron, now: datetime) -> Slot | None:
    """The slot whose moment came last, up to and including `now`; None if none did for nine years."""
    if cron.known is None or not cron.known[0].at <= now < cron.known[1]:
        found, following = _search_back(cron, now), next_slot(cron, now)
        until = NEVER if following is None else following.at
        cron.known = None if found is None else (found, until)
    return None if cron.known is None else cron.known[0]


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


class Schedule:
    """Runs callbacks when their time comes, between `start` and `stop`. They must return at once."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        pulse_s: float = PULSE_S,
    ) -> None:
        self._clock, self._monotonic, self._pulse_s = clock, monotonic, pulse_s
        self._crons: dict[str, Cron] = {}
        self._jobs: dict[str, tuple[Callable[[], BaseTrigger], Callable[[], None]]] = {}
        self._stopping = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name="clock watch", daemon=True)
        # In memory only: a job store that pickles runs whatever is put into its table.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def add_digest(self, route: str, cron: str, time_zone: str, mark: Callable[[], None]) -> None:
        """Calls `mark` at each of the route's slots. Raises ValueError for a time that is none."""
        read = read_cron(cron, time_zone)
        self._crons[route] = read
        self._add(f"digest {route}", lambda: SlotTrigger(read), mark)

    def add_interval(self, name: str, every: timedelta, mark: Callable[[], None]) -> None:
        """Calls `mark` at intervals, first after one."""
        self._add(name, lambda: IntervalTrigger(seconds=every.total_seconds(), timezone=UTC), mark)

    def latest_slots(self, now: datetime) -> dict[str, Slot]:
        """The last slot of each route that has digests; which of them are dealt with, the ledger knows."""
        found = ((route, latest_slot(cron, now)) for route, cron in self._crons.items())
        return {route: slot for route, slot in found if slot is not None}

    def next_slots(self, now: datetime) -> dict[str, Slot]:
        """The next slot of each route that has digests."""
        found = ((route, next_slot(cron, now)) for route, cron in self._crons.items())
        return {route: slot for route, slot in found if slot is not None}

    def start(self) -> None:
        self._scheduler.start()
        self._pulse.start()

    def stop(self) -> None:
        """Ends at once; a callback under way is waited for."""
        self._stopping.set()
        self._scheduler.shutdown(wait=False)
        self._pulse.join()

    def _add(self, name: str, trigger: Callable[[], BaseTrigger], mark: Callable[[], None]) -> None:
        self._jobs[name] = (trigger, mark)
        self._scheduler.add_job(mark, trigger(), id=name, name=name)

    def _beat(self) -> None:
        """Watches for a clock that was set. APScheduler waits by the old time: too long, or too short."""
        apart = self._apart()
        while not self._stopping.wait(self._pulse_s):
            now_apart = self._apart()
            if abs(now_apart - apart) > JUMP_S:
                log.info("clock was set, schedule made anew", by_s=round(now_apart - apart, 1))
                self._make_anew()
            apart = now_apart

    def _apart(self) -> float:
        return self._clock().timestamp() - self._monotonic()

    def _make_anew(self) -> None:
        for name, (trigger, mark) in self._jobs.items():
            self._scheduler.reschedule_job(name, trigger=trigger())
            mark()


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's question, when next, answered by slots."""

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        slot = next_slot(self._cron, (previous_fire_time or now).astimezone(UTC))
        return None if slot is None else slot.at


def _search_back(cron: Cron, now: datetime) -> Slot | None:
    local = now.astimezone(cron.zone).replace(tzinfo=None)
    shift = SHIFT if _clocks_change(cron.zone, now) else timedelta(0)
    for window in WINDOWS:
        nominals = _nominals(cron, local - max(window, shift), local + shift)
        slots = [slot for nominal in nominals if (slot := _slot(cron, nominal)).at <= now]
        if slots:
            return max(slots, key=lambda slot: (slot.at, slot.nominal))
    return None


def _slot(cron: Cron, nominal: datetime) -> Slot:
    """The slot of a nominal time: the first of two passes, and as much later as the clock skipped it."""
    at = nominal.replace(tzinfo=cron.zone).astimezone(UTC)
    return Slot(nominal=nominal.isoformat(timespec="minutes"), at=at)


def _nominals(cron: Cron, first: datetime, last: datetime | None = None) -> Iterator[datetime]:
    """The nominal times from `first` to `last`, in order."""
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
    if len(fields) != len(FIELDS):
        form = "minute hour day month weekday, like 0 9 * * mon-fri"
        raise ValueError(f"the time {cron!r} has {len(fields)} fields, not five: {form}")
    for name, field in zip(FIELDS, fields, strict=True):
        if not re.fullmatch(r"[0-9a-z*/,-]+", field):
            raise ValueError(f"the {name} {field!r} of {cron!r} is not understood")
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
    found = {WEEKDAYS[number] for part in field.split(",") for number in _weekday_numbers(part, field)}
    return [name for name in WEEKDAYS[1:] if name in found]


def _weekday_numbers(part: str, field: str) -> Sequence[int]:
    span, _, step = part.partition("/")
    first, _, last = ("0", "-", "6") if span == "*" else span.partition("-")
    low = _weekday(first, field)
    high = _weekday(last, field) if last else (6 if step else low)
    high = 7 if high == 0 and low > 0 else high
    if low > high or (step and (not step.isdigit() or int(step) == 0)):
        raise ValueError(f"the weekday {field!r} is not understood; 1 or mon is Monday, 0, 7 or sun Sunday")
    return range(low, high + 1, int(step or 1))


def _weekday(text: str, field: str) -> int:
    if text in WEEKDAYS:
        return WEEKDAYS.index(text)
    if text.isdigit() and int(text) <= 7:
        return int(text)
    raise ValueError(f"the weekday {field!r} is not understood; 1 or mon is Monday, 0, 7 or sun Sunday")
