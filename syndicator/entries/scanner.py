"""One source's scanner: looks at its folder, reads what has come to rest, and hands it on in batches.

The folder is compared with what is known of it, in memory; the store is asked only at the start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from syndicator.clock import Moment
from syndicator.entries.match import Found
from syndicator.entries.sync import UNREAD, Batch, SyncCounts
from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.models import Position, Problem
from syndicator.parse.article import parse_article
from syndicator.settings.models import Source
from syndicator.watch.deletion_guard import (
    Changes,
    DeletionDecision,
    Guard,
    LossReason,
    compare,
    guard_deletions,
)
from syndicator.watch.read import Reading, Unread, read_article
from syndicator.watch.scan import look, scan
from syndicator.watch.settle import Hint, Settling
from syndicator.watch.types import Scan, Stamp

log = structlog.get_logger()

UNFORESEEN = ArticleError(
    "stops the program that reads it", fix="Please report it with the article; until then leave it out"
)
_WELL = (LossReason.NONE, LossReason.FRESH, LossReason.FEW)
BATCH_FILES = 1_000
"""Articles per transaction: large enough to amortise a commit, small enough to hold in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What a look found to do: files to read, and files that are gone and believed to be.

    `odd` are things with an article's name that are no files; a look at the `whole` folder knows them all.
    """

    ready: Mapping[str, Stamp]
    gone: frozenset[str]
    missing: frozenset[str]
    skipped: Sequence[Problem]
    whole: bool
    there: bool
    """Whether the folder is there; it is `complete` when all its folders could be read as well."""
    complete: bool
    files: int


class SourceScanner:
    """What one thread knows of one source's folder."""

    def __init__(
        self,
        source: Source,
        known: Mapping[str, tuple[int, ...]],
        *,
        quiet_s: float,
        bare: Collection[str] = (),
    ) -> None:
        self.source, self.root = source, source.path
        self.name = source.name
        self._known = {path: Stamp(*stamp) for path, stamp in known.items()}
        self._bare = set(bare)
        """Those of the known files that gave no entry: bad from the first, or no articles."""
        self._settling = Settling(quiet=quiet_s)
        self._guard = Guard()
        self._loss: DeletionDecision | None = None
        self._said = LossReason.NONE
        self._is_unreadable = False
        self._lost_since: datetime | None = None

    @property
    def loss(self) -> DeletionDecision | None:
        """What is held of the articles that are missing, while that is in doubt."""
        return self._loss if self._loss is not None and self._loss.degraded else None

    @property
    def lost_since(self) -> datetime | None:
        """When that doubt began, as far as this run of the service knows."""
        return self._lost_since

    @property
    def waiting(self) -> frozenset[str]:
        """Files that have not come to rest yet."""
        return self._settling.waiting

    def look_again(self, at: Moment) -> float | None:
        """Seconds until what waits may have come to rest or be believed gone; None: nothing waits."""
        rest = self._settling.look_again(now=at.monotonic, wall_ns=at.wall_ns)
        waits = [] if rest is None else [rest - at.monotonic]
        if self._loss is not None and self._loss.look_again is not None:
            waits.append((self._loss.look_again - at.now).total_seconds())
        return max(0.0, min(waits)) if waits else None

    def look(
        self,
        at: Moment,
        *,
        paths: Collection[str] | None,
        hints: Sequence[Hint] = (),
        confirmed: bool = False,
    ) -> ScanResult:
        """Looks at the paths, and at those that wait; None: at everything. Raises nothing for the folder."""
        if paths is None:
            seen = scan(self.root)
        else:
            held = self._loss.held if self._loss else frozenset()
            seen = look(self.root, {*paths, *self._settling.waiting, *held})
        changes = compare(self._known, seen)
        ready = self._settling.ready(changes, hints, now=at.monotonic, wall_ns=at.wall_ns)
        gone = self._believe(changes, seen, at.now, confirmed)
        held = self._loss.held if self._loss else frozenset()
        return ScanResult(
            ready=ready,
            gone=gone,
            missing=gone | held,
            skipped=seen.problems(self.name),
            whole=paths is None,
            there=not seen.missing,
            complete=seen.complete and not seen.missing,
            files=len(seen.files),
        )

    def read(self, scanned: ScanResult, at: Moment) -> Iterator[Batch]:
        """Reads and parses what is ready, some thousand at a time; what is gone comes last, so that what has
        moved is recognised before. Raises SourceUnreadable."""
        paths, gone = sorted(scanned.ready), sorted(scanned.gone)
        last = max(len(paths) - 1, 0) // BATCH_FILES * BATCH_FILES
        for start in range(0, last + max(len(gone), 1), BATCH_FILES):
            some = paths[start : start + BATCH_FILES]
            found = [one for path in some if (one := self._read(path, scanned.ready[path], at)) is not None]
            left = gone[start - last : start - last + BATCH_FILES] if start >= last else []
            if found or left:
                yield Batch(source=self.name, found=found, gone=left, missing=scanned.missing)

    def took(self, batch: Batch, taken: SyncCounts) -> None:
        """Notes that a batch is in the store."""
        for one in batch.found:
            self._note_entry(one, refused=one.path in taken.refused)
            self._known[one.path] = Stamp(*(UNREAD if one.path in taken.refused else one.stamp))
        for path in (*batch.gone, *taken.vacated):
            self._known.pop(path, None)
            self._bare.discard(path)

    def _note_entry(self, one: Found, *, refused: bool) -> None:
        """A file that is bad keeps the entry of its last good version, where it had one."""
        if one.problem is not None or refused:
            if one.path not in self._known:
                self._bare.add(one.path)
        elif one.article is None:
            self._bare.add(one.path)
        else:
            self._bare.discard(one.path)

    def _believe(self, changes: Changes, seen: Scan, now: datetime, confirmed: bool) -> frozenset[str]:
        before = self._loss
        loss = self._loss = guard_deletions(
            changes,
            known=len(self._known),
            seen=seen,
            guard=self._guard,
            now=now,
            confirmed=confirmed,
            bare=self._bare,
        )
        self._guard = loss.guard
        self._lost_since = (self._lost_since or now) if loss.degraded else None
        # Said at the second look: what was renamed meanwhile has been recognised by then.
        again = before is not None and before.degraded and loss.degraded
        if again and loss.reason is not self._said:
            log.warning(
                "articles missing, feeds kept",
                source=self.name,
                missing=len(loss.held),
                why=loss.reason.value,
                fix=loss.fix,
            )
        if self._said is not LossReason.NONE and loss.reason in _WELL:
            log.info("articles back", source=self.name, was=self._said.value)
        self._said = loss.reason if again else LossReason.NONE
        return loss.withdraw

    def _read(self, path: str, stamp: Stamp, at: Moment) -> Found | None:
        try:
            reading = read_article(self.root, path, expected=stamp)
        except ArticleError as error:
            return self._problem(path, stamp, b"", error)
        except SourceUnreadable as error:
            if not self._is_unreadable:
                log.warning("source folder unreadable, feeds kept", source=self.name, why=str(error))
            self._is_unreadable = True
            self._settling.put_back(path, stamp, now=at.monotonic)
            return None
        self._is_unreadable = False
        match reading:
            case Unread.GONE:
                return None
            case Unread.CHANGING:
                self._settling.put_back(path, stamp, now=at.monotonic)
                return None
            case Reading(data=data):
                return self._parse(path, stamp, data)

    def _parse(self, path: str, stamp: Stamp, data: bytes) -> Found:
        digest = hashlib.blake2b(data, digest_size=16).digest()
        try:
            article = parse_article(data, source=self.source, path=path)
        except ArticleError as error:
            return self._problem(path, stamp, digest, error)
        except Exception:
            # A mistake of this program in one article must never cost the others.
            log.exception("an article could not be parsed", source=self.name, path=path)
            return self._problem(path, stamp, digest, UNFORESEEN)
        return Found(path=path, stamp=stamp, digest=digest, article=article)

    def _problem(self, path: str, stamp: Stamp, digest: bytes, error: ArticleError) -> Found:
        at = Position(line=error.line, column=error.column)
        problem = Problem(source=self.name, path=path, at=at, what=error.what, fix=error.fix)
        return Found(path=path, stamp=stamp, digest=digest, problem=problem)
