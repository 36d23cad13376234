"""What keeps the state safe, in threads beside the loop: backups at an interval, a full check once a day.

When a backup is due, what it is called, which are kept; what it takes to make one is `store.backup`'s. One
that fails is said once, and tried again at the next interval.

The check at the start is SQLite's quick one, which does not compare an index with its table. The daily one
reads the whole file over a connection of its own, and holds nobody up. What either meets is for a person to
see to: the service goes on, since most of a damaged database can often still be read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from syndicator.errors import StoreDamaged, SyndicatorError
from syndicator.progress import Stopped
from syndicator.store.backup import back_up, sweep
from syndicator.store.database import Store, beside, database_path
from syndicator.store.inspection import check_in_full

CHECK_EVERY = timedelta(days=1)
LOOK_EVERY_S = 60.0
CHECKED = "checked in full"
"""The metadata that says when it was last found sound."""
HOURS, DAYS = 24, 7
"""Of so many hours and so many days the last backup is kept."""
STAMP = "%Y%m%dT%H%M%SZ"
ENDING = ".db.gz"
LEFT_BEHIND_S = 3600.0
"""No backup takes so long: what is unfinished for longer was left by a crash."""

log = structlog.get_logger()


class Backups:
    """Backs the state at `url` up whenever `due` is set, into `folder`, and removes what is superseded."""

    def __init__(self, url: str, folder: Path | None) -> None:
        self._url, self._folder = url, backup_folder(url, folder)
        self.due = threading.Event()
        self.failure: tuple[SyndicatorError, datetime] | None = None
        """Why no backup could be made, and since when; None while they are made. Read from any thread."""

    def run(
        self,
        stop: threading.Event,
        every: timedelta,
        clock: Callable[[], datetime],
        told: Callable[[], None] = lambda: None,
    ) -> None:
        """Works until `stop`, woken by `due`; the first at once where none is newer than `every`.

        Calls `told` when a failure has begun, is another one, or is over.
        """
        if is_due(made_in(self._folder, self._url).values(), clock(), every):
            self.due.set()
        while self.due.wait() and not stop.is_set():
            self.due.clear()
            before = self.failure
            self.make(stop, clock())
            if self.failure != before:
                told()

    def make(self, stop: threading.Event, now: datetime) -> None:
        def progress(_done: int, _of: int) -> None:
            if stop.is_set():
                raise Stopped

        try:
            back_up(self._url, path_for(self._folder, self._url, now), progress)
            self._remove_superseded(now)
        except Stopped:
            return
        except SyndicatorError as error:
            self._fail(error, now)
            return
        if self.failure is not None:
            self.failure = None
            log.info("backups are made again")

    def _remove_superseded(self, now: datetime) -> None:
        try:
            sweep(self._folder, database_path(self._url).stem, older_than_s=LEFT_BEHIND_S)
            for path in superseded(made_in(self._folder, self._url), now):
                path.unlink(missing_ok=True)
        except OSError as error:
            on, why = str(error.filename or self._folder), error.strerror or str(error)
            fix = "Let the service's user write there, or set `backup.folder` to another folder"
            raise SyndicatorError("old backups cannot be removed", on=on, why=why, fix=fix) from error

    def _fail(self, error: SyndicatorError, now: datetime) -> None:
        before, since = self.failure or (None, now)
        if before is None or (before.what, before.why) != (error.what, error.why):
            self.failure = error, since
            log.error(
                "backup failed, it is tried again", what=error.what, on=error.on, why=error.why, fix=error.fix
            )


def backup_folder(url: str, folder: Path | None) -> Path:
    """Where backups go; beside the database where the settings name no folder."""
    return beside(url, "backups") if folder is None else folder


def path_for(folder: Path, url: str, now: datetime) -> Path:
    """The path of a backup that is made now: `syndicator-20260314T090000Z.db.gz`."""
    return folder / f"{database_path(url).stem}-{now.astimezone(UTC):{STAMP}}{ENDING}"


def made_in(folder: Path, url: str) -> dict[Path, datetime]:
    """The backups of the folder that are called as `path_for` does, with their times; others are not ours."""
    head = f"{database_path(url).stem}-"
    found = ((path, _time_of(path.name.removeprefix(head))) for path in folder.glob(f"*{ENDING}"))
    return {path: time for path, time in found if time is not None}


def _time_of(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, STAMP + ENDING).replace(tzinfo=UTC)
    except ValueError:
        return None


def is_due(times: Iterable[datetime], now: datetime, every: timedelta) -> bool:
    """Whether none of the backups was made within the last interval; those from after `now` do not count."""
    return all(now - time >= every for time in times if time <= now)


def superseded(times: Mapping[Path, datetime], now: datetime) -> list[Path]:
    """Which backups are no longer kept, oldest first.

    Kept is the last one of each of 24 hours and of 7 days (UTC), of the latest that have any: a service that
    was down for a month loses none by it. One from after `now`, when the clock was wrong, is left alone and
    takes nobody's place.
    """
    past = sorted((time, path) for path, time in times.items() if time <= now)
    hours = {f"{time:%Y%m%d%H}": path for time, path in past}
    days = {f"{time:%Y%m%d}": path for time, path in past}
    kept = {*list(hours.values())[-HOURS:], *list(days.values())[-DAYS:]}
    return [path for _, path in past if path not in kept]


class DailyCheck:
    """Checks an open store's database; `damage` says what was found, and when."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.damage: tuple[SyndicatorError, datetime] | None = None
        """Read from any thread."""
        self._due: datetime | None = None

    def run(self, stop: threading.Event, clock: Callable[[], datetime], told: Callable[[], None]) -> None:
        """Works until `stop`; calls `told` after each check."""
        while not stop.wait(LOOK_EVERY_S):
            if self.is_due(clock()):
                self.check(stop, clock())
                told()

    def is_due(self, now: datetime) -> bool:
        """Whether it is time for a check: a day after the last that was tried."""
        self._due = min(self._due or self._first(now), now + CHECK_EVERY)  # the clock may have been set back
        return now >= self._due

    def check(self, stop: threading.Event, now: datetime) -> None:
        """Checks now, unless `stop` is set meanwhile. A damage is logged once."""
        self._due = now + CHECK_EVERY
        try:
            if check_in_full(self._store.path, stop.is_set):
                self.damage = None
                with self._store.transaction() as session:
                    session.put_metadata(CHECKED, now.isoformat())
        except StoreDamaged as error:
            if self.damage is None:
                log.error("database damaged", on=error.on, why=error.why, fix=error.fix)
                self.damage = error, now
        except SyndicatorError as error:
            log.warning("database not checked today", on=error.on, why=error.why or error.what)

    def _first(self, now: datetime) -> datetime:
        """When the first check is due: a day after the last that found it sound, or now."""
        with self._store.reading() as session:
            last = session.metadata(CHECKED)
        return now if last is None else datetime.fromisoformat(last) + CHECK_EVERY
