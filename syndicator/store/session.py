"""The store in SQL, on one open transaction. Rows become values here and nowhere else.

Longer than a module should be, as the contract is the one wide one: a method a promise, a query each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, inspect, or_, select, text, true
from sqlalchemy.dialects.sqlite import insert

from syndicator.models import Appearance, Entry, Problem, Tombstone, Visibility, WrittenFile
from syndicator.store import rows
from syndicator.store.outbox import Outbox
from syndicator.store.tables import (
    EPOCH,
    dirty,
    entries,
    files,
    memberships,
    problems,
    service_metadata,
    sources,
    topics,
    written,
)
from syndicator.store.types import (
    KnownFile,
    Membership,
    ProblemChanges,
    ProblemKind,
    SourceState,
    Span,
    StoredEntry,
    StoredTopic,
)
from syndicator.store.websub import WebSubNotifications

T = TypeVar("T")

BATCH = 500
"""Values per statement, well below SQLite's 32,766 variables."""


class Session:
    """One open transaction: the entries' half of the store, and with `outbox` the messages' half."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outbox = Outbox(connection)
        self._pings = WebSubNotifications(connection)

    @property
    def outbox(self) -> Outbox:
        return self._outbox

    @property
    def websub(self) -> WebSubNotifications:
        return self._pings

    def revision(self) -> str | None:
        """Which revision the tables are of; None where there are none."""
        if not inspect(self._connection).has_table("alembic_version"):
            return None
        found = self._connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)

    # sources and files

    def source(self, name: str) -> SourceState | None:
        row = self._connection.execute(select(sources).where(sources.c.name == name)).mappings().first()
        return None if row is None else SourceState(reading=row["reading"], began=row["began"])

    def put_source(self, name: str, state: SourceState) -> None:
        self._upsert(sources, [{"name": name, "reading": state.reading, "began": state.began}])

    def source_names(self) -> list[str]:
        return list(self._connection.scalars(select(sources.c.name).order_by(sources.c.name)))

    def forget_source(self, name: str) -> None:
        for table in (files, problems):
            self._connection.execute(delete(table).where(table.c.source == name))
        self._connection.execute(delete(sources).where(sources.c.name == name))

    def files(self, source: str, paths: Iterable[str] | None = None) -> dict[str, KnownFile]:
        query = select(files).where(files.c.source == source)
        if paths is None:
            found = self._connection.execute(query).mappings()
            return {row["path"]: rows.known_file(row) for row in found}
        return {
            row["path"]: rows.known_file(row)
            for some in _batches(paths)
            for row in self._connection.execute(query.where(files.c.path.in_(some))).mappings()
        }

    def put_files(self, source: str, known: Mapping[str, KnownFile]) -> None:
        self._upsert(files, [rows.file_row(source, path, file) for path, file in known.items()])

    def drop_files(self, source: str, paths: Iterable[str]) -> None:
        for some in _batches(paths):
            self._connection.execute(delete(files).where(files.c.source == source, files.c.path.in_(some)))

    # problems

    def problems(self) -> list[Problem]:
        """All problems, by source and path."""
        query = select(problems).order_by(problems.c.source, problems.c.path, problems.c.kind)
        return [rows.problem_value(row) for row in self._connection.execute(query).mappings()]

    def count_problems(self) -> dict[ProblemKind, int]:
        """How many problems of each kind there are."""
        query = select(problems.c.kind, func.count()).group_by(problems.c.kind)
        return {ProblemKind(kind): count for kind, count in self._connection.execute(query)}

    def put_problems(self, found: Iterable[Problem], now: datetime) -> list[Problem]:
        """Stores what reading articles found, keeping `since` of a problem that was there before.

        Returns those that are new, or are said in other words than before.
        """
        found = list(found)
        paths = {problem.path for problem in found}
        before = [problem for some in _batches(paths) for problem in self._of(problems.c.path.in_(some))]
        return self._put_problems(found, before, ProblemKind.ARTICLE, now)

    def drop_problems(self, source: str, paths: Iterable[str]) -> list[Problem]:
        """Takes back what reading these articles once found; returns what there was."""
        kind = problems.c.kind == ProblemKind.ARTICLE.value
        return [
            rows.problem_value(row)
            for some in _batches(paths)
            for row in self._connection.execute(
                delete(problems)
                .where(problems.c.source == source, problems.c.path.in_(some), kind)
                .returning(problems)
            ).mappings()
        ]

    def replace_problems(
        self, kind: ProblemKind, found: Iterable[Problem], now: datetime, *, source: str | None = None
    ) -> ProblemChanges:
        """All problems of a kind (of one source) are these now; the others are taken back."""
        found = list(found)
        there = {(problem.source, problem.path) for problem in found}
        before = self._of(true() if source is None else problems.c.source == source, kind)
        over = [problem for problem in before if (problem.source, problem.path) not in there]
        for problem in over:
            key = (problems.c.source == problem.source, problems.c.path == problem.path)
            self._connection.execute(delete(problems).where(*key, problems.c.kind == kind.value))
        return ProblemChanges(self._put_problems(found, before, kind, now), over)

    def _of(self, condition: ColumnElement[bool], kind: ProblemKind = ProblemKind.ARTICLE) -> list[Problem]:
        query = select(problems).where(condition, problems.c.kind == kind.value)
        return [rows.problem_value(row) for row in self._connection.execute(query).mappings()]

    def _put_problems(
        self, found: Sequence[Problem], before: Iterable[Problem], kind: ProblemKind, now: datetime
    ) -> list[Problem]:
        statement = insert(problems)
        kept = {name: statement.excluded[name] for name in ("line", "column", "what", "fix")}
        statement = statement.on_conflict_do_update(index_elements=["source", "path", "kind"], set_=kept)
        for some in _batches(rows.problem_row(problem, kind, now) for problem in found):
            self._connection.execute(statement, some)
        known = {(problem.source, problem.path, problem.what) for problem in before}
        return [problem for problem in found if (problem.source, problem.path, problem.what) not in known]

    # entries

    def entries(self, guids: Iterable[str]) -> dict[str, StoredEntry]:
        found = (self._stored(entries.c.guid.in_(some)) for some in _batches(guids))
        return {stored.entry.guid: stored for some in found for stored in some}

    def entries_at(self, source: str, paths: Iterable[str]) -> dict[str, StoredEntry]:
        """The entry of each path, withdrawn ones too; by path."""
        found = (
            self._stored(and_(entries.c.source == source, entries.c.path.in_(some)))
            for some in _batches(paths)
        )
        return {stored.entry.article.path: stored for some in found for stored in some}

    def copies(self, canonical_links: Iterable[str]) -> list[StoredEntry]:
        """All entries with one of these canonical links, withdrawn ones too."""
        found = (self._stored(entries.c.canonical_link.in_(some)) for some in _batches(canonical_links))
        return [stored for some in found for stored in some]

    def shared_links(self, canonical_links: Iterable[str]) -> list[str]:
        """Those of the canonical links that more than one entry has, in order."""
        link = entries.c.canonical_link
        found = (
            self._connection.scalars(
                select(link).where(link.in_(some)).group_by(link).having(func.count() > 1)
            )
            for some in _batches(canonical_links)
        )
        return sorted(one for some in found for one in some)

    def twins(self, source: str, digests: Iterable[bytes]) -> list[StoredEntry]:
        """All entries of the source whose file had one of these digests, withdrawn ones too."""
        found = (
            self._stored(and_(entries.c.source == source, entries.c.digest.in_(some)))
            for some in _batches(digests)
        )
        return [stored for some in found for stored in some]

    def existing(self, guids: Iterable[str]) -> set[str]:
        """Those of the guids that an entry has."""
        return {
            guid
            for some in _batches(guids)
            for guid in self._connection.scalars(select(entries.c.guid).where(entries.c.guid.in_(some)))
        }

    def put_entries(self, changed: Iterable[StoredEntry]) -> None:
        self._upsert(entries, [rows.entry_row(stored) for stored in changed])

    def guids(self, *, source: str | None = None) -> list[str]:
        query = select(entries.c.guid).order_by(entries.c.guid)
        return list(
            self._connection.scalars(query if source is None else query.where(entries.c.source == source))
        )

    def due_by_time(self, now: datetime) -> list[StoredEntry]:
        """Entries whose visibility time alone has changed by `now`: embargoes over, expiries reached."""
        embargo = and_(entries.c.visibility == Visibility.EMBARGOED.value, entries.c.published <= now)
        expiry = and_(entries.c.visibility == Visibility.PUBLIC.value, entries.c.expires <= now)
        return self._stored(embargo) + self._stored(expiry)

    def next_time_change(self, now: datetime) -> datetime | None:
        """When time alone will next change an entry's visibility, or None."""
        embargo = self._moment(
            func.min(entries.c.published), entries.c.visibility == Visibility.EMBARGOED.value
        )
        expiry = self._moment(
            func.min(entries.c.expires),
            entries.c.visibility == Visibility.PUBLIC.value,
            entries.c.expires > now,
        )
        return min((moment for moment in (embargo, expiry) if moment is not None), default=None)

    def search(self, what: str) -> list[StoredEntry]:
        """Entries whose guid, link or path is `what`, or whose path ends in `/what`; by path."""
        escaped = what.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        condition = or_(
            entries.c.guid == what,
            entries.c.link == what,
            entries.c.canonical_link == what,
            entries.c.path == what,
            entries.c.path.like(f"%/{escaped}", escape="\\"),
        )
        return sorted(
            self._stored(condition), key=lambda stored: (stored.entry.article.path, stored.entry.guid)
        )

    def count_entries(self) -> dict[Visibility, int]:
        query = select(entries.c.visibility, func.count()).group_by(entries.c.visibility)
        return {Visibility(name): count for name, count in self._connection.execute(query)}

    def count_unpublished(self) -> int:
        """How many drafts are so by `published: false` alone."""
        marked = func.json_extract(entries.c.article, "$.marked_draft")
        drafts = entries.c.visibility == Visibility.DRAFT.value
        return self._connection.scalar(select(func.count()).where(drafts, marked.is_(None))) or 0

    def count_links(self) -> int:
        """How many entries are public, those with the same canonical link counted once."""
        query = select(func.count(entries.c.canonical_link.distinct()))
        return self._connection.scalar(query.where(entries.c.visibility == Visibility.PUBLIC.value)) or 0

    def publishers(self) -> set[str]:
        """The names and domains of all publishers that entries have, withdrawn ones left out."""
        parts = (func.json_extract(entries.c.article, f"$.provider.{part}") for part in ("name", "domain"))
        return {name for part in parts for name in self._there(part) if name}

    def types(self) -> set[str]:
        """The types of all entries, withdrawn ones left out; the usual one is not written."""
        return {name or "article" for name in self._there(func.json_extract(entries.c.article, "$.type"))}

    def _there(self, what: ColumnElement[str | None]) -> Iterable[str | None]:
        there = entries.c.visibility != Visibility.WITHDRAWN.value
        return self._connection.scalars(select(what).distinct().where(there))

    # memberships

    def memberships(self, guids: Iterable[str]) -> list[Membership]:
        return [
            rows.membership_value(row)
            for some in _batches(guids)
            for row in self._connection.execute(
                select(memberships).where(memberships.c.guid.in_(some))
            ).mappings()
        ]

    def put_memberships(self, changed: Iterable[tuple[Membership, Entry]]) -> None:
        self._upsert(memberships, [rows.membership_row(membership, entry) for membership, entry in changed])

    def next_number(self, topic: str) -> int:
        """The number of the next entry to appear in the topic's feed, which is how many ever have."""
        query = select(func.max(memberships.c.number)).where(memberships.c.topic == topic)
        last = self._connection.scalar(query)
        return 0 if last is None else last + 1

    def has_appeared(self, topic: str) -> bool:
        """Whether an entry that is of the topic now has ever been shown in its feed."""
        query = select(memberships.c.guid).where(
            memberships.c.topic == topic, memberships.c.member, memberships.c.number.is_not(None)
        )
        return self._connection.scalar(query.limit(1)) is not None

    def pages_naming(self, topic: str, *, page_size: int) -> set[tuple[str, int]]:
        """The archive pages that name the topic: its own, and those of others that hold entries of it."""
        members = memberships.alias()
        guids = select(members.c.guid).where(members.c.topic == topic, members.c.member)
        query = (
            select(memberships.c.topic, memberships.c.number // page_size)
            .where(or_(memberships.c.topic == topic, memberships.c.guid.in_(guids)))
            .where(memberships.c.number.is_not(None))
            .distinct()
        )
        return {(slug, page) for slug, page in self._connection.execute(query)}

    def newest(self, topic: str, *, limit: int, minimum: float | None = None) -> list[Entry]:
        """What the topic shows at or over the minimum, newest first by published time, guid as tie-break."""
        query = (
            select(entries)
            .join(memberships, memberships.c.guid == entries.c.guid)
            .where(memberships.c.topic == topic, memberships.c.shown)
            .order_by(memberships.c.published.desc(), memberships.c.guid.desc())
            .limit(limit)
        )
        if minimum is not None:
            query = query.where(memberships.c.quality >= minimum)
        return [rows.entry_value(row) for row in self._connection.execute(query).mappings()]

    def archived(self, topic: str, first: int, last: int) -> list[Entry]:
        """What the topic shows of the numbers first to last (both included), the highest number first."""
        query = (
            select(entries)
            .join(memberships, memberships.c.guid == entries.c.guid)
            .where(
                memberships.c.topic == topic, memberships.c.number.between(first, last), memberships.c.shown
            )
            .order_by(memberships.c.number.desc())
        )
        return [rows.entry_value(row) for row in self._connection.execute(query).mappings()]

    def removals(
        self,
        topic: str,
        *,
        limit: int | None = None,
        minimum: float | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> list[Tombstone]:
        """What once stood in the topic's feed and does not now, the latest first, guid as tie-break; of
        the numbers first to last (both included), and at or over the minimum where one is given."""
        at = memberships.c
        query = (
            select(at.guid, at.removed)
            .where(at.topic == topic, ~at.shown, at.removed.is_not(None), at.number >= first)
            .order_by(at.removed.desc(), at.guid)
            .limit(limit)
        )
        if last is not None:
            query = query.where(at.number <= last)
        if minimum is not None:
            query = query.where(at.quality >= minimum)
        return [Tombstone(guid=row.guid, removed=row.removed) for row in self._connection.execute(query)]

    def span(self, topic: str) -> Span:
        """How many entries the topic shows, and from when to when they were published."""
        shown = and_(memberships.c.topic == topic, memberships.c.shown)
        return Span(
            shown=self._connection.scalar(select(func.count()).where(shown)) or 0,
            first=self._moment(func.min(memberships.c.published), shown),
            newest=self._moment(func.max(memberships.c.published), shown),
        )

    def appearances(self, topic: str, since: datetime) -> list[Appearance]:
        """What the topic shows that was published since, in no order."""
        query = (
            select(memberships.c.published, memberships.c.quality, entries.c.provider)
            .join(entries, entries.c.guid == memberships.c.guid)
            .where(memberships.c.topic == topic, memberships.c.shown, memberships.c.published >= since)
        )
        return [Appearance(*row) for row in self._connection.execute(query)]

    def held(self, topic: str) -> dict[Visibility, int]:
        """How many entries of the topic are not public, by reason."""
        query = (
            select(entries.c.visibility, func.count())
            .join(memberships, memberships.c.guid == entries.c.guid)
            .where(memberships.c.topic == topic, memberships.c.member)
            .where(entries.c.visibility != Visibility.PUBLIC.value)
            .group_by(entries.c.visibility)
        )
        return {Visibility(row.visibility): row[1] for row in self._connection.execute(query)}

    # topics, dirty pages, metadata

    def topics(self) -> list[StoredTopic]:
        query = select(topics).order_by(topics.c.slug)
        return [rows.stored_topic(row) for row in self._connection.execute(query).mappings()]

    def topic_names(self) -> dict[str, int]:
        """The topic names that articles carry, as written, with how many carry each."""
        names = func.json_each(entries.c.article, "$.topics").table_valued("value")
        query = (
            select(names.c.value, func.count())
            .select_from(entries.join(names, true()))
            .where(entries.c.visibility != Visibility.WITHDRAWN.value)
            .group_by(names.c.value)
        )
        return {row.value: row[1] for row in self._connection.execute(query)}

    def put_topics(self, changed: Iterable[StoredTopic]) -> None:
        self._upsert(topics, [rows.topic_row(stored) for stored in changed])

    def dirty(self, *, archives: int | None = None) -> set[tuple[str, int]]:
        """Topic and page of what changed and is not on disk: all feeds and pages, and so many `archives`."""
        pages = select(dirty.c.topic, dirty.c.page)
        first = pages.where(dirty.c.page < 0)
        rest = pages.where(dirty.c.page >= 0).limit(archives)
        return {(topic, page) for some in (first, rest) for topic, page in self._connection.execute(some)}

    def mark_dirty(self, pages: Iterable[tuple[str, int]]) -> None:
        for some in _batches(sorted(set(pages))):
            values = [{"topic": topic, "page": page} for topic, page in some]
            self._connection.execute(insert(dirty).on_conflict_do_nothing(), values)

    def mark_clean(self, pages: Iterable[tuple[str, int]]) -> None:
        for topic, page in pages:
            self._connection.execute(delete(dirty).where(dirty.c.topic == topic, dirty.c.page == page))

    def written(self) -> dict[str, WrittenFile]:
        """The files of the output folder as they were when they were written, by path."""
        return dict(map(rows.written_file, self._connection.execute(select(written))))

    def put_written(self, changes: Mapping[str, WrittenFile | None]) -> None:
        """Takes over what was written; None for what is no longer there."""
        self._upsert(written, [rows.written_row(path, file) for path, file in changes.items() if file])
        for some in _batches(path for path, file in changes.items() if file is None):
            self._connection.execute(delete(written).where(written.c.path.in_(some)))

    def metadata(self, name: str) -> str | None:
        return self._connection.scalar(
            select(service_metadata.c.value).where(service_metadata.c.name == name)
        )

    def put_metadata(self, name: str, value: str) -> None:
        self._upsert(service_metadata, [{"name": name, "value": value}])

    def _stored(self, condition: Any) -> list[StoredEntry]:
        found = self._connection.execute(select(entries).where(condition)).mappings()
        return [rows.stored_entry(row) for row in found]

    def _moment(self, column: Any, *conditions: Any) -> datetime | None:
        value = self._connection.scalar(select(column).where(*conditions))
        return EPOCH + timedelta(microseconds=value) if isinstance(value, int) else value

    def _upsert(self, table: Table, values: Sequence[dict[str, Any]]) -> None:
        keys = [column.name for column in table.columns if column.primary_key]
        others = [column.name for column in table.columns if not column.primary_key]
        statement = insert(table)
        changes = {name: statement.excluded[name] for name in others}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
        for some in _batches(values):
            self._connection.execute(statement, some)


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(values)
    while some := list(islice(remaining, BATCH)):
        yield some
