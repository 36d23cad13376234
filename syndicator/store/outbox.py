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

A claim is (id, attempts): `settle` obeys only if both, and the state, are still as they were when claimed, so
that an answer that comes after its lease has expired changes nothing that was decided since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from syndicator.alerts import (
    ChannelState,
    Delivery,
    DeliveryState,
    LedgerKind,
    Outage,
    Owed,
    RateLimit,
    Retry,
    SlackMethod,
    Way,
)
from syndicator.store.channel_names import ChannelNames
from syndicator.store.ledger import Ledger
from syndicator.store.outages import Outages
from syndicator.store.outbox_rows import delivery_value, delivery_values
from syndicator.store.outbox_tables import attempts, channels, deliveries
from syndicator.store.rate_limits import RateLimits
from syndicator.store.tables import UtcTime

OPEN = (DeliveryState.OWED.value, DeliveryState.UNCLEAR.value)
"""States from which something is to be done."""

ANNOUNCED = {DeliveryState.SENT: LedgerKind.ANNOUNCED, DeliveryState.SHOWN: LedgerKind.SHOWN}
"""The states in which a message has come to its end, and what the ledger then says of its stories."""

TAKEN_BACK = (DeliveryState.DROPPED, DeliveryState.RELEASED)
"""The states of messages that were not sent and will not be, as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try or look; `outcome` is None where the process ended before the answer came."""

    number: int
    began: datetime
    ended: datetime | None
    outcome: str | None


class Outbox:
    """One open transaction on the messages; `ledger` is the same transaction's half of decisions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.ledger = Ledger(connection)
        self.limits = RateLimits(connection)
        self.outages = Outages(connection)
        self.names = ChannelNames(connection)

    # writing what is owed

    def write(self, delivery: Delivery, stories: Sequence[Owed]) -> bool:
        """Writes a message owed and takes its stories off what is owed, in one.

        A message with this id that was dropped or released comes to life again; any other is left as it is,
        and then the answer is False. Where a story is suspect, the message begins as unclear: it is looked
        for first.
        """
        suspect = self.ledger.put_into(delivery.id, stories)
        known = self.find(delivery.id)
        if known is not None and known.state not in TAKEN_BACK:
            if known.state in ANNOUNCED:
                self.ledger.announced(known.id, ANNOUNCED[known.state])
            return False
        values = delivery_values(delivery)
        if suspect is not None:
            values |= {"state": DeliveryState.UNCLEAR.value, "look_from": suspect, "unsure": True}
        statement = insert(deliveries).values(values)
        kept = {name: value for name, value in values.items() if name not in ("id", "attempts")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=kept))
        self._know_channel(delivery.channel, delivery.created)
        return True

    def recompose(self, delivery: Delivery) -> bool:
        """Replaces the text of a message that waits; False if it waits no longer."""
        values = delivery_values(delivery)
        changed = {name: values[name] for name in ("message", "guids", "more")}
        waits = and_(deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.OWED.value)
        return self._connection.execute(update(deliveries).where(waits).values(changed)).rowcount == 1

    # sending

    def claim(
        self,
        now: datetime,
        *,
        lease: timedelta,
        pace: timedelta,
        busy: Collection[str] = (),
        held: Collection[Way] = (),
        limit: int = 8,
    ) -> list[Delivery]:
        """What is to be done now: at most one message per channel, none for `busy` ones, most overdue first.

        Nothing is claimed of what is `held`, by route and channel, and it holds up no other route. Those
        that come as `sending` are to be sent, those that come as `unclear` to be looked for. Each claimed
        channel is paced: nothing more goes to it before `now + pace`.
        """
        due = sorted(self._due(now, busy, held), key=lambda delivery: (delivery.due, delivery.created))[
            :limit
        ]
        return [self._claim(delivery, now, lease, pace) for delivery in due]

    def settle(self, claimed: Delivery, after: Delivery, *, outcome: str, now: datetime) -> bool:
        """Notes what became of a claim; False, and nothing but the attempt is noted, if it was lost."""
        self._end_attempt(claimed, outcome, now)
        held = and_(
            deliveries.c.id == claimed.id,
            deliveries.c.attempts == claimed.attempts,
            deliveries.c.state.in_(_held_states(claimed, after)),
        )
        values = delivery_values(after) | {"lease_until": None}
        values["ended"] = now if after.state in ANNOUNCED else None
        for name in ("id", "route", "channel", "message", "guids", "more", "created"):
            del values[name]
        if self._connection.execute(update(deliveries).where(held).values(values)).rowcount == 0:
            return False
        if after.state in ANNOUNCED:
            self.ledger.announced(after.id, ANNOUNCED[after.state])
        return True

    def expire_leases(
        self, now: datetime, *, confirm_after: timedelta, everything: bool = False
    ) -> list[str]:
        """Makes claims whose lease has expired unclear, to be looked for after `confirm_after`; their ids.

        With `everything` all claims: at the start of the one process that sends, nobody else holds any.
        """
        condition = deliveries.c.state == DeliveryState.SENDING.value
        if not everything:
            condition = and_(condition, deliveries.c.lease_until <= now)
        values = {
            "state": DeliveryState.UNCLEAR.value,
            "due": now + confirm_after,
            "lease_until": None,
            "misses": 0,
            "unsure": True,
            "error": "cut off while it was sent",
            "failing_since": func.coalesce(deliveries.c.failing_since, literal(now, UtcTime)),
        }
        statement = update(deliveries).where(condition).values(values).returning(deliveries.c.id)
        return sorted(self._connection.scalars(statement))

    def open_ways(self) -> list[Way]:
        """Route and channel of each message with which something is to be done."""
        query = (
            select(deliveries.c.route, deliveries.c.channel).where(deliveries.c.state.in_(OPEN)).distinct()
        )
        return sorted((row.route, row.channel) for row in self._connection.execute(query))

    def next_time(self, busy: Collection[str] = (), held: Collection[Way] = ()) -> datetime | None:
        """The earliest moment at which `claim` or `expire_leases` could find anything; None for nothing."""
        free = select(channels).where(channels.c.channel.not_in(list(busy)))
        limits = self._limits()
        times: list[datetime] = []
        for channel in self._connection.execute(free).all():
            times += [
                max(due, channel.not_before, limits(channel.channel, state) or due)
                for state in OPEN
                if (due := self._earliest(channel.channel, state, held)) is not None
            ]
        lease = self._connection.scalar(
            select(func.min(deliveries.c.lease_until)).where(
                deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.channel.not_in(list(busy))
            )
        )
        return min([*times, lease] if lease is not None else times, default=None)

    # channels

    def channel(self, name: str) -> ChannelState | None:
        row = self._connection.execute(select(channels).where(channels.c.channel == name)).mappings().first()
        return None if row is None else ChannelState(**row)

    def channels(self) -> list[ChannelState]:
        """All channels that ever had a message, by name."""
        found = self._connection.execute(select(channels).order_by(channels.c.channel)).mappings()
        return [ChannelState(**row) for row in found]

    def put_channel(self, state: ChannelState) -> None:
        values = {name: getattr(state, name) for name in ChannelState.__dataclass_fields__}
        statement = insert(channels).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["channel"], set_=values))

    def outage(self) -> Outage | None:
        """The outage of Slack that lasts; None while it answers, and for a single call that failed."""
        found = self.outages.current()
        return found if found is not None and found.is_certain else None

    def put_limit(self, limit: RateLimit) -> None:
        """Keeps how long Slack asked to wait; nothing but time ends that."""
        self.limits.put(limit)

    def reset_back_off(self, now: datetime) -> None:
        """Ends our own waits, so that all is tried at once: at a start, or when the clock was set back.

        What Slack asked for stands. What is unclear keeps its time, since sending it again too early could
        post it twice.
        """
        self.limits.follow_clock(now)
        self._connection.execute(update(channels).where(channels.c.not_before > now).values(not_before=now))
        paused = and_(deliveries.c.state == DeliveryState.OWED.value, deliveries.c.due > now)
        self._connection.execute(update(deliveries).where(paused).values(due=now))

    def recent(self, channel: str, since: datetime) -> int:
        """How many messages the channel has had since then, by when they were sent, and how many wait for it.

        Whatever waits may be sent within the hour, however long ago it was written.
        """
        sent = and_(
            deliveries.c.channel == channel,
            deliveries.c.ended > since,
            deliveries.c.state.in_([state.value for state in ANNOUNCED]),
        )
        had: int = self._connection.scalar(select(func.count()).where(sent)) or 0
        return had + self.waiting(channel)

    def waiting(self, channel: str) -> int:
        """How many messages wait for the channel."""
        states = (*OPEN, DeliveryState.SENDING.value)
        condition = and_(deliveries.c.channel == channel, deliveries.c.state.in_(states))
        return self._connection.scalar(select(func.count()).where(condition)) or 0

    # looking and acting

    def find(self, id: str) -> Delivery | None:
        row = self._connection.execute(select(deliveries).where(deliveries.c.id == id)).first()
        return None if row is None else delivery_value(row)

    def list(self, states: Collection[DeliveryState] = (), *, limit: int = 100) -> Sequence[Delivery]:
        """Messages in these states (none given: in any), newest first."""
        query = select(deliveries).order_by(deliveries.c.created.desc(), deliveries.c.id).limit(limit)
        if states:
            query = query.where(deliveries.c.state.in_([state.value for state in states]))
        return [delivery_value(row) for row in self._connection.execute(query)]

    def count(self) -> dict[DeliveryState, int]:
        query = select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state)
        return {DeliveryState(row.state): row.n for row in self._connection.execute(query)}

    def waiting_with(self, guids: Iterable[str]) -> Sequence[Delivery]:
        """The messages that wait to be sent and hold or count any of these entries."""
        found = (self.find(id) for id in self.ledger.deliveries_with(guids))
        return [one for one in found if one is not None and one.state is DeliveryState.OWED]

    def overflowing(self, guids: Iterable[str] | None = None) -> Sequence[str]:
        """Ids of the messages that only count some of their stories; with `guids`, those that have these."""
        query = select(deliveries.c.id).where(deliveries.c.more > 0).order_by(deliveries.c.id)
        if guids is not None:
            query = query.where(deliveries.c.id.in_(self.ledger.deliveries_with(guids)))
        return self._connection.scalars(query).all()

    def attempts(self, id: str) -> Sequence[Attempt]:
        """All tries and looks of one message, oldest first."""
        query = select(attempts).where(attempts.c.delivery == id).order_by(attempts.c.id)
        return [
            Attempt(number=row.number, began=row.began, ended=row.ended, outcome=row.outcome)
            for row in self._connection.execute(query)
        ]

    def retry(self, id: str, now: datetime, *, anyway: bool = False, can_look: bool = True) -> Retry:
        """Gives a message that failed, waits or was only shown a chance at once.

        Where the last try may have been accepted it is looked for first, unless `anyway`. Where its channel
        cannot look (`can_look`: a webhook), `anyway` is the only way, and may post twice.
        """
        known = self.find(id)
        again = (DeliveryState.FAILED, DeliveryState.OWED, DeliveryState.SHOWN, DeliveryState.UNCLEAR)
        if known is None or known.state not in again:
            return Retry.NOT_NOW
        if known.unsure and not can_look and not anyway:
            return Retry.ANYWAY
        if known.state is DeliveryState.UNCLEAR and can_look:
            return Retry.UNCLEAR
        look = known.unsure and not anyway
        values = {
            "state": (DeliveryState.UNCLEAR if look else DeliveryState.OWED).value,
            "due": now,
            "misses": 0,
            "unsure": look,
            "failing_since": None,
            "ended": None,
        }
        self._connection.execute(update(deliveries).where(deliveries.c.id == id).values(values))
        self._connection.execute(
            update(channels).where(channels.c.channel == known.channel).values(not_before=now)
        )
        return Retry.LOOKED_UP if look else Retry.AGAIN

    def release(self, way: Way, why: str, now: datetime) -> int:
        """Takes back what waits to be sent by this route to this channel: its stories are owed again.

        Only what is certainly not in the channel. How many messages.
        """
        route, channel = way
        waits = and_(
            deliveries.c.route == route,
            deliveries.c.channel == channel,
            deliveries.c.state == DeliveryState.OWED.value,
            deliveries.c.unsure.is_(False),
        )
        values = {"state": DeliveryState.RELEASED.value, "error": why, "ended": now}
        statement = update(deliveries).where(waits).values(values).returning(deliveries.c.id)
        ids = self._connection.scalars(statement).all()
        self.ledger.put_back(ids)
        return len(ids)

    def oldest(self, route: str) -> datetime | None:
        """When the route took the first of the stories that have not left yet; None if there is none."""
        return self.ledger.oldest(
            route,
            select(deliveries.c.id).where(
                deliveries.c.route == route, deliveries.c.state == DeliveryState.OWED.value
            ),
        )

    def drop(self, id: str, why: str, now: datetime, *, release: bool = False) -> bool:
        """Ends a message that was not sent; False if it is under way, sent or unknown.

        With `release` its stories are forgotten, so that they count anew should they come back; without,
        they stay in the ledger and are never announced in this channel.
        """
        states = (*OPEN, DeliveryState.FAILED.value)
        condition = and_(deliveries.c.id == id, deliveries.c.state.in_(states))
        values = {
            "state": DeliveryState.DROPPED.value,
            "error": why,
            "lease_until": None,
            "ended": now,
        }
        dropped = self._connection.execute(update(deliveries).where(condition).values(values)).rowcount == 1
        if dropped and release:
            self.ledger.forget(id)
        return dropped

    def distrust(self, now: datetime) -> None:
        """After a restored backup: what it owes may have been sent since, and is looked for first."""
        states = (DeliveryState.OWED.value, DeliveryState.SENDING.value)
        values = {
            "state": DeliveryState.UNCLEAR.value,
            "due": now,
            "lease_until": None,
            "misses": 0,
            "unsure": True,
        }
        self._connection.execute(update(deliveries).where(deliveries.c.state.in_(states)).values(values))
        self.ledger.distrust()

    def prune(self, before: datetime) -> int:
        """Forgets the tries that ended before this moment; messages and ledger are kept. How many."""
        return self._connection.execute(delete(attempts).where(attempts.c.ended < before)).rowcount

    def _due(self, now: datetime, busy: Collection[str], held: Collection[Way]) -> Iterable[Delivery]:
        free = select(channels.c.channel).where(
            channels.c.not_before <= now, channels.c.channel.not_in(list(busy))
        )
        limits = self._limits()
        for name in self._connection.scalars(free).all():
            states = [state for state in OPEN if (limits(name, state) or now) <= now]
            found = [row for state in states if (row := self._first(name, state, now, held)) is not None]
            if found:
                yield min((delivery_value(row) for row in found), key=lambda one: (one.due, one.created))

    def _limits(self) -> Callable[[str, str], datetime | None]:
        """Until when Slack asked for no message (`owed`) or no look (`unclear`), by channel and state."""
        posting, looking = self.limits.posting(), self.limits.until(SlackMethod.HISTORY)
        return lambda channel, state: posting.get(channel) if state == DeliveryState.OWED.value else looking

    def _first(self, channel: str, state: str, now: datetime, held: Collection[Way]) -> Row[Any] | None:
        query = select(deliveries).where(_waits(channel, state, held), deliveries.c.due <= now)
        return self._connection.execute(
            query.order_by(deliveries.c.due, deliveries.c.created).limit(1)
        ).first()

    def _earliest(self, channel: str, state: str, held: Collection[Way]) -> datetime | None:
        query = select(func.min(deliveries.c.due)).where(_waits(channel, state, held))
        found: datetime | None = self._connection.scalar(query)
        return found

    def _claim(self, delivery: Delivery, now: datetime, lease: timedelta, pace: timedelta) -> Delivery:
        claimed = delivery
        if delivery.state is DeliveryState.OWED:
            claimed = replace(
                delivery,
                state=DeliveryState.SENDING,
                attempts=delivery.attempts + 1,
                lease_until=now + lease,
                look_from=delivery.look_from or now,
            )
            fields = ("state", "attempts", "lease_until", "look_from")
            changed = {name: value for name, value in delivery_values(claimed).items() if name in fields}
            self._connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(changed))
        attempt = {"delivery": delivery.id, "number": claimed.attempts, "began": now}
        self._connection.execute(insert(attempts).values(attempt))
        self._connection.execute(
            update(channels).where(channels.c.channel == delivery.channel).values(not_before=now + pace)
        )
        return claimed

    def _end_attempt(self, claimed: Delivery, outcome: str, now: datetime) -> None:
        last = select(func.max(attempts.c.id)).where(
            attempts.c.delivery == claimed.id, attempts.c.number == claimed.attempts
        )
        self._connection.execute(
            update(attempts).where(attempts.c.id == last.scalar_subquery()).values(ended=now, outcome=outcome)
        )

    def _know_channel(self, name: str, now: datetime) -> None:
        statement = insert(channels).values(channel=name, not_before=now, failures=0)
        self._connection.execute(statement.on_conflict_do_nothing())


def _waits(channel: str, state: str, held: Collection[Way]) -> ColumnElement[bool]:
    routes = [route for route, name in held if name == channel]
    return and_(
        deliveries.c.channel == channel, deliveries.c.state == state, deliveries.c.route.not_in(routes)
    )


def _held_states(claimed: Delivery, after: Delivery) -> list[str]:
    """From which states the answer to a claim still counts: that it was sent counts even when it is late."""
    late = claimed.state is DeliveryState.SENDING and after.state is DeliveryState.SENT
    return [claimed.state.value, DeliveryState.UNCLEAR.value] if late else [claimed.state.value]
