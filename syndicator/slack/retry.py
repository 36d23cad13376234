"""What follows from an answer or a failure: sent, again and when, looked for, or given up (pure).

    refused     again after a back-off of 1 s to 30 s; the channel waits meanwhile
    third time  in a row refused or unclear: the channel is broken, reported once
    429         again after what Slack asks (`Retry-After`), which holds that method alone
    rejected    the channel is broken: kept owed, one message tried each 30 s, reported once
    unclear     looked for after `confirm_after`; sent again only after two looks that did not find it
    24 hours    failed: visible, and a person's to retry

A webhook cannot look, so what is unclear there fails at once and is never sent again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicator.alerts import BY_CHANNEL, ChannelState, Delivery, DeliveryState, RateLimit, SlackMethod
from syndicator.errors import DeliveryError, Refused, Rejected, Unacceptable

AGAIN = "It is tried again for 24 hours; see `syndicator deliveries` and slack-status.com"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The message was drawn in the terminal; Slack does not have it."""


Answer = str | Drawn | DeliveryError | None
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
class Verdict:
    """The message and its channel as they are to be kept, and in a word what happened.

    `report` is true where an operator should be told now: something broke, was mended, or was given up.
    `limit` is what Slack asked for, if it did; it stands until it is over, whatever becomes of our own waits.
    """

    delivery: Delivery
    channel: ChannelState
    outcome: str
    report: bool = False
    limit: RateLimit | None = None


def back_off(failures: int, policy: RetryPolicy, jitter: float) -> timedelta:
    """The wait after so many failures in a row; `jitter` from 0 to 1 spreads it over the upper half.

    >>> [back_off(n, RetryPolicy(), 1.0).total_seconds() for n in (1, 2, 5, 10, 11, 99)]
    [1.0, 2.0, 16.0, 30.0, 30.0, 30.0]
    >>> back_off(5, RetryPolicy(), 0.0).total_seconds()
    8.0
    """
    whole: timedelta = min(policy.first * 2 ** min(failures - 1, 30), policy.longest)
    return max(policy.first, whole * (0.5 + jitter / 2))


def after_send(
    claimed: Delivery,
    answer: Answer,
    channel: ChannelState,
    *,
    now: datetime,
    policy: RetryPolicy,
    jitter: float,
    can_look: bool,
    said: bool = False,
) -> Verdict:
    """What becomes of a message that was tried; `said` where a failure is part of an outage that was said."""
    paced = replace(channel, not_before=max(channel.not_before, now + policy.pace))
    match answer:
        case None | str():
            sent = replace(
                claimed,
                state=DeliveryState.SENT,
                message_ts=answer,
                unsure=False,
                failing_since=None,
                error=None,
            )
            return _well(sent, paced, "sent")
        case Drawn():
            return _shown(claimed, channel)
        case Unacceptable():
            failed = _failing(claimed, answer, now, state=DeliveryState.FAILED)
            return Verdict(delivery=failed, channel=paced, outcome=_outcome(answer), report=True)
        case Rejected():
            return _rejected(claimed, answer, paced, now=now, policy=policy)
        case Refused(retry_after=timedelta() as wait):
            called = SlackMethod(answer.method or SlackMethod.POST_MESSAGE)
            limit = _rate_limit(called, claimed.channel, wait, now=now, policy=policy)
            owed = _failing(claimed, answer, now, state=DeliveryState.OWED, due=limit.until)
            verdict = _or_give_up(owed, paced, _outcome(answer), now=now, policy=policy)
            return replace(verdict, limit=limit)
        case Refused():
            pause = _pause(paced, answer, now=now, policy=policy, jitter=jitter, said=said)
            owed = _failing(claimed, answer, now, state=DeliveryState.OWED, due=pause.not_before)
            verdict = _or_give_up(owed, pause, _outcome(answer), now=now, policy=policy)
            return replace(verdict, report=verdict.report or _has_broken(channel, pause))
        case _:
            pause = _pause(paced, answer, now=now, policy=policy, jitter=jitter, said=said)
            if not can_look:
                failed = _failing(claimed, answer, now, state=DeliveryState.FAILED)
                failed = replace(failed, unsure=True)
                return Verdict(delivery=failed, channel=pause, outcome=_outcome(answer), report=True)
            due = now + policy.confirm_after
            unclear = _failing(claimed, answer, now, state=DeliveryState.UNCLEAR, due=due)
            unclear = replace(unclear, unsure=True, misses=0)
            report = _has_broken(channel, pause)
            return Verdict(delivery=unclear, channel=pause, outcome=_outcome(answer), report=report)


def after_look(
    claimed: Delivery,
    answer: Answer,
    channel: ChannelState,
    *,
    now: datetime,
    policy: RetryPolicy,
    can_look: bool = True,
) -> Verdict:
    """What becomes of an unclear message that was looked for, or, by a webhook, cannot be.

    A look that fails holds up this message alone, and what else is wrong the channel's next message will find
    out; where Slack asks to wait, that holds every look and no posting.
    """
    if not can_look:
        failed = replace(claimed, state=DeliveryState.FAILED, failing_since=claimed.failing_since or now)
        return Verdict(
            delivery=failed, channel=channel, outcome="unclear: a webhook cannot look", report=True
        )
    match answer:
        case str():
            found = replace(claimed, state=DeliveryState.SENT, message_ts=answer, unsure=False, error=None)
            return _well(replace(found, failing_since=None), channel, "found")
        case Drawn():
            return _shown(claimed, channel)
        case None:
            return _missed(claimed, channel, now=now, policy=policy)
        case Refused(retry_after=timedelta() as wait):
            called = SlackMethod(answer.method or SlackMethod.HISTORY)
            limit = _rate_limit(called, claimed.channel, wait, now=now, policy=policy)
            again = _failing(claimed, answer, now, state=DeliveryState.UNCLEAR, due=limit.until)
            verdict = _or_give_up(again, channel, _outcome(answer), now=now, policy=policy)
            return replace(verdict, limit=limit)
        case _:
            due = now + policy.look_again_after
            again = _failing(claimed, answer, now, state=DeliveryState.UNCLEAR, due=due)
            verdict = _or_give_up(again, channel, _outcome(answer), now=now, policy=policy)
            # Where nothing answered, it is said as an outage if it lasts.
            refused = isinstance(answer, Rejected) or answer.answered is True
            return replace(verdict, report=verdict.report or (refused and claimed.error != str(answer)))


def _shown(claimed: Delivery, channel: ChannelState) -> Verdict:
    """What Slack may have stays unsure: should it be retried, it is looked for first."""
    shown = replace(claimed, state=DeliveryState.SHOWN, misses=0, failing_since=None, error=None)
    return Verdict(delivery=shown, channel=channel, outcome="shown")


def _missed(claimed: Delivery, channel: ChannelState, *, now: datetime, policy: RetryPolicy) -> Verdict:
    if claimed.misses + 1 < policy.looks:
        again = replace(claimed, misses=claimed.misses + 1, due=now + policy.look_again_after)
        return Verdict(delivery=again, channel=channel, outcome="not found: look again")
    owed = replace(claimed, state=DeliveryState.OWED, due=now, misses=0, unsure=False)
    return _or_give_up(owed, channel, "not found: send again", now=now, policy=policy)


def _rejected(
    claimed: Delivery, error: Rejected, channel: ChannelState, *, now: datetime, policy: RetryPolicy
) -> Verdict:
    """The channel is broken until a person has mended it; what is owed to it is kept."""
    broken = replace(
        channel,
        not_before=now + policy.longest,
        failures=channel.failures + 1,
        broken=str(error),
    )
    owed = _failing(claimed, error, now, state=DeliveryState.OWED, due=broken.not_before)
    verdict = _or_give_up(owed, broken, _outcome(error), now=now, policy=policy)
    return replace(verdict, report=verdict.report or channel.broken != broken.broken)


def _well(delivery: Delivery, channel: ChannelState, outcome: str) -> Verdict:
    """A message is there: whatever was wrong with the channel is over."""
    well = replace(channel, failures=0, broken=None)
    return Verdict(delivery=delivery, channel=well, outcome=outcome, report=channel.broken is not None)


def _failing(
    claimed: Delivery,
    error: DeliveryError,
    now: datetime,
    *,
    state: DeliveryState,
    due: datetime | None = None,
) -> Delivery:
    since = claimed.failing_since or now
    return replace(claimed, state=state, due=due or claimed.due, error=str(error), failing_since=since)


def _rate_limit(
    method: SlackMethod, channel: str, wait: timedelta, *, now: datetime, policy: RetryPolicy
) -> RateLimit:
    """What Slack asked for, as it is to be kept: for the channel where it limits by channel."""
    only = channel if method in BY_CHANNEL else ""
    return RateLimit(method=method, channel=only, since=now, until=now + max(wait, policy.pace))


def _pause(
    channel: ChannelState,
    error: DeliveryError,
    *,
    now: datetime,
    policy: RetryPolicy,
    jitter: float,
    said: bool,
) -> ChannelState:
    """The channel after one more failure: it waits a back-off, and is broken once it has failed often."""
    failures = channel.failures + 1
    wait = back_off(failures, policy, jitter)
    paused = replace(channel, failures=failures, not_before=max(channel.not_before, now + wait))
    if said or channel.broken is not None or failures < policy.report_after:
        return paused
    return replace(paused, broken=f"{error}. {AGAIN}")


def _has_broken(before: ChannelState, after: ChannelState) -> bool:
    return before.broken is None and after.broken is not None


def _or_give_up(
    delivery: Delivery, channel: ChannelState, outcome: str, *, now: datetime, policy: RetryPolicy
) -> Verdict:
    since = delivery.failing_since
    if since is None or now - since < policy.give_up_after:
        return Verdict(delivery=delivery, channel=channel, outcome=outcome)
    failed = replace(delivery, state=DeliveryState.FAILED)
    return Verdict(delivery=failed, channel=channel, outcome=f"given up: {outcome}", report=True)


def _outcome(error: DeliveryError) -> str:
    """In a word: `refused: ratelimited`, `rejected: not_in_channel`, `unclear: TimeoutError`."""
    match error:
        case Refused():
            kind = "refused"
        case Rejected():
            kind = "rejected"
        case _:
            kind = "unclear"
    return f"{kind}: {error.code}"
