"""What follows from an answer or a failure: sent, again and when, looked for, or given up (pure).

    refused     again after a back-off of 1 s to 30 s; the channel waits meanwhile
    third time  in a row refused or unclear: the channel is broken, reported once
    429         again after what Slack asks (`Retry-After`), which holds that method alone
    rejected    the channel is broken: kept owed, one message tried each 30 s, reported once
    unclear     looked for after `confirm_after`; sent again only after two looks that did not find it
    24 hours    failed: visible, and a person's to retry

An edit of a posted message is never looked for: what is unclear is made again after `confirm_after`, by when
Slack has applied what it accepted. A message that can be edited no more ends its edit, and nothing else.

A webhook cannot look, so what is unclear there fails at once and is never sent again by itself. What was not
tried, and is to be looked for only since the database was restored, is sent after one look, or without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from syndicator.alerts import BY_CHANNEL, ChannelState, Delivery, DeliveryState, RateLimit, SlackMethod
from syndicator.errors import DeliveryError, Refused, Rejected, Unacceptable, Uneditable
from syndicator.waiting import back_off

AGAIN = "It is tried again for 24 hours; see `syndicator deliveries` and slack-status.com"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The message was drawn in the terminal; Slack does not have it."""


SlackAnswer = str | Drawn | DeliveryError | None
"""What a try or a look brought. A try: Slack's id of the message (None from a webhook), that it was only
drawn, or why not. A look: the id where it was found, None where it was not, or why it could not be looked
for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient the sender is. Operators set `confirm_after`; the rest is fixed, and tests shrink it."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=30)
    """Between two tries in one channel: what a person has mended is noticed so soon."""
    give_up_after: timedelta = timedelta(hours=24)
    confirm_after: timedelta = timedelta(seconds=60)
    """How long Slack may take to apply what it accepted; the promise not to post twice rests on it."""
    look_again_after: timedelta = timedelta(seconds=30)
    looks: int = 2
    """Misses before an unclear message counts as not accepted."""
    pace: timedelta = timedelta(seconds=1)
    """Between two messages to one channel (https://docs.slack.dev/apis/web-api/rate-limits)."""
    report_after: int = 3
    """Failures in a row after which a channel is reported as broken, whatever the reason."""
    lease: timedelta = timedelta(minutes=2)
    """How long a claim holds; above the deadlines of two calls, which a message with pictures may take."""


class Finished(NamedTuple):
    """A claim whose call has ended, and how."""

    claimed: Delivery
    answer: SlackAnswer
    can_look: bool

    @property
    def method(self) -> SlackMethod:
        if self.claimed.state is not DeliveryState.SENDING:
            return SlackMethod.HISTORY
        if self.claimed.edit_of is not None:
            return SlackMethod.UPDATE
        return SlackMethod.POST_MESSAGE if self.can_look else SlackMethod.WEBHOOK

    @property
    def answered(self) -> bool | None:
        """Whether Slack answered the call; None where none was made."""
        match self.answer:
            case DeliveryError():
                return self.answer.answered
            case Drawn():
                return None
            case _:
                return True if self.can_look or self.claimed.state is DeliveryState.SENDING else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDecision:
    """The message and its channel as they are to be kept, and in a word what happened.

    `report` is true where an operator should be told now: something broke, was mended, or was given up.
    `limit` is what Slack asked for, if it did; it stands until it is over, whatever becomes of our own waits.
    """

    delivery: Delivery
    channel: ChannelState
    outcome: str
    report: bool
    limit: RateLimit | None = None


def after_call(
    finished: Finished,
    channel: ChannelState,
    *,
    now: datetime,
    policy: RetryPolicy,
    jitter: float = 1.0,
    said: bool = False,
) -> DeliveryDecision:
    """What becomes of a message that was tried, or looked for; `said` where a failure is part of an outage
    that was said."""
    case, claimed = _Case(finished, channel, now, policy), finished.claimed
    if claimed.state is DeliveryState.SENDING:
        return _after_send(case, jitter=jitter, said=said)
    if finished.can_look:
        return _after_look(case)
    if not claimed.unsure:
        return case.decide(replace(claimed, state=DeliveryState.OWED), channel, "a webhook cannot look")
    failed = replace(claimed, state=DeliveryState.FAILED, failing_since=claimed.failing_since or now)
    return case.decide(failed, channel, "unclear: a webhook cannot look")


def _after_send(case: _Case, *, jitter: float, said: bool) -> DeliveryDecision:
    (_, answer, _), channel, now, policy = case
    match answer:
        case Drawn():
            return case.shown()
        case None | str():
            return case.sent(answer, "sent", case.paced())
        case Uneditable():
            return case.failed(DeliveryState.DROPPED, case.paced())
        case Unacceptable():
            return case.failed(DeliveryState.FAILED, case.paced())
        case Rejected():
            # The channel is broken until a person has mended it; what is owed to it is kept.
            until, failures = now + policy.longest, channel.failures + 1
            broken = replace(channel, not_before=until, failures=failures, broken=str(answer))
            return case.again(DeliveryState.OWED, until, broken)
        case Refused(retry_after=timedelta() as wait):
            return case.limited(wait, DeliveryState.OWED, case.paced())
    return _after_failure(case, case.paused(jitter, said=said))


def _after_failure(case: _Case, paused: ChannelState) -> DeliveryDecision:
    """It was not accepted, or that is not known: made again, looked for, or listed."""
    if isinstance(case.finished.answer, Refused):
        return case.again(DeliveryState.OWED, paused.not_before, paused)
    due = case.now + case.policy.confirm_after
    if case.finished.claimed.edit_of is not None:
        decision = case.again(DeliveryState.OWED, due, paused)
    else:
        state = DeliveryState.UNCLEAR if case.finished.can_look else DeliveryState.FAILED
        decision = case.failed(state, paused, due)
    return replace(decision, delivery=replace(decision.delivery, unsure=True, misses=0))


def _after_look(case: _Case) -> DeliveryDecision:
    """A look that fails holds up this message alone, and what else is wrong the channel's next message will
    find out; where Slack asks to wait, that holds every look and no posting."""
    (claimed, answer, _), channel, now, policy = case
    match answer:
        case str():
            return case.sent(answer or None, "found", channel)
        case Drawn():
            return case.shown()
        case None if claimed.unsure and claimed.misses + 1 < policy.looks:
            again = replace(claimed, misses=claimed.misses + 1, due=now + policy.look_again_after)
            return case.decide(again, channel, "not found: look again")
        case None:
            owed = replace(claimed, state=DeliveryState.OWED, due=now, misses=0, unsure=False)
            return case.or_give_up(owed, channel, "not found: send again")
        case Refused(retry_after=timedelta() as wait):
            return case.limited(wait, DeliveryState.UNCLEAR, channel)
    decision = case.again(DeliveryState.UNCLEAR, now + policy.look_again_after, channel)
    # Where nothing answered, it is said as an outage if it lasts.
    refused = isinstance(answer, Rejected) or answer.answered is True
    return replace(decision, report=decision.report or (refused and claimed.error != str(answer)))


class _Case(NamedTuple):
    finished: Finished
    channel: ChannelState
    now: datetime
    policy: RetryPolicy

    def decide(self, delivery: Delivery, channel: ChannelState, outcome: str) -> DeliveryDecision:
        """What is to be kept; reported where the message failed, or the channel broke or works again."""
        report = delivery.state is DeliveryState.FAILED or channel.broken != self.channel.broken
        return DeliveryDecision(delivery=delivery, channel=channel, outcome=outcome, report=report)

    def paced(self) -> ChannelState:
        """The channel's next message waits a little, whatever came of this one."""
        until = max(self.channel.not_before, self.now + self.policy.pace)
        return replace(self.channel, not_before=until)

    def sent(self, message_ts: str | None, outcome: str, channel: ChannelState) -> DeliveryDecision:
        """The message is there: whatever was wrong with the channel is over."""
        sent = replace(self.finished.claimed, state=DeliveryState.SENT, message_ts=message_ts, unsure=False)
        sent = replace(sent, failing_since=None, error=None)
        return self.decide(sent, replace(channel, failures=0, broken=None), outcome)

    def shown(self) -> DeliveryDecision:
        """What Slack may have stays unsure: should it be retried, it is looked for first."""
        claimed = self.finished.claimed
        shown = replace(claimed, state=DeliveryState.SHOWN, misses=0, failing_since=None, error=None)
        return self.decide(shown, self.channel, "shown")

    def failed(
        self, state: DeliveryState, channel: ChannelState, due: datetime | None = None
    ) -> DeliveryDecision:
        """The message after one more failure."""
        claimed, answer = self.finished.claimed, self.finished.answer
        since = claimed.failing_since or self.now
        failing = replace(
            claimed, state=state, due=due or claimed.due, error=str(answer), failing_since=since
        )
        outcome = f"{type(answer).__name__.lower()}: {getattr(answer, 'code', '')}"
        return self.decide(failing, channel, outcome)

    def again(self, state: DeliveryState, due: datetime, channel: ChannelState) -> DeliveryDecision:
        """Tried or looked for again when it is due, or given up."""
        failed = self.failed(state, channel, due)
        return self.or_give_up(failed.delivery, channel, failed.outcome)

    def limited(self, wait: timedelta, state: DeliveryState, channel: ChannelState) -> DeliveryDecision:
        """Again after what Slack asked for, which is kept: for the channel where it limits by channel."""
        method = self.finished.method
        only = self.finished.claimed.channel if method in BY_CHANNEL else ""
        until = self.now + max(wait, self.policy.pace)
        limit = RateLimit(method=method, channel=only, since=self.now, until=until)
        return replace(self.again(state, until, channel), limit=limit)

    def paused(self, jitter: float, *, said: bool) -> ChannelState:
        """The channel after one more failure: it waits a back-off, and is broken once it has failed often."""
        channel, policy = self.paced(), self.policy
        failures = channel.failures + 1
        until = max(channel.not_before, self.now + back_off(failures, policy.first, policy.longest, jitter))
        paused = replace(channel, failures=failures, not_before=until)
        if said or channel.broken is not None or failures < policy.report_after:
            return paused
        return replace(paused, broken=f"{self.finished.answer}. {AGAIN}")

    def or_give_up(self, delivery: Delivery, channel: ChannelState, outcome: str) -> DeliveryDecision:
        since = delivery.failing_since
        if since is None or self.now - since < self.policy.give_up_after:
            return self.decide(delivery, channel, outcome)
        return self.decide(replace(delivery, state=DeliveryState.FAILED), channel, f"given up: {outcome}")
