"""One channel, one ledger: the ids of channels' names, and what was kept under a name carried over to the id.

Works on the caller's open transaction. The ids of messages stay, since Slack has them in its metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from syndicator.alerts import LedgerKind
from syndicator.store.outbox_tables import (
    channel_names,
    channels,
    deliveries,
    ledger,
    owed,
    rate_limits,
    routes,
)

STRONGER = (LedgerKind.BASELINE, LedgerKind.OWED, LedgerKind.SHOWN, LedgerKind.ANNOUNCED)
"""Of two lines on one story the later of these counts: what was announced under either name is announced."""


class ChannelNames:
    """One open transaction on the names of channels."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ids(self) -> dict[str, str]:
        """The id of each name that is known, by the name as Slack has it: no `#`, lower case."""
        return {row.name: row.id for row in self._connection.execute(select(channel_names))}

    def put(self, ids: Mapping[str, str], now: datetime) -> None:
        for name, id in ids.items():
            values = {"name": name, "id": id, "at": now}
            statement = insert(channel_names).values(values)
            self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def used(self) -> set[str]:
        """All that channels are called here: by routes, and by whatever was written for them."""
        found: set[str] = set()
        for table in (routes, channels, owed):
            found.update(self._connection.scalars(select(table.c.channel).distinct()))
        return found

    def carry_over(self, name: str, id: str) -> int:
        """Moves all that is kept under a channel's name to its id; how many lines of the ledger.

        To be called once the messages that wait in either are taken back. A story is in the ledger once.
        """
        self._settle_ledger(name, id)
        count = self._move(ledger, name, id)
        for table in (owed, deliveries, routes):
            self._move(table, name, id)
        self._merge(channels, channels.c.not_before, name, id)
        self._merge(rate_limits, rate_limits.c.until, name, id)
        return count

    def carry_over_owed(self, route: str, channel: str, other: str) -> int:
        """Moves the stories that one route owes in a channel, and are in no message, to another; how many.

        What the other has or had already is not owed twice.
        """
        self._settle_ledger(channel, other, route)
        of_route = and_(owed.c.route == route, owed.c.channel == channel)
        count = self._connection.execute(update(owed).where(of_route).values(channel=other)).rowcount
        unwritten = and_(ledger.c.channel == channel, *_unwritten(ledger, route))
        self._connection.execute(update(ledger).where(unwritten).values(channel=other))
        return count

    def rename_route(self, route: str, channel: str, fingerprint: str) -> None:
        """Notes that a route that has begun is the same one under its channel's id."""
        is_it = routes.c.name == route
        self._connection.execute(update(routes).where(is_it).values(channel=channel, fingerprint=fingerprint))

    def _settle_ledger(self, name: str, id: str, route: str | None = None) -> None:
        """Of each story that both have (`name` as owed by `route`, if given), leaves the line that counts."""
        here, there = ledger.alias(), ledger.alias()
        both = select(here.c.story, here.c.kind, there.c.kind.label("other")).where(
            here.c.channel == name, there.c.channel == id, here.c.story == there.c.story
        )
        both = both if route is None else both.where(*_unwritten(here, route))
        for row in self._connection.execute(both).all():
            weaker = id if _rank(row.kind) > _rank(row.other) else name
            for table in (ledger, owed):
                is_it = and_(table.c.channel == weaker, table.c.story == row.story)
                self._connection.execute(delete(table).where(is_it))

    def _move(self, table: Any, name: str, id: str) -> int:
        return self._connection.execute(
            update(table).where(table.c.channel == name).values(channel=id)
        ).rowcount

    def _merge(self, table: Any, until: Any, name: str, id: str) -> None:
        """Moves what holds a channel back; where both have it, the later moment counts."""
        keys = [column.name for column in table.primary_key if column.name != "channel"]
        for row in self._connection.execute(select(table).where(table.c.channel == name)).mappings().all():
            values = {**row, "channel": id}
            statement = (
                insert(table)
                .values(values)
                .on_conflict_do_update(
                    index_elements=["channel", *keys],
                    set_={until.name: func.max(until, getattr(insert(table).excluded, until.name))},
                )
            )
            self._connection.execute(statement)
        self._connection.execute(delete(table).where(table.c.channel == name))


def _unwritten(lines: Any, route: str) -> tuple[ColumnElement[bool], ...]:
    """The lines on stories that the route owes and that are in no message."""
    return lines.c.route == route, lines.c.kind == LedgerKind.OWED.value, lines.c.delivery.is_(None)


def _rank(kind: str) -> int:
    return STRONGER.index(LedgerKind(kind))
