"""Which files have come to rest, so that no half-written article is read. Pure.

A file counts

- at once when its last event says that it was renamed to its name: whoever renames has finished writing;
- `REST` after its last write when its last event says that it was closed after writing. Not at once: an
  event comes late, and by then a busy writer may have the file open again, cut to nothing;
- when its last write (mtime) is `quiet` in the past, whatever the events. This takes files found by a scan at
  once, and those that `mv` and `ln` bring in with nothing but a "created", if they were written before. That
  mtime can be set back does not harm: tools do so (`cp -p`, `tar`, `rsync`) after the last write;
- when its stamp has not changed for `quiet` under our eyes, if its mtime lies in the future (the clock of a
  network folder) or it is empty. An empty file is believed by nothing else: for a moment after a writer has
  cut it to nothing, `stat` gives the new size with the old times (ext4, Linux 6.18: 5 rewrites of 5 were met
  in that state by looking without pause).

What counts is that very stamp: reading checks that it still is the one on the open file. Times come in as
arguments: `now` in monotonic seconds, `wall_ns` as the system's time, which file times are compared with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from syndicator.watch.deletion_guard import Changes
from syndicator.watch.types import Stamp

QUIET = 2.0
"""Seconds without a write after which a file counts, with no event to say so."""
REST = 0.1
"""Seconds without a write after which a closed file counts. An event takes some milliseconds to reach us."""


class Sign(StrEnum):
    """What an event says about a file."""

    MOVED = "renamed to this name"
    CLOSED = "closed after writing"
    TOUCHED = "created or being written"
    GONE = "removed or renamed away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something happened at `path` (relative, `/`) of a source; None: anywhere, look at everything."""

    source: str
    path: str | None = None
    sign: Sign = Sign.TOUCHED

    @property
    def settled(self) -> bool:
        """Whether the event itself says that the file is whole."""
        return self.sign in (Sign.MOVED, Sign.CLOSED)


@dataclass(slots=True)
class _Waiting:
    stamp: Stamp
    since: float
    sign: Sign


class Settling:
    """Remembers the files of one source that are not yet at rest. For one thread."""

    def __init__(self, *, quiet: float = QUIET) -> None:
        self._quiet, self._rest = quiet, min(REST, quiet)
        self._waiting: dict[str, _Waiting] = {}

    @property
    def waiting(self) -> frozenset[str]:
        """The paths to look at again."""
        return frozenset(self._waiting)

    def ready(
        self, changes: Changes, hints: Iterable[Hint] = (), *, now: float, wall_ns: int
    ) -> dict[str, Stamp]:
        """The new and changed files to read now, each with the stamp that came to rest; the others wait.

        Give the hints in their order, and only such as came before the look that `changes` is from. A file
        that waited and was looked at again without being new or changed any more is forgotten.
        """
        signs = {hint.path: hint.sign for hint in hints if hint.path is not None}
        found = {**changes.new, **changes.changed}
        for path in [path for path in self._waiting if path not in found and changes.covers(path)]:
            del self._waiting[path]
        ready: dict[str, Stamp] = {}
        for path, stamp in found.items():
            waiting = self._note(path, stamp, signs.get(path), now)
            if (waiting.sign is Sign.MOVED and stamp.size) or self._left(waiting, now, wall_ns) <= 0:
                ready[path] = stamp
                del self._waiting[path]
        return ready

    def put_back(self, path: str, stamp: Stamp, *, now: float) -> None:
        """Lets a file that changed while it was read wait anew."""
        self._waiting[path] = _Waiting(stamp, now, Sign.TOUCHED)

    def look_again(self, *, now: float, wall_ns: int) -> float | None:
        """When the first of the waiting files may be ready, in monotonic seconds; None if none waits."""
        left = [self._left(waiting, now, wall_ns) for waiting in self._waiting.values()]
        return now + max(0.0, min(left)) if left else None

    def _note(self, path: str, stamp: Stamp, sign: Sign | None, now: float) -> _Waiting:
        waiting = self._waiting.get(path)
        if waiting is None:
            waiting = self._waiting[path] = _Waiting(stamp, now, sign or Sign.TOUCHED)
        elif waiting.stamp != stamp:
            waiting.stamp, waiting.since, waiting.sign = stamp, now, sign or Sign.TOUCHED
        elif sign is not None:
            waiting.sign = sign
        return waiting

    def _left(self, waiting: _Waiting, now: float, wall_ns: int) -> float:
        """Seconds until the file will have rested long enough if nothing more happens to it."""
        empty = not waiting.stamp.size
        wait = self._rest if waiting.sign is Sign.CLOSED and not empty else self._quiet
        watched = wait - (now - waiting.since)
        age = (wall_ns - waiting.stamp.mtime_ns) / 1e9
        return watched if empty or age < 0 else min(watched, wait - age)
