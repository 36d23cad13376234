"""What is to be done with messages, in the order of its time; edits of posted ones come after all messages.

Works on the caller's open transaction, by index, and reads only as far as it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import closing
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, select

from syndicator.alerts import BY_CHANNEL, DeliveryState, SlackMethod
from syndicator.store.outbox_tables import EDITS, channels, deliveries, rate_limits

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
