"""One batch of a source's files into the store: entries, memberships, topics, and what they cause.

All of it is one transaction of the caller's, so that a crash leaves the batch wholly in or wholly out, and
an entry and the messages it causes are written together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from syndicator.entries.match import (
    Change,
    Found,
    Known,
    Recognised,
    Rules,
    judge_again,
    recognise,
    withdraw,
)
from syndicator.entries.membership import update_memberships
from syndicator.entries.news import News, news_of, news_of_problems
from syndicator.entries.topics import TopicCatalog
from syndicator.models import ALL, Visibility
from syndicator.parse.identity import mint_guid, story_id
from syndicator.publish.membership import choose_copy
from syndicator.store.session import Session
from syndicator.store.types import PAGE, KnownFile, ProblemChanges, StoredEntry

UNREAD = (0, 0, 0, 0, 0)
"""The stamp of a file that is to be read again at the next look although it did not change."""


class Announce(Protocol):
    """Writes what changes cause in Slack into the same transaction; with `silent`, as baseline."""

    def __call__(
        self, session: Session, changes: Sequence[Change], *, now: datetime, silent: bool
    ) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one look found ready: files read, and paths of files that are gone for good.

    `missing` are known files that are not there, whether that is believed for good or not: an article that
    appears elsewhere meanwhile has moved.
    """

    source: str
    found: Sequence[Found] = ()
    gone: Sequence[str] = ()
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCounts:
    """What a batch came to, counted; for the log, the progress and the tests."""

    new: int = 0
    revised: int = 0
    moved: int = 0
    withdrawn: int = 0
    problems: int = 0
    refused: frozenset[str] = field(default_factory=frozenset)
    """Paths of files that cannot be entries while another one is there; to be read again at the next look."""
    news: News = field(default_factory=News)
    """What of it an operator is told."""
    vacated: frozenset[str] = field(default_factory=frozenset)
    """Paths that moved articles have left, known no longer."""
    guids: frozenset[str] = field(default_factory=frozenset)
    """The entries that changed in any way that is stored."""

    def __add__(self, other: SyncCounts) -> SyncCounts:
        return SyncCounts(
            new=self.new + other.new,
            revised=self.revised + other.revised,
            moved=self.moved + other.moved,
            withdrawn=self.withdrawn + other.withdrawn,
            problems=self.problems + other.problems,
            refused=self.refused | other.refused,
            news=self.news + other.news,
            vacated=self.vacated | other.vacated,
            guids=self.guids | other.guids,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySync:
    """Takes batches in. `silent` sources are in their first look: what they bring is baseline."""

    page_size: int
    announce: Announce

    def take(
        self,
        session: Session,
        batch: Batch,
        catalog: TopicCatalog,
        *,
        now: datetime,
        unpublished: bool,
        silent: bool,
    ) -> SyncCounts:
        """Stores the batch and all that follows from it. May be repeated: a second time changes nothing."""
        catalog.add_names(
            session, (name for one in batch.found if one.article for name in one.article.topics)
        )
        files = session.files(batch.source, {one.path for one in batch.found} | {*batch.gone})
        alike = _alike(session, batch, files)
        left = batch.missing & {stored.entry.article.path for stored in alike}
        files |= session.files(batch.source, left)
        recognised = self._recognise(session, batch, files, alike, catalog, now, unpublished)
        kept = {change.after.entry.guid for change in recognised.changes.values()}
        vacated = {path for path in batch.missing & files.keys() if files[path].guid in kept}
        changes = [*recognised.changes.values(), *_withdrawals(session, batch, files, kept, now)]
        touched = self.settle(session, changes, catalog, now=now, silent=silent)
        catalog.remove_names(session, _names_left(batch, recognised, changes))
        problems = _file(session, batch, files, recognised, now)
        session.drop_files(batch.source, sorted(vacated))
        news = news_of(touched) + news_of_problems(problems)
        return _count_changes(batch, recognised, changes, frozenset(vacated), news)

    def judge(
        self,
        session: Session,
        stored: Iterable[StoredEntry],
        catalog: TopicCatalog,
        *,
        now: datetime,
        unpublished: Callable[[str], bool],
        silent: bool = False,
    ) -> Sequence[Change]:
        """Judges entries anew under another time, settings or topics. Returns those that differ visibly."""
        changes = [
            judge_again(
                one,
                now=now,
                include_unpublished=unpublished(one.entry.article.source),
                topics=catalog.slugs(one.entry.article.topics),
            )
            for one in stored
        ]
        return self.settle(session, changes, catalog, now=now, silent=silent)

    def settle(
        self,
        session: Session,
        changes: Sequence[Change],
        catalog: TopicCatalog,
        *,
        now: datetime,
        silent: bool,
    ) -> Sequence[Change]:
        """Writes the entries that differ, stands them anew and announces them; returns those that differ
        visibly."""
        written = [c for c in changes if c.before is None or c.before != c.after]
        touched = [c for c in written if c.before is None or c.before.entry != c.after.entry]
        session.put_entries(change.after for change in written)
        if not touched:
            return ()
        links = {
            stored.entry.article.canonical_link
            for change in touched
            for stored in (change.before, change.after)
            if stored is not None
        }
        concerned = {stored.entry.guid: stored.entry for stored in session.copies(sorted(links))}
        changes_of_feeds = update_memberships(
            concerned.values(),
            session.feeds.memberships(sorted(concerned)),
            # A copy that changes shows in the feeds of the one that stands for it.
            touched=frozenset(concerned),
            next_number=session.feeds.next_number,
            choose_copy=choose_copy,
            page_size=self.page_size,
            now=now,
        )
        session.feeds.put_memberships(changes_of_feeds.memberships)
        session.feeds.mark_dirty(changes_of_feeds.dirty)
        session.feeds.mark_dirty((topic, PAGE) for topic in _held_in(touched))
        catalog.update_statuses(session, {membership.topic for membership, _ in changes_of_feeds.memberships})
        self.announce(session, touched, now=now, silent=silent)
        return touched

    def _recognise(
        self,
        session: Session,
        batch: Batch,
        files: dict[str, KnownFile],
        alike: Sequence[StoredEntry],
        catalog: TopicCatalog,
        now: datetime,
        unpublished: bool,
    ) -> Recognised:
        rules = Rules(mint=mint_guid, story=story_id, topics=catalog.slugs, include_unpublished=unpublished)
        return recognise(batch.found, _known(session, batch, files, alike), rules, now=now)


def _held_in(touched: Iterable[Change]) -> set[str]:
    """The topics whose pages count something else as held back now."""
    topics: set[str] = set()
    for change in touched:
        held = [
            (stored.entry.visibility, stored.entry.topics)
            for stored in (change.before, change.after)
            if stored is not None and stored.entry.visibility is not Visibility.PUBLIC
        ]
        if len(held) == 1 or len(set(held)) > 1:
            topics |= {ALL, *(topic for _, slugs in held for topic in slugs)}
    return topics


def _alike(session: Session, batch: Batch, files: Mapping[str, KnownFile]) -> list[StoredEntry]:
    """The entries that files of the batch might be, by key, content, link or path: for those that have none
    yet, and, where files are missing, by content for those that have. With them those whose link a file of
    the batch would get."""
    articles = {one.path: one for one in batch.found if one.article is not None}
    fresh = [one for path, one in articles.items() if path not in files or files[path].guid is None]
    moving = articles.values() if batch.missing else fresh
    derived = [one for one in articles.values() if one.article and one.article.derived]
    links = {one.article.canonical_link for one in (*fresh, *derived) if one.article}
    some = [
        *session.entries(
            sorted({one.article.guid for one in fresh if one.article and one.article.guid})
        ).values(),
        *session.copies(sorted(links)),
        *session.twins(batch.source, sorted({one.digest for one in moving})),
        *session.entries_at(batch.source, [one.path for one in fresh]).values(),
    ]
    return list({stored.entry.guid: stored for stored in some}.values())


def _known(
    session: Session, batch: Batch, files: Mapping[str, KnownFile], alike: Sequence[StoredEntry]
) -> Known:
    concerned = {one.path for one in batch.found} | {stored.entry.article.path for stored in alike}
    owners = {path: file.guid for path, file in files.items() if file.guid is not None and path in concerned}
    of_files = session.entries(sorted(set(owners.values())))
    fresh = [one for one in batch.found if one.article is not None and one.path not in owners]
    keys = {one.article.guid for one in fresh if one.article}
    missing = batch.missing | {*batch.gone}
    there = {guid for path, guid in owners.items() if path not in missing}
    leaving = {guid for path, guid in owners.items() if path in missing} - there
    others = {stored.entry.guid: stored for stored in alike}
    by_key = {guid: stored for guid, stored in others.items() if guid in keys}
    others |= {guid: of_files[guid] for guid in leaving if guid in of_files}
    vacant = {
        guid
        for guid, stored in {**others, **by_key, **of_files}.items()
        if guid in leaving or stored.entry.visibility is Visibility.WITHDRAWN
    }
    return Known(
        by_file={path: of_files[guid] for path, guid in owners.items() if guid in of_files},
        by_guid=by_key,
        others=list(others.values()),
        taken=frozenset(_taken(session, batch.source, [one.path for one in fresh])),
        vacant=frozenset(vacant),
    )


def _taken(session: Session, source: str, paths: Sequence[str]) -> set[str]:
    """The guids that minting for these paths would give and that entries have already, up to a free one."""
    taken: set[str] = set()
    salt = 0
    remaining = list(paths)
    while remaining:
        minted = {path: mint_guid(source, path, salt) for path in remaining}
        there = session.existing(minted.values())
        taken |= there
        remaining = [path for path in remaining if minted[path] in there]
        salt += 1
    return taken


def names_left(changes: Iterable[Change]) -> list[str]:
    """The topic names that the entries carried before, once for each that did."""
    before = [change.before.entry for change in changes if change.before is not None]
    return [name for e in before if e.visibility is not Visibility.WITHDRAWN for name in e.article.topics]


def _names_left(batch: Batch, recognised: Recognised, changes: Sequence[Change]) -> list[str]:
    """The topic names that articles carried before this batch, and those of files that were refused."""
    left = names_left(changes)
    refused = {problem.path for problem in recognised.refused}
    return left + [
        name for one in batch.found if one.article and one.path in refused for name in one.article.topics
    ]


def _withdrawals(
    session: Session, batch: Batch, files: dict[str, KnownFile], kept: set[str], now: datetime
) -> list[Change]:
    """The entries whose file is gone, or is no longer an article; one that moved elsewhere stays."""
    no_articles = [one.path for one in batch.found if one.article is None and one.problem is None]
    left = {path: files[path].guid for path in (*batch.gone, *no_articles) if path in files}
    stored = session.entries(
        sorted({guid for guid in left.values() if guid is not None and guid not in kept})
    )
    return [
        withdraw(stored[guid], now=now)
        for path, guid in left.items()
        if guid is not None and guid in stored and stored[guid].entry.article.path == path
    ]


def _file(
    session: Session, batch: Batch, files: dict[str, KnownFile], recognised: Recognised, now: datetime
) -> ProblemChanges:
    """What was read, so that it is not read again; a bad file keeps the entry of its last good version.

    Returns which files have become bad, and which are so no longer.
    """
    refused = {problem.path: problem for problem in recognised.refused}
    rows: dict[str, KnownFile] = {}
    for one in batch.found:
        change = recognised.changes.get(one.path)
        guid = change.after.entry.guid if change else None
        if (one.problem is not None or one.path in refused) and one.path in files:
            guid = files[one.path].guid
        # A file refused for another one's sake may be good as soon as that one is gone.
        stamp = UNREAD if one.path in refused else one.stamp
        rows[one.path] = KnownFile(stamp=stamp, digest=one.digest, guid=guid)
    bad = {one.path: one.problem for one in batch.found if one.problem is not None} | refused
    session.put_files(batch.source, rows)
    session.drop_files(batch.source, batch.gone)
    mended = session.problems.drop(batch.source, [path for path in (*rows, *batch.gone) if path not in bad])
    return ProblemChanges(session.problems.put(bad.values(), now), mended)


def _count_changes(
    batch: Batch, recognised: Recognised, changes: Sequence[Change], vacated: frozenset[str], news: News
) -> SyncCounts:
    known = [(change.before, change.after) for change in changes if change.before is not None]
    return SyncCounts(
        new=sum(change.before is None for change in changes),
        revised=sum(change.revised for change in changes),
        moved=sum(b.entry.article.path != a.entry.article.path for b, a in known),
        withdrawn=sum(
            a.entry.visibility is Visibility.WITHDRAWN and b.entry.visibility is not Visibility.WITHDRAWN
            for b, a in known
        ),
        problems=len(recognised.refused) + sum(one.problem is not None for one in batch.found),
        refused=frozenset(problem.path for problem in recognised.refused),
        news=news,
        vacated=vacated,
        guids=frozenset(
            change.after.entry.guid
            for change in changes
            if change.before is None or change.before.entry != change.after.entry
        ),
    )
