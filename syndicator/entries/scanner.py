"""One source's scanner: looks at its folder, reads what has come to rest, and hands it on in batches.

The folder is compared with what is known of it, in memory; the store is asked only at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, repeat

import structlog

from syndicator.clock import Moment
from syndicator.entries.match import ScannedFile
from syndicator.entries.reader import digest_of, read_elsewhere
from syndicator.entries.sync import Batch, Synced
from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.models import Problem
from syndicator.once import SaidOnce
from syndicator.parse.article import parse_article
from syndicator.parse.profiles import is_resource
from syndicator.parse.topic_file import parse_topic_file, topic_matcher
from syndicator.progress import Progress, no_progress
from syndicator.settings.models import Source
from syndicator.settings.types import Tool
from syndicator.store.types import UNREAD, Stamp
from syndicator.watch.changes import (
    Changes,
    DeletionDecision,
    Hint,
    LossReason,
    Settling,
    compare,
    guard_deletions,
)
from syndicator.watch.files import SUFFIXES, Walk, read_article, scan
from syndicator.watch.types import TOPIC_SUFFIXES, Scan

log = structlog.get_logger()

UNFORESEEN = ArticleError(
    "stops the program that reads it", fix="Please report it with the article; until then leave it out"
)
BATCH_FILES = 1_000
"""Articles per transaction: large enough to amortise a commit, small enough to hold in memory."""
SAID_EVERY = 50
"""So many files are read between two words of how far it is."""
MANY_HINTS = 2_000
"""With more hints than this, looking at the whole folder is quicker."""
OPENING_LASTS = timedelta(minutes=10)
"""How long a source's beginning waits for files that do not rest and folders that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What a look found to do: files to read, and files that are gone and believed to be.

    `skipped` are things with an article's name that are no files; a look at the whole folder knows them all.
    """

    ready: Mapping[str, Stamp]
    gone: frozenset[str]
    missing: frozenset[str]
    skipped: Sequence[Problem]
    whole: bool
    there: bool
    """Whether the folder is there; it is `complete` when all its folders could be read as well."""
    complete: bool


class SourceScanner:
    """What one thread knows of one source's folder. A folder of topic files alone has no articles."""

    def __init__(
        self,
        source: Source,
        files: Iterable[tuple[str, Stamp, bool]],
        *,
        quiet: timedelta,
        has_begun: bool,
        articles: bool = True,
    ) -> None:
        self.source, self.root, self.name = source, source.path, source.name
        self.has_begun = has_begun
        """Whether the source's silent beginning is over, and that is stored."""
        self._known: dict[str, Stamp] = {}
        self._newest = 0
        """When the file that was written last was written, of all that were ever known; in nanoseconds."""
        self._bare = set[str]()
        """Those of the known files that gave no entry: bad from the first, or no articles."""
        for path, stamp, gave in files:
            self._known[path] = stamp
            self._newest = max(self._newest, stamp.mtime_ns)
            if not gave:
                self._bare.add(path)
        self._is_topic = topic_matcher(source.topics)
        self._suffixes = (*(SUFFIXES if articles else ()), *(TOPIC_SUFFIXES if source.topics else ()))
        self.bad_topics: dict[str, Problem] = {}
        """What is wrong with topic files, by path; they are read again at each look."""
        self._settling = Settling(quiet=quiet.total_seconds())
        self._loss = DeletionDecision()
        self._said, self._unreadable = SaidOnce(), SaidOnce()
        self._lost_since: datetime | None = None
        self._opened: datetime | None = None
        self._first: frozenset[str] | None = None
        """What of the first look at the whole folder had not come to rest."""
        self._walk: Walk | None = None

    @property
    def loss(self) -> tuple[DeletionDecision, datetime] | None:
        """What is held of the articles that are missing, and since when that is in doubt; None: it is not."""
        return (self._loss, self._lost_since) if self._lost_since is not None else None

    @property
    def topics_wait(self) -> bool:
        """Whether a topic file has not come to rest: others may name it already."""
        return any(map(self._is_topic, self._settling.waiting))

    def look_again(self, at: Moment) -> float | None:
        """Seconds until what waits may have come to rest or be believed gone; None: nothing waits."""
        rest = self._settling.look_again(now=at.monotonic, wall_ns=at.wall_ns)
        waits = [] if rest is None else [rest - at.monotonic]
        if self._loss.look_again is not None:
            waits.append((self._loss.look_again - at.now).total_seconds())
        return max(0.0, min(waits)) if waits else None

    def walk(self, progress: Progress) -> Walk:
        """Goes through the whole folder, for the next `look` everywhere. What `progress` raises leaves it
        where it is, for a further call to go on with."""
        self._walk = self._walk or Walk(self.root, self._suffixes)
        self._walk.go_on(progress)
        return self._walk

    def forget_walk(self) -> None:
        self._walk = None

    def look(
        self,
        at: Moment,
        hints: Sequence[Hint],
        progress: Progress = no_progress,
        *,
        everywhere: bool = False,
        confirmed: bool = False,
    ) -> ScanResult:
        """Looks where the hints say and at what waits, or everywhere. Raises nothing for the folder, and what
        `progress` raises before anything is noted."""
        paths = {hint.path for hint in hints if hint.path is not None}
        if len(hints) > MANY_HINTS or any(hint.path is None for hint in hints):
            everywhere, self._walk = True, None
        if self._walk is not None:
            self._walk.since |= paths
        if everywhere:
            seen, self._walk = self.walk(progress).seen, None
        else:
            paths |= self._settling.waiting | self._loss.held
            seen = scan(self.root, self._suffixes, paths=paths)
            if former := self._former_paths(seen):
                paths |= former
                seen = scan(self.root, self._suffixes, paths=paths)
            if self._walk is not None:
                self._walk.since |= paths
        if self.source.topics or self.source.profile is Tool.HUGO:
            seen = seen.only(lambda path: self._is_ours(path, seen))
        changes = compare(self._known, seen)
        ready = self._settling.ready(changes, hints, now=at.monotonic, wall_ns=at.wall_ns)
        gone = self._believe(changes, seen, at.now, confirmed)
        return ScanResult(
            ready=ready,
            gone=gone,
            missing=gone | self._loss.held,
            skipped=seen.problems(self.name),
            whole=everywhere,
            there=not seen.missing,
            complete=seen.there and not seen.unseen,
        )

    def read(
        self, scanned: ScanResult, at: Moment, so_far: Callable[[int], None] = lambda _read: None
    ) -> Iterator[Batch]:
        """Reads and parses what is ready, some thousand at a time; what is gone comes last, so that what has
        moved is recognised before. Where the folder cannot be read, the rest waits.

        `so_far` hears now and then how many files are done; to read one is half of it, to store it the other.
        """
        paths, gone = (
            [path for path in sorted(some) if not self._is_topic(path)]
            for some in (scanned.ready, scanned.gone)
        )
        last = max(len(paths) - 1, 0) // BATCH_FILES * BATCH_FILES
        with read_elsewhere(self.source, [(path, scanned.ready[path]) for path in paths]) as answers:
            for start in range(0, last + max(len(gone), 1), BATCH_FILES):
                some = {path: scanned.ready[path] for path in paths[start : start + BATCH_FILES]}
                found: list[ScannedFile] = []
                for one in self._read_all(some, at, [*islice(answers, len(some))]):
                    found.append(one)
                    if len(found) % SAID_EVERY == 0:
                        so_far(start + len(found) // 2)
                left = gone[start - last : start - last + BATCH_FILES] if start >= last else []
                if found or left:
                    yield Batch(source=self.name, found=found, gone=left, missing=scanned.missing)

    def read_topics(self, scanned: ScanResult, at: Moment) -> Batch:
        """Reads the topic files that are ready, all of them."""
        ready = {path: stamp for path, stamp in sorted(scanned.ready.items()) if self._is_topic(path)}
        gone = sorted(filter(self._is_topic, scanned.gone))
        found = list(self._read_all(ready, at, repeat(None)))
        for path in (*(one.path for one in found), *gone):
            self.bad_topics.pop(path, None)
        self.bad_topics |= {one.path: one.problem for one in found if one.problem is not None}
        return Batch(source=self.name, found=found, gone=gone)

    def is_good_topic(self, path: str) -> bool:
        """Whether the topic file is there, and not in doubt or wrong."""
        return path not in self._loss.since and path not in self.bad_topics

    def took(self, batch: Batch, synced: Synced) -> None:
        """Notes that a batch is in the store."""
        for one in batch.found:
            self._note_entry(one, refused=one.path in synced.refused)
            self._known[one.path] = UNREAD if one.path in synced.refused else one.stamp
            self._newest = max(self._newest, one.stamp.mtime_ns)
        for path in (*batch.gone, *synced.vacated):
            self._known.pop(path, None)
            self._bare.discard(path)

    def is_opened(self, scanned: ScanResult, now: datetime) -> bool:
        """Whether all that was there at the first whole look has been taken in, files at rest only later too:
        they are as little news as the others. A file that keeps changing or cannot be read delays it by ten
        minutes at most.
        """
        waiting = self._settling.waiting
        if scanned.whole:
            self._opened = (self._opened or now) if scanned.there else None
            if scanned.complete and self._first is None:
                self._first = waiting
        if self._first is not None and not waiting & self._first:
            return True
        if self._opened is None or abs(now - self._opened) < OPENING_LASTS:
            return False
        unread = max(1, len(waiting))
        log.warning("source begun before all of it could be read", source=self.name, unread=unread)
        return True

    def _is_ours(self, path: str, seen: Scan) -> bool:
        if path.lower().endswith(TOPIC_SUFFIXES):
            return self._is_topic(path)
        return not is_resource(self.source, path, (seen.files, self._known))

    def _note_entry(self, one: ScannedFile, *, refused: bool) -> None:
        """A file that is bad keeps the entry of its last good version, where it had one."""
        if one.problem is not None or refused:
            if one.path not in self._known:
                self._bare.add(one.path)
        elif one.article is None and one.topic is None:
            self._bare.add(one.path)
        else:
            self._bare.discard(one.path)

    def _former_paths(self, seen: Scan) -> set[str]:
        """Where files that are new were before: watchdog may tell of a new folder before it tells of what was
        renamed into it, and an article would be new."""
        came = {
            stamp[:2]
            for path, stamp in seen.files.items()
            if path not in self._known and stamp.mtime_ns <= self._newest  # Else it was written since.
        }
        return {path for path, stamp in self._known.items() if stamp[:2] in came} if came else set()

    def _believe(self, changes: Changes, seen: Scan, now: datetime, confirmed: bool) -> frozenset[str]:
        before = self._loss
        loss = self._loss = guard_deletions(
            changes,
            known=len(self._known),
            seen=seen,
            before=before,
            now=now,
            confirmed=confirmed,
            bare=self._bare,
        )
        self._lost_since = (self._lost_since or now) if loss.degraded else None
        self._say_loss(loss, again=before.degraded and loss.degraded)
        return loss.withdraw

    def _say_loss(self, loss: DeletionDecision, *, again: bool) -> None:
        """Says it at the second look: what was renamed meanwhile has been recognised by then."""
        was = self._said.last
        if self._said.changed(loss.reason.value if again else ""):
            if again:
                facts = {"missing": len(loss.held) or None, "why": loss.reason.value, "fix": loss.fix}
                missing, unreadable = "articles missing, feeds kept", "source folder unreadable, feeds kept"
                log.warning(missing if loss.held else unreadable, source=self.name, **facts)
            elif was and loss.reason in (LossReason.NONE, LossReason.FEW):
                log.info("articles back", source=self.name, was=was)

    def _read_all(
        self, ready: Mapping[str, Stamp], at: Moment, read: Iterable[ScannedFile | None]
    ) -> Iterator[ScannedFile]:
        """What is in the files; of some it is `read` already."""
        left = dict(ready)
        try:
            for (path, stamp), one in zip(ready.items(), read, strict=False):
                found = one or self._read(path, stamp, at)
                del left[path]
                if found is not None:
                    yield found
        except SourceUnreadable as error:
            if self._unreadable.changed(str(error)):
                log.warning("source folder unreadable, feeds kept", source=self.name, why=str(error))
            for path, stamp in left.items():
                self._settling.put_back(path, stamp, now=at.monotonic)
        else:
            if ready:
                self._unreadable.changed("")

    def _read(self, path: str, stamp: Stamp, at: Moment) -> ScannedFile | None:
        """What the file has; None where it is to be looked at again. Raises SourceUnreadable."""
        digest = b""
        try:
            data = read_article(self.root, path, expected=stamp)
            if data is None:
                self._settling.put_back(path, stamp, now=at.monotonic)
                return None
            digest = digest_of(data)
            if self._is_topic(path):
                topic = parse_topic_file(data, source=self.name, path=path)
                return ScannedFile(path=path, stamp=stamp, digest=digest, topic=topic)
            article = parse_article(data, source=self.source, path=path)
            return ScannedFile(path=path, stamp=stamp, digest=digest, article=article)
        except ArticleError as error:
            wrong = error
        except SourceUnreadable:
            raise
        except Exception:
            # A mistake of this program in one article must never cost the others.
            log.exception("an article could not be parsed", source=self.name, path=path)
            wrong = UNFORESEEN
        place = {"line": wrong.line, "column": wrong.column}
        problem = Problem(source=self.name, path=path, **place, what=wrong.what, fix=wrong.fix)
        return ScannedFile(path=path, stamp=stamp, digest=digest, problem=problem)
