"""What was decided of stories: the ledger, what is owed, the times of digests, routes begun, mutes.

Works on the caller's open transaction, so that an entry and what it causes are kept together or not at all.
It keeps decisions and makes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from syndicator.alerts import LedgerKind, LedgerRow, Mute, Owed, RouteReason, Slot
from syndicator.settings.models import Route
from syndicator.store.outbox_rows import ledger_value, ledger_values, owed_value, owed_values
from syndicator.store.outbox_tables import digest_slots, ledger, mutes, owed, routes

BATCH = 400
"""Values per statement, well below SQLite's limit on variables."""


class Ledger:
    """One open transaction on the decisions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # the ledger itself

    def kinds(self, stories: Iterable[str], guids: Iterable[str]) -> dict[tuple[str, str], LedgerKind]:
        """What the ledger says, by (channel, story) and by (channel, guid), of these stories and entries."""
        found: dict[tuple[str, str], LedgerKind] = {}
        for column, keys in ((ledger.c.story, stories), (ledger.c.guid, guids)):
            for some in _batches(sorted(set(keys))):
                for row in self._connection.execute(select(ledger).where(column.in_(some))):
                    kind = LedgerKind(row.kind)
                    found[row.channel, row.story] = found[row.channel, row.guid] = kind
        return found

    def rows(self, *, stories: Sequence[str] = (), guids: Sequence[str] = ()) -> list[LedgerRow]:
        """The lines on these stories or entries, by channel."""
        condition = or_(ledger.c.story.in_(stories), ledger.c.guid.in_(guids))
        query = select(ledger).where(condition).order_by(ledger.c.channel, ledger.c.story)
        return [ledger_value(row) for row in self._connection.execute(query)]

    def put_baseline(self, rows: Iterable[LedgerRow]) -> None:
        """Writes each that the ledger does not hold yet."""
        if values := [ledger_values(row) for row in rows]:
            self._connection.execute(insert(ledger).on_conflict_do_nothing(), values)

    def take(self, stories: Iterable[Owed]) -> list[Owed]:
        """Writes each as owed unless the ledger holds it already; gives those that are new."""
        taken = [story for story in stories if self._enter(_as_row(story))]
        for story in taken:
            self._connection.execute(insert(owed).values(owed_values(story) | {"suspect": False}))
        return taken

    def release(self, stories: Iterable[Owed]) -> None:
        """Forgets stories that were withdrawn before they were sent; should they return, they count anew."""
        for story in stories:
            for table in (owed, ledger):
                self._connection.execute(delete(table).where(_is(table, story)))

    # what is owed

    def owed(self, route: str | None = None) -> list[Owed]:
        """What waits for a message, oldest first."""
        query = select(owed).order_by(owed.c.qualified, owed.c.channel, owed.c.story)
        if route is not None:
            query = query.where(owed.c.route == route)
        return [owed_value(row) for row in self._connection.execute(query)]

    def put_into(self, delivery: str, stories: Sequence[Owed]) -> datetime | None:
        """Moves owed stories into a message. Gives the oldest suspect one's time, if there is any."""
        suspect: datetime | None = None
        for story in stories:
            row = self._connection.execute(select(owed).where(_is(owed, story))).first()
            if row is not None and row.suspect:
                suspect = row.qualified if suspect is None else min(suspect, row.qualified)
            self._connection.execute(delete(owed).where(_is(owed, story)))
            self._connection.execute(update(ledger).where(_is(ledger, story)).values(delivery=delivery))
        return suspect

    def put_back(self, ids: Iterable[str]) -> None:
        """Owes the stories of these messages again; the times of digests that they were for reopen."""
        for some in _batches(sorted(ids)):
            of_them = ledger.c.delivery.in_(some)
            lines = [ledger_value(row) for row in self._connection.execute(select(ledger).where(of_them))]
            if lines:
                values = [owed_values(_as_owed(line)) | {"suspect": False} for line in lines]
                self._connection.execute(insert(owed).on_conflict_do_nothing(), values)
            again = {"delivery": None, "kind": LedgerKind.OWED.value}
            self._connection.execute(update(ledger).where(of_them).values(again))
            self._connection.execute(delete(digest_slots).where(digest_slots.c.delivery.in_(some)))

    def arrivals(self, route: str, since: datetime) -> list[tuple[datetime, int]]:
        """How many stories the route took at which moments since then, oldest first."""
        taken = and_(
            ledger.c.route == route, ledger.c.at >= since, ledger.c.kind != LedgerKind.BASELINE.value
        )
        query = select(ledger.c.at, func.count().label("n")).where(taken).group_by(ledger.c.at)
        return [(row.at, row.n) for row in self._connection.execute(query.order_by(ledger.c.at))]

    def oldest(self, route: str, messages: Select[tuple[str]]) -> datetime | None:
        """When the route took the first story that is owed or in one of these messages; None if none is."""
        waits = select(func.min(owed.c.qualified)).where(owed.c.route == route)
        written = select(func.min(ledger.c.at)).where(ledger.c.delivery.in_(messages))
        found = [self._connection.scalar(query) for query in (waits, written)]
        return min((moment for moment in found if moment is not None), default=None)

    def announced(self, delivery: str, kind: LedgerKind = LedgerKind.ANNOUNCED) -> None:
        """All stories of this message are in the channel, or (SHOWN) were drawn in the terminal."""
        self._connection.execute(update(ledger).where(ledger.c.delivery == delivery).values(kind=kind.value))

    def forget(self, delivery: str, guids: Sequence[str] | None = None) -> None:
        """Forgets the stories of a message that was never sent, or of some of its entries."""
        condition = ledger.c.delivery == delivery
        if guids is not None:
            condition = and_(condition, ledger.c.guid.in_(guids))
        self._connection.execute(delete(ledger).where(condition))

    def guids_in(self, delivery: str) -> list[str]:
        """The entries that a message holds or counts."""
        query = select(ledger.c.guid).where(ledger.c.delivery == delivery).order_by(ledger.c.guid)
        return list(self._connection.scalars(query))

    def deliveries_with(self, guids: Iterable[str]) -> list[str]:
        """Ids of the messages that hold or count any of these entries."""
        found: set[str] = set()
        for some in _batches(sorted(set(guids))):
            query = select(ledger.c.delivery).where(ledger.c.guid.in_(some), ledger.c.delivery.is_not(None))
            found.update(str(row.delivery) for row in self._connection.execute(query))
        return sorted(found)

    # routes and their silent beginning

    def begun(self) -> dict[str, str]:
        """The fingerprint of each route that has begun, by name."""
        return {row.name: row.fingerprint for row in self._connection.execute(select(routes))}

    def began(self) -> dict[str, datetime]:
        """When each route began, by name."""
        return {row.name: row.began for row in self._connection.execute(select(routes))}

    def begin(self, route: Route, fingerprint: str, now: datetime) -> None:
        """Notes that the route, as it is now, has had its silent beginning."""
        values = {"name": route.name, "channel": route.channel, "fingerprint": fingerprint, "began": now}
        statement = insert(routes).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def settle_routes(self, names_by_channel: Mapping[str, Sequence[str]]) -> tuple[int, int]:
        """Hands what gone routes still owe to the first route of the same channel, else lets it go.

        `names_by_channel` are the routes of today in order. What no route's channel takes becomes baseline.
        Gives how many were handed on and how many let go, so that the caller can say so.
        """
        handed = gone = 0
        for story in self.owed():
            names = names_by_channel.get(story.channel, ())
            if story.route in names:
                continue
            if names:
                handed += 1
                for table in (owed, ledger):
                    self._connection.execute(update(table).where(_is(table, story)).values(route=names[0]))
            else:
                gone += 1
                self._connection.execute(delete(owed).where(_is(owed, story)))
                baseline = {"kind": LedgerKind.BASELINE.value, "reason": RouteReason.BASELINE.value}
                self._connection.execute(update(ledger).where(_is(ledger, story)).values(baseline))
        known = [name for names in names_by_channel.values() for name in names]
        self._connection.execute(delete(routes).where(routes.c.name.not_in(known)))
        return handed, gone

    # the times of digests

    def slot_done(self, route: str, slot: Slot) -> bool:
        query = select(digest_slots.c.route).where(
            digest_slots.c.route == route, digest_slots.c.nominal == slot.nominal
        )
        return self._connection.execute(query).first() is not None

    def finish_slot(self, route: str, slot: Slot, outcome: str, delivery: str | None = None) -> bool:
        """Notes that this time of the digest is dealt with; False if it was already."""
        statement = insert(digest_slots).values(
            route=route, nominal=slot.nominal, at=slot.at, outcome=outcome, delivery=delivery
        )
        return self._connection.execute(statement.on_conflict_do_nothing()).rowcount == 1

    def slots(self, route: str, *, limit: int = 10) -> list[tuple[Slot, str, str | None]]:
        """The last times of a route's digest, newest first, with outcome and message."""
        query = select(digest_slots).where(digest_slots.c.route == route)
        found = self._connection.execute(query.order_by(digest_slots.c.at.desc()).limit(limit))
        return [(Slot(nominal=row.nominal, at=row.at), row.outcome, row.delivery) for row in found]

    # mutes

    def mute(self, route: str, *, since: datetime, until: datetime, why: str) -> Mute:
        statement = insert(mutes).values(route=route, since=since, until=until, why=why)
        number = self._connection.execute(statement.returning(mutes.c.id)).scalar_one()
        return Mute(id=number, route=route, since=since, until=until, why=why)

    def unmute(self, route: str, now: datetime) -> int:
        """Lifts the route's mutes; tells how many were in force."""
        membership = and_(mutes.c.route == route, mutes.c.until > now, mutes.c.lifted.is_(None))
        return self._connection.execute(update(mutes).where(membership).values(lifted=now)).rowcount

    def mutes(self, *, ended_after: datetime) -> list[Mute]:
        """The mutes that stand, or stood at some time after this moment, oldest first."""
        end = func.min(mutes.c.until, func.coalesce(mutes.c.lifted, mutes.c.until))
        query = select(mutes).where(end > ended_after).order_by(mutes.c.since, mutes.c.id)
        return [Mute(**row) for row in self._connection.execute(query).mappings()]

    def distrust(self) -> None:
        """After a restored backup: what is owed may have been sent since, and is looked for first."""
        self._connection.execute(update(owed).values(suspect=True))

    def _enter(self, row: LedgerRow) -> bool:
        statement = insert(ledger).values(ledger_values(row)).on_conflict_do_nothing()
        return self._connection.execute(statement).rowcount == 1


def _is(table: Any, story: Owed) -> Any:
    return and_(table.c.channel == story.channel, table.c.story == story.story)


def _as_row(story: Owed) -> LedgerRow:
    return LedgerRow(
        channel=story.channel,
        story=story.story,
        guid=story.guid,
        route=story.route,
        kind=LedgerKind.OWED,
        reason=story.reason,
        at=story.qualified,
    )


def _as_owed(line: LedgerRow) -> Owed:
    return Owed(
        route=line.route,
        channel=line.channel,
        story=line.story,
        guid=line.guid,
        reason=line.reason,
        qualified=line.at,
    )


def _batches(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
