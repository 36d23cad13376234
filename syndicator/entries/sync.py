"""What one transaction does to entries: a batch of files read, or entries judged anew, and all they cause.

All of it is the caller's transaction, so that a crash leaves it wholly in or wholly out, and an entry and the
messages it causes are written together.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syndicator.entries.joining import join_stories
from syndicator.entries.match import (
    Known,
    ScannedFile,
    judge_again,
    recognise,
    withdraw,
)
from syndicator.entries.routing import StoryRouter
from syndicator.entries.topics import TopicCatalog
from syndicator.models import ALL, Change, Entry, Problem, Visibility
from syndicator.notify.enqueue import Enqueuer
from syndicator.parse.identity import mint_guid
from syndicator.settings.types import StoryRule
from syndicator.store.session import Session
from syndicator.store.types import PAGE, UNREAD, KnownFile, ProblemChanges, ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one look found ready: files read, and paths of files that are gone for good.

    `missing` are known files that are not there, whether that is believed for good or not: an article that
    appears elsewhere meanwhile has moved.
    """

    source: str
    found: Sequence[ScannedFile] = ()
    gone: Sequence[str] = ()
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What came of a batch: the changes that can be seen, and the files that became bad or good."""

    changes: Sequence[Change] = ()
    problems: ProblemChanges = field(default_factory=ProblemChanges)
    refused: frozenset[str] = frozenset()
    """Paths of files that cannot be entries while another one is there; to be read again at the next look."""
    vacated: frozenset[str] = frozenset()
    """Paths that moved articles have left, known no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySync:
    """One transaction: its session, time and rules. With `silent`, what it causes in Slack is baseline."""

    session: Session
    catalog: TopicCatalog
    router: StoryRouter
    enqueuer: Enqueuer
    stories: Mapping[str, StoryRule]
    """By what the entries of each source are one story."""
    now: datetime
    silent: bool = False
    topics_due: bool = False
    """Whether entries may stand in topics as they were before these changed."""

    def take(self, batch: Batch) -> Synced:
        """Stores the batch and all that follows from it. May be repeated: a second time changes nothing."""
        session, catalog = self.session, self.catalog
        catalog.add_names(
            session, (name for one in batch.found if one.article for name in one.article.topics)
        )
        files = session.files(batch.source, {one.path for one in batch.found} | {*batch.gone})
        alike = _alike_in(session, batch, files)
        if self.topics_due:  # or what topic files brought would be news of this batch
            known = {file.guid for file in files.values() if file.guid} | {one.guid for one in alike}
            replace(self, silent=True).put_into_topics(known)
            alike = _alike_in(session, batch, files)
        left = batch.missing & {stored.article.path for stored in alike}
        files |= session.files(batch.source, left)
        recognised, refused = recognise(
            batch.found,
            _known_of(session, batch, files, alike),
            catalog.slugs,
            apart=self.stories.get(batch.source) is StoryRule.OFF,
            now=self.now,
        )
        kept = {change.entry.guid for change in recognised.values()}
        changes = [*recognised.values(), *self._withdrawals(batch, files, kept)]
        touched = self.write(changes)
        catalog.remove_names(session, _names_left(batch, refused, changes))
        vacated = frozenset(path for path in batch.missing & files.keys() if files[path].guid in kept)
        problems = self._file(batch, files, recognised, refused, left=[*batch.gone, *vacated])
        return Synced(changes=touched, problems=problems, refused=frozenset(refused), vacated=vacated)

    def take_topics(self, batch: Batch) -> None:
        """Stores what topic files say; a bad one keeps what it said when it was last good."""
        files = self.session.files(batch.source, {one.path for one in batch.found})
        rows: dict[str, KnownFile] = {}
        for one in batch.found:
            before = files[one.path].topic if one.path in files else None
            topic, stamp = (before, UNREAD) if one.problem is not None else (one.topic, one.stamp)
            rows[one.path] = KnownFile(stamp=stamp, digest=one.digest, guid=None, topic=topic)
        self.session.put_files(batch.source, rows)
        self.session.drop_files(batch.source, batch.gone)

    def judge(self, stored: Iterable[Entry]) -> Sequence[Change]:
        """Judges entries anew at another time; gives the changes that can be seen."""
        slugs = self.catalog.slugs
        again = (judge_again(one, now=self.now, topics=slugs(one.article.topics)) for one in stored)
        return self.write(list(again))

    def put_into_topics(self, guids: Iterable[str]) -> Sequence[Change]:
        """Puts entries into topics anew, and leaves what time changes; gives the changes that can be seen.

        Those that stay where they are as well are judged, silently: routes may know their topics by other
        names or parents, and a later change of such an entry would be news.
        """
        slugs, stored = self.catalog.slugs, self.session.entries(guids).values()
        changes = [Change(before=e, entry=replace(e, topics=slugs(e.article.topics))) for e in stored]
        touched, names = self.write(changes), self.catalog.names_with_ancestors
        self.router.judge(self.session, changes, names, now=self.now, silent=True)
        return touched

    def withdraw_source(self, source: str) -> Sequence[Change]:
        """Withdraws all entries of a source and forgets its files; gives the changes that can be seen."""
        stored = self.session.entries(self.session.guids(source=source)).values()
        changes = [withdraw(one, now=self.now) for one in stored]
        touched = self.write(changes)
        self.catalog.remove_names(self.session, _names_before(changes))
        self.session.forget_source(source)
        return touched

    def write(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Writes the entries that differ, their memberships and what they cause; gives those that can be seen
        to differ."""
        session = self.session
        alike = {source for source, rule in self.stories.items() if rule is StoryRule.ALIKE}
        changes = join_stories(session, changes, alike, self.now)
        written = [c for c in changes if c.before is None or _as_kept(c.before) != _as_kept(c.entry)]
        touched = [c for c in written if c.before is None or c.before != c.entry]
        session.put_entries(change.entry for change in written)
        changed = ((c.before, c.entry) for c in touched if c.before is not None)
        session.history.note(changed, self.now, silent=self.silent)
        if not touched:
            return ()
        self.catalog.place(session, touched, self.now)
        if any(c.before is None or c.before.visibility != c.entry.visibility for c in touched):
            session.feeds.mark_dirty([(ALL, PAGE)])  # which counts what is not public
        self.enqueuer.revise(session, [change.entry for change in touched], self.now)
        names = self.catalog.names_with_ancestors
        self.router.judge(session, touched, names, now=self.now, silent=self.silent)
        return touched

    def _withdrawals(self, batch: Batch, files: Mapping[str, KnownFile], kept: set[str]) -> list[Change]:
        """The entries whose file is gone, or is no longer an article; one that moved elsewhere stays."""
        no_articles = [one.path for one in batch.found if one.article is None and one.problem is None]
        left = {path: files[path].guid for path in (*batch.gone, *no_articles) if path in files}
        guids = {path: guid for path, guid in left.items() if guid is not None and guid not in kept}
        stored = self.session.entries(sorted(set(guids.values())))
        return [
            withdraw(stored[guid], now=self.now)
            for path, guid in guids.items()
            if guid in stored and stored[guid].article.path == path
        ]

    def _file(
        self,
        batch: Batch,
        files: Mapping[str, KnownFile],
        recognised: Mapping[str, Change],
        refused: dict[str, Problem],
        *,
        left: Sequence[str],
    ) -> ProblemChanges:
        """Keeps what was read, so that it is not read again, and forgets the paths that were `left`; which
        files have become bad, and which are so no longer. A bad file keeps the entry of its last good
        version."""
        session = self.session
        bad = {one.path: one.problem for one in batch.found if one.problem is not None} | refused
        rows: dict[str, KnownFile] = {}
        for one in batch.found:
            change = recognised.get(one.path)
            guid = change.entry.guid if change else None
            if one.path in bad and one.path in files:
                guid = files[one.path].guid
            # A file refused for another one's sake may be good as soon as that one is gone.
            stamp = UNREAD if one.path in refused else one.stamp
            rows[one.path] = KnownFile(stamp=stamp, digest=one.digest, guid=guid)
        session.put_files(batch.source, rows)
        session.drop_files(batch.source, left)
        paths, kind = (*rows, *left), ProblemKind.ARTICLE
        return session.problems.replace(kind, bad.values(), self.now, source=batch.source, paths=paths)


def _as_kept(entry: Entry) -> tuple[Entry, bytes, datetime | None]:
    """The entry with what makes no other one of it."""
    return entry, entry.digest, entry.withdrawn


def _names_before(changes: Iterable[Change]) -> list[str]:
    """The topic names that the entries carried before, once for each that did."""
    before = [change.before for change in changes if change.before is not None]
    return [name for e in before if e.visibility is not Visibility.WITHDRAWN for name in e.article.topics]


def _names_left(batch: Batch, refused: Container[str], changes: Sequence[Change]) -> list[str]:
    """The topic names that articles carried before this batch, and those of files that were refused."""
    of_refused = [one.article for one in batch.found if one.article and one.path in refused]
    return [*_names_before(changes), *(name for article in of_refused for name in article.topics)]


def _alike_in(session: Session, batch: Batch, files: Mapping[str, KnownFile]) -> list[Entry]:
    """The entries that files of the batch might be, by key, content, link or path: for those that have none
    yet, and, where files are missing, by content for those that have. With them those whose link a file of
    the batch would get."""
    read = [(one, one.article) for one in batch.found if one.article is not None]
    fresh = [(one, article) for one, article in read if one.path not in files or files[one.path].guid is None]
    moving = read if batch.missing else fresh
    links = {article.canonical_link for _, article in fresh}
    links |= {article.canonical_link for _, article in read if article.derived}
    some = [
        *session.entries(sorted({article.guid for _, article in fresh if article.guid})).values(),
        *session.copies(sorted(links)),
        *session.twins(batch.source, sorted({one.digest for one, _ in moving})),
        *session.entries_at(batch.source, [one.path for one, _ in fresh]),
    ]
    return list({stored.guid: stored for stored in some}.values())


def _known_of(
    session: Session, batch: Batch, files: Mapping[str, KnownFile], alike: Sequence[Entry]
) -> Known:
    """The same, told apart: the entries of these very files, and those whose file is not there."""
    concerned = {one.path for one in batch.found} | {stored.article.path for stored in alike}
    owners = {path: file.guid for path, file in files.items() if file.guid is not None and path in concerned}
    of_files = session.entries(sorted(set(owners.values())))
    fresh = [one for one in batch.found if one.article is not None and one.path not in owners]
    there = {guid for path, guid in owners.items() if path not in batch.missing}
    leaving = {guid for path, guid in owners.items() if path in batch.missing} - there
    others = {stored.guid: stored for stored in alike}
    others |= {guid: of_files[guid] for guid in leaving if guid in of_files}
    vacant = {
        guid
        for guid, stored in {**others, **of_files}.items()
        if guid in leaving or stored.visibility is Visibility.WITHDRAWN
    }
    return Known(
        by_file={path: of_files[guid] for path, guid in owners.items() if guid in of_files},
        others=list(others.values()),
        taken=frozenset(_taken(session, batch.source, [one.path for one in fresh])),
        vacant=frozenset(vacant),
    )


def _taken(session: Session, source: str, paths: Sequence[str]) -> set[str]:
    """The guids that minting for these paths would give and that entries have already, up to a free one."""
    taken: set[str] = set()
    salt = 0
    while paths:
        minted = {path: mint_guid(source, path, salt) for path in paths}
        there = session.entries(minted.values()).keys()
        taken |= there
        paths = [path for path in paths if minted[path] in there]
        salt += 1
    return taken
