"""Claims what is due, sends or looks for it by its route's way, and settles what came of it.

`sending` is committed before the call is made, so that no crash can lose what may have been posted. The
database is touched by the loop's own thread alone; each call has a thread of its own, one at a time per
channel and so many in all, so that a slow channel holds up nobody else. What a call brings is decided in
`retry` and obeyed here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Protocol

import structlog

from syndicator.alerts import ChannelState, Delivery, DeliveryState, channel_name
from syndicator.errors import DeliveryError, Rejected, StoreError, Unclear
from syndicator.once import SaidOnce
from syndicator.settings.models import Settings
from syndicator.slack.outage import OutageWatch
from syndicator.slack.retry import DeliveryDecision, Drawn, Finished, RetryPolicy, SlackAnswer, after_call
from syndicator.store.outbox import Outbox
from syndicator.threads import begin

if TYPE_CHECKING:
    from syndicator.slack.client import SlackBot, SlackWebhook

log = structlog.get_logger()

GRACE_S = 3.0
"""How long a stop waits for calls under way; what is not back by then is looked for after the next start."""
WORKERS = 8
"""Calls at the same time, in as many channels."""
NO_WAY_FIX = (
    "Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL (see .env.example). Where systemd keeps it for the service: "
    "run this with the unit's credential, as in deploy/README.md"
)
LOOK_ROUND_S = 30.0
"""The longest without a look at the outbox, in which another process may have put something."""
JUMP = timedelta(seconds=5)
"""A clock that goes back by more than this has been set: what waits for a later time must not wait twice."""


class Messenger(Protocol):
    """A way to a channel: Slack by token or webhook, or the terminal.

    `post` and `edit` give the message's id, None where there is none, or that it was only drawn; `find` gives
    the id if the channel has the message. All raise Refused, Rejected or Unclear.
    """

    @property
    def can_look(self) -> bool: ...
    def post(self, delivery: Delivery) -> str | Drawn | None: ...
    def edit(self, edit: Delivery) -> str | Drawn | None: ...
    def find(self, delivery: Delivery) -> str | Drawn | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Messengers:
    """Where messages go: to the terminal if that is set, else by the route's webhook, else by the bot."""

    routes: Collection[str]
    """The names of the settings' routes: what another one left behind is not theirs to send."""
    bot: SlackBot | None
    webhooks: Mapping[str, SlackWebhook]
    terminal: Messenger | None = None

    def has_way(self, route: str, channel: str) -> bool:
        """Whether a route's message to this channel can go anywhere now; where not, it waits.

        The bot posts by id alone: under a name, a channel could get twice what it has under its id.
        """
        if route not in self.routes:
            return False
        named = channel_name(channel) is not None
        return bool(self.terminal or self.webhooks.get(route) or (self.bot and not named))

    def for_delivery(self, delivery: Delivery) -> Messenger:
        """The way that a delivery goes. Raises Rejected where there is none."""
        found = self.terminal or self.webhooks.get(delivery.route) or self.bot
        if found is None:
            raise Rejected("there is no way to Slack", code="no_token", on=delivery.channel, fix=NO_WAY_FIX)
        return found


def messengers_of(settings: Settings, terminal: Messenger | None = None) -> Messengers:
    """The ways that the settings give; with `slack: preview` all that is sent goes to `terminal`."""
    to, bot, webhooks = settings.credentials, None, {}
    if to.token or to.webhooks:
        from syndicator.slack.client import SlackBot, SlackWebhook  # it takes a tenth of a second to load

        bot = SlackBot(to.token.get_secret_value(), api_url=to.api_url) if to.token else None
        webhooks = {name: SlackWebhook(url.get_secret_value()) for name, url in to.webhooks.items()}
    return Messengers(
        routes={route.name for route in settings.routes},
        bot=bot,
        webhooks=webhooks,
        terminal=terminal if settings.slack.mode == "preview" else None,
    )


class Sender:
    """Sends what the outbox owes. One per outbox: at its start every claim it finds is a dead one's.

    `messenger_for` may raise a DeliveryError. What has no way out (`has_way` says so of a route and channel)
    waits untouched, however long. `hold_back` is called before each claim, in its transaction: it takes out
    what is not to be sent now. `passing` is told the names of the points that a crash may fall on: claimed,
    answered, settled.
    """

    def __init__(
        self,
        open_outbox: Callable[[], AbstractContextManager[Outbox]],
        messenger_for: Callable[[Delivery], Messenger],
        *,
        clock: Callable[[], datetime],
        has_way: Callable[[str, str], bool] = lambda _route, _channel: True,
        hold_back: Callable[[Outbox, datetime], object] = lambda _outbox, _now: None,
        policy: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
        outages: OutageWatch | None = None,
        passing: Callable[[str], None] = lambda _point: None,
    ) -> None:
        self._open, self._messenger_for, self._clock = open_outbox, messenger_for, clock
        self._has_way, self._hold_back, self._outages = has_way, hold_back, outages or OutageWatch()
        self._policy = policy or RetryPolicy()
        self._longest = max(self._policy.confirm_after, self._policy.look_again_after)
        self._jitter, self._passing = jitter, passing
        self._calls: dict[str, Future[Finished]] = {}
        """By channel: what is under way, and what the store has not taken yet."""
        self._last: datetime | None = None
        """When the last round was."""
        self._said = SaidOnce()

    def run(self, stop: Event, wake: Event) -> None:
        """Sends until `stop`; `wake` says that there may be something new. Set `stop`, then `wake`, to end.

        Ends within seconds: calls under way get a few to come back. Where the store cannot be used, it says
        so once, waits and tries again. May be called again after it broke.
        """
        while True:
            wake.clear()
            if stop.is_set():
                break
            now = self._clock()
            until: datetime | None = now + timedelta(seconds=1)
            try:
                self._follow_clock(now)
                until = self._round(wake)
                self._said.changed("")
            except StoreError as error:
                if self._said.changed("outbox"):
                    log.warning("outbox cannot be used, tried again", why=str(error))
            wake.wait(self._wait_s(until))
        self._finish()

    def _wait_s(self, until: datetime | None) -> float:
        wait_s = LOOK_ROUND_S if until is None else (until - self._clock()).total_seconds()
        return min(max(wait_s, 0.0), LOOK_ROUND_S)

    def _follow_clock(self, now: datetime) -> None:
        """At the start, and where the clock was set back since the round before."""
        if self._last is None:
            self.begin()
        elif now < self._last - JUMP:
            with self._open() as outbox:
                outbox.follow_clock(now, self._longest)
        self._last = now

    def begin(self) -> None:
        """What a start finds: claims cut off become unclear, our own back-off ends; Slack's waits stand."""
        now = self._clock()
        with self._open() as outbox:
            cut_off = outbox.expire_leases(now, confirm_after=self._policy.confirm_after, everything=True)
            outbox.follow_clock(now, self._longest)
        if cut_off:
            log.info("deliveries were cut off, will be looked for", count=len(cut_off))

    def _round(self, wake: Event) -> datetime | None:
        """Settles what has come back, begins what is due; when there will be more to do."""
        self._settle()
        claims, until = self._claim(limit=WORKERS - len(self._calls))
        for claimed in claims:
            call = self._calls[claimed.channel] = begin("delivery", partial(self._perform, claimed))
            call.add_done_callback(lambda _call: wake.set())
        return until

    def _claim(self, *, limit: int) -> tuple[Sequence[Delivery], datetime | None]:
        policy, now = self._policy, self._clock()
        with self._open() as outbox:
            outbox.expire_leases(now, confirm_after=policy.confirm_after)
            self._hold_back(outbox, now)
            claims: Sequence[Delivery] = outbox.claim(
                now,
                lease=policy.lease,
                pace=policy.pace,
                busy=self._calls.keys(),
                may_leave=self._has_way,
                limit=limit,
            )
            busy = self._calls.keys() | {claimed.channel for claimed in claims}
            until = outbox.next_time(busy, self._has_way) if len(busy) < WORKERS else None
        if claims:
            self._passing("claimed")
        return claims, until

    def _perform(self, claimed: Delivery) -> Finished:
        """Makes the call; whatever goes wrong in it is an answer too."""
        can_look = True
        answer: SlackAnswer
        try:
            messenger = self._messenger_for(claimed)
            can_look = messenger.can_look
            if claimed.state is DeliveryState.SENDING:
                send = messenger.post if claimed.edit_of is None else messenger.edit
                answer = send(claimed)
            else:
                answer = messenger.find(claimed)
        except DeliveryError as error:
            answer = error
        except Exception as error:
            # The job's boundary. It may have been posted: only a look can tell.
            log.exception("delivery broke", delivery=claimed.id)
            answer = Unclear("the delivery broke", on=claimed.channel, code=type(error).__name__)
        self._passing("answered")
        return Finished(claimed=claimed, answer=answer, can_look=can_look)

    def _settle(self) -> None:
        """Keeps what came of each call that has ended; what the store does not take now stays for the next
        round."""
        for channel, call in [*self._calls.items()]:
            if call.done():
                del self._calls[channel]  # whatever breaks over one holds up no other
                try:
                    decision, held = self._settle_one(call.result())
                except StoreError:
                    self._calls[channel] = call
                    raise
                self._passing("settled")
                _tell(decision, held=held)

    def _settle_one(self, finished: Finished) -> tuple[DeliveryDecision, bool]:
        claimed, now = finished.claimed, self._clock()
        with self._open() as outbox:
            channel = outbox.channels.get(claimed.channel)
            known = channel or ChannelState(channel=claimed.channel, not_before=now)
            said = self._outages.outage is not None and finished.answered is False
            decision = after_call(
                finished, known, now=now, policy=self._policy, jitter=self._jitter(), said=said
            )
            held = outbox.settle(claimed, decision.delivery, now=now)
            if held:
                outbox.channels.put(decision.channel)
            if decision.limit is not None:
                outbox.channels.put_limit(decision.limit)
            self._note(outbox, finished, now)
        after = decision.delivery
        if held and after.state is DeliveryState.SENT and after.edit_of is None:
            self._outages.to_slack.note((now - after.created).total_seconds())
        return decision, held

    def _note(self, outbox: Outbox, finished: Finished, now: datetime) -> None:
        """Notes whether Slack answered and took the token."""
        if finished.answered is None:
            return
        error = None if finished.answered else str(finished.answer)
        self._outages.note(finished.method, outbox, error=error, now=now)
        if finished.answered and finished.can_look:
            self._outages.note_token(finished.answer)

    def _finish(self) -> None:
        wait(self._calls.values(), timeout=GRACE_S)
        try:
            self._settle()
        except StoreError as error:
            log.warning("last deliveries not settled, will be looked for", why=str(error))


def _tell(decision: DeliveryDecision, *, held: bool) -> None:
    """One line for each message that changed its state for good, or that an operator must see."""
    delivery, channel = decision.delivery, decision.channel
    facts = {"delivery": delivery.id, "route": delivery.route, "channel": delivery.channel}
    facts |= {"edit_of": delivery.edit_of} if delivery.edit_of else {}
    if not held:
        log.warning("late answer to a claim that was lost", outcome=decision.outcome, **facts)
    elif delivery.state is DeliveryState.SENT:
        if decision.report:
            log.info("channel works again", channel=delivery.channel)
        done = "message edited" if delivery.edit_of else "message delivered"
        log.info(done, kind=delivery.kind, outcome=decision.outcome, **facts)
    elif delivery.state is DeliveryState.SHOWN:
        log.info("message shown, not posted", kind=delivery.kind, **facts)
    elif delivery.state is DeliveryState.FAILED:
        log.error("message given up", outcome=decision.outcome, why=delivery.error, **facts)
    elif delivery.state is DeliveryState.DROPPED:
        log.warning("message is edited no more", outcome=decision.outcome, why=delivery.error, **facts)
    elif decision.report:
        log.error("channel is broken", why=channel.broken or delivery.error, **facts)
    else:
        log.debug("message waits", state=delivery.state.value, outcome=decision.outcome, **facts)
