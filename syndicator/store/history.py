"""What was decided and sent lately, for whoever looks at the whole; nothing here changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, not_, select

from syndicator.alerts import DeliveryState, LedgerRow
from syndicator.store.outbox_tables import EDITS, deliveries, ledger

SENT = and_(deliveries.c.state == DeliveryState.SENT, not_(EDITS))
WAITING = (DeliveryState.OWED, DeliveryState.SENDING, DeliveryState.UNCLEAR)


class History:
    """One open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def oldest_waiting(self) -> tuple[int, int, datetime] | None:
        """How many messages and how many edits wait, and when the oldest of them was written; None where none
        does. By index."""
        counts = func.count().filter(not_(EDITS)), func.count().filter(EDITS)
        query = select(*counts, func.min(deliveries.c.created)).where(deliveries.c.state.in_(WAITING))
        messages, edits, oldest = self._connection.execute(query).one()
        return (messages, edits, oldest) if oldest else None

    def given_up(self) -> tuple[int, datetime] | None:
        """How many messages were given up, and when the oldest of them was written; None where none was. By
        index."""
        query = select(func.count(), func.min(deliveries.c.created))
        query = query.where(deliveries.c.state == DeliveryState.FAILED, not_(EDITS))
        count, oldest = self._connection.execute(query).one()
        return (count, oldest) if oldest else None

    def sent_since(self, since: datetime) -> Sequence[tuple[datetime, datetime]]:
        """When each message that Slack has taken since then was written and sent; in any order.

        Reads all that were sent.
        """
        query = select(deliveries.c.created, deliveries.c.ended)
        query = query.where(SENT, deliveries.c.ended >= since)
        return [(row.created, row.ended) for row in self._connection.execute(query)]

    def sent_to(self, channel: str, since: datetime) -> Sequence[datetime]:
        """When this channel took each message since then, oldest first. By index."""
        over = and_(deliveries.c.channel == channel, deliveries.c.ended > since)
        query = select(deliveries.c.ended).where(over, SENT)
        return self._connection.scalars(query.order_by(deliveries.c.ended)).all()

    def last_sent(self) -> dict[str, datetime]:
        """When each channel last took a message. Reads all that were sent."""
        query = select(deliveries.c.channel, func.max(deliveries.c.ended))
        query = query.where(SENT).group_by(deliveries.c.channel)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def decisions(self, limit: int) -> list[LedgerRow]:
        """What was decided last, newest first. Reads the whole ledger."""
        query = select(ledger).order_by(ledger.c.at.desc(), ledger.c.channel, ledger.c.story).limit(limit)
        return [LedgerRow(**row) for row in self._connection.execute(query).mappings()]

    def decided_since(self, since: datetime) -> Counter[datetime]:
        """How many decisions were taken at each moment since then. Reads an index of the whole ledger."""
        query = select(ledger.c.at, func.count()).where(ledger.c.at >= since).group_by(ledger.c.at)
        return Counter({row[0]: row[1] for row in self._connection.execute(query)})
