"""Which backups are kept, when one is due, and what is said when none can be made."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from syndicator.store.database import open_store
from syndicator.upkeep import Backups, backup_folder, is_due, made_in, path_for, superseded
from tests.making import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def named(times: Sequence[datetime]) -> dict[Path, datetime]:
    return {Path(f"{number}"): time for number, time in enumerate(times)}


def kept(times: Sequence[datetime], now: datetime = NOON) -> list[datetime]:
    backups = named(times)
    return sorted(set(times) - {backups[path] for path in superseded(backups, now)})


def test_of_a_month_of_hours_24_hours_and_7_days_are_kept() -> None:
    times = [NOON - HOUR * number for number in range(24 * 30)]
    days = [NOON.replace(hour=23) - DAY * number for number in range(6, 1, -1)]
    assert kept(times) == [*days, *sorted(times[:24])]


@pytest.mark.parametrize(
    ("ages", "kept_ages"),
    [
        pytest.param([], [], id="none"),
        pytest.param([timedelta(minutes=1), timedelta(minutes=70)], None, id="one an hour"),
        pytest.param(
            [timedelta(minutes=61), timedelta(minutes=80), timedelta(minutes=110)],
            [timedelta(minutes=61)],
            id="the last of an hour",
        ),
        pytest.param([DAY * 40, DAY * 80, DAY * 120], None, id="after a month without any"),
        pytest.param([-HOUR * number for number in range(1, 99)], None, id="from a clock that was wrong"),
    ],
)
def test_kept(ages: list[timedelta], kept_ages: list[timedelta] | None) -> None:
    wanted = ages if kept_ages is None else kept_ages
    assert kept([NOON - age for age in ages]) == sorted(NOON - age for age in wanted)


@given(st.lists(st.integers(-100, 5000), unique=True))
def test_newest_is_kept_and_no_more_than_31_of_the_past(hours: list[int]) -> None:
    times = [NOON - HOUR * number for number in hours]
    past = [time for time in times if time <= NOON]
    found = [time for time in kept(times) if time <= NOON]
    assert len(found) <= 31 and found[-1:] == sorted(past)[-1:]
    assert kept(found) == found, "what was kept once is not removed without a newer one"


@pytest.mark.parametrize(
    ("ages", "due"),
    [([], True), ([HOUR], True), ([HOUR * 5, HOUR / 2], False), ([-HOUR], True)],
)
def test_due(ages: list[timedelta], due: bool) -> None:
    assert is_due([NOON - age for age in ages], NOON, HOUR) is due


def test_backups_are_known_by_their_names(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    path = path_for(tmp_path, url, NOON.astimezone())
    assert path.name == "state-20260314T120000Z.db.gz"
    for name in (path.name, "by-hand.db.gz", "other-20260314T120000Z.db.gz", "state-99999999T999999Z.db.gz"):
        (tmp_path / name).touch()
    assert made_in(tmp_path, url) == {path: NOON.astimezone(UTC)}
    assert made_in(tmp_path / "not there", url) == {}
    assert backup_folder(url, None) == tmp_path / "backups"


class HourByHour(threading.Event):
    """Stands for the schedule: an hour passes at each wait, and after two the service ends."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.stop, self.hours = NOON, threading.Event(), 0

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self.hours += 1
            self.now += HOUR
            if self.hours > 2:
                self.stop.set()
        return True


@pytest.mark.parametrize(("age", "count"), [(HOUR, 3), (HOUR / 2, 2)], ids=["due at the start", "not yet"])
def test_it_is_made_whenever_it_is_due(tmp_path: Path, age: timedelta, count: int) -> None:
    url, due = f"sqlite:///{tmp_path}/state.db", HourByHour()
    open_store(url, now=NOON).close()
    folder = tmp_path / "backups"
    left, fresh = folder / ".state-1.copy.unfinished", folder / ".state-2.copy.unfinished"
    before = path_for(folder, url, NOON - age)
    folder.mkdir()
    for path in (left, fresh, before):
        path.touch()
    os.utime(left, (0, 0))
    backups = Backups(url, None)
    backups.due = due
    backups.run(due.stop, HOUR, lambda: due.now)
    made = [path_for(folder, url, NOON + HOUR * hour) for hour in range(3 - count, 3)]
    assert sorted(folder.iterdir()) == [fresh, before, *made], "what a crash left is gone"


def test_failure_is_said_once_and_once_when_it_is_over(tmp_path: Path) -> None:
    url, stop = f"sqlite:///{tmp_path}/state.db", threading.Event()
    open_store(url, now=NOON).close()
    folder = tmp_path / "backups"
    folder.write_text("a file where a folder should be")
    backups = Backups(url, None)
    with capture_logs() as logs:
        for hour in range(3):
            backups.make(stop, NOON + HOUR * hour)
        failure = backups.failure
        folder.unlink()
        for hour in range(2):
            backups.make(stop, NOON + HOUR * hour)
    assert failure is not None and backups.failure is None
    error, since = failure
    assert (since, error.on, bool(error.fix)) == (NOON, str(folder), True)
    said = [(line["log_level"], line["event"]) for line in logs if line["log_level"] != "debug"]
    assert said == [("error", "backup failed, it is tried again"), ("info", "backups are made again")]


def test_backup_under_way_ends_with_the_service(tmp_path: Path) -> None:
    url, stop = f"sqlite:///{tmp_path}/state.db", threading.Event()
    open_store(url, now=NOON).close()
    stop.set()
    with capture_logs() as logs:
        Backups(url, None).make(stop, NOON)
    assert logs == []
    assert list((tmp_path / "backups").iterdir()) == []
