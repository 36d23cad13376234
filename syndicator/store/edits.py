"""Edits of posted messages: which messages are to be compared with their stories, and the edits of each.

A change marks the messages that it concerns (`mark`), in its own transaction. Once they have been left alone
for a while they are compared (`due`), and what comes of it is kept (`put`): an edit, which is a row of
`deliveries` and goes the way of every message, or nothing. Works on the caller's open transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select, update

from syndicator.alerts import Delivery, DeliveryState
from syndicator.store.dialect import batches, row_of, upsert
from syndicator.store.outbox_tables import EDITS, deliveries

THERE = (DeliveryState.SENT, DeliveryState.SHOWN)
MAY_BE_THERE = (DeliveryState.SENDING, DeliveryState.UNCLEAR, DeliveryState.FAILED)
"""States of messages that may be in the channel, or get there as they are."""
ENDED_WITH_ROUTE = "its route edits no longer"


class Edits:
    """One open transaction on the edits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mark(
        self, ids: Iterable[str], due: datetime, *, routes: Collection[str], sent_after: datetime
    ) -> None:
        """Has those of the messages that are alerts of these routes compared at `due`, if they were sent
        after that or may yet be in their channel."""
        young = and_(deliveries.c.state.in_(THERE), deliveries.c.ended > sent_after)
        alerts = and_(deliveries.c.kind == "alert", deliveries.c.route.in_(list(routes)))
        for some in batches(ids if routes else ()):
            which = and_(deliveries.c.id.in_(some), alerts, or_(young, deliveries.c.state.in_(MAY_BE_THERE)))
            self._connection.execute(update(deliveries).where(which).values(edit_due=due))

    def due(self, now: datetime) -> Sequence[Delivery]:
        """The marked messages in their channels that are to be compared now, the longest due first."""
        query = select(deliveries).where(deliveries.c.edit_due <= now, deliveries.c.state.in_(THERE))
        rows = self._connection.execute(query.order_by(deliveries.c.edit_due, deliveries.c.id))
        return [Delivery(**row) for row in rows.mappings()]

    def next_due(self) -> datetime | None:
        """When `due` finds the first; None for never: what only may be in its channel has no time yet."""
        marked = and_(deliveries.c.edit_due.is_not(None), deliveries.c.state.in_(THERE))
        first: datetime | None = self._connection.scalar(
            select(func.min(deliveries.c.edit_due)).where(marked)
        )
        return first

    def of(self, id: str) -> Sequence[Delivery]:
        """The edits of a message, oldest first."""
        query = select(deliveries).where(deliveries.c.edit_of == id).order_by(deliveries.c.created)
        return [Delivery(**row) for row in self._connection.execute(query).mappings()]

    def put(self, posted: Delivery, edit: Delivery | None, again: datetime | None = None) -> None:
        """Keeps the edit, if any, and that the message was compared; with `again` it is compared once more
        then."""
        upsert(self._connection, deliveries, [row_of(edit)] if edit is not None else [])
        which = deliveries.c.id == posted.id
        self._connection.execute(update(deliveries).where(which).values(edit_due=again))

    def end(self, routes: Collection[str], now: datetime) -> None:
        """Ends what is owed, or was cut off, by routes other than these, which edit."""
        states = (DeliveryState.OWED, DeliveryState.SENDING)
        owed = and_(EDITS, deliveries.c.state.in_(states), deliveries.c.route.not_in(list(routes)))
        values = {"state": DeliveryState.RELEASED, "error": ENDED_WITH_ROUTE, "ended": now}
        self._connection.execute(update(deliveries).where(owed).values(values))
