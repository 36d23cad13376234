"""Times in which Slack could not be reached: the one that lasts, and those that are over.

Works on the caller's open transaction. It keeps what was found out and decides nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from syndicator.alerts import DeliveryState, Outage, SlackMethod
from syndicator.store.outbox_tables import deliveries, outages

WAITING = (DeliveryState.OWED.value, DeliveryState.SENDING.value, DeliveryState.UNCLEAR.value)


class Outages:
    """One open transaction on the outages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> Outage | None:
        """The calls that have failed since Slack answered last, with how many messages wait."""
        row = self._connection.execute(select(outages).where(outages.c.ended.is_(None))).first()
        if row is None:
            return None
        return Outage(
            since=row.since,
            calls=row.calls,
            error=row.error,
            method=SlackMethod(row.method),
            waiting=self.waiting(),
        )

    def put(self, outage: Outage) -> None:
        values = {name: getattr(outage, name) for name in ("since", "calls", "error", "method")}
        values["ended"] = None
        statement = insert(outages).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["since"], set_=values))

    def end(self, outage: Outage, now: datetime) -> None:
        """Slack answers again. An outage that was none, of a single call, is forgotten."""
        is_it = outages.c.since == outage.since
        if outage.is_certain:
            self._connection.execute(update(outages).where(is_it).values(ended=now))
        else:
            self._connection.execute(delete(outages).where(is_it))

    def waiting(self) -> int:
        """How many messages wait, for whatever channel."""
        query = select(func.count()).where(deliveries.c.state.in_(WAITING))
        return self._connection.scalar(query) or 0
