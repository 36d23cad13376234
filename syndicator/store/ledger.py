"""What was decided of stories: the ledger, routes begun, the times of digests, mutes.

Works on the caller's open transaction, so that an entry and what it causes are kept together or not at all.
It keeps decisions and makes none. Each method costs one statement, by index, for each 500 keys it is given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, or_, select, tuple_, update

from syndicator.alerts import DailyMinimum, LedgerKind, LedgerRow, Mute, RouteReason, Slot, Way
from syndicator.models import Entry
from syndicator.settings.models import Route
from syndicator.store.dialect import (
    batches,
    change_unless_taken,
    in_list,
    insert_missing,
    replace_if,
    row_of,
    unindexed,
    upsert,
)
from syndicator.store.outbox_tables import WAITING, digest_slots, ledger, minimums, mutes, routes
from syndicator.store.tables import EPOCH, microseconds

_OF_THESE = or_(in_list(ledger.c.story, "stories"), in_list(ledger.c.guid, "guids"))
_KINDS = select(ledger.c.channel, ledger.c.story, ledger.c.guid, ledger.c.kind).where(
    _OF_THESE, in_list(unindexed(ledger.c.channel), "channels")
)
STRONGER = (LedgerKind.BASELINE, LedgerKind.OWED, LedgerKind.SHOWN, LedgerKind.ANNOUNCED)
"""Of two rows on one story the later of these counts."""


class Ledger:
    """One open transaction on the decisions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # the ledger itself

    def kinds(
        self, stories: Iterable[str], guids: Iterable[str], channels: Iterable[str]
    ) -> dict[tuple[str, str], LedgerKind]:
        """What these channels' ledgers say, by (channel, story) and by (channel, guid), of these stories and
        entries. One statement, that finds them by index in all channels.

        Of several rows on one entry, whose story has changed, the stronger one.
        """
        keys = {"stories": stories, "guids": guids, "channels": channels}
        rows = self._connection.execute(_KINDS, {name: json.dumps([*some]) for name, some in keys.items()})
        found: dict[tuple[str, str], LedgerKind] = {}
        for channel, story, guid, kind in rows:
            for key in ((channel, story), (channel, guid)):
                found[key] = max(found.get(key, kind), kind, key=STRONGER.index)
        return found

    def rows(self, *, stories: Sequence[str] = (), guids: Sequence[str] = ()) -> list[LedgerRow]:
        """The rows of these few stories or entries, by channel and story."""
        return self._rows(or_(ledger.c.story.in_(stories), ledger.c.guid.in_(guids)), "channel", "story")

    def add(self, rows: Iterable[LedgerRow]) -> None:
        """Writes each row whose story the channel's ledger does not hold yet; of several the first."""
        insert_missing(self._connection, ledger, map(row_of, rows))

    def reopen(self, rows: Iterable[LedgerRow]) -> list[LedgerRow]:
        """Writes each row whose story the channel's ledger does not hold, or holds as baseline; those."""
        baseline = ledger.c.kind == LedgerKind.BASELINE
        return [row for row in rows if replace_if(self._connection, ledger, row_of(row), baseline)]

    def forget(self, rows: Iterable[LedgerRow]) -> None:
        """Forgets stories that were withdrawn before they were sent; should they return, they count anew."""
        for some in batches(rows):
            self._connection.execute(delete(ledger).where(_are(some)))

    def forget_message(self, delivery: str, guids: Collection[str] | None = None) -> None:
        """Forgets the stories of a message that was never sent, or of some of its entries."""
        condition = ledger.c.delivery == delivery
        if guids is not None:
            condition = and_(condition, ledger.c.guid.in_(guids))
        self._connection.execute(delete(ledger).where(condition))

    # what is owed

    def owing(self) -> list[Way]:
        """Route and channel of what is in no message yet, in order. Reads all that is, by index."""
        query = select(ledger.c.route, ledger.c.channel).where(WAITING).distinct()
        return sorted((route, channel) for route, channel in self._connection.execute(query))

    def has_taken(self, route: str, since: datetime) -> bool:
        """Whether the route took a story after that moment."""
        taken = and_(ledger.c.route == route, ledger.c.at > since, ledger.c.kind != LedgerKind.BASELINE)
        return self._connection.execute(select(ledger.c.at).where(taken).limit(1)).first() is not None

    def owed(self, route: str | None = None, *, guids: Collection[str] | None = None) -> list[LedgerRow]:
        """What waits for a message, of one route or of few entries if given, oldest first."""
        conditions = [WAITING]
        if route is not None:
            conditions.append(ledger.c.route == route)
        if guids is not None:
            conditions.append(ledger.c.guid.in_(guids))
        return self._rows(and_(*conditions), "at", "channel", "story")

    def count_owed(self) -> Counter[str]:
        """How many stories each route owes that are in no message yet. By index."""
        query = select(ledger.c.route, func.count()).where(WAITING).group_by(ledger.c.route)
        return Counter({row[0]: row[1] for row in self._connection.execute(query)})

    def put_into(self, delivery: str, stories: Sequence[LedgerRow]) -> datetime | None:
        """Moves owed stories into a message, each with the entry that leads.

        Gives the oldest suspect one's time, if there is any.
        """
        self.set_leads(stories)
        suspects: list[datetime] = []
        for some in batches(stories):
            statement = update(ledger).where(_are(some)).values(delivery=delivery)
            moved = self._connection.execute(statement.returning(ledger.c.suspect, ledger.c.at))
            suspects += [row.at for row in moved if row.suspect]
        return min(suspects, default=None)

    def set_leads(self, stories: Iterable[LedgerRow]) -> None:
        """Notes which entry leads each of these stories."""
        one = and_(ledger.c.channel == bindparam("of"), ledger.c.story == bindparam("about"))
        statement = update(ledger).where(one).values(guid=bindparam("lead"))
        for some in batches(stories):
            values = [{"of": row.channel, "about": row.story, "lead": row.guid} for row in some]
            self._connection.execute(statement, values)

    def put_back(self, ids: Iterable[str]) -> None:
        """Owes the stories of these messages again; the times of digests that they were for reopen."""
        again = {"delivery": None, "kind": LedgerKind.OWED, "suspect": False}
        for some in batches(ids):
            self._connection.execute(update(ledger).where(ledger.c.delivery.in_(some)).values(again))
            self._connection.execute(delete(digest_slots).where(digest_slots.c.delivery.in_(some)))

    def arrivals(self, route: str, since: datetime) -> list[tuple[datetime, int]]:
        """How many stories the route took at which moments since then, oldest first."""
        taken = and_(ledger.c.route == route, ledger.c.at >= since, ledger.c.kind != LedgerKind.BASELINE)
        query = select(ledger.c.at, func.count().label("n")).where(taken).group_by(ledger.c.at)
        return [(row.at, row.n) for row in self._connection.execute(query.order_by(ledger.c.at))]

    def announced(self, delivery: str, kind: LedgerKind) -> None:
        """All stories of this message are in the channel, or (SHOWN) were drawn in the terminal."""
        self._connection.execute(update(ledger).where(ledger.c.delivery == delivery).values(kind=kind))

    def stories_in(self, delivery: str) -> list[LedgerRow]:
        """The stories that a message holds or counts, by guid."""
        return self._rows(ledger.c.delivery == delivery, "guid")

    def deliveries_with(self, entries: Collection[Entry]) -> list[str]:
        """Ids of the messages that hold or count a story of these entries, in order."""
        query = select(ledger.c.delivery).where(ledger.c.delivery.is_not(None)).distinct()
        keys = (
            (ledger.c.story, (one.story for one in entries)),
            (ledger.c.guid, (one.guid for one in entries)),
        )
        found = (query.where(column.in_(some)) for column, values in keys for some in batches(values))
        return sorted({id for one in found for id in self._connection.scalars(one)})

    def move(self, channel: str, to: str, *, route: str | None = None) -> int:
        """Moves the rows of a channel to another; with `route` only what it owes and is in no message.

        How many. Of two rows on one story the stronger one stays, so that what was announced under either
        is announced.
        """
        condition = ledger.c.channel == channel
        if route is not None:
            condition = and_(condition, ledger.c.route == route, WAITING)
        there = ledger.alias()
        both = and_(there.c.channel == to, there.c.story == ledger.c.story)
        query = select(ledger.c.story, ledger.c.kind, there.c.kind.label("other")).join(there, both)
        rows = self._connection.execute(query.where(condition)).all()
        weaker = [row.story for row in rows if STRONGER.index(row.kind) > STRONGER.index(row.other)]
        for some in batches(weaker):
            self._connection.execute(delete(ledger).where(ledger.c.channel == to, ledger.c.story.in_(some)))
        return change_unless_taken(self._connection, ledger, condition, channel=to)

    def distrust(self) -> None:
        """After a restored backup: what is owed may have been sent since, and is looked for first."""
        self._connection.execute(update(ledger).where(WAITING).values(suspect=True))

    # routes and their silent beginning

    def route_fingerprints(self) -> dict[str, str]:
        """The fingerprint of each route that has begun, by name."""
        return {row.name: row.fingerprint for row in self._connection.execute(select(routes))}

    def begin_times(self, names: Iterable[str]) -> dict[str, datetime]:
        """When these routes began, by name; those that have."""
        query = select(routes.c.name, routes.c.began).where(routes.c.name.in_(list(names)))
        return {row.name: row.began for row in self._connection.execute(query)}

    def begin_route(self, route: Route, fingerprint: str, now: datetime) -> None:
        """Notes that the route, as it is now, has had its silent beginning."""
        row = {"name": route.name, "channel": route.channel, "fingerprint": fingerprint, "began": now}
        upsert(self._connection, routes, [row])

    def rename(self, route: Route, fingerprint: str) -> None:
        """Notes that a route that has begun is the same one under its channel's id."""
        values = {"channel": route.channel, "fingerprint": fingerprint}
        self._connection.execute(update(routes).where(routes.c.name == route.name).values(values))

    def minimums(self, names: Iterable[str], since: datetime = EPOCH) -> dict[str, list[DailyMinimum]]:
        """The minimums of those of these routes that have any, by route, oldest first: those by which what
        began at `since` or later is judged. A statement for each route, by index."""
        found: dict[str, list[DailyMinimum]] = {}
        for name in names:
            of_route = minimums.c.route == name
            last = select(func.max(minimums.c.day)).where(of_route, minimums.c.day <= since)
            first = func.coalesce(last.scalar_subquery(), microseconds(EPOCH))
            query = select(minimums).where(of_route, minimums.c.day >= first).order_by(minimums.c.day)
            if rows := self._connection.execute(query).mappings().all():
                found[name] = [DailyMinimum(**row) for row in rows]
        return found

    def put_minimums(self, days: Iterable[DailyMinimum]) -> None:
        """Writes down each route's minimum of a day, where that has none yet."""
        insert_missing(self._connection, minimums, map(row_of, days))

    def forget_minimums(self, route: str) -> None:
        self._connection.execute(delete(minimums).where(minimums.c.route == route))

    def forget_routes(self, but: Collection[str]) -> None:
        """Forgets that routes have begun, all but these."""
        for name in self.route_fingerprints().keys() - but:
            self._connection.execute(delete(routes).where(routes.c.name == name))
            self.forget_minimums(name)

    def hand_over(self, way: Way, to: str | None) -> int:
        """Hands what the route owes in the channel, and is in no message, to another; with None it becomes
        baseline. How many stories."""
        theirs = and_(ledger.c.route == way[0], ledger.c.channel == way[1], WAITING)
        let_go = {"kind": LedgerKind.BASELINE, "reason": RouteReason.LET_GO}
        statement = update(ledger).where(theirs).values({"route": to} if to else let_go)
        return self._connection.execute(statement).rowcount

    # the times of digests

    def slots_done(self, slots: Mapping[str, Slot]) -> set[str]:
        """Of these times of digests, by route, those that were dealt with: their routes."""
        key = tuple_(digest_slots.c.route, digest_slots.c.nominal)
        keys = batches((route, slot.nominal) for route, slot in slots.items())
        query = select(digest_slots.c.route)
        return {name for some in keys for name in self._connection.scalars(query.where(key.in_(some)))}

    def finish_slot(self, route: str, slot: Slot, delivery: str | None = None) -> None:
        """Notes that this time of the digest is dealt with. May be repeated."""
        row = {"route": route, "nominal": slot.nominal, "at": slot.at, "delivery": delivery}
        insert_missing(self._connection, digest_slots, [row])

    # mutes

    def mute(self, route: str, *, since: datetime, until: datetime, why: str) -> None:
        """Holds the route, or ALL_ROUTES, back until then."""
        self._connection.execute(mutes.insert().values(route=route, since=since, until=until, why=why))

    def unmute(self, route: str, now: datetime) -> int:
        """Lifts the mutes set for the route, or for ALL_ROUTES; how many were in force."""
        in_force = and_(mutes.c.route == route, mutes.c.until > now, mutes.c.lifted.is_(None))
        statement = update(mutes).where(in_force).values(lifted=now)
        return len(self._connection.execute(statement.returning(mutes.c.id)).all())

    def mutes(self, *, ended_after: datetime) -> list[Mute]:
        """The mutes that stand, or stood at some time after this moment, oldest first."""
        some = and_(mutes.c.until > ended_after, or_(mutes.c.lifted.is_(None), mutes.c.lifted > ended_after))
        query = select(mutes).where(some).order_by(mutes.c.since, mutes.c.id)
        return [Mute(**row) for row in self._connection.execute(query).mappings()]

    def _rows(self, condition: ColumnElement[bool], *order: str) -> list[LedgerRow]:
        query = select(ledger).where(condition).order_by(*(ledger.c[name] for name in order))
        return [LedgerRow(**row) for row in self._connection.execute(query).mappings()]


def _are(rows: Sequence[LedgerRow]) -> ColumnElement[bool]:
    return tuple_(ledger.c.channel, ledger.c.story).in_([(row.channel, row.story) for row in rows])
