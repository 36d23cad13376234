"""What changed between a folder as known and as seen, and which of it counts yet. Pure.

What has come to rest is read, so that no half-written article is. A file counts

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

The deletion guard keeps a folder that is suddenly empty, unmounted or half there from emptying every feed:
nothing is withdrawn until a second look, `AGAIN` later, still finds the same files gone, or the operator
confirms it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from syndicator.store.types import Stamp
from syndicator.watch.types import TOPIC_SUFFIXES, Scan

QUIET = 2.0
"""Seconds without a write after which a file counts, with no event to say so."""
REST = 0.1
"""Seconds without a write after which a closed file counts. An event takes some milliseconds to reach us."""
AGAIN = timedelta(minutes=10)
"""How long after the first look the second one counts."""
LINGER = timedelta(seconds=0.5)
"""How long a file must be gone to be gone: editors and `git checkout` remove it and write it anew."""
TOPIC_LINGER = timedelta(seconds=8)
"""The same for topic files, since a topic that ends answers 410, which some readers take for ever; and for
what is left of a suspicious loss that is being made good, since the last file came back. A single pass waits
as long."""
SHARE, COUNT = 0.20, 20
"""A loss is suspicious when it is more than this share of the articles and more than this many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How the folder differs from what is known of it; `gone` and `unseen` are known paths.

    `unseen` lie where nobody could look: neither there nor gone. `scope` is the scan's: what was looked at.
    """

    found: Mapping[str, Stamp] = field(default_factory=dict)
    """What is new or another than it was."""
    gone: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    scope: frozenset[str] | None = None

    def covers(self, path: str) -> bool:
        """Whether the path was looked at, by itself or with a folder above it."""
        return self.scope is None or any(part in self.scope for part in _at_and_above(path))


def compare(known: Mapping[str, tuple[int, ...]], seen: Scan) -> Changes:
    """What is new, changed and gone in `seen`, against all that is `known` (also for a look at a part)."""
    found = {path: stamp for path, stamp in seen.files.items() if known.get(path) != stamp}
    new = sum(path not in known for path in found)
    none_absent = len(seen.files) - new == len(known)  # To look each up takes as long as all else here.
    absent = [] if none_absent else [path for path in _in_scope(known, seen) if path not in seen.files]
    unseen = frozenset(path for path in absent if any(part in seen.unseen for part in _at_and_above(path)))
    gone = frozenset(absent) - unseen
    return Changes(found=found, gone=gone, unseen=unseen, scope=seen.scope)


def _in_scope(known: Mapping[str, tuple[int, ...]], seen: Scan) -> Collection[str]:
    """The known paths that were looked for."""
    if seen.scope is None:
        return known.keys()
    inside = {path for path in seen.scope if path in known}
    if folders := seen.scope - inside - seen.files.keys():
        inside.update(path for path in known if any(part in folders for part in _at_and_above(path)))
    return inside


def _at_and_above(path: str) -> Iterator[str]:
    """The path, its folders, and the root as `""`."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


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
        for path in [path for path in self._waiting if path not in changes.found and changes.covers(path)]:
            del self._waiting[path]
        ready: dict[str, Stamp] = {}
        for path, stamp in changes.found.items():
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
        if waiting is None or waiting.stamp != stamp:
            waiting = self._waiting[path] = _Waiting(stamp, now, sign or Sign.TOUCHED)
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


class LossReason(StrEnum):
    """Why articles that are gone are withdrawn, or kept for now. Logged and shown as it stands."""

    NONE = "nothing is gone"
    FEW = "few enough to believe"
    AGREED = "still gone at a second look"
    CONFIRMED = "confirmed by the operator"
    MISSING = "the source folder is not there"
    EMPTY = "the source folder is suddenly empty"
    INCOMPLETE = "part of the source folder could not be read"
    MANY = "more than a fifth of the articles is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionDecision:
    """Which articles may be withdrawn now, which are held, why, and what the next decision goes on from; the
    first from `DeletionDecision()`.

    `since` says when each path that is held was first found gone, `lately` when which were let go and are
    not back: a folder that is deleted file by file is noticed as well. `doubted` is when a loss was
    suspicious last, `look_again` when a look at the held ones may let some go; None if none is held.
    """

    withdraw: frozenset[str] = frozenset()
    since: Mapping[str, datetime] = field(default_factory=dict)
    reason: LossReason = LossReason.NONE
    lately: Mapping[str, datetime] = field(default_factory=dict)
    doubted: datetime | None = None
    look_again: datetime | None = None

    @property
    def held(self) -> frozenset[str]:
        return frozenset(self.since)

    @property
    def degraded(self) -> bool:
        """Whether the source is in a state that the operator should know of."""
        return self.reason in _DOUBTS

    @property
    def fix(self) -> str:
        """What the operator can do; empty if there is nothing to be done."""
        return _DOUBTS.get(self.reason, "")


_CONFIRM = (
    "until then its feeds stay as they are. If the articles were meant to go, confirm it with "
    f"`syndicator build --confirm-removals`, or wait: it is believed when it is still "
    f"so {AGAIN.seconds // 60} minutes later"
)
_DOUBTS = {
    LossReason.MISSING: f"Mount or create the folder, or correct its path; {_CONFIRM}",
    LossReason.EMPTY: f"Mount or fill the folder; {_CONFIRM}",
    LossReason.INCOMPLETE: f"Mend the folder or its rights; {_CONFIRM}",
    LossReason.MANY: f"Bring the files back; {_CONFIRM}",
}
"""What is suspicious, and what the operator can do."""


def guard_deletions(
    changes: Changes,
    *,
    known: int,
    seen: Scan,
    before: DeletionDecision,
    now: datetime,
    confirmed: bool = False,
    bare: Collection[str] = (),
) -> DeletionDecision:
    """Which of the articles gone may be withdrawn, of `known` articles (the gone ones included).

    A path is withdrawn when a look at least `LINGER` after the first one still does not find it, or at least
    `AGAIN` after it while the loss is suspicious; one that was back in between starts anew. What is held and
    lies outside the scope of this look stays held. 3 of 3 gone is empty, and so is 1 of 1; 20 of 60 is few;
    21 of 100 is many. Never withdraws what is `unseen`, confirmed or not. Files that gave no entry
    (`bare`, some of the `known`) are no loss, however many are gone.
    """
    gone = changes.gone | {path for path in before.since if not changes.covers(path)}
    lately = {
        path: at for path, at in before.lately.items() if now - AGAIN < at <= now and path not in seen.files
    }
    lost, entries = len(gone.difference(bare)), known - len(bare)
    reason = _reason(lost, entries, len(lately), changes, seen, confirmed)
    first = {path: min(before.since.get(path, now), now) for path in gone}
    doubted = now if reason in _DOUBTS or _comes_back(before, gone) else before.doubted
    doubted = min(doubted, now) if doubted is not None else None
    due = {path: _due(path, at, reason, doubted) for path, at in first.items()}
    withdraw = frozenset(path for path in changes.gone if now >= due[path])
    since = {path: at for path, at in first.items() if path not in withdraw}
    if reason is LossReason.FEW:
        lately |= dict.fromkeys(withdraw.difference(bare), now)
    return DeletionDecision(
        withdraw=withdraw,
        since=since,
        reason=LossReason.AGREED if reason in _DOUBTS and withdraw and not since else reason,
        lately=lately,
        doubted=doubted,
        look_again=min(due[path] for path in since) if since else None,
    )


def _comes_back(before: DeletionDecision, gone: Collection[str]) -> bool:
    """Whether some of what was part of a suspicious loss is there again."""
    doubted = before.doubted
    return doubted is not None and any(
        first <= doubted and path not in gone for path, first in before.since.items()
    )


def _due(path: str, first: datetime, reason: LossReason, doubted: datetime | None) -> datetime:
    """When a file found gone at `first` is believed to be; after a doubt its time starts over."""
    if reason is LossReason.CONFIRMED:
        return first
    if reason in _DOUBTS:
        return first + AGAIN
    since = max(first, doubted or first)
    is_left = since == doubted
    return since + (TOPIC_LINGER if is_left or path.lower().endswith(TOPIC_SUFFIXES) else LINGER)


def _reason(gone: int, known: int, lately: int, changes: Changes, seen: Scan, confirmed: bool) -> LossReason:
    """The first that applies. `lately` were withdrawn within `AGAIN` and count as part of the same loss."""
    if confirmed and gone:
        return LossReason.CONFIRMED
    if seen.missing:
        return LossReason.MISSING
    if changes.unseen or "" in seen.unseen or (gone and seen.broken):
        return LossReason.INCOMPLETE
    if gone and gone >= known and not seen.files:
        return LossReason.EMPTY
    lost = gone + lately
    if gone and lost > COUNT and lost > SHARE * (known + lately):
        return LossReason.MANY
    return LossReason.FEW if gone else LossReason.NONE
