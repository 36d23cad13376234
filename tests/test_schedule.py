"""Slots of digests in a virtual clock: changes of clocks, jumps, sleep, restarts; and the real scheduler."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.alerts import Slot
from syndicator.clock import Clock, Moment
from syndicator.crontab import read_crontab
from syndicator.schedule import (
    Schedule,
    SlotTrigger,
    latest_slot,
    next_digest,
    next_slot,
)
from syndicator.settings.models import Digest
from tests.making import utc

BERLIN = "Europe/Berlin"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta(seconds=30)


class Life:
    """A service that ticks, or sleeps, and deals with each slot once, as the ledger makes sure."""

    def __init__(self, cron: str, zone: str, began: datetime) -> None:
        self.digest, self.began = Digest(cron=cron, time_zone=zone), began
        self.done: dict[str, datetime] = {}
        self.marks: Counter[str] = Counter()
        self.known = began, began

    def tick(self, now: datetime) -> None:
        if self.known[0] <= now < self.known[1]:
            return
        slot, following = latest_slot(self.digest, now), next_slot(self.digest, now)
        if slot is not None and following is not None:
            self.known = slot.at, following.at
        if slot is not None and slot.at >= self.began and slot.nominal not in self.done:
            self.done[slot.nominal] = now
            self.marks[slot.nominal] += 1

    def live(self, since: datetime, until: datetime, step: timedelta = TICK) -> Life:
        now = since
        while now <= until:
            self.tick(now)
            now += step
        return self


# the whole year, and both days on which the clocks change


def test_daily_digest_comes_every_day_of_the_year_once() -> None:
    life = Life("30 2 * * *", BERLIN, utc(2026, 1, 1)).live(
        utc(2026, 1, 1), utc(2026, 12, 31, 12), 10 * MINUTE
    )
    days = [nominal[:10] for nominal in life.done]
    assert len(days) == len(set(days)) == 365
    assert {nominal[11:] for nominal in life.done} == {"02:30"}


@pytest.mark.parametrize(
    ("day", "nominal", "at"),
    [
        (utc(2026, 3, 28, 12), "2026-03-29T02:30", utc(2026, 3, 29, 1, 30)),
        (utc(2026, 10, 24, 12), "2026-10-25T02:30", utc(2026, 10, 25, 0, 30)),
    ],
    ids=["spring: skipped, as much later", "autumn: the first of two"],
)
def test_digest_in_the_changing_hour_comes_once(day: datetime, nominal: str, at: datetime) -> None:
    life = Life("30 2 * * *", BERLIN, day).live(day, day + DAY)
    assert life.done == {nominal: at}


@pytest.mark.parametrize(
    ("day", "moments"), [(utc(2026, 3, 28, 22), 23), (utc(2026, 10, 24, 21), 24)], ids=["spring", "autumn"]
)
def test_hourly_digest_over_the_change_has_each_nominal_time_once(day: datetime, moments: int) -> None:
    # Spring's skipped slot falls together with the next, and autumn's repeated hour comes once.
    life = Life("0 * * * *", BERLIN, day + MINUTE).live(day + MINUTE, day + 26 * HOUR, MINUTE)
    on_day = [nominal for nominal in life.done if nominal.startswith(f"{(day + 6 * HOUR):%Y-%m-%d}")]
    assert set(life.marks.values()) == {1} and len(on_day) == moments


# restart, sleep, jumps


def test_slot_missed_while_down_is_caught_up_once() -> None:
    life = Life("0 9 * * *", "UTC", utc(2026, 3, 1))
    life.live(utc(2026, 3, 1), utc(2026, 3, 1, 12))
    life.live(utc(2026, 3, 2, 8, 59), utc(2026, 3, 2, 8, 59, 30))
    life.live(utc(2026, 3, 2, 11), utc(2026, 3, 2, 12))
    assert life.done == {"2026-03-01T09:00": utc(2026, 3, 1, 9), "2026-03-02T09:00": utc(2026, 3, 2, 11)}


def test_ten_hours_of_sleep_miss_several_and_catch_up_the_last() -> None:
    life = Life("0 * * * *", "UTC", utc(2026, 3, 2))
    life.live(utc(2026, 3, 2, 0, 30), utc(2026, 3, 2, 1, 30)).live(
        utc(2026, 3, 2, 11, 30), utc(2026, 3, 2, 12, 30)
    )
    assert list(life.done) == ["2026-03-02T00:00", "2026-03-02T01:00", "2026-03-02T11:00", "2026-03-02T12:00"]


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_clock_that_jumps_an_hour_gives_each_slot_once(hours: int) -> None:
    life = Life("0 9 * * *", "UTC", utc(2026, 3, 1))
    for day in (2, 3):
        life.live(utc(2026, 3, day, 7), utc(2026, 3, day, 9, 10))
        life.live(utc(2026, 3, day, 9, 10) + hours * HOUR, utc(2026, 3, day, 13))
    assert set(life.marks.values()) == {1}
    assert sorted(life.done)[-2:] == ["2026-03-02T09:00", "2026-03-03T09:00"]


def test_slot_skipped_by_a_forward_jump_comes_at_once() -> None:
    life = Life("0 9 * * *", "UTC", utc(2026, 3, 2, 8))
    life.live(utc(2026, 3, 2, 8), utc(2026, 3, 2, 8, 50)).tick(utc(2026, 3, 2, 9, 50))
    assert life.done == {"2026-03-02T09:00": utc(2026, 3, 2, 9, 50)}


# against a reckoning of its own


ZONES = [BERLIN, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"]
CHANGES = [
    utc(2026, 3, 29, 1),
    utc(2026, 10, 25, 1),
    utc(2026, 3, 8, 7),
    utc(2026, 4, 4, 15),
    utc(2026, 6, 1),
]


@given(
    zone=st.sampled_from(ZONES),
    around=st.sampled_from(CHANGES),
    offset=st.integers(-300, 300),
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=4),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=24),
    weekdays=st.sets(st.integers(0, 6), min_size=1, max_size=7),
)
def test_slots_are_those_that_a_plain_search_finds(
    zone: str, around: datetime, offset: int, minutes: set[int], hours: set[int], weekdays: set[int]
) -> None:
    now = around + offset * MINUTE
    digest = Digest(cron=f"{_list(minutes)} {_list(hours)} * * {_list(weekdays)}", time_zone=zone)
    today = now.astimezone(ZoneInfo(zone)).date()
    days = [today + step * DAY for step in range(-8, 9)]
    moments = product(days, hours, minutes)
    slots = [
        Slot(
            nominal=nominal.isoformat(timespec="minutes"),
            at=nominal.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC),
        )
        for nominal in (datetime.combine(day, time(hour, minute)) for day, hour, minute in moments)
        if nominal.isoweekday() % 7 in weekdays
    ]
    before = max((s for s in slots if s.at <= now), key=lambda s: (s.at, s.nominal))
    after = min(s.at for s in slots if s.at > now)
    assert latest_slot(digest, now) == before
    found = next_slot(digest, now)
    assert found is not None and found.at == after


def _list(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


# reading crontabs


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", "Sun"),
        ("1", "Mon"),
        ("2", "Tue"),
        ("3", "Wed"),
        ("4", "Thu"),
        ("5", "Fri"),
        ("6", "Sat"),
        ("7", "Sun"),
        ("sun", "Sun"),
        ("MON", "Mon"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("mon-fri", "Mon Tue Wed Thu Fri"),
        ("5-7", "Fri Sat Sun"),
        ("fri-sun", "Fri Sat Sun"),
        ("0-2", "Mon Tue Sun"),
        ("1,3,sat", "Mon Wed Sat"),
        ("*/2", "Tue Thu Sat Sun"),
        ("1-7/3", "Mon Thu Sun"),
        ("2/2", "Tue Thu Sat"),
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_weekdays_are_those_of_crontab(field: str, days: str) -> None:
    digest, now, found = Digest(cron=f"0 9 * * {field}"), utc(2026, 3, 1, 10), []
    while (slot := next_slot(digest, now)) is not None and slot.at < utc(2026, 3, 8, 10):
        found.append(f"{slot.at:%a}")
        now = slot.at
    assert " ".join(found) == days


@pytest.mark.parametrize(
    ("cron", "first"),
    [
        ("0 9 13 * fri", ["2026-03-06T09:00", "2026-03-13T09:00", "2026-03-20T09:00"]),
        ("0 9 13 * *", ["2026-03-13T09:00", "2026-04-13T09:00"]),
        ("0 9 */13 * fri", ["2026-03-27T09:00"]),
        ("15,45 8-9 1 jan,jul *", ["2026-07-01T08:15", "2026-07-01T08:45", "2026-07-01T09:15"]),
        ("0 0 29 2 *", ["2028-02-29T00:00"]),
    ],
    ids=["day or weekday", "day alone", "starred day and weekday", "lists and names", "leap day"],
)
def test_day_and_weekday_go_together_as_in_cron(cron: str, first: list[str]) -> None:
    digest, now, found = Digest(cron=cron), utc(2026, 3, 2), []
    for _ in first:
        slot = next_slot(digest, now)
        assert slot is not None
        found.append(slot.nominal)
        now = slot.at
    assert found == first


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 9 * *", "4 fields, not five"),
        ("", "0 fields"),
        ("0 9 * * 8", "the weekday '8' is not understood"),
        ("0 9 * * fri-mon", "the weekday"),
        ("0 9 * * */0", "the weekday"),
        ("0 9 * * mo", "the weekday"),
        ("60 9 * * *", "not understood"),
        ("0 24 * * *", "not understood"),
        ("*/0 9 * * *", "not understood"),
        ("0 9 ? * *", 'for field "day"'),
        ("0 9 31 2 *", "never comes"),
    ],
)
def test_time_that_is_none_is_refused_in_words(cron: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^the") as caught:
        read_crontab(cron)
    assert words in str(caught.value)


def test_last_slot_of_a_leap_day_is_found_and_one_before_all_time_is_none() -> None:
    now = utc(2026, 3, 2)
    leap = Slot(nominal="2024-02-29T00:00", at=utc(2024, 2, 29))
    assert latest_slot(Digest(cron="0 0 29 2 *"), now) == leap
    assert latest_slot(Digest(cron="0 0 29 2 mon"), now) is not None
    assert latest_slot(Digest(cron="0 0 29 2 */7"), now) is None


# APScheduler


def test_trigger_goes_from_slot_to_slot() -> None:
    trigger = SlotTrigger(Digest(cron="30 2 * * *", time_zone=BERLIN))
    fired, now, last = [], utc(2026, 10, 24, 12), None
    for _ in range(3):
        last = trigger.get_next_fire_time(last, now)
        assert last is not None
        fired.append(last)
    assert fired == [utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30), utc(2026, 10, 27, 1, 30)]


class SetClock(Clock):
    """A clock that somebody sets; its monotonic part stands still."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def moment(self) -> Moment:
        return Moment(now=self.time, wall_ns=0, monotonic=0.0)


DIGEST = Digest(cron="0 9 * * *", time_zone=BERLIN)


@contextmanager
def started(schedule: Schedule) -> Iterator[None]:
    schedule.start()
    try:
        yield
    finally:
        schedule.stop()


def test_last_slot_before_the_start_is_due_by_the_scheduler_alone() -> None:
    due: dict[str, Slot | None] = {}
    told = threading.Event()

    def tell(route: str, slot: Slot | None) -> None:
        due[route] = slot
        told.set()

    schedule = Schedule(SetClock(utc(2026, 3, 2, 12)))
    schedule.add_digest("ai", DIGEST, tell)
    assert not told.wait(0.05), "switched off, nothing is due"
    with started(schedule):
        assert told.wait(10)
    assert due == {"ai": Slot(nominal="2026-03-02T09:00", at=utc(2026, 3, 2, 8))}


def test_jobs_run_at_intervals_until_stopped() -> None:
    ticks, enough = Counter[str](), threading.Event()

    def tick() -> None:
        ticks["tick"] += 1
        if ticks["tick"] >= 3:
            enough.set()

    def broken() -> None:
        raise RuntimeError("a defect")

    schedule = Schedule(Clock())
    schedule.add_interval("broken", timedelta(milliseconds=20), broken)
    schedule.add_interval("tick", timedelta(milliseconds=20), tick)
    with started(schedule):
        assert enough.wait(10), "a job that raises stops no other"
    count = ticks["tick"]
    assert not threading.Event().wait(0.1)
    assert ticks["tick"] == count


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 10 * HOUR], ids=["forward", "back", "ten hours asleep"])
def test_clock_that_was_set_is_noticed_and_all_jobs_fire(jump: timedelta) -> None:
    clock, marked = SetClock(utc(2026, 3, 2, 12)), threading.Event()
    schedule = Schedule(clock)
    schedule.add_interval("scan", HOUR, marked.set)
    with started(schedule):
        schedule.follow_clock()
        assert not marked.wait(0.1)
        clock.time += jump
        schedule.follow_clock()
        assert marked.wait(10)


def test_next_digest_is_right_whichever_way_the_clock_goes() -> None:
    digest = Digest(cron="0 9 * * *")
    nine = utc(2026, 3, 14, 9)
    hours = [(-30, -24), (-1, 0), (-0.5, 0), (0, 24), (23, 24), (72, 96), (-30, -24), (-1, 0)]
    for now, expected in hours:
        assert next_digest(digest, nine + timedelta(hours=now)) == nine + timedelta(hours=expected)
