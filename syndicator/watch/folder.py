"""A source folder's events, as hints: something changed here. watchdog does the watching.

Events are only ever hints; what changed is decided by looking (`scan`, `compare`). So this module's task is
to hint early, and to know when it is deaf: the kernel's queue overflowed, a thread of watchdog's ended, the
root was removed, exchanged or mounted over, the system's watches ran out. Whatever was deaf is built anew,
and a hint without a path is given, for anything may have changed meanwhile. It reads no file.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyObserver

from syndicator.watch.health import FolderHealth, Mode
from syndicator.watch.overheard import Overheard
from syndicator.watch.scan import SUFFIXES
from syndicator.watch.settle import Hint, Sign
from syndicator.watch.types import Identity, Scan
from syndicator.watch.watches import resolve, unwatched

log = structlog.get_logger()

SELDOM_S = 600.0
"""Each complaint is logged at most this often, and counted always."""
_STOP_S = 1.0
_SIGNS: dict[type[FileSystemEvent], Sign] = {
    FileMovedEvent: Sign.MOVED,
    DirMovedEvent: Sign.MOVED,
    FileClosedEvent: Sign.CLOSED,
    FileCreatedEvent: Sign.TOUCHED,
    FileModifiedEvent: Sign.TOUCHED,
    DirCreatedEvent: Sign.TOUCHED,
    FileDeletedEvent: Sign.GONE,
    DirDeletedEvent: Sign.GONE,
}
"""The events asked for. Opening and closing without writing are not: our own reading would answer itself.

Nor are changes of attributes: editors set them after closing, and the file would seem to be written again.
"""
_LIMITS = {
    errno.ENOSPC: "raise fs.inotify.max_user_watches",
    errno.EMFILE: "raise fs.inotify.max_user_instances",
}


def make_observer() -> BaseObserver:
    """A watchdog observer of its own, which tells a file that was moved in from one that is just created."""
    return InotifyObserver(generate_full_events=True)


class Folder:
    """Watches one source from `start` to `stop`, and calls `hint` from watchdog's threads and from `check`.

    `hint` must be quick and thread-safe, such as a queue's `put`. Nothing here raises for what happens to the
    folder: at worst it is polled, which is whoever calls `scan` at intervals.
    """

    def __init__(
        self,
        source: str,
        root: Path,
        hint: Callable[[Hint], None],
        *,
        suffixes: tuple[str, ...] = SUFFIXES,
        hidden: bool = False,
        observer: Callable[[], BaseObserver] = make_observer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source, self.root = source, root
        self._hint, self._suffixes, self._hidden = hint, suffixes, hidden
        self._make, self._clock = observer, clock
        self._lock = threading.RLock()
        self._overheard = Overheard(self._overflowed, self._suspected)
        self._observer: BaseObserver | None = None
        self._real = ""
        self._identity: Identity | None = None
        self._mode, self._why, self._cure = Mode.STOPPED, "", ""
        self._deaf: frozenset[str] = frozenset()
        self._overflows = self._rebuilds = self._fallbacks = 0
        self._last: dict[str, float] = {}
        self._suspect = False

    def start(self) -> None:
        """Begins to watch; a scan after it misses nothing. Again is harmless."""
        with self._lock:
            if self._mode is not Mode.STOPPED:
                return
            self._overheard.attach()
            self._build()
            log.info("watching", source=self.source, root=str(self.root), mode=self._mode.value)

    def stop(self) -> None:
        """Ends watching within about a second; again is harmless."""
        with self._lock:
            self._tear_down()
            self._overheard.detach()
            self._mode, self._why, self._cure = Mode.STOPPED, "", ""

    def check(self, scan: Scan | None = None) -> FolderHealth:
        """Notices what events cannot tell, heals it, and says how it stands.

        A few system calls: fit to be called every second or so. With the last scan of the whole folder, also
        the folders that have no watch are found (some milliseconds per 10,000).
        """
        with self._lock:
            if self._mode is not Mode.STOPPED:
                if trouble := self._trouble():
                    self._rebuild(trouble)
                if scan is not None and scan.scope is None and scan.root == self._identity:
                    self._find_deaf(scan)
            return self.health

    @property
    def health(self) -> FolderHealth:
        """How it stood at the last check."""
        return FolderHealth(
            source=self.source,
            mode=self._mode,
            why=self._why,
            fix=self._cure,
            unwatched=len(self._deaf),
            overflows=self._overflows,
            rebuilds=self._rebuilds,
            fallbacks=self._fallbacks,
        )

    def _trouble(self) -> str:
        """Why the observer must be built anew; empty if it need not be."""
        real, identity = resolve(self.root)
        if identity is None:
            return "the folder is not there" if self._mode is not Mode.ABSENT else ""
        if self._observer is None:
            return "the folder is there now" if self._mode is Mode.ABSENT else "watching is tried again"
        if (real, identity) != (self._real, self._identity):
            return "the folder was exchanged"
        if not _alive(self._observer):
            return "a watching thread ended"
        return "watches were lost" if self._suspect else ""

    def _rebuild(self, why: str) -> None:
        polled = self._mode is Mode.POLLING
        self._tear_down()
        self._build()
        if polled and self._mode is Mode.POLLING:
            return
        self._rebuilds += 1
        if self._observer is not None:
            self._say("watch built anew", why=why)
        self._hint(Hint(source=self.source))

    def _build(self) -> None:
        """Watches the folder that is there now, or says in which mode it is not watched."""
        self._real, self._identity = resolve(self.root)
        self._suspect = False
        if self._identity is None:
            self._enter(Mode.ABSENT, "the folder is not there", "Mount or create it, or correct its path")
            return
        observer: BaseObserver | None = None
        try:
            observer = self._make()
            observer.schedule(_Events(self._event), self._real, recursive=True, event_filter=list(_SIGNS))
            observer.start()
        except OSError as error:
            if observer is not None:
                observer.stop()
            self._fall_back(error)
        else:
            self._observer = observer
            self._enter(Mode.WATCHING)

    def _fall_back(self, error: OSError) -> None:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            self._identity = None
            self._enter(Mode.ABSENT, "the folder is not there", "Mount or create it, or correct its path")
            return
        self._fallbacks += 1
        fix = _LIMITS.get(error.errno or 0, "look at the folder's rights and mount")
        self._enter(Mode.POLLING, error.strerror or str(error), f"To see changes at once, {fix}")

    def _tear_down(self) -> None:
        observer, self._observer = self._observer, None
        self._deaf = frozenset()
        if observer is not None:
            observer.stop()
            observer.join(_STOP_S)

    def _find_deaf(self, scan: Scan) -> None:
        """Folders found without a watch twice running are no race with their creation: watch anew."""
        if self._observer is None:
            return
        before, self._deaf = self._deaf, unwatched(scan)
        lasting = self._deaf & before
        if lasting and self._due("folders without a watch"):
            self._rebuild("folders without a watch")
            self._deaf = lasting & unwatched(scan)
            lasting = self._deaf
        if lasting:
            fix = f"To see changes there at once, {_LIMITS[errno.ENOSPC]}"
            self._fallbacks += self._mode is Mode.WATCHING
            self._enter(Mode.PARTLY, f"{len(lasting)} folders have no watch", fix)
        elif self._mode is Mode.PARTLY:
            self._enter(Mode.WATCHING)

    def _event(self, event: FileSystemEvent) -> None:
        """In watchdog's thread: its end would leave us deaf, so that nothing is let through to it."""
        try:
            for hint in self._hints(event):
                self._hint(hint)
        except Exception:
            if self._due("hint failed"):
                log.exception("hint failed", source=self.source)

    def _hints(self, event: FileSystemEvent) -> list[Hint]:
        sign = _SIGNS.get(type(event))
        if sign is None:
            return []
        places = [(event.src_path, Sign.GONE if sign is Sign.MOVED else sign), (event.dest_path, sign)]
        found = [(self._relative(os.fsdecode(place), event), sign) for place, sign in places if place]
        return [
            Hint(source=self.source, path=path or None, sign=sign) for path, sign in found if path is not None
        ]

    def _relative(self, place: str, event: FileSystemEvent) -> str | None:
        """The place below the root, `""` for the root; None for what is no article and no folder of ours."""
        path = place[len(self._real) :].lstrip("/")
        if not self._hidden and (path.startswith(".") or "/." in path):
            return None
        return path if event.is_directory or path.lower().endswith(self._suffixes) else None

    def _overflowed(self) -> None:
        """In watchdog's thread. It renews its watches by itself; the events are lost."""
        self._overflows += 1
        self._say(
            "event queue overflowed", overflows=self._overflows, fix="raise fs.inotify.max_queued_events"
        )
        self._hint(Hint(source=self.source))

    def _suspected(self) -> None:
        self._suspect = True

    def _enter(self, mode: Mode, why: str = "", fix: str = "") -> None:
        self._mode, self._why, self._cure = mode, why, fix
        if why:
            self._say(mode.value, why=why, fix=fix)

    def _say(self, event: str, **fields: object) -> None:
        if self._due(event):
            log.warning(event, source=self.source, **fields)

    def _due(self, what: str) -> bool:
        """Whether this was not done within the last ten minutes."""
        now = self._clock()
        if now - self._last.get(what, -SELDOM_S) < SELDOM_S:
            return False
        self._last[what] = now
        return True


class _Events(FileSystemEventHandler):
    """Gives every event to one function."""

    def __init__(self, take: Callable[[FileSystemEvent], None]) -> None:
        self._take = take

    def dispatch(self, event: FileSystemEvent) -> None:
        self._take(event)


def _alive(observer: BaseObserver) -> bool:
    """Whether all threads run: the observer's, its emitters', and the one that reads the kernel's queue.

    The last is not public in watchdog 7.1; where there is no such attribute, there is nothing to ask.
    """
    reader = getattr(observer, "_inotify_fd", None)
    threads = [observer, *observer.emitters, *([reader] if isinstance(reader, threading.Thread) else [])]
    return bool(observer.emitters) and all(thread.is_alive() for thread in threads)
