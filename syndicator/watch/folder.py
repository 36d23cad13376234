"""A source folder's events, as hints: something changed here. watchdog does the watching.

What changed is decided by a scan, which comes every minute in any case. So this module only hints early,
and heals what can be seen from outside: an observer that died, a root that was removed, exchanged or mounted
over, watches that ran out. It reads no file.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from watchdog import events
from watchdog.observers.inotify import InotifyObserver
from watchdog.utils import BaseThread

from syndicator.once import SaidOnce
from syndicator.watch.changes import Hint, Sign
from syndicator.watch.files import SUFFIXES

log = structlog.get_logger()

RETRY_S = 60.0
"""How long until watches that ran out are asked for again."""
_STOP_S = 1.0
_SIGNS: dict[type[events.FileSystemEvent], Sign] = {
    events.FileMovedEvent: Sign.MOVED,
    events.DirMovedEvent: Sign.MOVED,
    events.FileClosedEvent: Sign.CLOSED,
    events.FileCreatedEvent: Sign.TOUCHED,
    events.FileModifiedEvent: Sign.TOUCHED,
    events.DirCreatedEvent: Sign.TOUCHED,
    events.FileDeletedEvent: Sign.GONE,
    events.DirDeletedEvent: Sign.GONE,
}
"""The events asked for. Opening and closing without writing are not: our own reading would answer itself.

Nor are changes of attributes: editors set them after closing, and the file would seem to be written again.
"""
_LIMITS = {
    errno.ENOSPC: "raise fs.inotify.max_user_watches",
    errno.EMFILE: "raise fs.inotify.max_user_instances",
}


class Folder(events.FileSystemEventHandler):
    """Watches one source from `start` to `stop`, for one thread; calls `hint` from watchdog's threads.

    `hint` must be quick and thread-safe, such as a queue's `put`. Nothing here raises for what happens to the
    folder: at worst it is polled, by whoever scans at intervals.
    """

    def __init__(
        self, source: str, root: Path, hint: Callable[[Hint], None], suffixes: tuple[str, ...] = SUFFIXES
    ) -> None:
        self._source, self._root, self._hint, self._suffixes = source, root, hint, suffixes
        self._threads: Sequence[BaseThread] = ()
        """Those that watch, the observer first; any may die alone. None where it is polled, or not there."""
        self._real, self._identity = _resolve(root)
        self._asked_s: float | None = None
        """When watches were last asked for; None while it is stopped."""
        self._said = SaidOnce()
        self.polled: tuple[str, str, str] | None = None
        """The source, why not all of it is watched, and the fix; None where it is. From any thread."""
        # watchdog repeats itself, by the megabyte at worst; what it says is found by the next scan.
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")

    def start(self) -> None:
        """Watches the folder that is there now, or says why not; a scan after it misses nothing."""
        self._asked_s = time.monotonic()
        self._real, self._identity = _resolve(self._root)
        if not self._identity:
            self.polled = None
            fix = "Mount or create it, or correct its path"
            self._say("waiting for the folder to appear", why="the folder is not there", fix=fix)
            return
        try:
            self._threads = self._observe(recursive=True)
            # Below the root watchdog passes over in silence what gets no watch. Is there one left?
            _end(self._observe(recursive=False))
        except OSError as error:
            way = "polling only" if not self._threads else "watching, but some folders are only polled"
            fix = _LIMITS.get(error.errno or 0, "look at the folder's rights and mount")
            why, fix = error.strerror or str(error), f"To see changes at once, {fix}"
            self.polled = self._source, why, fix
            self._say(way, why=why, fix=fix)
        else:
            self.polled = None
            self._say("")

    def stop(self) -> None:
        """Ends watching within about a second."""
        self._tear_down()
        self._asked_s = None

    def check(self) -> bool:
        """Heals what can be healed; whether it did, so that everything must be looked at.

        A few system calls: fit to be called in each run of the loop.
        """
        if self._asked_s is None or self._is_well():
            return False
        polled = bool(self._identity) and not self._threads
        self._tear_down()
        self.start()
        return bool(self._threads) or not polled

    def _is_well(self) -> bool:
        if (self._real, self._identity) != _resolve(self._root):
            return False
        if not all(thread.is_alive() for thread in self._threads):
            return False
        return self.polled is None or time.monotonic() < (self._asked_s or 0.0) + RETRY_S

    def _observe(self, *, recursive: bool) -> Sequence[BaseThread]:
        """Begins to watch; the threads that do."""
        others = threading.enumerate()
        observer = InotifyObserver(generate_full_events=True)
        try:
            observer.schedule(self, self._real, recursive=recursive, event_filter=list(_SIGNS))
            observer.start()
        except OSError:
            observer.stop()
            raise
        began = [thread for thread in threading.enumerate() if thread not in others]
        return [observer, *(one for one in began if isinstance(one, BaseThread) and one is not observer)]

    def _tear_down(self) -> None:
        threads, self._threads = self._threads, ()
        _end(threads)

    def dispatch(self, event: events.FileSystemEvent) -> None:
        """In watchdog's thread: its end would leave us deaf, so that nothing is let through to it."""
        try:
            sign = _SIGNS[type(event)]
            if sign is Sign.MOVED:
                self._hint_at(event.src_path, Sign.GONE, event)
            self._hint_at(event.dest_path or event.src_path, sign, event)
        except Exception:
            log.exception("hint failed", source=self._source)

    def _hint_at(self, place: bytes | str, sign: Sign, event: events.FileSystemEvent) -> None:
        """Hints at a place below the root, or at all for the root itself; not at what is no article."""
        if not place:
            return  # moved in from elsewhere
        path = os.fsdecode(place)[len(self._real) :].lstrip("/")
        hidden = path.startswith(".") or "/." in path
        if not hidden and (event.is_directory or path.lower().endswith(self._suffixes)):
            self._hint(Hint(source=self._source, path=path or None, sign=sign))

    def _say(self, event: str, **fields: str) -> None:
        if event and self._said.changed(event + fields["why"]):
            log.warning(event, source=self._source, root=str(self._root), **fields)
        elif not event:
            self._said.changed("")
            log.info("watching", source=self._source, root=str(self._root))


def _end(threads: Sequence[BaseThread]) -> None:
    """Ends an observer's threads. One may stay, idle, where a folder is in the place of one moved away:
    watchdog 7.1 has both under one path, and cannot forget the second."""
    for thread in threads:
        with suppress(KeyError):
            thread.stop()
    for thread in threads:
        thread.join(_STOP_S)


def _resolve(root: Path) -> tuple[str, tuple[int, ...]]:
    """Where the root really is, and which folder that is; nothing where it is not there or not a folder."""
    real = os.path.realpath(root)
    try:
        found = Path(real).stat()
    except OSError:
        return real, ()
    return real, (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else ()
