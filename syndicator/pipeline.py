"""The stages joined, for one thread: look | read | take in | judge again | publish.

Everything that decides is elsewhere; here things are called in the right order, each batch in a transaction
of its own. Whatever is repeated after a crash comes to the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syndicator.clock import Moment
from syndicator.entries.first_scan import Opening
from syndicator.entries.match import Change, withdraw
from syndicator.entries.news import Line, News, lines, news_of, news_of_problems
from syndicator.entries.routing import StoryRouter
from syndicator.entries.scanner import ScanResult, SourceScanner
from syndicator.entries.sync import UNREAD, EntrySync, SyncCounts, names_left
from syndicator.entries.topic_files import (
    LastGood,
    TopicFiles,
    read_settings_topics,
    read_source_topics,
)
from syndicator.entries.topics import TopicCatalog
from syndicator.notify.channels import follow_channels
from syndicator.notify.enqueue import Enqueuer
from syndicator.publish.build import Output, Published
from syndicator.settings.models import Settings, Source
from syndicator.store.database import Store
from syndicator.store.outbox import Outbox
from syndicator.store.session import Session
from syndicator.store.types import ProblemKind, SourceState, StoredEntry
from syndicator.watch.deletion_guard import DeletionDecision
from syndicator.watch.settle import Hint

log = structlog.get_logger()

CONFIRMED = "removals confirmed"
"""The mark by which an operator tells a running service that articles are meant to be gone."""
CONFIRMATION_LASTS = timedelta(minutes=10)
TOPICS_APPLIED = "topics applied"
"""The rules by which all entries were put into topics; empty while that is under way."""

SOME = 1_000
"""Entries judged again per transaction."""

Progress = Callable[[int, int], None]
"""Called with how many are done, of how many."""


class Pipeline:
    """From files to feeds and messages owed. `open_pipeline` makes one; one thread uses it."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        output: Output,
        router: StoryRouter,
        enqueuer: Enqueuer,
        scanners: Mapping[str, SourceScanner],
        catalog: TopicCatalog,
        topic_files: LastGood,
        news: News,
    ) -> None:
        self._topic_files = topic_files
        self._store, self._settings, self._output = store, settings, output
        self._router, self._enqueuer = router, enqueuer
        self._scanners, self._catalog = scanners, catalog
        self._sources = {source.name: source for source in settings.sources}
        self._opening: dict[str, Opening] = {}
        self._news = news
        self._sync = EntrySync(page_size=settings.feeds.limit, announce=self._announce)

    def look(
        self,
        source: str,
        at: Moment,
        *,
        hints: Sequence[Hint] | None = None,
        confirmed: bool = False,
        progress: Progress = lambda done, of: None,
    ) -> SyncCounts:
        """Looks where the hints say (None: everywhere) and takes in what has come to rest.

        Never raises for what is in the folder: a bad article is a problem, a folder that cannot be read
        changes nothing.
        """
        scanner = self._scanners[source]
        whole = hints is None or any(hint.path is None for hint in hints)
        paths = None if whole else {hint.path for hint in hints or () if hint.path is not None}
        scanned = scanner.look(at, paths=paths, hints=hints or (), confirmed=confirmed)
        sync_counts, done = SyncCounts(), 0
        silent = self._is_silent(source)
        for batch in scanner.read(scanned, at):
            with self._catalog.following(), self._store.transaction() as session:
                taken = self._sync.take(
                    session,
                    batch,
                    self._catalog,
                    now=at.now,
                    unpublished=self._unpublished(source),
                    silent=silent,
                )
            scanner.took(batch, taken)
            self._news += taken.news
            sync_counts += taken
            done += len(batch.found)
            progress(done, len(scanned.ready))
        self._note(source, scanned, silent, at.now)
        return sync_counts

    def take_confirmation(self, now: datetime) -> bool:
        """Whether the operator has lately confirmed that articles are meant to be gone; asked once."""
        with self._store.transaction() as session:
            confirmed = session.metadata(CONFIRMED)
            if confirmed:
                session.put_metadata(CONFIRMED, "")
        return bool(confirmed) and now - datetime.fromisoformat(str(confirmed)) < CONFIRMATION_LASTS

    def apply_topics(self, now: datetime, progress: Progress = lambda done, of: None) -> bool:
        """Reads the topic files anew; where topics changed, puts every entry into topics anew, silently."""
        files = self._topic_files.follow(read_topic_files(self._settings), now, self.losses())
        with self._catalog.following(), self._store.transaction() as session:
            changed = self._catalog.declare(session, files.declared)
            problems = [*files.problems, *self._catalog.problems]
            problem_changes = session.problems.replace(ProblemKind.TOPIC, problems, now)
            if changed:
                session.put_metadata(TOPICS_APPLIED, "")
            unfinished = session.metadata(TOPICS_APPLIED) == ""
        self._news += news_of_problems(problem_changes)
        if unfinished:
            self.judge_all(now, progress)
        return unfinished

    def judge_all(self, now: datetime, progress: Progress = lambda done, of: None) -> None:
        """Judges every entry anew, silently, and its topics: settings or topics changed, and no article did.

        What time has brought meanwhile comes first, since that is news. Cut off, it is made up for by the
        next time or start.
        """
        self.apply_time(now)
        with self._store.reading() as session:
            guids = session.guids()
        for start in range(0, len(guids), SOME):
            progress(start, len(guids))
            with self._catalog.following(), self._store.transaction() as session:
                entries = session.entries(guids[start : start + SOME]).values()
                changes = self._judge(session, entries, now, silent=True)
            self._news += news_of(changes)
        with self._store.transaction() as session:
            session.put_metadata(TOPICS_APPLIED, _topic_rules(self._settings))

    def withdraw_source(self, source: str, now: datetime) -> None:
        """Withdraws all entries of a source that the settings no longer name."""
        with self._catalog.following(), self._store.transaction() as session:
            entries = session.entries(session.guids(source=source)).values()
            changes = [withdraw(stored, now=now) for stored in entries]
            self._sync.settle(session, changes, self._catalog, now=now, silent=True)
            self._catalog.remove_names(session, names_left(changes))
            session.forget_source(source)
        log.warning(
            "source gone from the settings, its entries withdrawn", source=source, entries=len(changes)
        )

    def apply_time(self, now: datetime, *, silent: bool = False) -> int:
        """Lets embargoes end and entries expire; how many did. With `silent` it is no news."""
        with self._catalog.following(), self._store.transaction() as session:
            changes = self._judge(session, session.due_by_time(now), now, silent=silent)
        self._news += news_of(changes)
        return len(changes)

    def take_news(self) -> Iterator[Line]:
        """The log lines of what was stored since the last call."""
        news, self._news = self._news, News()
        return lines(news, {name: source.path for name, source in self._sources.items()})

    def next_time_change(self, now: datetime) -> datetime | None:
        """When time alone will next change something."""
        with self._store.reading() as session:
            return session.next_time_change(now)

    def begin_routes(self, now: datetime, progress: Progress = lambda done, of: None) -> None:
        """Ends the silence of new and changed routes; to be called once all sources have been looked at.

        Cut off, it is begun again by the next start: until all the baseline is laid, no route has begun.
        """
        with self._store.reading() as session:
            guids = session.guids() if self._router.has_new else []
        for start in range(0, len(guids), SOME):
            progress(start, len(guids))
            with self._store.transaction() as session:
                self._router.lay_baseline(session, guids[start : start + SOME], now=now)
        with self._store.transaction() as session:
            begun = self._router.begin(session, now=now)
        self._router.end_silence()
        for name in begun:
            log.info("route begun, silently", route=name)

    def adopt_channels(self, now: datetime) -> None:
        """Goes on with the ids that the store now knows of the routes' channels."""
        with self._store.transaction() as session:
            routes = follow_channels(session, self._router.routes, now)
        self._router.use(routes)
        self._enqueuer.use(routes)

    @contextmanager
    def outbox(self) -> Iterator[Outbox]:
        """A writing transaction on the outbox, from any thread."""
        with self._store.transaction() as session:
            yield session.outbox

    def hold_back(self, outbox: Outbox, now: datetime) -> None:
        """Takes out of the outbox what is not to be sent now; from any thread."""
        self._enqueuer.hold_back(outbox, now)

    def mail(self, now: datetime) -> tuple[int, datetime | None]:
        """Writes the messages that are due; how many, and when to look again at the latest."""
        with self._store.transaction() as session:
            return self._enqueuer.write(session, now=now)

    def publish(self, now: datetime, progress: Progress = lambda done, of: None) -> Published:
        """Brings the output folder up to date, and owes the hub word of it."""
        return self._output.publish(self._store, self._catalog.index, now, progress)

    def recover(self, progress: Progress = lambda done, of: None) -> None:
        """Sees to it that what others changed in the output folder is published anew."""
        if changed := self._output.recover(self._store, progress):
            event = "files of the output folder were changed or removed: published anew"
            log.warning(event, files=len(changed), first=changed[0])

    def look_again(self, at: Moment) -> dict[str, float]:
        """By source, the seconds until something that waits there is to be looked at again."""
        waits = {name: scanner.look_again(at) for name, scanner in self._scanners.items()}
        return {name: wait for name, wait in waits.items() if wait is not None}

    def losses(self) -> dict[str, DeletionDecision]:
        """By source, what is held of articles that are missing, where that is in doubt."""
        return {name: scanner.loss for name, scanner in self._scanners.items() if scanner.loss is not None}

    def lost_since(self, source: str) -> datetime | None:
        """Since when that is in doubt."""
        return self._scanners[source].lost_since

    def _announce(self, session: Session, changes: Sequence[Change], *, now: datetime, silent: bool) -> None:
        out = self._enqueuer.revise(session, [change.after.entry.guid for change in changes], now)
        self._router.judge(session, changes, now=now, silent=silent, released=out)

    def _judge(
        self, session: Session, stored: Iterable[StoredEntry], now: datetime, *, silent: bool
    ) -> Sequence[Change]:
        return self._sync.judge(
            session, stored, self._catalog, now=now, unpublished=self._unpublished, silent=silent
        )

    def _unpublished(self, source: str) -> bool:
        return source in self._sources and self._sources[source].unpublished == "include"

    def _is_silent(self, source: str) -> bool:
        with self._store.reading() as session:
            return (state := session.source(source)) is None or state.began is None

    def _note(self, source: str, scanned: ScanResult, silent: bool, now: datetime) -> None:
        """Notes which files are skipped in the folder, and when the source's silent beginning is over."""
        if scanned.whole:
            with self._store.transaction() as session:
                changes = session.problems.replace(ProblemKind.FOLDER, scanned.skipped, now, source=source)
            self._news += news_of_problems(changes)
        if not silent:
            return
        opening = self._opening.setdefault(source, Opening())
        if opening.is_over(scanned, self._scanners[source].waiting, now):
            if opening.unread:
                log.warning(
                    "source begun before all of it could be read", source=source, unread=opening.unread
                )
            state = SourceState(reading=reading(self._sources[source]), began=now)
            with self._store.transaction() as session:
                session.put_source(source, state)
            log.info("source begun, silently", source=source)


def read_topic_files(settings: Settings) -> TopicFiles:
    """What all topic files say: each source's, then the settings' own."""
    files = read_settings_topics(settings.topics)
    for source in settings.sources:
        files += read_source_topics(source.name, source.path, source.topics)
    return files


def open_pipeline(
    store: Store,
    settings: Settings,
    output: Output,
    router: StoryRouter,
    enqueuer: Enqueuer,
    *,
    version: str,
    now: datetime,
) -> Pipeline:
    """The pipeline with what the store knows in hand, and sources that are gone withdrawn.

    `apply_topics` comes first, since it makes up for what changed in settings and topic files meanwhile.
    `version` is of the program: another one reads all files again.
    """
    found = read_topic_files(settings)
    with store.transaction() as session:
        bare = [s.name for s in settings.sources if s.topics and s.name not in found.sources]
        last = LastGood(found, session.topics(), [name for name in bare if session.files(name)])
        files = last.files
        catalog = TopicCatalog(
            session, files.declared, roll_up=settings.feeds.roll_up, page_size=settings.feeds.limit
        )
        changes = session.problems.replace(ProblemKind.TOPIC, [*files.problems, *catalog.problems], now)
        scanners = {
            source.name: _open_scanner(session, source, settings, version) for source in settings.sources
        }
        gone = sorted(set(session.source_names()) - set(scanners))
        anew = catalog.changed or session.metadata(TOPICS_APPLIED) not in (None, _topic_rules(settings))
        session.put_metadata(TOPICS_APPLIED, "" if anew else _topic_rules(settings))
        session.put_metadata("reader", version)
        output.verify(session)
        router.open(session)
    news = news_of_problems(changes)
    pipeline = Pipeline(store, settings, output, router, enqueuer, scanners, catalog, last, news)
    for name in gone:
        pipeline.withdraw_source(name, now)
    return pipeline


def _topic_rules(settings: Settings) -> str:
    return f"roll_up={settings.feeds.roll_up}"


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


def _open_scanner(session: Session, source: Source, settings: Settings, version: str) -> SourceScanner:
    """The source's scanner. Files to be read anew are forgotten in the store, so that no crash forgets to."""
    state = session.source(source.name)
    files = session.files(source.name)
    facts = reading(source)
    changed = state is None or state.reading != facts
    if changed:
        # Other settings read the same files otherwise; what that changes is no news to anyone.
        session.put_source(source.name, SourceState(reading=facts, began=None))
    if changed or session.metadata("reader") != version:
        files = {path: replace(file, stamp=UNREAD) for path, file in files.items()}
        session.put_files(source.name, files)
    known = {path: file.stamp for path, file in files.items()}
    bare = {path for path, file in files.items() if file.guid is None}
    return SourceScanner(source, known, quiet_s=settings.watch.quiet.total_seconds(), bare=bare)
