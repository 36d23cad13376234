"""An outage is said once when it begins and once when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from structlog.testing import capture_logs

from syndicator.alerts import SlackMethod
from syndicator.slack.outage import OutageWatch
from tests.slack.values import NOON, SECOND, messaged
from tests.store.outbox_values import OutboxStore, memory_store


def calls(
    watch: OutageWatch,
    store: OutboxStore,
    *answers: str | None,
    after: timedelta = SECOND,
    method: SlackMethod = SlackMethod.AUTH_TEST,
    begin: datetime = NOON,
) -> list[dict[str, Any]]:
    """What is said of calls one after the other, so far apart; an answer of None is one that came."""
    with capture_logs() as logs:
        for number, error in enumerate(answers):
            with store() as outbox:
                watch.note(method, outbox, error=error, now=begin + number * after)
    return [dict(line) for line in logs]


def test_outage_is_said_once_with_since_when_and_what_waits() -> None:
    store, watch = memory_store(), OutageWatch()
    with store() as outbox:
        outbox.write(messaged("d1"), [])
        outbox.write(messaged("d2", channel="C2"), [])
    (line,) = calls(watch, store, *["no such host"] * 5)
    assert (line["log_level"], line["event"]) == ("warning", "Slack cannot be reached")
    assert (line["since"], line["waiting"], line["calls_failed"]) == ("2026-03-02 12:00:00 UTC", 2, 2)
    assert line["why"] == "no such host" and "DNS" in line["fix"]


def test_end_of_an_outage_is_said_once_with_how_long_it_was() -> None:
    store, watch = memory_store(), OutageWatch()
    answers = ("refused", "refused", "refused", None, None)
    begun, over = calls(watch, store, *answers, after=timedelta(minutes=4))
    assert begun["event"] == "Slack cannot be reached"
    assert (over["log_level"], over["event"], over["after"]) == ("info", "Slack answers again", "12 min")
    assert watch.outage is None and not watch.in_doubt
    again = calls(watch, store, "refused", "refused")
    assert [line["event"] for line in again] == ["Slack cannot be reached"]


def test_single_call_that_fails_is_no_outage_but_a_doubt() -> None:
    store, watch = memory_store(), OutageWatch()
    assert calls(watch, store, "HTTP 500", None, "HTTP 500", None) == []
    assert watch.doubt.is_set()
    assert watch.outage is None


def test_outage_lasts_until_an_answer_and_knows_its_beginning() -> None:
    store, watch = memory_store(), OutageWatch()
    calls(watch, store, "refused", "refused", "refused")
    assert watch.outage is not None and (watch.outage.since, watch.outage.calls) == (NOON, 3)


def test_answer_to_another_method_does_not_end_an_outage_of_posting() -> None:
    store, watch, post = memory_store(), OutageWatch(), SlackMethod.POST_MESSAGE
    with store() as outbox:
        outbox.write(messaged("d1"), [])
    assert calls(watch, store, "HTTP 500", method=post) == []
    assert calls(watch, store, None) == []
    (line,) = calls(watch, store, "HTTP 500", method=post)
    assert (line["event"], line["why"]) == ("Slack cannot be reached", "HTTP 500")
    assert calls(watch, store, None, None) == [], "the token can be checked, and still nothing is posted"
    assert calls(watch, store, "HTTP 500", "HTTP 500", method=post) == []
    assert [line["event"] for line in calls(watch, store, None, method=post)] == ["Slack answers again"]


def test_any_answer_ends_an_outage_in_which_the_token_could_not_be_checked() -> None:
    store, watch = memory_store(), OutageWatch()
    with store() as outbox:
        outbox.write(messaged("d1"), [])
    calls(watch, store, "HTTP 500", method=SlackMethod.HISTORY)
    calls(watch, store, "HTTP 500")
    assert [line["event"] for line in calls(watch, store, None)] == ["Slack answers again"]


def test_outage_of_posting_ends_once_nothing_waits_to_be_posted() -> None:
    store, watch = memory_store(), OutageWatch()
    calls(watch, store, "HTTP 500", "HTTP 500", method=SlackMethod.POST_MESSAGE)
    assert [line["event"] for line in calls(watch, store, None)] == ["Slack answers again"]


def test_failures_far_apart_are_no_outage() -> None:
    store, watch, post = memory_store(), OutageWatch(), SlackMethod.POST_MESSAGE
    with store() as outbox:
        outbox.write(messaged("d1"), [])
    assert calls(watch, store, *["HTTP 500"] * 4, after=timedelta(hours=1), method=post) == []
    later = NOON + timedelta(hours=9)
    (line,) = calls(watch, store, "HTTP 500", "HTTP 500", method=post, begin=later)
    assert line["since"] == "2026-03-02 21:00:00 UTC"
