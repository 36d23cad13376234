"""The stages joined, for one thread: look | read | take in | judge again | publish.

Everything that decides is elsewhere; here things are called in the right order, each batch in a transaction
of its own. Whatever is repeated after a crash comes to the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syndicator.pipeline.announcing import Announcer
from syndicator.pipeline.channels import adopt_ids
from syndicator.pipeline.desk import Desk, Looked, Moment
from syndicator.pipeline.intake import UNREAD, Intake, Tally, names_left
from syndicator.pipeline.mailing import Mailing
from syndicator.pipeline.news import Line, News, lines, news_of, news_of_problems
from syndicator.pipeline.opening import Opening
from syndicator.pipeline.output import Output, Published
from syndicator.pipeline.recognise import Change, withdraw
from syndicator.pipeline.shelves import Shelves
from syndicator.pipeline.topic_files import (
    LastGood,
    TopicFiles,
    read_settings_topics,
    read_source_topics,
)
from syndicator.settings.models import Settings, Source
from syndicator.store.contract import Books, ProblemKind, SourceState, Store, StoredEntry
from syndicator.store.outbox import Outbox
from syndicator.watch.compare import Verdict
from syndicator.watch.seen import Scan
from syndicator.watch.settle import Hint

log = structlog.get_logger()

CONFIRMED = "removals confirmed"
"""The mark by which an operator tells a running service that articles are meant to be gone."""
CONFIRMATION_LASTS = timedelta(minutes=10)
SHELVED = "shelving"
"""The mark of the rules by which all entries are shelved; empty while they are being shelved anew."""

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
        announcer: Announcer,
        mailing: Mailing,
        desks: Mapping[str, Desk],
        shelves: Shelves,
        topic_files: LastGood,
        news: News,
    ) -> None:
        self._topic_files = topic_files
        self._store, self._settings, self._output = store, settings, output
        self._announcer, self._mailing = announcer, mailing
        self._desks, self._shelves = desks, shelves
        self._sources = {source.name: source for source in settings.sources}
        self._opening: dict[str, Opening] = {}
        self._news = news
        self._intake = Intake(page_size=settings.feeds.limit, announce=self._announce)

    def look(
        self,
        source: str,
        at: Moment,
        *,
        hints: Sequence[Hint] | None = None,
        confirmed: bool = False,
        progress: Progress = lambda done, of: None,
    ) -> Tally:
        """Looks where the hints say (None: everywhere) and takes in what has come to rest.

        Never raises for what is in the folder: a bad article is a problem, a folder that cannot be read
        changes nothing.
        """
        desk = self._desks[source]
        whole = hints is None or any(hint.path is None for hint in hints)
        paths = None if whole else {hint.path for hint in hints or () if hint.path is not None}
        looked = desk.look(at, paths=paths, hints=hints or (), confirmed=confirmed)
        tally, done = Tally(), 0
        silent = self._is_silent(source)
        for batch in desk.read(looked, at):
            with self._shelves.following(), self._store.transaction() as books:
                taken = self._intake.take(
                    books,
                    batch,
                    self._shelves,
                    now=at.now,
                    unpublished=self._unpublished(source),
                    silent=silent,
                )
            desk.took(batch, taken)
            self._news += taken.news
            tally += taken
            done += len(batch.found)
            progress(done, len(looked.ready))
        self._note(source, looked, silent, at.now)
        return tally

    def take_confirmation(self, now: datetime) -> bool:
        """Whether the operator has lately confirmed that articles are meant to be gone; asked once."""
        with self._store.transaction() as books:
            confirmed = books.mark(CONFIRMED)
            if confirmed:
                books.put_mark(CONFIRMED, "")
        return bool(confirmed) and now - datetime.fromisoformat(str(confirmed)) < CONFIRMATION_LASTS

    def shelve(self, now: datetime, progress: Progress = lambda done, of: None) -> bool:
        """Reads the topic files anew and, where topics changed, shelves every entry anew, silently."""
        files = self._topic_files.follow(read_topic_files(self._settings), now, self.losses())
        with self._shelves.following(), self._store.transaction() as books:
            changed = self._shelves.declare(books, files.declared)
            problems = [*files.problems, *self._shelves.problems]
            problem_changes = books.replace_problems(ProblemKind.TOPIC, problems, now)
            if changed:
                books.put_mark(SHELVED, "")
            unfinished = books.mark(SHELVED) == ""
        self._news += news_of_problems(problem_changes)
        if unfinished:
            self.judge_all(now, progress)
        return unfinished

    def judge_all(self, now: datetime, progress: Progress = lambda done, of: None) -> None:
        """Judges and shelves every entry anew, silently: settings or topics changed, and no article did.

        What time has brought meanwhile comes first, since that is news. Cut off, it is made up for by the
        next time or start.
        """
        self.turn(now)
        with self._store.reading() as books:
            guids = books.guids()
        for start in range(0, len(guids), SOME):
            progress(start, len(guids))
            with self._shelves.following(), self._store.transaction() as books:
                entries = books.entries(guids[start : start + SOME]).values()
                changes = self._judge(books, entries, now, silent=True)
            self._news += news_of(changes)
        with self._store.transaction() as books:
            books.put_mark(SHELVED, _shelving(self._settings))

    def withdraw_source(self, source: str, now: datetime) -> None:
        """Withdraws all entries of a source that the settings no longer name."""
        with self._shelves.following(), self._store.transaction() as books:
            entries = books.entries(books.guids(source=source)).values()
            changes = [withdraw(stored, now=now) for stored in entries]
            self._intake.settle(books, changes, self._shelves, now=now, silent=True)
            self._shelves.unlearn(books, names_left(changes))
            books.forget_source(source)
        log.warning(
            "source gone from the settings, its entries withdrawn", source=source, entries=len(changes)
        )

    def turn(self, now: datetime, *, silent: bool = False) -> int:
        """Lets embargoes end and entries expire; how many did. With `silent` it is no news."""
        with self._shelves.following(), self._store.transaction() as books:
            changes = self._judge(books, books.turning(now), now, silent=silent)
        self._news += news_of(changes)
        return len(changes)

    def take_news(self) -> Iterator[Line]:
        """The log lines of what was stored since the last call."""
        news, self._news = self._news, News()
        return lines(news, {name: source.path for name, source in self._sources.items()})

    def next_turn(self, now: datetime) -> datetime | None:
        """When time alone will next change something."""
        with self._store.reading() as books:
            return books.next_turn(now)

    def begin_routes(self, now: datetime, progress: Progress = lambda done, of: None) -> None:
        """Ends the silence of new and changed routes; to be called once all sources have been looked at.

        Cut off, it is begun again by the next start: until all the baseline is laid, no route has begun.
        """
        with self._store.reading() as books:
            guids = books.guids() if self._announcer.has_new else []
        for start in range(0, len(guids), SOME):
            progress(start, len(guids))
            with self._store.transaction() as books:
                self._announcer.lay_baseline(books, guids[start : start + SOME], now=now)
        with self._store.transaction() as books:
            begun = self._announcer.begin(books, now=now)
        self._announcer.end_silence()
        for name in begun:
            log.info("route begun, silently", route=name)

    def adopt_channels(self, now: datetime) -> None:
        """Goes on with the ids that the store now knows of the routes' channels."""
        with self._store.transaction() as books:
            routes = adopt_ids(books, self._announcer.routes, now)
        self._announcer.use(routes)
        self._mailing.use(routes)

    def outbox(self, now: datetime) -> AbstractContextManager[Outbox]:
        """The outbox as the sender may see it, from any thread: what is held back at `now` was taken out."""
        return self._mailing.outbox(self._store, now)

    def mail(self, now: datetime) -> tuple[int, datetime | None]:
        """Writes the messages that are due; how many, and when to look again at the latest."""
        with self._store.transaction() as books:
            return self._mailing.write(books, now=now)

    def publish(self, now: datetime, progress: Progress = lambda done, of: None) -> Published:
        """Brings the output folder up to date, and owes the hub word of it."""
        return self._output.publish(self._store, self._shelves.catalogue, now, progress)

    def recover(self, progress: Progress = lambda done, of: None) -> None:
        """Sees to it that what others changed in the output folder is published anew."""
        if changed := self._output.recover(self._store, progress):
            event = "files of the output folder were changed or removed: published anew"
            log.warning(event, files=len(changed), first=changed[0])

    def look_again(self, at: Moment) -> dict[str, float]:
        """By source, the seconds until something that waits there is to be looked at again."""
        waits = {name: desk.look_again(at) for name, desk in self._desks.items()}
        return {name: wait for name, wait in waits.items() if wait is not None}

    def seen(self, source: str) -> Scan | None:
        """The last look at the whole folder, for whoever watches over the watching."""
        return self._desks[source].seen

    def losses(self) -> dict[str, Verdict]:
        """By source, what is held of articles that are missing, where that is in doubt."""
        return {name: desk.loss for name, desk in self._desks.items() if desk.loss is not None}

    def lost_since(self, source: str) -> datetime | None:
        """Since when that is in doubt."""
        return self._desks[source].lost_since

    def _announce(self, books: Books, changes: Sequence[Change], *, now: datetime, silent: bool) -> None:
        out = self._mailing.revise(books, [change.after.entry.guid for change in changes], now)
        self._announcer.judge(books, changes, now=now, silent=silent, released=out)

    def _judge(
        self, books: Books, stored: Iterable[StoredEntry], now: datetime, *, silent: bool
    ) -> Sequence[Change]:
        return self._intake.judge(
            books, stored, self._shelves, now=now, unpublished=self._unpublished, silent=silent
        )

    def _unpublished(self, source: str) -> bool:
        return source in self._sources and self._sources[source].unpublished == "include"

    def _is_silent(self, source: str) -> bool:
        with self._store.reading() as books:
            return (state := books.source(source)) is None or state.began is None

    def _note(self, source: str, looked: Looked, silent: bool, now: datetime) -> None:
        """Notes what is odd in the folder, and when the source's silent beginning is over."""
        if looked.whole:
            with self._store.transaction() as books:
                changes = books.replace_problems(ProblemKind.FOLDER, looked.odd, now, source=source)
            self._news += news_of_problems(changes)
        if not silent:
            return
        opening = self._opening.setdefault(source, Opening())
        if opening.is_over(looked, self._desks[source].waiting, now):
            if opening.unread:
                log.warning(
                    "source begun before all of it could be read", source=source, unread=opening.unread
                )
            state = SourceState(reading=reading(self._sources[source]), began=now)
            with self._store.transaction() as books:
                books.put_source(source, state)
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
    announcer: Announcer,
    mailing: Mailing,
    *,
    version: str,
    now: datetime,
) -> Pipeline:
    """The pipeline with what the store knows in hand, and sources that are gone withdrawn.

    `shelve` comes first, since it makes up for what changed in settings and topic files meanwhile.
    `version` is of the program: another one reads all files again.
    """
    found = read_topic_files(settings)
    with store.transaction() as books:
        bare = [s.name for s in settings.sources if s.topics and s.name not in found.sources]
        last = LastGood(found, books.topics(), [name for name in bare if books.files(name)])
        files = last.files
        shelves = Shelves(
            books, files.declared, roll_up=settings.feeds.roll_up, page_size=settings.feeds.limit
        )
        changes = books.replace_problems(ProblemKind.TOPIC, [*files.problems, *shelves.problems], now)
        desks = {source.name: _open_desk(books, source, settings, version) for source in settings.sources}
        gone = sorted(set(books.source_names()) - set(desks))
        anew = shelves.changed or books.mark(SHELVED) not in (None, _shelving(settings))
        books.put_mark(SHELVED, "" if anew else _shelving(settings))
        books.put_mark("reader", version)
        output.verify(books, now)
        announcer.open(books)
    news = news_of_problems(changes)
    pipeline = Pipeline(store, settings, output, announcer, mailing, desks, shelves, last, news)
    for name in gone:
        pipeline.withdraw_source(name, now)
    return pipeline


def _shelving(settings: Settings) -> str:
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


def _open_desk(books: Books, source: Source, settings: Settings, version: str) -> Desk:
    """The source's desk. Files to be read anew are forgotten in the store, so that no crash forgets to."""
    state = books.source(source.name)
    files = books.files(source.name)
    facts = reading(source)
    changed = state is None or state.reading != facts
    if changed:
        # Other settings read the same files otherwise; what that changes is no news to anyone.
        books.put_source(source.name, SourceState(reading=facts, began=None))
    if changed or books.mark("reader") != version:
        files = {path: replace(file, stamp=UNREAD) for path, file in files.items()}
        books.put_files(source.name, files)
    known = {path: file.stamp for path, file in files.items()}
    bare = {path for path, file in files.items() if file.guid is None}
    return Desk(source, known, quiet_s=settings.watch.quiet.total_seconds(), bare=bare)
