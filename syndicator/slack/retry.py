"""What follows from an answer or a failure: sent, again and when, looked for, or given up (pure).

    refused     again after a back-off of 1 s to 30 s; the channel waits meanwhile
    third time  in a row refused or unclear: the channel is broken, reported once
    429         again after what Slack asks (`Retry-After`), which holds that method alone
    rejected    the channel is broken: kept owed, one message tried each 30 s, reported once
    unclear     looked for after `confirm_after`; sent again only after two looks that did not find it
    24 hours    failed: visible, and a person's to retry

An edit of a posted message is never looked for: what is unclear is made again after `confirm_after`, by when
Slack has applied what it accepted. A message that can be edited no more ends its edit, and nothing else.

A webhook cannot look, so what is unclear there fails at once and is never sent again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

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
    lease: timedelta = timedelta(seconds=60)
    """How long a claim holds; well above the deadline of one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDecision:
    """The message and its channel as they are to be kept, and in a word what happened.

    `report` is true where an operator should be told now: something broke, was mended, or was given up.
    `limit` is what Slack asked for, if it did; it stands until it is over, whatever becomes of our own waits.
    """

    delivery: Delivery
    channel: ChannelState
    outcome: str
    report: bool = False
    limit: RateLimit | None = None


def after_send(
    claimed: Delivery,
    answer: SlackAnswer,
    channel: ChannelState,
    *,
    now: datetime,
    policy: RetryPolicy,
    jitter: float,
    can_look: bool,
    said: bool = False,
) -> DeliveryDecision:
    """What becomes of a message that was tried; `said` where a failure is part of an outage that was said."""
    paced = replace(channel, not_before=max(channel.not_before, now + policy.pace))
    case = _Case(claimed=claimed, channel=paced, now=now, policy=policy)
    match answer:
        case None | str():
            return case.sent(answer, "sent")
        case Drawn():
            return replace(case.shown(), channel=channel)
        case Uneditable():
            ended = replace(claimed, state=DeliveryState.DROPPED, error=str(answer))
            return DeliveryDecision(delivery=ended, channel=paced, outcome=_outcome(answer))
        case Unacceptable():
            failed = case.failing(answer, DeliveryState.FAILED)
            return DeliveryDecision(delivery=failed, channel=paced, outcome=_outcome(answer), report=True)
        case Rejected():
            # The channel is broken until a person has mended it; what is owed to it is kept.
            until, failures = now + policy.longest, channel.failures + 1
            broken = replace(channel, not_before=until, failures=failures, broken=str(answer))
            decision = case.again(answer, DeliveryState.OWED, until, broken)
            return replace(decision, report=decision.report or channel.broken != broken.broken)
        case Refused(retry_after=timedelta() as wait):
            return case.limited(answer, wait, DeliveryState.OWED, SlackMethod.POST_MESSAGE)
    pause = case.pause(answer, jitter=jitter, said=said)
    has_broken = channel.broken is None and pause.broken is not None
    if isinstance(answer, Refused):
        decision = case.again(answer, DeliveryState.OWED, pause.not_before, pause)
        return replace(decision, report=decision.report or has_broken)
    if claimed.edit_of is not None:
        doubtful = replace(case, claimed=replace(claimed, unsure=True))
        decision = doubtful.again(answer, DeliveryState.OWED, now + policy.confirm_after, pause)
        return replace(decision, report=decision.report or has_broken)
    state = DeliveryState.UNCLEAR if can_look else DeliveryState.FAILED
    unclear = replace(case.failing(answer, state, now + policy.confirm_after), unsure=True, misses=0)
    report = has_broken or not can_look
    return DeliveryDecision(delivery=unclear, channel=pause, outcome=_outcome(answer), report=report)


def after_look(
    claimed: Delivery,
    answer: SlackAnswer,
    channel: ChannelState,
    *,
    now: datetime,
    policy: RetryPolicy,
    can_look: bool = True,
) -> DeliveryDecision:
    """What becomes of an unclear message that was looked for, or, by a webhook, cannot be.

    A look that fails holds up this message alone, and what else is wrong the channel's next message will find
    out; where Slack asks to wait, that holds every look and no posting.
    """
    case = _Case(claimed=claimed, channel=channel, now=now, policy=policy)
    if not can_look:
        failed = replace(claimed, state=DeliveryState.FAILED, failing_since=claimed.failing_since or now)
        outcome = "unclear: a webhook cannot look"
        return DeliveryDecision(delivery=failed, channel=channel, outcome=outcome, report=True)
    match answer:
        case str():
            return case.sent(answer, "found")
        case Drawn():
            return case.shown()
        case None if claimed.misses + 1 < policy.looks:
            again = replace(claimed, misses=claimed.misses + 1, due=now + policy.look_again_after)
            return DeliveryDecision(delivery=again, channel=channel, outcome="not found: look again")
        case None:
            owed = replace(claimed, state=DeliveryState.OWED, due=now, misses=0, unsure=False)
            return case.or_give_up(owed, channel, "not found: send again")
        case Refused(retry_after=timedelta() as wait):
            return case.limited(answer, wait, DeliveryState.UNCLEAR, SlackMethod.HISTORY)
    decision = case.again(answer, DeliveryState.UNCLEAR, now + policy.look_again_after, channel)
    # Where nothing answered, it is said as an outage if it lasts.
    refused = isinstance(answer, Rejected) or answer.answered is True
    return replace(decision, report=decision.report or (refused and claimed.error != str(answer)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A claim whose call has ended, and its channel."""

    claimed: Delivery
    channel: ChannelState
    now: datetime
    policy: RetryPolicy

    def sent(self, message_ts: str | None, outcome: str) -> DeliveryDecision:
        """The message is there: whatever was wrong with the channel is over."""
        well = replace(self.channel, failures=0, broken=None)
        sent = replace(self.claimed, state=DeliveryState.SENT, message_ts=message_ts, unsure=False)
        sent = replace(sent, failing_since=None, error=None)
        return DeliveryDecision(
            delivery=sent, channel=well, outcome=outcome, report=self.channel.broken is not None
        )

    def shown(self) -> DeliveryDecision:
        """What Slack may have stays unsure: should it be retried, it is looked for first."""
        shown = replace(self.claimed, state=DeliveryState.SHOWN, misses=0, failing_since=None, error=None)
        return DeliveryDecision(delivery=shown, channel=self.channel, outcome="shown")

    def failing(self, error: DeliveryError, state: DeliveryState, due: datetime | None = None) -> Delivery:
        """The message after one more failure."""
        since = self.claimed.failing_since or self.now
        due = due or self.claimed.due
        return replace(self.claimed, state=state, due=due, error=str(error), failing_since=since)

    def again(
        self, error: DeliveryError, state: DeliveryState, due: datetime, channel: ChannelState
    ) -> DeliveryDecision:
        """Tried or looked for again when it is due, or given up."""
        return self.or_give_up(self.failing(error, state, due), channel, _outcome(error))

    def limited(
        self, error: Refused, wait: timedelta, state: DeliveryState, called: SlackMethod
    ) -> DeliveryDecision:
        """Again after what Slack asked for, which is kept: for the channel where it limits by channel."""
        method = SlackMethod(error.method or called)
        only = self.claimed.channel if method in BY_CHANNEL else ""
        until = self.now + max(wait, self.policy.pace)
        decision = self.again(error, state, until, self.channel)
        return replace(decision, limit=RateLimit(method=method, channel=only, since=self.now, until=until))

    def pause(self, error: DeliveryError, *, jitter: float, said: bool) -> ChannelState:
        """The channel after one more failure: it waits a back-off, and is broken once it has failed often."""
        channel, failures = self.channel, self.channel.failures + 1
        until = self.now + back_off(failures, self.policy.first, self.policy.longest, jitter)
        paused = replace(channel, failures=failures, not_before=max(channel.not_before, until))
        if said or channel.broken is not None or failures < self.policy.report_after:
            return paused
        return replace(paused, broken=f"{error}. {AGAIN}")

    def or_give_up(self, delivery: Delivery, channel: ChannelState, outcome: str) -> DeliveryDecision:
        since = delivery.failing_since
        if since is None or self.now - since < self.policy.give_up_after:
            return DeliveryDecision(delivery=delivery, channel=channel, outcome=outcome)
        failed = replace(delivery, state=DeliveryState.FAILED)
        return DeliveryDecision(delivery=failed, channel=channel, outcome=f"given up: {outcome}", report=True)


def _outcome(error: DeliveryError) -> str:
    """In a word: `refused: ratelimited`, `rejected: not_in_channel`, `unclear: TimeoutError`."""
    kinds = ((Refused, "refused"), (Rejected, "rejected"), (DeliveryError, "unclear"))
    return f"{next(word for kind, word in kinds if isinstance(error, kind))}: {error.code}"
