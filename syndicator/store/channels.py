"""Slack's channels as they are known, and what waits for them, in the order of its time.

How each channel does, how long Slack asked to wait, which name has which id: what was found out is kept, and
nothing decided. Works on the caller's open transaction; the queue is read by index, and only as far as it is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import closing
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, select, text, update

from syndicator.alerts import BY_CHANNEL, ChannelState, DeliveryState, RateLimit, SlackMethod
from syndicator.store.dialect import change_unless_taken, insert_missing, row_of, upsert
from syndicator.store.ledger import Ledger
from syndicator.store.outbox_tables import (
    EDITS,
    channel_names,
    channels,
    deliveries,
    ledger,
    rate_limits,
    routes,
)
from syndicator.store.tables import microseconds

_BEGIN_NOW = text("UPDATE rate_limits SET until = until - since + :now, since = :now WHERE since > :now")
_BEGUN = and_(deliveries.c.state.in_((DeliveryState.SENDING, DeliveryState.UNCLEAR)), not_(EDITS))


class Channels:
    """One open transaction on what is known of channels."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, channel: str) -> ChannelState | None:
        """How a channel does; None for one that never had a message."""
        query = select(channels).where(channels.c.channel == channel)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ChannelState(**row)

    def broken(self) -> list[ChannelState]:
        """The channels that need a person, by name. Reads all channels."""
        query = select(channels).where(channels.c.broken.is_not(None)).order_by(channels.c.channel)
        return [ChannelState(**row) for row in self._connection.execute(query).mappings()]

    def put(self, state: ChannelState) -> None:
        upsert(self._connection, channels, [row_of(state)])

    def know(self, channel: str, now: datetime) -> None:
        """Notes a channel that has its first message."""
        insert_missing(self._connection, channels, [row_of(ChannelState(channel=channel, not_before=now))])

    def hold(self, channel: str, until: datetime) -> None:
        """Nothing more goes to the channel before that."""
        self._connection.execute(
            update(channels).where(channels.c.channel == channel).values(not_before=until)
        )

    def reset_back_off(self, now: datetime) -> None:
        """Ends our own waits. What Slack asked for stands."""
        self._connection.execute(update(channels).where(channels.c.not_before > now).values(not_before=now))

    # what Slack asked for

    def put_limit(self, limit: RateLimit) -> None:
        """Keeps how long Slack asked to wait, in place of what it asked for before; only time ends that."""
        upsert(self._connection, rate_limits, [row_of(limit)])

    def follow_clock(self, now: datetime) -> None:
        """What was asked for by a clock that is ahead of this one begins now, and is as long."""
        self._connection.execute(_BEGIN_NOW, {"now": microseconds(now)})

    def limited_until(self, method: SlackMethod) -> datetime | None:
        """Until when the workspace may not call this method; past, or None, if it may."""
        of_all = (rate_limits.c.method == method, rate_limits.c.channel == "")
        return self._connection.scalar(select(rate_limits.c.until).where(*of_all))

    # names and ids

    def ids(self) -> dict[str, str]:
        """The id of each name that is known, by the name as Slack has it: no `#`, lower case."""
        return {row.name: row.id for row in self._connection.execute(select(channel_names))}

    def put_ids(self, ids: Mapping[str, str], now: datetime) -> None:
        rows = [{"name": name, "id": id, "at": now} for name, id in ids.items()]
        upsert(self._connection, channel_names, rows)

    def used(self) -> set[str]:
        """All that channels are called here: by routes, and by whatever was written for them."""
        some = (self._connection.scalars(select(table.c.channel)) for table in (routes, channels))
        return {name for names in some for name in names}

    def carry_over(self, name: str, id: str) -> int:
        """Moves all that is kept under a channel's name to its id; how many rows of the ledger.

        To be called once the messages that wait in either are taken back.
        """
        for table in (channels, rate_limits):
            change_unless_taken(self._connection, table, table.c.channel == name, channel=id)
        for other in (deliveries, routes):
            self._connection.execute(update(other).where(other.c.channel == name).values(channel=id))
        return Ledger(self._connection).move(name, id)

    def begun_ways(self) -> set[tuple[str, str]]:
        """Route and channel of what is being sent or may have been; by index."""
        query = select(deliveries.c.route, deliveries.c.channel).where(_BEGUN)
        return {(route, channel) for route, channel in self._connection.execute(query)}

    def hand_over(self, way: tuple[str, str], to: str) -> None:
        """Leaves to another route of the channel what a route has begun to send there, and may have sent."""
        which = and_(_BEGUN, deliveries.c.route == way[0], deliveries.c.channel == way[1])
        stories = ledger.c.delivery.in_(select(deliveries.c.id).where(which))
        self._connection.execute(update(ledger).where(stories).values(route=to))
        self._connection.execute(update(deliveries).where(which).values(route=to))


MayLeave = Callable[[str, str], bool]
"""Whether a message of this route may go to this channel now."""


class Waiting(NamedTuple):
    """A message that is to be sent or looked for: due at `due`, and then when its channel rests no longer."""

    id: str
    route: str
    channel: str
    due: datetime
    ready: datetime


def _queue(which: ColumnElement[bool], state: DeliveryState, limit: ColumnElement[bool]) -> Select[Any]:
    """The messages in a state, by their time, with until when their channel rests by us and by Slack."""
    limited = select(func.max(rate_limits.c.until)).where(limit).scalar_subquery()
    columns = (deliveries.c[name] for name in ("id", "route", "channel", "due", "created"))
    return (
        select(*columns, channels.c.not_before, limited.label("limited"))
        .join(channels, channels.c.channel == deliveries.c.channel)
        .where(deliveries.c.state == state, which)
        .order_by(deliveries.c.due, deliveries.c.created)
    )


def _of_all(method: SlackMethod) -> ColumnElement[bool]:
    """What Slack limits for the whole workspace."""
    return and_(rate_limits.c.channel == "", rate_limits.c.method == method)


_POSTING = and_(rate_limits.c.channel == deliveries.c.channel, rate_limits.c.method.in_(BY_CHANNEL))
# Made once: such a statement takes longer to make than to run.
_MESSAGES = (
    _queue(not_(EDITS), DeliveryState.OWED, _POSTING),
    _queue(not_(EDITS), DeliveryState.UNCLEAR, _of_all(SlackMethod.HISTORY)),
)
_EDITS = (_queue(EDITS, DeliveryState.OWED, _of_all(SlackMethod.UPDATE)),)


def select_ready(
    connection: Connection, now: datetime, *, busy: Collection[str], may_leave: MayLeave, limit: int
) -> list[str]:
    """Ids of what is to be done now: at most one per channel, none for `busy` ones, most overdue first, edits
    last. What may not leave is passed over. Reads what is due until it has `limit`."""
    ids: list[str] = []
    taken = set(busy)
    for queries in (_MESSAGES, _EDITS):
        with closing(_read(connection, queries)) as queue:
            for row in queue:
                if row.due > now or len(ids) == limit:
                    break
                if row.channel in taken or row.ready > now or not may_leave(row.route, row.channel):
                    continue
                ids.append(row.id)
                taken.add(row.channel)
    return ids


def first_ready(connection: Connection, *, busy: Collection[str], may_leave: MayLeave) -> datetime | None:
    """The earliest moment at which `select_ready` finds anything; None for nothing."""
    first: datetime | None = None
    for queries in (_MESSAGES, _EDITS):
        with closing(_read(connection, queries)) as queue:
            for row in queue:
                if first is not None and row.due >= first:
                    break
                if row.channel not in busy and may_leave(row.route, row.channel):
                    first = min(first or row.ready, row.ready)
    return first


def _read(connection: Connection, queries: tuple[Select[Any], ...]) -> Generator[Waiting]:
    """All that is to be sent or looked for, by its time. To be closed once it is read far enough."""
    found = [connection.execute(query) for query in queries]
    try:
        for row in merge(*found, key=lambda row: (row.due, row.created)):
            ready = max(row.due, row.not_before, row.limited or row.due)
            yield Waiting(row.id, row.route, row.channel, row.due, ready)
    finally:
        for one in found:
            one.close()
