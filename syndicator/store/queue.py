"""What is to be done with messages, in the order of its time.

Works on the caller's open transaction, by index, and reads only as far as it is asked for.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from syndicator.alerts import BY_CHANNEL, DeliveryState, SlackMethod
from syndicator.store.outbox_tables import channels, deliveries, rate_limits


class Waiting(NamedTuple):
    """A message that is to be sent or looked for: due at `due`, and then when its channel rests no longer."""

    id: str
    route: str
    channel: str
    due: datetime
    ready: datetime


def _queue(state: DeliveryState, limit: ColumnElement[bool]) -> Select[Any]:
    """The messages in a state, by their time, with until when their channel rests by us and by Slack."""
    limited = select(func.max(rate_limits.c.until)).where(limit).scalar_subquery()
    columns = (deliveries.c[name] for name in ("id", "route", "channel", "due", "created"))
    return (
        select(*columns, channels.c.not_before, limited.label("limited"))
        .join(channels, channels.c.channel == deliveries.c.channel)
        .where(deliveries.c.state == state)
        .order_by(deliveries.c.due, deliveries.c.created)
    )


_POSTING = and_(rate_limits.c.channel == deliveries.c.channel, rate_limits.c.method.in_(BY_CHANNEL))
_LOOKING = and_(rate_limits.c.channel == "", rate_limits.c.method == SlackMethod.HISTORY)
# Made once: such a statement takes longer to make than to run.
_QUEUES = (_queue(DeliveryState.OWED, _POSTING), _queue(DeliveryState.UNCLEAR, _LOOKING))


def read_queue(connection: Connection) -> Generator[Waiting]:
    """All that is to be sent or looked for, by its time. To be closed once it is read far enough."""
    found = [connection.execute(query) for query in _QUEUES]
    try:
        for row in merge(*found, key=lambda row: (row.due, row.created)):
            ready = max(row.due, row.not_before, row.limited or row.due)
            yield Waiting(row.id, row.route, row.channel, row.due, ready)
    finally:
        for one in found:
            one.close()
