"""What follows from each answer: sent, again and when, looked for, or given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.alerts import ChannelState, Delivery, DeliveryState, RateLimit, SlackMethod
from syndicator.errors import Refused, Rejected, Unacceptable, Unclear, Uneditable
from syndicator.slack.retry import DeliveryDecision, Drawn, Finished, RetryPolicy, SlackAnswer, after_call
from syndicator.waiting import back_off
from tests.slack.values import NOON, SECOND
from tests.store.outbox_values import make_delivery

POLICY = RetryPolicy()
CHANNEL = ChannelState(channel="C1", not_before=NOON)
DAY = timedelta(hours=24)

REFUSED = Refused("not posted", on="C1", code="dns")
ASKED = Refused("not posted", on="C1", code="ratelimited", retry_after=timedelta(seconds=30))
REJECTED = Rejected("not posted", on="C1", code="not_in_channel", why="no", fix="Invite the app")
UNACCEPTABLE = Unacceptable("not posted", on="C1", code="msg_too_long")
UNEDITABLE = Uneditable("not edited", on="C1", code="message_not_found")
UNCLEAR = Unclear("not posted", on="C1", code="TimeoutError")


def sending(**fields: Any) -> Delivery:
    values: dict[str, Any] = {"state": DeliveryState.SENDING, "attempts": 1}
    return make_delivery(**(values | fields))


def unclear(**fields: Any) -> Delivery:
    values: dict[str, Any] = {"state": DeliveryState.UNCLEAR, "attempts": 1, "unsure": True}
    return make_delivery(**(values | fields))


def sent(
    answer: SlackAnswer,
    delivery: Delivery | None = None,
    channel: ChannelState = CHANNEL,
    *,
    can_look: bool = True,
    now: datetime = NOON,
    said: bool = False,
) -> DeliveryDecision:
    claimed = replace(delivery or sending(), state=DeliveryState.SENDING)
    finished = Finished(claimed=claimed, answer=answer, can_look=can_look)
    return after_call(finished, channel, now=now, policy=POLICY, said=said)


def looked(
    answer: SlackAnswer,
    delivery: Delivery | None = None,
    channel: ChannelState = CHANNEL,
    *,
    can_look: bool = True,
    now: datetime = NOON,
) -> DeliveryDecision:
    finished = Finished(claimed=delivery or unclear(), answer=answer, can_look=can_look)
    return after_call(finished, channel, now=now, policy=POLICY)


def test_edit_that_may_have_been_made_is_owed_again_after_confirm_after() -> None:
    decision = sent(UNCLEAR, sending(edit_of="d1", kind="edit"))
    assert (decision.delivery.state, decision.delivery.unsure) == (DeliveryState.OWED, True)
    assert decision.delivery.due == NOON + POLICY.confirm_after
    old = sending(edit_of="d1", kind="edit", failing_since=NOON - DAY)
    assert sent(UNCLEAR, old).delivery.state is DeliveryState.FAILED


def test_message_that_can_be_edited_no_more_breaks_no_channel() -> None:
    decision = sent(UNEDITABLE, sending(edit_of="d1", kind="edit"))
    assert (decision.delivery.state, decision.channel.broken) == (DeliveryState.DROPPED, None)
    assert "message_not_found" in decision.outcome and decision.delivery.error == str(UNEDITABLE)


@pytest.mark.parametrize("ts", ["1772452800.000100", None], ids=["by token", "by webhook"])
def test_accepted_message_is_sent_and_its_channel_well(ts: str | None) -> None:
    ill = replace(CHANNEL, failures=3, broken="no")
    decision = sent(ts, sending(error="before", failing_since=NOON), ill)
    assert (decision.delivery.state, decision.delivery.message_ts) == (DeliveryState.SENT, ts)
    assert (decision.delivery.error, decision.delivery.failing_since) == (None, None)
    assert (decision.channel.failures, decision.channel.broken) == (0, None)
    assert decision.report and not sent(ts).report


def test_next_message_to_a_channel_waits_a_second_from_the_answer() -> None:
    assert sent("1.1").channel.not_before == NOON + SECOND


def test_refused_message_is_owed_again_after_a_back_off() -> None:
    decision = sent(REFUSED, channel=replace(CHANNEL, failures=4))
    assert decision.delivery.state is DeliveryState.OWED
    assert decision.delivery.due == decision.channel.not_before == NOON + 16 * SECOND
    assert (decision.channel.failures, decision.delivery.failing_since) == (5, NOON)


@pytest.mark.parametrize("failures", [0, 9])
def test_wait_that_slack_asks_for_is_obeyed(failures: int) -> None:
    decision = sent(ASKED, channel=replace(CHANNEL, failures=failures))
    assert decision.delivery.due == NOON + 30 * SECOND
    assert decision.limit == RateLimit(
        method=SlackMethod.POST_MESSAGE, channel="C1", since=NOON, until=NOON + 30 * SECOND
    )
    assert (decision.channel.not_before, decision.channel.failures) == (NOON + SECOND, failures)


def test_wait_that_slack_asks_for_when_looking_holds_looks_in_every_channel() -> None:
    decision = looked(ASKED)
    assert decision.limit == RateLimit(
        method=SlackMethod.HISTORY, channel="", since=NOON, until=NOON + 30 * SECOND
    )
    assert decision.channel == CHANNEL and sent(REFUSED).limit is None


def test_rejection_breaks_the_channel_is_reported_once_and_tried_seldom() -> None:
    first = sent(REJECTED)
    assert (first.delivery.state, first.report) == (DeliveryState.OWED, True)
    assert first.channel.not_before == first.delivery.due == NOON + POLICY.longest
    assert first.channel.broken is not None and "Invite the app" in first.channel.broken
    again = sent(REJECTED, first.delivery, first.channel, now=NOON + POLICY.longest)
    assert not again.report and again.channel.broken is not None
    other = Rejected("not posted", on="C1", code="is_archived", why="no", fix="Unarchive it")
    assert sent(other, first.delivery, first.channel).report


@pytest.mark.parametrize("error", [REFUSED, UNCLEAR], ids=["refused", "unclear"])
def test_third_failure_in_a_row_breaks_the_channel_and_is_reported_once(error: SlackAnswer) -> None:
    channel, reports = CHANNEL, []
    for _ in range(5):
        decision = sent(error, channel=channel)
        channel = decision.channel
        reports.append(decision.report)
    assert reports == [False, False, True, False, False]
    assert channel.broken is not None and "not posted: C1" in channel.broken
    assert channel.broken is not None and "tried again" in channel.broken
    well = sent("1.1", channel=channel)
    assert well.report and well.channel.broken is None


def test_failure_in_an_outage_that_was_said_breaks_no_channel() -> None:
    decision = sent(REFUSED, channel=replace(CHANNEL, failures=7), said=True)
    assert (decision.report, decision.channel.broken, decision.channel.failures) == (False, None, 8)


def test_look_that_slack_answers_with_an_unknown_word_is_reported_once() -> None:
    word = Unclear("not searched", on="C1", code="a_new_word", why="Slack says a_new_word")
    assert not looked(word).report, "not known to be an answer of Slack's"
    word.answered = True
    first = looked(word)
    assert first.report and first.channel == CHANNEL
    assert not looked(word, first.delivery).report


def test_ill_formed_message_fails_alone() -> None:
    decision = sent(UNACCEPTABLE)
    assert (decision.delivery.state, decision.report) == (DeliveryState.FAILED, True)
    assert decision.channel.failures == 0 and decision.channel.broken is None


def test_shown_message_is_done_with_and_nothing_is_known_of_its_channel() -> None:
    drawn = sent(Drawn(), channel=replace(CHANNEL, failures=2))
    assert (drawn.delivery.state, drawn.channel.failures) == (DeliveryState.SHOWN, 2)
    late = looked(Drawn(), unclear(misses=1))
    assert (late.delivery.state, late.delivery.unsure) == (DeliveryState.SHOWN, True)


def test_unclear_message_is_looked_for_after_a_while() -> None:
    decision = sent(UNCLEAR, sending(misses=1))
    assert decision.delivery.state is DeliveryState.UNCLEAR
    assert decision.delivery.due == NOON + POLICY.confirm_after
    assert (decision.delivery.unsure, decision.delivery.misses) == (True, 0)
    assert decision.channel.not_before == NOON + SECOND


def test_unclear_message_of_a_webhook_fails_and_is_listed() -> None:
    decision = sent(UNCLEAR, can_look=False)
    assert (decision.delivery.state, decision.delivery.unsure) == (DeliveryState.FAILED, True)
    assert decision.report
    cut_off = looked(None, can_look=False)
    assert (cut_off.delivery.state, cut_off.delivery.unsure) == (DeliveryState.FAILED, True)
    assert cut_off.report


@pytest.mark.parametrize("can_look", [True, False], ids=["bot", "webhook"])
def test_message_that_was_never_tried_is_sent_after_one_look_or_without(can_look: bool) -> None:
    decision = looked(None, unclear(unsure=False), can_look=can_look)
    assert (decision.delivery.state, decision.report) == (DeliveryState.OWED, False)


def test_found_message_is_sent() -> None:
    decision = looked("1.1", unclear(failing_since=NOON, error="before"))
    assert (decision.delivery.state, decision.delivery.message_ts) == (DeliveryState.SENT, "1.1")
    assert (decision.delivery.unsure, decision.outcome) == (False, "found")


def test_message_is_sent_again_after_two_misses_half_a_minute_apart() -> None:
    first = looked(None)
    assert (first.delivery.state, first.delivery.misses) == (DeliveryState.UNCLEAR, 1)
    assert first.delivery.due == NOON + POLICY.look_again_after
    second = looked(None, first.delivery, now=first.delivery.due)
    assert (second.delivery.state, second.delivery.unsure) == (DeliveryState.OWED, False)
    assert second.delivery.due == first.delivery.due


@pytest.mark.parametrize("error", [REFUSED, ASKED, UNCLEAR, REJECTED])
def test_look_that_failed_is_not_a_miss(error: SlackAnswer) -> None:
    decision = looked(error, unclear(misses=1))
    assert (decision.delivery.state, decision.delivery.misses) == (DeliveryState.UNCLEAR, 1)
    assert decision.delivery.due >= NOON + POLICY.look_again_after
    assert decision.channel == CHANNEL, "sending goes on"


@pytest.mark.parametrize("error", [UNCLEAR, ASKED, REJECTED])
def test_look_that_failed_is_made_again_soon_however_long_it_has_failed(error: SlackAnswer) -> None:
    decision = looked(error, unclear(failing_since=NOON - timedelta(hours=20)))
    assert decision.delivery.due == NOON + timedelta(seconds=30)


def test_look_that_is_not_allowed_is_reported_once_and_holds_up_nobody() -> None:
    scope = Rejected("not searched", on="C1", code="missing_scope", why="no", fix="Add the scope")
    first = looked(scope)
    assert first.report and first.channel == CHANNEL
    assert not looked(scope, first.delivery).report


@pytest.mark.parametrize("error", [REFUSED, REJECTED])
def test_message_that_failed_for_a_day_is_given_up_and_seen(error: SlackAnswer) -> None:
    since = NOON - DAY
    almost = sent(error, sending(failing_since=since + SECOND))
    assert almost.delivery.state is DeliveryState.OWED
    decision = sent(error, sending(failing_since=since))
    assert (decision.delivery.state, decision.report) == (DeliveryState.FAILED, True)
    assert decision.outcome.startswith("given up")


@pytest.mark.parametrize(
    ("answer", "unsure"),
    [(None, False), (REFUSED, True), (REJECTED, True)],
    ids=["missed", "refused", "rejected"],
)
def test_unclear_message_is_given_up_after_a_day_but_not_unlooked(answer: SlackAnswer, unsure: bool) -> None:
    old = unclear(failing_since=NOON - DAY, misses=1)
    assert sent(UNCLEAR, sending(failing_since=NOON - DAY)).delivery.state is DeliveryState.UNCLEAR
    decision = looked(answer, old)
    assert (decision.delivery.state, decision.delivery.unsure) == (DeliveryState.FAILED, unsure)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_back_off_stays_between_its_bounds_and_never_shrinks(failures: int, jitter: float) -> None:
    longest = timedelta(minutes=15)
    assert SECOND <= back_off(failures, SECOND, longest, jitter) <= longest
    assert back_off(failures, SECOND, longest, 0.0) <= back_off(failures, SECOND, longest, jitter)
    assert back_off(failures, SECOND, longest, jitter) <= back_off(failures + 1, SECOND, longest, jitter)
