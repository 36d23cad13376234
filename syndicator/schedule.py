"""When a digest is due, and what wakes the service: jobs of APScheduler at a digest's slots and at intervals.

A digest has slots, each known by its nominal local time. A slot that spring skips comes as much later; the
second pass of autumn's repeated hour is the same slot, and not another. A job that fires notes its slot and
wakes the loop, on the scheduler's own thread. Each digest's job also fires at the start and when the clock
was set, so that a slot missed while the machine slept or the service was down is caught up once: of several
the last one counts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from syndicator.alerts import Slot
from syndicator.clock import Clock
from syndicator.crontab import nominals, read_crontab
from syndicator.settings.models import Digest

log = structlog.get_logger()

SHIFT = timedelta(hours=3)
"""More than any change of clocks; where the offset is the same on both sides, there is none to mind."""
WINDOWS = (timedelta(minutes=10), timedelta(days=1), timedelta(days=32), timedelta(days=366 * 9))
"""How far back a last slot is looked for, in steps; nine years hold a 29 February."""
JUMP_S = 2.0
"""A clock that moves this much apart from the monotonic one was set, or the machine slept."""


def latest_slot(digest: Digest, now: datetime) -> Slot | None:
    """The slot whose moment came last, up to and including `now`; None if none did for nine years."""
    crontab, zone = _read(digest)
    local, shift = _local(now, zone)
    for window in WINDOWS:
        found = nominals(crontab, local - max(window, shift), local + shift)
        slots = [slot for nominal in found if (slot := _slot(nominal, zone)).at <= now]
        if slots:
            return max(slots, key=lambda slot: (slot.at, slot.nominal))
    return None


def next_slot(digest: Digest, after: datetime) -> Slot | None:
    """The slot whose moment comes first after `after`."""
    crontab, zone = _read(digest)
    local, shift = _local(after, zone)
    first: Slot | None = None
    for nominal in nominals(crontab, local - shift):
        slot = _slot(nominal, zone)
        if slot.at > after and (first is None or slot.at < first.at):
            first = slot
        if first is not None and nominal > local + shift:
            break
    return first


def next_digest(digest: Digest, now: datetime) -> datetime | None:
    """When the digest's next slot comes. About 60 us."""
    slot = next_slot(digest, now)
    return None if slot is None else slot.at


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
            SlotTrigger(digest),
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

    def __init__(self, digest: Digest) -> None:
        self._digest = digest

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        slot = next_slot(self._digest, (previous_fire_time or now).astimezone(UTC))
        return None if slot is None else slot.at


def _read(digest: Digest) -> tuple[BaseTrigger, ZoneInfo]:
    return read_crontab(digest.cron), ZoneInfo(digest.time_zone)


def _local(moment: datetime, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    """The zone's own time, without offset, and how far around it the clocks may change."""
    around = (moment - SHIFT * 2, moment, moment + SHIFT * 2)
    clocks_change = len({each.astimezone(zone).utcoffset() for each in around}) > 1
    return moment.astimezone(zone).replace(tzinfo=None), SHIFT if clocks_change else timedelta(0)


def _slot(nominal: datetime, zone: ZoneInfo) -> Slot:
    """The slot of a nominal time: the first of two passes, and as much later as the clock skipped it."""
    at = nominal.replace(tzinfo=zone).astimezone(UTC)
    return Slot(nominal=nominal.isoformat(timespec="minutes"), at=at)
