"""The entries follow their sources' folders: scanned, synced batch by batch, and judged anew as time passes.

Each batch is a transaction of its own; whatever is repeated after a crash comes to the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

import structlog

from syndicator.clock import Moment
from syndicator.entries.news import say_changes, say_problems
from syndicator.entries.routing import StoryRouter
from syndicator.entries.scanner import ScanResult, SourceScanner
from syndicator.entries.sync import EntrySync, Synced
from syndicator.entries.topics import TOPICS_APPLIED, TopicCatalog
from syndicator.models import DeclaredTopic
from syndicator.notify.enqueue import Enqueuer
from syndicator.progress import Progress, no_progress
from syndicator.publish.topics import beside
from syndicator.settings.models import Settings, Source
from syndicator.store.database import Store
from syndicator.store.session import Session
from syndicator.store.types import ProblemKind, SourceState
from syndicator.watch.changes import DeletionDecision, Hint

log = structlog.get_logger()

CONFIRMED = "removals confirmed"
"""The metadata by which an operator tells a running service that articles are meant to be gone."""
CONFIRMATION_LASTS = timedelta(minutes=10)
PORTION = 200
"""Entries put into topics anew at a time: so long an article that comes meanwhile waits."""


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
        self.unsettled = set[str]()
        """Topics that are not to be published until all entries are put into topics anew: what feeds show
        meanwhile would be old entries for new ones."""
        self._catalog: TopicCatalog | None = None
        """Thrown away where a transaction fails, and read anew by the next."""
        with store.transaction() as session:
            self._scanners = {
                str(folder): _open_topics(session, folder, names, settings.watch.quiet)
                for folder, names in _topic_folders(settings.topics).items()
            }
            self._scanners |= {
                source.name: _open_scanner(session, source, settings.watch.quiet, reader)
                for source in settings.sources
            }
            gone = sorted(session.sources().keys() - self._scanners.keys())
            is_applied = session.metadata(TOPICS_APPLIED) in (None, self._topic_rules)
            session.put_metadata(TOPICS_APPLIED, self._topic_rules if is_applied else "")
            session.put_metadata("reader", reader)
            self.roots = {name: scanner.root for name, scanner in self._scanners.items()}
            """The folders of the sources, and of the settings' topic files, by name."""
        for name in gone:
            with self._sync(now, silent=True) as sync:
                entries = len(sync.withdraw_source(name))
            log.warning("source gone from the settings, its entries withdrawn", source=name, entries=entries)

    @property
    def catalog(self) -> TopicCatalog:
        """The topics as they stand."""
        if self._catalog is None:
            with self._store.reading() as session:
                self._catalog = self._read_catalog(session)
        return self._catalog

    def walk(self, progress: Progress) -> None:
        """Goes through all folders, for the next scan of everything. What `progress` raises leaves it where
        it is, for a further call to go on with."""
        for scanner in self._scanners.values():
            scanner.walk(progress)

    def forget_walks(self) -> None:
        """The next scan of everything goes through all folders from the beginning."""
        for scanner in self._scanners.values():
            scanner.forget_walk()

    def scan(
        self,
        at: Moment,
        hints: Mapping[str, Sequence[Hint]],
        progress: Progress = no_progress,
        *,
        everywhere: bool = False,
    ) -> int:
        """Looks where the hints say, by source, and at what waits, or everywhere. Syncs what is ready.

        How many entries changed.
        """
        confirmed = everywhere and self._is_confirmed(at.now)
        self._router.update_minimums(self._store, at.now)
        scans: list[tuple[SourceScanner, ScanResult]] = []
        for name, scanner in self._scanners.items():
            some = hints.get(name, ())
            if everywhere or some or scanner.look_again(at) == 0.0:
                found = scanner.look(at, some, progress, everywhere=everywhere, confirmed=confirmed)
                scans.append((scanner, found))
        if confirmed:
            with self._store.transaction() as session:
                session.put_metadata(CONFIRMED, "")
        # Before the articles, which may carry the names that topic files declare.
        has_topics = self._take_topics(scans, at)
        of, before, changed = sum(len(scanned.ready) for _, scanned in scans), 0, 0
        for scanner, scanned in scans:

            def so_far(done: int, before: int = before) -> None:
                progress(before + done, of)

            changed += self._take(scanner, scanned, at, so_far)
            before += len(scanned.ready)
        if has_topics:
            self._tell_topics(at.now)
        return changed

    def _take_topics(self, scans: Sequence[tuple[SourceScanner, ScanResult]], at: Moment) -> bool:
        """Takes over what topic files say now; whether there was cause to look at them."""
        batches = [(scanner, scanner.read_topics(scanned, at)) for scanner, scanned in scans]
        whole = any(scanned.whole for _, scanned in scans)
        if not whole and not any(batch.found or batch.gone for _, batch in batches):
            return False
        with self._sync(at.now, silent=True) as sync:
            for _, batch in batches:
                sync.take_topics(batch)
            before = sync.catalog.stored
            if sync.catalog.declare(sync.session, self._declared(sync.session)):
                sync.session.put_metadata(TOPICS_APPLIED, "")
                new = {slug for slug, one in sync.catalog.stored.items() if one != before.get(slug)}
                above = (one for slug in new for one in sync.catalog.index.ancestors(slug))
                self.unsettled |= new.union(above if self._settings.feeds.roll_up else ())
        for scanner, batch in batches:
            scanner.took(batch, Synced(refused=frozenset(scanner.bad_topics)))
        return True

    def _tell_topics(self, now: datetime) -> None:
        """Says what is wrong with the topic files; after the articles, which alone may name a parent."""
        if any(one.topics_wait for one in self._scanners.values()):
            return
        bad = [problem for one in self._scanners.values() for problem in one.bad_topics.values()]
        with self._sync(now, silent=True) as sync:
            found = [*bad, *sync.catalog.problems]
            changes = sync.session.problems.replace(ProblemKind.TOPIC, found, now)
        say_problems(changes, self.roots)

    def reapply_topics(
        self, now: datetime, progress: Progress, is_urgent: Callable[[], bool] = lambda: False
    ) -> bool:
        """Where topics changed, puts every entry into topics anew, silently, portion by portion; whether
        there was cause.

        What `is_urgent` after a portion, or what `progress` raises, leaves it where it is, for a further call
        to go on with; a start, or topics that change again, begin it anew.
        """
        with self._store.reading() as session:
            first = last = session.metadata(TOPICS_APPLIED)
        while last != self._topic_rules and (last == first or not is_urgent()):
            with self._sync(now, silent=True) as sync:
                guids = sync.session.guids(after=last or "", limit=PORTION)
                changes = sync.put_into_topics(guids)
                last = guids[-1] if guids else self._topic_rules
                sync.session.put_metadata(TOPICS_APPLIED, last)
            say_changes(changes, self.roots)
            progress(0, 0)
        if last == self._topic_rules:
            self.unsettled.clear()
        return first != self._topic_rules

    def _declared(self, session: Session) -> Sequence[DeclaredTopic]:
        """What the topic files declare, each as it was when it was last good."""
        known = [topic for topic in session.declared_topics() if topic.source in self._scanners]
        good = [one for one in known if self._scanners[one.source].is_good_topic(one.path)]
        kept = [one for one in known if not self._scanners[one.source].is_good_topic(one.path)]
        return *good, *beside(kept, good)

    def _take(
        self, scanner: SourceScanner, scanned: ScanResult, at: Moment, so_far: Callable[[int], None]
    ) -> int:
        """How many entries changed. `so_far` hears of how many files are done."""
        changed = done = 0
        silent = not scanner.has_begun
        for batch in scanner.read(scanned, at, so_far):
            with self._sync(at.now, silent=silent) as sync:
                synced = sync.take(batch)
            scanner.took(batch, synced)
            say_changes(synced.changes, self.roots)
            say_problems(synced.problems, self.roots)
            changed += len(synced.changes)
            done += len(batch.found)
            so_far(done)
        self._note_look(scanner, scanned, at.now)
        return changed

    def _note_look(self, scanner: SourceScanner, scanned: ScanResult, now: datetime) -> None:
        """What a look at the whole folder says beside its files, and that the source has begun by it."""
        if scanned.whole:
            with self._store.transaction() as session:
                kind, skipped = ProblemKind.FOLDER, scanned.skipped
                problems = session.problems.replace(kind, skipped, now, source=scanner.name)
            say_problems(problems, self.roots)
        if not scanner.has_begun and scanner.is_opened(scanned, now):
            with self._store.transaction() as session:
                session.put_source(SourceState(name=scanner.name, reading=reading(scanner.source), began=now))
            scanner.has_begun = True
            log.info("source begun, silently", source=scanner.name)

    def apply_time(self, now: datetime, *, silent: bool = False) -> int:
        """Lets embargoes end and entries expire; how many did. With `silent` it is no news."""
        self._router.update_minimums(self._store, now)
        with self._sync(now, silent=silent) as sync:
            changes = sync.judge(sync.session.due_by_time(now))
        say_changes(changes, self.roots)
        return len(changes)

    def next_time_change(self, now: datetime) -> datetime | None:
        """When time alone will next change something."""
        with self._store.reading() as session:
            return session.next_time_change(now)

    def look_again(self, at: Moment) -> float | None:
        """Seconds until something that waits is to be looked at again; None: nothing waits."""
        waits = [scanner.look_again(at) for scanner in self._scanners.values()]
        return min((wait for wait in waits if wait is not None), default=None)

    def losses(self) -> dict[str, tuple[DeletionDecision, datetime]]:
        """By source, what is held of articles that are missing, where that is in doubt, and since when."""
        return {name: scanner.loss for name, scanner in self._scanners.items() if scanner.loss is not None}

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
                    stories={one.name: one.stories for one in self._settings.sources},
                    now=now,
                    silent=silent,
                    topics_due=session.metadata(TOPICS_APPLIED) != self._topic_rules,
                )
        except BaseException:
            self._catalog = None
            raise

    def _read_catalog(self, session: Session) -> TopicCatalog:
        feeds, declared = self._settings.feeds, self._declared(session)
        return TopicCatalog(session, declared, roll_up=feeds.roll_up, page_size=feeds.limit)

    @property
    def _topic_rules(self) -> str:
        return f"roll_up={self._settings.feeds.roll_up}"

    def _is_confirmed(self, now: datetime) -> bool:
        """Whether the operator has lately confirmed that articles are meant to be gone."""
        with self._store.reading() as session:
            confirmed = session.metadata(CONFIRMED)
        return now - datetime.fromisoformat(confirmed) < CONFIRMATION_LASTS if confirmed else False


def _topic_folders(patterns: Sequence[Path]) -> dict[Path, list[str]]:
    """The settings' patterns of topic files by folder, each with the patterns of paths in it."""
    folders: dict[Path, list[str]] = {}
    for pattern in patterns:
        folder = Path(*takewhile(lambda part: not set(part) & set("*?"), pattern.parts[:-1]))
        folders.setdefault(folder, []).append(str(pattern.relative_to(folder)))
    return folders


def _open_topics(session: Session, folder: Path, names: Sequence[str], quiet: timedelta) -> SourceScanner:
    """The scanner of a folder of topic files outside any source."""
    source = Source.model_construct(name=str(folder), path=folder, topics=tuple(names))
    return SourceScanner(source, session.stamps(str(folder)), quiet=quiet, has_begun=True, articles=False)


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
        *([source.languages] if source.languages else []),
    )
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _open_scanner(session: Session, source: Source, quiet: timedelta, reader: str) -> SourceScanner:
    """The source's scanner. Files to be read anew are forgotten in the store, so that no crash forgets to."""
    state = session.sources().get(source.name)
    facts = reading(source)
    changed = state is None or state.reading != facts
    if changed:
        # Other settings read the same files otherwise; what that changes is no news to anyone.
        session.put_source(SourceState(name=source.name, reading=facts, began=None))
    if changed or session.metadata("reader") != reader:
        session.forget_stamps(source.name)
    has_begun = not changed and state is not None and state.began is not None
    return SourceScanner(source, session.stamps(source.name), quiet=quiet, has_begun=has_begun)
