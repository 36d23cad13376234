"""The entries follow their sources' folders: scanned, synced batch by batch, and judged anew as time passes.

Each batch is a transaction of its own; whatever is repeated after a crash comes to the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syndicator.clock import Moment
from syndicator.entries.news import say_changes, say_problems
from syndicator.entries.routing import SOME, Progress, StoryRouter, no_progress
from syndicator.entries.scanner import ScanResult, SourceScanner
from syndicator.entries.sync import UNREAD, EntrySync
from syndicator.entries.topic_files import LastGood, TopicFiles, read_settings_topics, read_source_topics
from syndicator.entries.topics import TopicCatalog
from syndicator.notify.enqueue import Enqueuer
from syndicator.publish.topics import TopicIndex
from syndicator.settings.models import Settings, Source
from syndicator.store.database import Store
from syndicator.store.session import Session
from syndicator.store.types import ProblemKind, SourceState
from syndicator.watch.deletion_guard import DeletionDecision
from syndicator.watch.settle import Hint

log = structlog.get_logger()

CONFIRMED = "removals confirmed"
"""The metadata by which an operator tells a running service that articles are meant to be gone."""
CONFIRMATION_LASTS = timedelta(minutes=10)
TOPICS_APPLIED = "topics applied"
"""The rules by which all entries were put into topics; empty while that is under way."""
TOPIC_SUFFIXES = (".yaml", ".yml")


class Sources:
    """All sources and what is known of them. One thread uses it.

    Opening it withdraws the sources that the settings no longer name. `reader` is the fingerprint of the code
    that reads articles: another one reads all files anew.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        router: StoryRouter,
        enqueuer: Enqueuer,
        *,
        reader: str,
        now: datetime,
    ) -> None:
        self._store, self._settings = store, settings
        self._router, self._enqueuer = router, enqueuer
        self._roots = {source.name: source.path for source in settings.sources}
        self._catalog: TopicCatalog | None = None
        """Thrown away where a transaction fails, and read anew by the next."""
        found = self._read_topic_files()
        with store.transaction() as session:
            bare = [s.name for s in settings.sources if s.topics and s.name not in found.sources]
            lost = [name for name in bare if session.files(name)]
            self._topic_files = LastGood(found, session.topics(), lost)
            self._scanners = {
                source.name: _open_scanner(session, source, settings.watch.quiet, reader)
                for source in settings.sources
            }
            gone = sorted(set(session.source_names()) - set(self._scanners))
            is_applied = session.metadata(TOPICS_APPLIED) in (None, self._topic_rules)
            session.put_metadata(TOPICS_APPLIED, self._topic_rules if is_applied else "")
            session.put_metadata("reader", reader)
            router.open(session)
        for name in gone:
            with self._sync(now, silent=True) as sync:
                changes = sync.withdraw_source(name)
            log.warning(
                "source gone from the settings, its entries withdrawn", source=name, entries=len(changes)
            )

    @property
    def index(self) -> TopicIndex:
        """The topics as they stand."""
        if self._catalog is None:
            with self._store.reading() as session:
                self._catalog = self._read_catalog(session)
        return self._catalog.index

    def scan(
        self,
        at: Moment,
        hints: Mapping[str, Sequence[Hint]] | None,
        progress: Progress = no_progress,
    ) -> int:
        """Looks where the hints say, by source, and at what waits; None: everywhere. Syncs what is ready.

        Gives how many entries changed. Never raises for what is in the folders: a bad article is a problem, a
        folder that cannot be read changes nothing.
        """
        confirmed = hints is None and self._take_confirmation(at.now)
        if hints is None or any(_is_topic_file(hint) for some in hints.values() for hint in some):
            self.apply_topics(at.now, progress)
        changed = 0
        for name, scanner in self._scanners.items():
            some = None if hints is None else hints.get(name, ())
            if some is None or some or scanner.look_again(at) == 0.0:
                scanned = scanner.look(at, some, confirmed=confirmed)
                changed += self._take(scanner, scanned, at, progress)
        return changed

    def _take(self, scanner: SourceScanner, scanned: ScanResult, at: Moment, progress: Progress) -> int:
        changed = done = 0
        silent = not scanner.began
        for batch in scanner.read(scanned, at):
            with self._sync(at.now, silent=silent) as sync:
                synced = sync.take(batch)
            scanner.took(batch, synced)
            say_changes(synced.changes, self._roots)
            say_problems(synced.problems, self._roots)
            changed += len(synced.changes)
            done += len(batch.found)
            progress(done, len(scanned.ready))
        if scanned.whole:
            with self._store.transaction() as session:
                problems = session.problems.replace(
                    ProblemKind.FOLDER, scanned.skipped, at.now, source=scanner.name
                )
            say_problems(problems, self._roots)
        if silent and scanner.is_opened(scanned, at.now):
            with self._store.transaction() as session:
                session.put_source(scanner.name, SourceState(reading=reading(scanner.source), began=at.now))
            scanner.began = True
            log.info("source begun, silently", source=scanner.name)
        return changed

    def apply_time(self, now: datetime, *, silent: bool = False) -> int:
        """Lets embargoes end and entries expire; how many did. With `silent` it is no news."""
        with self._sync(now, silent=silent) as sync:
            changes = sync.judge(sync.session.due_by_time(now))
        say_changes(changes, self._roots)
        return len(changes)

    def next_time_change(self, now: datetime) -> datetime | None:
        """When time alone will next change something."""
        with self._store.reading() as session:
            return session.next_time_change(now)

    def apply_topics(self, now: datetime, progress: Progress = no_progress) -> None:
        """Reads the topic files anew; where topics changed, puts every entry into topics anew, silently.

        What time has brought meanwhile comes first, since that is news. Cut off, it is made up for by the
        next time or start.
        """
        files = self._topic_files.follow(self._read_topic_files(), now, self.losses())
        with self._sync(now, silent=True) as sync:
            session, catalog = sync.session, sync.catalog
            if catalog.declare(session, files.declared):
                session.put_metadata(TOPICS_APPLIED, "")
            problems = [*files.problems, *catalog.problems]
            changes = session.problems.replace(ProblemKind.TOPIC, problems, now)
            unfinished = session.metadata(TOPICS_APPLIED) == ""
        say_problems(changes, self._roots)
        if unfinished:
            self.apply_time(now)
            self._judge_all(now, progress)

    def _judge_all(self, now: datetime, progress: Progress) -> None:
        with self._store.reading() as session:
            guids = session.guids()
        for start in range(0, len(guids), SOME):
            progress(start, len(guids))
            with self._sync(now, silent=True) as sync:
                changes = sync.judge(sync.session.entries(guids[start : start + SOME]).values())
            say_changes(changes, self._roots)
        with self._store.transaction() as session:
            session.put_metadata(TOPICS_APPLIED, self._topic_rules)

    def look_again(self, at: Moment) -> float | None:
        """Seconds until something that waits is to be looked at again; None: nothing waits."""
        waits = [scanner.look_again(at) for scanner in self._scanners.values()]
        return min((wait for wait in waits if wait is not None), default=None)

    def losses(self) -> dict[str, DeletionDecision]:
        """By source, what is held of articles that are missing, where that is in doubt."""
        return {name: scanner.loss for name, scanner in self._scanners.items() if scanner.loss is not None}

    def lost_since(self) -> dict[str, datetime]:
        """By source, since when that is in doubt."""
        return {name: one.lost_since for name, one in self._scanners.items() if one.lost_since is not None}

    @contextmanager
    def _sync(self, now: datetime, *, silent: bool) -> Iterator[EntrySync]:
        try:
            with self._store.transaction() as session:
                if self._catalog is None:
                    self._catalog = self._read_catalog(session)
                yield EntrySync(
                    session=session,
                    catalog=self._catalog,
                    router=self._router,
                    enqueuer=self._enqueuer,
                    unpublished=frozenset(
                        one.name for one in self._settings.sources if one.unpublished == "include"
                    ),
                    page_size=self._settings.feeds.limit,
                    now=now,
                    silent=silent,
                )
        except BaseException:
            self._catalog = None
            raise

    def _read_catalog(self, session: Session) -> TopicCatalog:
        feeds, declared = self._settings.feeds, self._topic_files.files.declared
        return TopicCatalog(session, declared, roll_up=feeds.roll_up, page_size=feeds.limit)

    def _read_topic_files(self) -> TopicFiles:
        files = read_settings_topics(self._settings.topics)
        for source in self._settings.sources:
            files += read_source_topics(source.name, source.path, source.topics)
        return files

    @property
    def _topic_rules(self) -> str:
        return f"roll_up={self._settings.feeds.roll_up}"

    def _take_confirmation(self, now: datetime) -> bool:
        """Whether the operator has lately confirmed that articles are meant to be gone; asked once."""
        with self._store.reading() as session:
            confirmed = session.metadata(CONFIRMED)
        if not confirmed:
            return False
        with self._store.transaction() as session:
            session.put_metadata(CONFIRMED, "")
        return now - datetime.fromisoformat(confirmed) < CONFIRMATION_LASTS


def _is_topic_file(hint: Hint) -> bool:
    return hint.path is not None and hint.path.endswith(TOPIC_SUFFIXES)


def reading(source: Source) -> str:
    """The fingerprint of what decides how a source's files are read; the store has those of before."""
    facts = (
        source.profile,
        source.fields,
        source.base_url,
        source.time_zone or "UTC",
        source.unpublished == "include",
        # Only where it is set: a source that was read without it goes on as it is.
        *([source.permalink] if source.permalink is not None else []),
    )
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _open_scanner(session: Session, source: Source, quiet: timedelta, reader: str) -> SourceScanner:
    """The source's scanner. Files to be read anew are forgotten in the store, so that no crash forgets to."""
    state = session.source(source.name)
    files = session.files(source.name)
    facts = reading(source)
    changed = state is None or state.reading != facts
    if changed:
        # Other settings read the same files otherwise; what that changes is no news to anyone.
        session.put_source(source.name, SourceState(reading=facts, began=None))
    if changed or session.metadata("reader") != reader:
        files = {path: replace(file, stamp=UNREAD) for path, file in files.items()}
        session.put_files(source.name, files)
    began = not changed and state is not None and state.began is not None
    return SourceScanner(source, files, quiet=quiet, began=began)
