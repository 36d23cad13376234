"""The store on one open transaction: sources, files, entries, topics and single facts.

`problems`, `feeds`, `stories` and `outbox` are its other tables. Rows become values here and
nowhere else. What is asked for by keys is found by index, in one statement for each 500 of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    inspect,
    or_,
    select,
    text,
)

from syndicator.models import DeclaredTopic, Entry, Topic, Visibility
from syndicator.store import rows
from syndicator.store.dialect import batches, in_list, insert_listed, json_text, row_of, upsert
from syndicator.store.feeds import FeedTables
from syndicator.store.history import History
from syndicator.store.outbox import Outbox
from syndicator.store.problems import Problems
from syndicator.store.stories import Stories
from syndicator.store.tables import entries, files, problems, service_metadata, sources, topic_names, topics
from syndicator.store.types import UNREAD, KnownFile, SourceState, Stamp

_STORY = entries.c.story
_SHARED = select(_STORY).where(in_list(_STORY, "stories")).group_by(_STORY).having(func.count() > 1)
_IN_STORIES = select(entries.c.guid).where(in_list(_STORY, "stories"))
_WITH_LINKS = select(entries.c.guid).where(in_list(entries.c.canonical_link, "links"))
_GAVE = or_(files.c.guid.is_not(None), files.c.topic.is_not(None))
_COUNT_NAMES = insert_listed(topic_names, adding=True)


class Session:
    """One open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.problems = Problems(connection)
        self.feeds = FeedTables(connection)
        self.stories = Stories(connection)
        self.outbox = Outbox(connection)
        self.history = History(connection)

    def revision(self) -> str | None:
        """Which revision the tables are of; None where there are none."""
        if not inspect(self._connection).has_table("alembic_version"):
            return None
        found = self._connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)

    # sources and files

    def sources(self) -> dict[str, SourceState]:
        """What is known of each source, by name; in order."""
        found = self._connection.execute(select(sources).order_by(sources.c.name))
        return {row["name"]: SourceState(**row) for row in found.mappings()}

    def put_source(self, state: SourceState) -> None:
        upsert(self._connection, sources, [row_of(state)])

    def forget_source(self, name: str) -> None:
        """Forgets a source with its files and problems; its entries stay."""
        for column in (files.c.source, problems.c.source, sources.c.name):
            self._connection.execute(delete(column.table).where(column == name))

    def files(self, source: str, paths: Iterable[str]) -> dict[str, KnownFile]:
        """Those of the source's files that are known, as they were last read, by path."""
        query = select(files).where(files.c.source == source, in_list(files.c.path, "paths"))
        found = self._connection.execute(query, {"paths": json.dumps(list(paths))})
        return dict(map(rows.known_file, found))

    def stamps(self, source: str) -> Iterator[tuple[str, Stamp, bool]]:
        """All of the source's files: the path, the stamp, and whether the file gave an entry or a topic."""
        query = select(files.c.path, *(files.c[name] for name in Stamp._fields), _GAVE)
        found = self._connection.execute(query.where(files.c.source == source))
        return (
            (path, Stamp(*stamp), gave) for some in found.partitions(1_000) for path, *stamp, gave in some
        )

    def forget_stamps(self, source: str) -> None:
        """Has all of the source's files read anew."""
        unread = files.update().where(files.c.source == source).values(UNREAD._asdict())
        self._connection.execute(unread)

    def count_articles(self, source: str) -> int:
        """How many of the source's files are articles."""
        articles = and_(files.c.source == source, files.c.guid.is_not(None))
        return self._connection.scalar(select(func.count()).where(articles)) or 0

    def no_articles(self) -> list[tuple[str, str]]:
        """Sources and paths of the files that are no articles by the source's profile; in order."""
        a_problem = exists().where(problems.c.source == files.c.source, problems.c.path == files.c.path)
        query = select(files.c.source, files.c.path).where(
            files.c.guid.is_(None), files.c.topic.is_(None), ~a_problem
        )
        return [(row[0], row[1]) for row in self._connection.execute(query.order_by(*query.selected_columns))]

    def declared_topics(self) -> list[DeclaredTopic]:
        """What the topic files declare, each as it was when it was last good; in no order."""
        query = select(files.c.topic).where(files.c.topic.is_not(None))
        return [DeclaredTopic(**declared) for declared in self._connection.scalars(query)]

    def put_files(self, source: str, known: Mapping[str, KnownFile]) -> None:
        upsert(self._connection, files, (rows.file_row(source, path, file) for path, file in known.items()))

    def drop_files(self, source: str, paths: Iterable[str]) -> None:
        gone = delete(files).where(files.c.source == source, in_list(files.c.path, "paths"))
        self._connection.execute(gone, {"paths": json.dumps(list(paths))})

    # entries

    def entries(self, guids: Iterable[str]) -> dict[str, Entry]:
        """Those of the entries that are known, by guid."""
        return {stored.guid: stored for stored in self._find(entries.c.guid, guids)}

    def entries_at(self, source: str, paths: Iterable[str]) -> list[Entry]:
        """The entries of these paths, withdrawn ones too."""
        return self._find(entries.c.path, paths, entries.c.source == source)

    def copies(self, canonical_links: Iterable[str]) -> list[Entry]:
        """All entries with one of these canonical links, withdrawn ones too."""
        return self._find(entries.c.canonical_link, canonical_links)

    def of_stories(self, stories: Iterable[str]) -> list[Entry]:
        """All entries of these stories, withdrawn ones too."""
        return self._find(entries.c.story, stories)

    def others_of(self, some: Collection[Entry]) -> list[Entry]:
        """The other entries of these entries' stories, withdrawn ones too."""
        guids, found = {one.guid for one in some}, self.of_stories({one.story for one in some})
        return [stored for stored in found if stored.guid not in guids]

    def twins(self, source: str, digests: Iterable[bytes]) -> list[Entry]:
        """All entries of the source whose file had one of these digests, withdrawn ones too."""
        of_source, at = entries.c.source == source, entries.c.digest
        return [one for some in batches(digests) for one in self._stored(and_(of_source, at.in_(some)))]

    def shared_stories(self, stories: Iterable[str]) -> list[str]:
        """Those of the stories that more than one entry has."""
        return list(self._connection.scalars(_SHARED, {"stories": json.dumps(list(stories))}))

    def guids_in(self, stories: Iterable[str]) -> set[str]:
        """The guids of the entries that `of_stories` gives."""
        return set(self._connection.scalars(_IN_STORIES, {"stories": json.dumps(list(stories))}))

    def guids_with(self, canonical_links: Iterable[str]) -> set[str]:
        """The guids of the entries that `copies` gives."""
        return set(self._connection.scalars(_WITH_LINKS, {"links": json.dumps(list(canonical_links))}))

    def put_entries(self, changed: Iterable[Entry]) -> None:
        upsert(self._connection, entries, map(rows.entry_row, changed))

    def guids(self, *, source: str | None = None, after: str = "", limit: int | None = None) -> list[str]:
        """The guids of all entries, or of one source's, in order; of those after one the first few."""
        query = select(entries.c.guid).where(entries.c.guid > after).order_by(entries.c.guid).limit(limit)
        of_source = query if source is None else query.where(entries.c.source == source)
        return list(self._connection.scalars(of_source))

    def published_since(self, moment: datetime) -> list[Entry]:
        """The entries published then or later, whatever their visibility; in any order. By index."""
        return self._stored(and_(entries.c.visibility.in_(list(Visibility)), entries.c.published >= moment))

    def due_by_time(self, now: datetime) -> list[Entry]:
        """Entries whose visibility time alone has changed by `now`: embargoes over, expiries reached."""
        embargo = and_(entries.c.visibility == Visibility.EMBARGOED, entries.c.published <= now)
        expiry = and_(entries.c.visibility == Visibility.PUBLIC, entries.c.expires <= now)
        return self._stored(embargo) + self._stored(expiry)

    def next_time_change(self, now: datetime) -> datetime | None:
        """When time alone will next change an entry's visibility, or None."""
        embargo = select(func.min(entries.c.published)).where(entries.c.visibility == Visibility.EMBARGOED)
        public = and_(entries.c.visibility == Visibility.PUBLIC, entries.c.expires > now)
        expiry = select(func.min(entries.c.expires)).where(public)
        moments = (self._connection.scalar(query) for query in (embargo, expiry))
        return min((moment for moment in moments if moment is not None), default=None)

    def search(self, what: str) -> list[Entry]:
        """Entries whose guid, link or path is `what`, or whose path ends in `/what`; by path. Reads
        all paths."""
        escaped = what.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        condition = or_(
            entries.c.guid == what,
            entries.c.link == what,
            entries.c.canonical_link == what,
            entries.c.path == what,
            entries.c.path.like(f"%/{escaped}", escape="\\"),
        )
        return sorted(self._stored(condition), key=lambda stored: (stored.article.path, stored.guid))

    def count_entries(self) -> dict[Visibility, int]:
        """How many entries of each visibility there are. Reads all, by index."""
        query = select(entries.c.visibility, func.count()).group_by(entries.c.visibility)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def count_unpublished(self) -> int:
        """How many drafts are so by `published: false` alone."""
        marked = json_text(entries.c.article, "$.marked_draft")
        drafts = entries.c.visibility == Visibility.DRAFT
        return self._connection.scalar(select(func.count()).where(drafts, marked.is_(None))) or 0

    def rated(self) -> tuple[bool, bool]:
        """Whether any entry has a quality, and any a heat, withdrawn ones left out. Reads all."""
        counts = (func.count(json_text(entries.c.article, path)) for path in ("$.quality", "$.heat"))
        query = select(*counts).where(entries.c.visibility != Visibility.WITHDRAWN)
        found = self._connection.execute(query).one()
        return found[0] > 0, found[1] > 0

    # topics and single facts

    def topics(self) -> list[Topic]:
        """All topics, whatever became of them, by slug."""
        query = select(topics).order_by(topics.c.slug)
        return [Topic(**row) for row in self._connection.execute(query).mappings()]

    def topic_names(self) -> dict[str, int]:
        """The topic names that articles carry, as written, with how many carry each."""
        return {row[0]: row[1] for row in self._connection.execute(select(topic_names))}

    def count_topic_names(self, more: Mapping[str, int]) -> None:
        """So many more articles carry each of these names, fewer where it is negative."""
        self._connection.execute(_COUNT_NAMES, {"rows": json.dumps(list(more.items()))})
        if any(count < 0 for count in more.values()):
            self._connection.execute(delete(topic_names).where(topic_names.c.articles <= 0))

    def put_topics(self, changed: Iterable[Topic]) -> None:
        upsert(self._connection, topics, map(row_of, changed))

    def metadata(self, name: str) -> str | None:
        """A single fact; None where it was never noted."""
        query = select(service_metadata.c.value).where(service_metadata.c.name == name)
        return self._connection.scalar(query)

    def put_metadata(self, name: str, value: str) -> None:
        upsert(self._connection, service_metadata, [{"name": name, "value": value}])

    def _find(
        self, column: Column[str], keys: Iterable[str], *conditions: ColumnElement[bool]
    ) -> list[Entry]:
        query = select(entries).where(in_list(column, "keys"), *conditions)
        found = self._connection.execute(query, {"keys": json.dumps(list(keys))}).mappings()
        return [rows.entry_value(row) for row in found]

    def _stored(self, condition: ColumnElement[bool]) -> list[Entry]:
        found = self._connection.execute(select(entries).where(condition)).mappings()
        return [rows.entry_value(row) for row in found]
