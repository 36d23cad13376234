"""Backups at an interval, in a thread beside the loop: when one is due, what it is called, which are kept.

What it takes to make one is `store.backup`'s. A backup that fails is said once, and tried again at the next
interval; feeds and messages go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from syndicator.errors import SyndicatorError
from syndicator.progress import Stopped
from syndicator.store.backup import back_up, sweep
from syndicator.store.database import beside, database_path

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
        """Makes one now, unless `stop` is set meanwhile."""

        def progress(_done: int, _of: int) -> None:
            if stop.is_set():
                raise Stopped

        began, target = time.monotonic(), path_for(self._folder, self._url, now)
        try:
            facts = back_up(self._url, target, progress)
            self._remove_superseded(now)
        except Stopped:
            return
        except SyndicatorError as error:
            self._fail(error, now)
            return
        if self.failure is not None:
            self.failure = None
            log.info("backups are made again")
        seconds = round(time.monotonic() - began, 1)
        log.debug("backup made", path=str(target), unpacked=facts.database_bytes, seconds=seconds)

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
