"""Which entries stand in which topic's feed, what of it is on disk, and what the WebSub hub is to be told.

Works on the caller's open transaction. A topic is its slug throughout. What is asked of one topic is found by
index and costs what it gives; `count_shown` counts through the whole topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from syndicator.models import Appearance, Entry, Tombstone, WrittenFile
from syndicator.store import rows
from syndicator.store.dialect import batches, in_list, insert_missing, row_of, upsert
from syndicator.store.tables import dirty, entries, memberships, websub, written
from syndicator.store.types import FEED, Membership, OwedNotification

_OF_ENTRIES = select(memberships).where(in_list(memberships.c.guid, "guids"))
# Asked for each topic and document: to put a statement together takes longer than to run it.
_OF_TOPIC = memberships.c.topic == bindparam("slug")
_LAST_NUMBER = select(func.max(memberships.c.number)).where(_OF_TOPIC)
_APPEARED = (
    select(memberships.c.guid)
    .where(_OF_TOPIC, memberships.c.member, memberships.c.number.is_not(None))
    .limit(1)
)
_COUNT_SHOWN = select(
    func.count(), func.min(memberships.c.published), func.max(memberships.c.published)
).where(_OF_TOPIC, memberships.c.shown)
_APPEARANCES = select(memberships.c.published, memberships.c.quality, memberships.c.provider).where(
    _OF_TOPIC, memberships.c.shown, memberships.c.published >= bindparam("since")
)
_SHOWN = (
    select(*(entries.c[name] for name in rows.ENTRY))
    .join(memberships, memberships.c.guid == entries.c.guid)
    .where(_OF_TOPIC, memberships.c.shown)
)
_NEWEST = _SHOWN.order_by(memberships.c.published.desc(), memberships.c.guid.desc()).limit(bindparam("most"))
_NEWEST_GOOD = _NEWEST.where(memberships.c.quality >= bindparam("minimum"))
_ARCHIVED = _SHOWN.where(memberships.c.number.between(bindparam("first"), bindparam("last"))).order_by(
    memberships.c.number.desc()
)
_CLEAN = delete(dirty).where(dirty.c.topic == bindparam("slug"), dirty.c.page == bindparam("number"))


class FeedTables:
    """One open transaction on memberships, what is dirty, and what was written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def memberships(self, guids: Iterable[str]) -> list[Membership]:
        """Where these entries stand or stood, in no order."""
        found = self._connection.execute(_OF_ENTRIES, {"guids": json.dumps(list(guids))})
        return [Membership(**row) for row in found.mappings()]

    def put_memberships(self, changed: Iterable[Membership]) -> None:
        upsert(self._connection, memberships, map(row_of, changed))

    def next_number(self, topic: str) -> int:
        """The number of the next entry to appear in the topic's feed, which is how many ever have."""
        last = self._connection.scalar(_LAST_NUMBER, {"slug": topic})
        return 0 if last is None else last + 1

    def has_appeared(self, topic: str) -> bool:
        """Whether an entry that is of the topic now has ever been shown in its feed."""
        return self._connection.scalar(_APPEARED, {"slug": topic}) is not None

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

    def beside(self, topics: Iterable[str]) -> set[str]:
        """The topics that show an entry which is of one of these."""
        members = memberships.alias()
        of_them = select(members.c.guid).where(members.c.member, in_list(members.c.topic, "topics"))
        query = select(memberships.c.topic).where(memberships.c.shown, memberships.c.guid.in_(of_them))
        return set(self._connection.scalars(query.distinct(), {"topics": json.dumps(list(topics))}))

    def newest(self, topic: str, *, limit: int, minimum: float | None = None) -> list[Entry]:
        """What the topic shows at or over the minimum, newest first by published time, guid as tie-break; at
        most `limit`."""
        query = _NEWEST if minimum is None else _NEWEST_GOOD
        values = {"slug": topic, "most": limit} | ({} if minimum is None else {"minimum": minimum})
        return [rows.entry_value(row) for row in self._connection.execute(query, values).mappings()]

    def archived(self, topic: str, first: int, last: int) -> list[Entry]:
        """What the topic shows of the numbers first to last (both included), the highest number first."""
        values = {"slug": topic, "first": first, "last": last}
        return [rows.entry_value(row) for row in self._connection.execute(_ARCHIVED, values).mappings()]

    def removals(
        self,
        topic: str,
        *,
        limit: int | None = None,
        minimum: float | None = None,
        numbers: tuple[int, int] | None = None,
    ) -> list[Tombstone]:
        """What once stood in the topic's feed and does not now, the latest first, guid as tie-break; of
        these numbers (first and last) and at or over the minimum, where they are given."""
        at = memberships.c
        query = select(at.guid, at.removed).where(at.topic == topic, ~at.shown, at.removed.is_not(None))
        query = query.order_by(at.removed.desc(), at.guid.desc()).limit(limit)
        if numbers is not None:
            query = query.where(at.number.between(*numbers))
        if minimum is not None:
            query = query.where(at.quality >= minimum)
        return [Tombstone(guid=row.guid, removed=row.removed) for row in self._connection.execute(query)]

    def count_shown(self, topic: str) -> tuple[int, datetime | None, datetime | None]:
        """How many entries the topic shows, and when the oldest and the newest of them were published."""
        count, oldest, newest = self._connection.execute(_COUNT_SHOWN, {"slug": topic}).one()
        return count, oldest, newest

    def appearances(self, topic: str, since: datetime) -> list[Appearance]:
        """What the topic shows that was published since, in no order."""
        found = self._connection.execute(_APPEARANCES, {"slug": topic, "since": since})
        return [Appearance(*row) for row in found]

    # what is on disk

    def dirty(self, *, archives: int | None = None) -> set[tuple[str, int]]:
        """Topic and page of what changed and is not on disk: all feeds and pages, and so many `archives`."""
        pages = select(dirty.c.topic, dirty.c.page)
        first = pages.where(dirty.c.page < 0)
        rest = pages.where(dirty.c.page >= 0).limit(archives)
        return {(topic, page) for some in (first, rest) for topic, page in self._connection.execute(some)}

    def count_archives(self) -> int:
        """How many archive pages are not on disk as they should be."""
        count = select(func.count()).select_from(dirty).where(dirty.c.page >= 0)
        return self._connection.execute(count).scalar_one()

    def heads(self) -> dict[str, datetime]:
        """When the newest entry was published that each topic shows whose feeds are dirty."""
        newest = select(func.max(memberships.c.published)).where(
            memberships.c.topic == dirty.c.topic, memberships.c.shown
        )
        found = self._connection.execute(
            select(dirty.c.topic, newest.scalar_subquery()).where(dirty.c.page == FEED)
        )
        return {topic: published for topic, published in found if published is not None}

    def mark_dirty(self, pages: Iterable[tuple[str, int]]) -> None:
        """Notes topics and pages that are to be written anew. May be repeated."""
        found = sorted(set(pages))
        insert_missing(self._connection, dirty, ({"topic": topic, "page": page} for topic, page in found))

    def mark_clean(self, pages: Iterable[tuple[str, int]]) -> None:
        """Forgets pages that were written."""
        for some in batches({"slug": topic, "number": page} for topic, page in pages):
            self._connection.execute(_CLEAN, some)

    def written(self) -> dict[str, WrittenFile]:
        """The files of the output folder as they were when they were written, by path."""
        # By place: by name it would take twice as long, and there are very many.
        return {path: WrittenFile(*file) for path, *file in self._connection.execute(select(written))}

    def put_written(self, changes: Mapping[str, WrittenFile | None]) -> None:
        """Takes over what was written; None for what is no longer there."""
        there = ((path, *file) for path, file in changes.items() if file)
        upsert(
            self._connection, written, (dict(zip(written.columns.keys(), row, strict=True)) for row in there)
        )
        for some in batches(path for path, file in changes.items() if file is None):
            self._connection.execute(delete(written).where(written.c.path.in_(some)))

    # what the WebSub hub has still to be told: owed first, told after, then forgotten

    def owe_hub(self, topics: Iterable[str], now: datetime) -> None:
        """Owes the hub a word on each feed, at once; one that waits for another try goes on waiting."""
        owed = (OwedNotification(topic=topic, since=now, due=now) for topic in topics)
        upsert(self._connection, websub, map(row_of, owed), keep=("due", "attempts"))

    def due_to_hub(self, now: datetime, *, limit: int) -> list[OwedNotification]:
        """What is to be told now, longest owed first."""
        query = select(websub).where(websub.c.due <= now).order_by(websub.c.since, websub.c.topic)
        found = self._connection.execute(query.limit(limit)).mappings()
        return [OwedNotification(**row) for row in found]

    def next_due_to_hub(self) -> datetime | None:
        found: datetime | None = self._connection.scalar(select(func.min(websub.c.due)))
        return found

    def forget_hub(self, topic: str, *, since: datetime) -> None:
        """The hub was told, or will not hear. A change that came meanwhile is owed anew, and stays."""
        self._connection.execute(delete(websub).where(websub.c.topic == topic, websub.c.since == since))

    def postpone_hub(self, topic: str, due: datetime) -> None:
        """The hub was not reached."""
        values = {"due": due, "attempts": websub.c.attempts + 1}
        self._connection.execute(update(websub).where(websub.c.topic == topic).values(values))
