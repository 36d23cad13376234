"""The outbox: messages owed, and what became of each try. One writer; the caller's open transaction.

    owed -A-> sending -B-> sent
              sending -C-> owed      refused for certain: again later
              sending -D-> unclear   accepted or not, nobody knows; also when a lease expires
              unclear -E-> sent      found in the channel
              unclear -F-> owed      looked for twice, not there
    sending, unclear -K-> shown      drawn in the terminal, as `slack: preview` asks
    owed, sending, unclear -G-> failed    24 hours, or a person must act; visible
    failed, shown -H-> owed or unclear      `retry`; unclear where the last try may have been accepted
    owed, unclear, failed -J-> dropped    by the operator, or withdrawn before it was sent
    owed -L-> released       a mute, quiet hours or a flood began: its stories are owed again
    dropped, released -M-> owed      its stories are due again, and the message has the same id

An edit of a posted message goes the same way, but is never unclear: it is made again (C, D: owed, `unsure`),
after `confirm_after`, since it is the same edit. Where Slack edits the message no more it is dropped (J).

A claim is (id, attempts): `settle` obeys only if both, and the state, are still as they were when claimed, so
that an answer that comes after its lease has expired changes nothing that was decided since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, not_, select, update

from syndicator.alerts import Delivery, DeliveryState, LedgerKind, LedgerRow, Retry, Way
from syndicator.store.channels import Channels, MayLeave, first_ready, select_ready
from syndicator.store.dialect import replace_if, row_of, unindexed
from syndicator.store.edits import Edits
from syndicator.store.ledger import Ledger
from syndicator.store.outbox_tables import EDITS, WAITING, deliveries, ledger
from syndicator.store.tables import UtcTime

HOUR = timedelta(hours=1)
OPEN = (DeliveryState.OWED, DeliveryState.UNCLEAR)
"""States from which something is to be done."""

ANNOUNCED = {DeliveryState.SENT: LedgerKind.ANNOUNCED, DeliveryState.SHOWN: LedgerKind.SHOWN}
"""The states in which a message has come to its end, and what the ledger then says of its stories."""

TAKEN_BACK = (DeliveryState.DROPPED, DeliveryState.RELEASED)
"""The states of messages that were not sent and will not be, as they are."""

WRITTEN = ("id", "route", "channel", "message", "guids", "more", "created", "edit_of", "edit_due")
"""What the writer of a message says of it; no answer to a claim changes that."""

UNCLEAR = case((EDITS, DeliveryState.OWED.value), else_=DeliveryState.UNCLEAR.value)
"""What becomes of a try that may have been accepted: an edit is made again, a message is looked for."""


class Outbox:
    """One open transaction on the messages; `ledger`, `channels` and `edits` are its other parts.

    What is asked by state, channel or id is found by index: it costs what is found, however long the history.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.ledger = Ledger(connection)
        self.channels = Channels(connection)
        self.edits = Edits(connection)

    # writing what is owed

    def write(self, delivery: Delivery, stories: Sequence[LedgerRow]) -> bool:
        """Writes a message owed and puts its stories into it, in one.

        A message with this id that was dropped or released comes to life again; any other is left as it is,
        and then the answer is False. Where a story is suspect, or `look_from` is given, the message begins as
        unclear: it is looked for first.
        """
        suspect = self.ledger.put_into(delivery.id, stories)
        row = row_of(delivery)
        if look_from := [moment for moment in (suspect, delivery.look_from) if moment is not None]:
            unsure = suspect is not None
            row |= {"state": DeliveryState.UNCLEAR, "look_from": min(look_from), "unsure": unsure}
        if not replace_if(self._connection, deliveries, row, deliveries.c.state.in_(TAKEN_BACK)):
            known = self.find(delivery.id)
            if known is not None and known.state in ANNOUNCED:
                self.ledger.announced(known.id, ANNOUNCED[known.state])
            return False
        self.channels.know(delivery.channel, delivery.created)
        return True

    def recompose(self, delivery: Delivery) -> bool:
        """Replaces the text of a message that waits; False if it waits no longer."""
        waits = and_(deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.OWED)
        values = {name: getattr(delivery, name) for name in ("message", "guids", "more")}
        return bool(self._change(waits, values))

    # sending

    def claim(
        self,
        now: datetime,
        *,
        lease: timedelta,
        pace: timedelta,
        busy: Collection[str] = (),
        may_leave: MayLeave = lambda _route, _channel: True,
        limit: int = 8,
    ) -> Sequence[Delivery]:
        """What is to be done now: at most one message per channel, none for `busy` ones, most overdue first,
        edits after all messages.

        What may not leave stays, and holds up no other route. Those that come as `sending` are to be sent,
        those that come as `unclear` to be looked for. Each claimed channel is paced: nothing more goes to it
        before `now + pace`. Reads what is due until it has `limit`.
        """
        ids = select_ready(self._connection, now, busy=busy, may_leave=may_leave, limit=limit)
        found = (self.find(id) for id in ids)
        return [self._claim(delivery, now, lease, pace) for delivery in found if delivery is not None]

    def settle(self, claimed: Delivery, after: Delivery, *, now: datetime) -> bool:
        """Notes what became of a claim; False, and nothing is noted, if it was lost meanwhile."""
        # That it was sent counts even when it is late.
        late = claimed.state is DeliveryState.SENDING and after.state is DeliveryState.SENT
        states = [claimed.state, DeliveryState.UNCLEAR] if late else [claimed.state]
        held = and_(
            deliveries.c.id == claimed.id,
            deliveries.c.attempts == claimed.attempts,
            deliveries.c.state.in_(states),
        )
        values = {name: value for name, value in row_of(after).items() if name not in WRITTEN}
        ended = after.state in (*ANNOUNCED, DeliveryState.DROPPED)
        values |= {"lease_until": None, "ended": now if ended else None}
        if not self._change(held, values):
            return False
        if after.state in ANNOUNCED:
            self.ledger.announced(after.id, ANNOUNCED[after.state])
        return True

    def expire_leases(
        self, now: datetime, *, confirm_after: timedelta, everything: bool = False
    ) -> Sequence[str]:
        """Makes claims whose lease has expired unclear, to be looked for after `confirm_after`; their ids.

        With `everything` all claims: at the start of the one process that sends, nobody else holds any.
        """
        condition = deliveries.c.state == DeliveryState.SENDING
        if not everything:
            condition = and_(condition, deliveries.c.lease_until <= now)
        failing = func.coalesce(deliveries.c.failing_since, literal(now, UtcTime))
        cut_off = {"error": "cut off while it was sent", "failing_since": failing}
        return self._change(condition, _unclear(now + confirm_after) | cut_off)

    def open_ways(self) -> dict[Way, int]:
        """Route and channel of the messages and edits with which something is to be done, and how many of
        these are messages; in order. Reads all that is open."""
        way = (deliveries.c.route, deliveries.c.channel)
        query = (
            select(*way, func.count().filter(not_(EDITS)))
            .where(deliveries.c.state.in_(OPEN))
            .group_by(*way)
            .order_by(*way)
        )
        return {(route, channel): count for route, channel, count in self._connection.execute(query)}

    def next_time(
        self, busy: Collection[str] = (), may_leave: MayLeave = lambda _route, _channel: True
    ) -> datetime | None:
        """The earliest moment at which `claim` or `expire_leases` could find anything; None for nothing."""
        sending = and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.channel.not_in(list(busy)))
        query = select(func.min(deliveries.c.lease_until)).where(sending)
        first: datetime | None = self._connection.scalar(query)
        ready = first_ready(self._connection, busy=busy, may_leave=may_leave)
        return min((moment for moment in (first, ready) if moment is not None), default=None)

    def reset_back_off(self, now: datetime) -> None:
        """Ends our own waits, so that all is tried at once.

        What Slack asked for stands. What is unclear keeps its time, since sending it again too early could
        post it twice, and so does an edit, since a message is edited once a minute.
        """
        self.channels.reset_back_off(now)
        waits = and_(deliveries.c.state == DeliveryState.OWED, deliveries.c.due > now)
        self._change(and_(waits, not_(EDITS)), {"due": now})

    def follow_clock(self, now: datetime, longest: timedelta) -> None:
        """At a start, and when the clock was set back: what waits does so by this clock.

        Our own back-off ends. What Slack asked for is as long as it was, from now on, where it was noted by a
        clock that was ahead; what is unclear, and an edit, waits for `longest` at most.
        """
        self.reset_back_off(now)
        self.channels.follow_clock(now)
        late = and_(deliveries.c.state.in_(OPEN), deliveries.c.due > now + longest)
        self._change(late, {"due": now + longest})

    # looking and acting

    def find(self, id: str) -> Delivery | None:
        row = self._connection.execute(select(deliveries).where(deliveries.c.id == id)).mappings().first()
        return None if row is None else Delivery(**row)

    def beginning_with(self, id: str) -> Sequence[Delivery]:
        """The messages whose id begins so, at most two: enough to know whether it is one."""
        some = and_(deliveries.c.id >= id, deliveries.c.id < id + "\U0010ffff")
        return self._deliveries(select(deliveries).where(some).limit(2))

    def list(self, states: Collection[DeliveryState] = (), *, limit: int = 100) -> Sequence[Delivery]:
        """At most `limit` messages in these states (none given: in any), newest first."""
        query = select(deliveries).order_by(deliveries.c.created.desc(), deliveries.c.id).limit(limit)
        return self._deliveries(query.where(deliveries.c.state.in_(states)) if states else query)

    def count(self) -> tuple[Counter[DeliveryState], Counter[DeliveryState]]:
        """How many messages, and how many edits, are in each state. Reads an index of the whole history."""
        state = deliveries.c.state
        query = select(state, func.count())
        queries = (query.group_by(state), query.where(EDITS).group_by(unindexed(state)))
        both, edits = (Counter({row[0]: row[1] for row in self._connection.execute(one)}) for one in queries)
        return both - edits, edits

    def sent_lately(self, channel: str, now: datetime) -> Sequence[datetime]:
        """When the channel took each message of the last hour, oldest first; what was sent by a clock that
        was hours ahead does not count."""
        within = and_(deliveries.c.ended > now - HOUR, deliveries.c.ended < now + HOUR)
        sent = and_(deliveries.c.state.in_(ANNOUNCED), within, not_(EDITS))
        query = select(deliveries.c.ended).where(deliveries.c.channel == channel, sent)
        return self._connection.scalars(query.order_by(deliveries.c.ended)).all()

    def waiting(self, channel: str | None = None) -> int:
        """How many messages wait, for one channel or for all; edits do not count."""
        states = and_(deliveries.c.state.in_((*OPEN, DeliveryState.SENDING)), not_(EDITS))
        return self._count(states if channel is None else and_(deliveries.c.channel == channel, states))

    def overflowing(self, ids: Collection[str] | None = None) -> Sequence[str]:
        """Ids of the messages, of these or (None) of all, that only count some of their stories; in order.
        Of all, it reads the whole history."""
        query = select(deliveries.c.id).where(deliveries.c.more > 0).order_by(deliveries.c.id)
        if ids is not None:
            query = query.where(deliveries.c.id.in_(ids))
        return self._connection.scalars(query).all()

    def oldest(self, route: str, channel: str) -> datetime | None:
        """When the route took the first of the stories that have not left yet; None if there is none."""
        written = ledger.c.delivery.in_(select(deliveries.c.id).where(_owed_by(route, channel)))
        found = (
            self._connection.scalar(select(func.min(ledger.c.at)).where(condition))
            for condition in (and_(ledger.c.route == route, WAITING), written)
        )
        return min((moment for moment in found if moment is not None), default=None)

    def retry(self, id: str, now: datetime, *, anyway: bool = False, can_look: bool = True) -> Retry:
        """Gives a message that failed, waits or was only shown a chance at once.

        Where the last try may have been accepted it is looked for first, unless `anyway`. Where its channel
        cannot look (`can_look`: a webhook), `anyway` is the only way, and may post twice.
        """
        known = self.find(id)
        again = (DeliveryState.FAILED, DeliveryState.OWED, DeliveryState.SHOWN, DeliveryState.UNCLEAR)
        if known is None or known.state not in again:
            return Retry.NOT_NOW
        if known.edit_of is not None and known.state is not DeliveryState.FAILED:
            return Retry.NOT_NOW
        if known.unsure and not can_look and not anyway:
            return Retry.ANYWAY
        if known.state is DeliveryState.UNCLEAR and can_look:
            return Retry.UNCLEAR
        look = known.unsure and not anyway and known.edit_of is None
        values = {
            "state": DeliveryState.UNCLEAR if look else DeliveryState.OWED,
            "due": now,
            "misses": 0,
            "unsure": known.unsure and not anyway,
            "failing_since": None,
            "ended": None,
            # Its story may have changed since it was composed.
            "edit_due": now if known.kind == "alert" else None,
        }
        self._change(deliveries.c.id == id, values)
        self.channels.hold(known.channel, now)
        return Retry.LOOKED_UP if look else Retry.AGAIN

    def release(self, way: Way, why: str, now: datetime) -> int:
        """Takes back what waits to be sent by this route to this channel: its stories are owed again.

        Only what is certainly not in the channel. How many messages.
        """
        waits = and_(_owed_by(*way), deliveries.c.unsure.is_(False))
        ids = self._change(waits, {"state": DeliveryState.RELEASED, "error": why, "ended": now})
        self.ledger.put_back(ids)
        return len(ids)

    def drop(self, id: str, why: str, now: datetime, *, forget: bool = False) -> bool:
        """Ends a message that was not sent; False if it is under way, sent or unknown.

        With `forget` its stories are forgotten, so that they count anew should they come back; without,
        they stay in the ledger and are never announced in this channel.
        """
        states = (*OPEN, DeliveryState.FAILED)
        condition = and_(deliveries.c.id == id, deliveries.c.state.in_(states))
        values = {"state": DeliveryState.DROPPED, "error": why, "lease_until": None, "ended": now}
        if not self._change(condition, values):
            return False
        if forget:
            self.ledger.forget_message(id)
        return True

    def distrust(self, now: datetime) -> None:
        """After a restored backup: what it owes may have been sent since, and is looked for first."""
        self._change(deliveries.c.state.in_((DeliveryState.OWED, DeliveryState.SENDING)), _unclear(now))
        self.ledger.distrust()

    def _claim(self, delivery: Delivery, now: datetime, lease: timedelta, pace: timedelta) -> Delivery:
        claimed = delivery
        if delivery.state is DeliveryState.OWED:
            values: dict[str, Any] = {
                "state": DeliveryState.SENDING,
                "attempts": delivery.attempts + 1,
                "lease_until": now + lease,
                "look_from": delivery.look_from or now,
            }
            self._change(deliveries.c.id == delivery.id, values)
            claimed = replace(delivery, **values)
        self.channels.hold(delivery.channel, now + pace)
        return claimed

    def _change(self, condition: Any, values: dict[str, Any]) -> Sequence[str]:
        """The ids of the messages that were changed, in order."""
        statement = update(deliveries).where(condition).values(values).returning(deliveries.c.id)
        return sorted(self._connection.scalars(statement))

    def _count(self, condition: Any) -> int:
        return self._connection.scalar(select(func.count()).where(condition)) or 0

    def _deliveries(self, query: Any) -> Sequence[Delivery]:
        return [Delivery(**row) for row in self._connection.execute(query).mappings()]


def _unclear(due: datetime) -> dict[str, Any]:
    return {"state": UNCLEAR, "due": due, "lease_until": None, "misses": 0, "unsure": True}


def _owed_by(route: str, channel: str) -> ColumnElement[bool]:
    """The messages that wait to be sent by this route to this channel."""
    of_channel = and_(deliveries.c.channel == channel, deliveries.c.state == DeliveryState.OWED)
    return and_(of_channel, deliveries.c.route == route, not_(EDITS))
