"""A folder followed as the pipeline does it, with a dictionary for a store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from syndicator.store.types import Stamp
from syndicator.watch.changes import DeletionDecision, Hint, Settling, compare, guard_deletions
from syndicator.watch.files import read_article, scan
from syndicator.watch.folder import Folder
from syndicator.watch.types import Scan

MANY = 1000


@dataclass
class Follower:
    """Follows `root` while `until` runs; `articles` is what it believes to be in the folder."""

    root: Path
    every: float = 1.0
    quiet: float = 0.2
    articles: dict[str, bytes] = field(default_factory=dict)
    known: dict[str, Stamp] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    scans: int = 0
    make: Callable[[str, Path, Callable[[Hint], None]], Folder] = Folder

    def __post_init__(self) -> None:
        self.hints: SimpleQueue[Hint] = SimpleQueue()
        self.folder = self.make("news", self.root, self.hints.put)
        self.settling = Settling(quiet=self.quiet)
        self.decision = DeletionDecision()
        self.rebuilds = 0

    def __enter__(self) -> Follower:
        self.folder.start()
        self._take(scan(self.root), [])
        self.scanned = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.stop()

    def until(self, done: Callable[[], bool], *, within: float = 20.0) -> float:
        """Follows until `done`, and returns the seconds it took; fails after `within`."""
        began = time.monotonic()
        while not done():
            assert time.monotonic() - began < within, f"not converged: {len(self.known)} known"
            self.step()
        return time.monotonic() - began

    def step(self) -> None:
        """Waits for hints or the next thing due, looks, and takes what came to rest."""
        now = time.monotonic()
        again = self.settling.look_again(now=now, wall_ns=time.time_ns())
        due = self.scanned + self.every
        if self.decision.since:
            again = min(again or due, now + 0.1)
        batch = self._batch(max(0.0, min(due, again or due) - now))
        paths = {hint.path for hint in batch if hint.path is not None}
        healed = self.folder.check()
        self.rebuilds += healed
        everything = healed or any(hint.path is None for hint in batch) or len(paths) > MANY
        if everything or time.monotonic() >= due:
            self._take(scan(self.root), batch)
            self.scanned = time.monotonic()
        else:
            self._take(
                scan(self.root, paths=paths | self.settling.waiting | self.decision.since.keys()), batch
            )

    def _batch(self, wait: float) -> list[Hint]:
        batch: list[Hint] = []
        try:
            batch.append(self.hints.get(timeout=min(wait, 0.5)) if wait else self.hints.get_nowait())
            while True:
                batch.append(self.hints.get_nowait())
        except Empty:
            return batch

    def _take(self, seen: Scan, batch: list[Hint]) -> None:
        self.scans += seen.scope is None
        changes = compare(self.known, seen)
        decision = guard_deletions(
            changes, known=len(self.known), seen=seen, before=self.decision, now=datetime.now(UTC)
        )
        self.decision = decision
        for path in decision.withdraw:
            del self.known[path], self.articles[path]
        for path, stamp in self.settling.ready(
            changes, batch, now=time.monotonic(), wall_ns=time.time_ns()
        ).items():
            self.reads.append(path)
            data = read_article(self.root, path, expected=stamp)
            if data is not None:
                self.known[path], self.articles[path] = stamp, data
            else:
                self.settling.put_back(path, stamp, now=time.monotonic())
