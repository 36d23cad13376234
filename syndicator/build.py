"""One pass without a service: `build`, and `check` on a state of its own that nothing remembers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from syndicator.assembly import open_pipe
from syndicator.clock import Clock, SystemClock
from syndicator.entries.sync import SyncCounts
from syndicator.errors import OutputUnwritable
from syndicator.models import Problem, Visibility
from syndicator.pipeline import CONFIRMED, Pipeline, Progress
from syndicator.publish.build import Published
from syndicator.publish.files import probe, sweep
from syndicator.reports import unmatched_patterns
from syndicator.settings.models import Settings
from syndicator.store.database import Store, database_path, open_known, open_store
from syndicator.store.lock import hold_lock
from syndicator.store.session import Session
from syndicator.watch.deletion_guard import DeletionDecision

PATIENCE_S = 10.0
"""How long a pass waits for files that are being written, and for files gone to be gone for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A source's folder: how many articles it has, and how many of its files are bad ones."""

    path: Path
    articles: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass came to; `folders` and `missing` by source.

    `missing` says where a folder cannot be read as a whole, and what is kept of it for now.
    """

    sync_counts: SyncCounts
    published: Published
    counts: dict[Visibility, int]
    problems: list[Problem]
    folders: dict[str, Folder]
    missing: dict[str, str]
    shown: int
    """How many of the public entries the feeds show: of several with the same link, one."""
    unpublished: int = 0
    """How many of the drafts are so by `published: false` alone."""
    warnings: tuple[str, ...] = ()
    """What is not wrong for certain; found by `check` alone."""

    @property
    def fine(self) -> bool:
        """Whether there is nothing that a person has to mend."""
        return not (self.problems or self.missing)


def build(
    settings: Settings,
    *,
    reading: Progress,
    publishing: Progress,
    confirmed: bool = False,
    clock: Clock | None = None,
) -> Pass:
    """Takes in all that is there and publishes it; what that causes in Slack is owed to the next `run`.

    Raises a SyndicatorError: another process has the state, the output cannot be written, ...
    """
    clock = clock or SystemClock()
    with hold_lock(database_path(settings.state)):
        store = open_store(settings.state, now=clock.now())
        try:
            sweep(settings.output)
            pipeline = open_pipe(settings, store, now=clock.now())
            pipeline.apply_topics(clock.now(), reading)
            sync_counts = take_in(settings, pipeline, clock, reading, confirmed=confirmed)
            pipeline.apply_time(clock.now())
            pipeline.begin_routes(clock.now(), reading)
            pipeline.recover()
            published = publish_all(pipeline, clock.now, publishing)
            return _pass(settings, store, pipeline, sync_counts, published)
        finally:
            store.close()


def confirm_removals(settings: Settings, *, clock: Clock | None = None) -> None:
    """Tells the service that runs on this state that the articles missing are meant to be gone."""
    store = open_known(settings.state)
    try:
        with store.transaction() as session:
            session.put_metadata(CONFIRMED, (clock or SystemClock()).now().isoformat())
    finally:
        store.close()


def check(settings: Settings, *, reading: Progress, clock: Clock | None = None) -> Pass:
    """Reads everything as `build` would, into a state that is thrown away; nothing is written elsewhere."""
    clock = clock or SystemClock()
    with _nowhere(settings) as (elsewhere, store):
        pipeline = open_pipe(elsewhere, store, now=clock.now())
        sync_counts = take_in(elsewhere, pipeline, clock, reading)
        result = _pass(elsewhere, store, pipeline, sync_counts, Published())
        return replace(
            result, warnings=(*_warnings(settings), *map(str, unmatched_patterns(store, settings.routes)))
        )


def publish_all(pipeline: Pipeline, now: Callable[[], datetime], progress: Progress) -> Published:
    """Publishes portion by portion until nothing is left; what all of them wrote.

    Raises OutputUnwritable where something could not be written, after all else is.
    """
    all_of = Published(more=True)
    while all_of.more:
        one = pipeline.publish(now(), progress)
        if one.failure is not None:
            raise one.failure
        all_of = Published(
            written=all_of.written + one.written,
            feeds=all_of.feeds + one.feeds,
            more=one.more,
        )
    return all_of


def take_in(
    settings: Settings, pipeline: Pipeline, clock: Clock, reading: Progress, *, confirmed: bool = False
) -> SyncCounts:
    """Looks at every source until nothing waits there, or patience is at its end."""
    sync_counts = SyncCounts()
    for source in settings.sources:
        sync_counts += pipeline.look(source.name, clock.moment(), confirmed=confirmed, progress=reading)
    until = time.monotonic() + PATIENCE_S
    while (waits := pipeline.look_again(clock.moment())) and time.monotonic() < until:
        soonest = min(waits.values())
        if soonest > PATIENCE_S:
            break
        time.sleep(min(soonest, 0.5))
        for name in waits:
            sync_counts += pipeline.look(name, clock.moment(), hints=())
    return sync_counts


def _pass(
    settings: Settings, store: Store, pipeline: Pipeline, sync_counts: SyncCounts, published: Published
) -> Pass:
    paths = {source.name: source.path for source in settings.sources}
    with store.reading() as session:
        problems = session.problems.all()
        return Pass(
            sync_counts=sync_counts,
            published=published,
            counts=session.count_entries(),
            unpublished=session.count_unpublished(),
            shown=session.count_links(),
            problems=problems,
            folders={name: _folder(session, name, path, problems) for name, path in paths.items()},
            missing={name: _missing(paths[name], loss) for name, loss in pipeline.losses().items()},
        )


def _folder(session: Session, name: str, path: Path, problems: Sequence[Problem]) -> Folder:
    known = session.files(name)
    return Folder(
        path=path,
        articles=sum(file.guid is not None for file in known.values()),
        bad=len({one.path for one in problems if one.source == name and one.path in known}),
    )


def _warnings(settings: Settings) -> Iterator[str]:
    """What the settings do not know of the disk."""
    try:
        probe(settings.output)
    except OutputUnwritable as error:
        yield str(error)


def _missing(path: Path, loss: DeletionDecision) -> str:
    if loss.held:
        return f"{len(loss.held)} missing: {loss.reason}: {path}. {loss.fix}"
    return f"{loss.reason}: {path}. Make it one that this user can read, or correct the source's `path`"


@contextmanager
def _nowhere(settings: Settings) -> Iterator[tuple[Settings, Store]]:
    with tempfile.TemporaryDirectory(prefix="syndicator-check-") as folder:
        state = f"sqlite:///{folder}/state.db"
        at_once = settings.watch.model_copy(update={"quiet": timedelta(0)})
        elsewhere = settings.model_copy(
            update={"state": state, "output": Path(folder) / "public", "routes": (), "watch": at_once}
        )
        store = open_store(state, now=SystemClock().now())
        try:
            yield elsewhere, store
        finally:
            store.close()
