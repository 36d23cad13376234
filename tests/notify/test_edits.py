"""When a posted message is edited, and into what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syndicator.alerts import Delivery, DeliveryState
from syndicator.models import Visibility
from syndicator.notify.compose import edit_id, withdraw
from syndicator.notify.coverage import Coverage
from syndicator.notify.edits import CHANGED_BACK, QUIET, plan_edit, rests_until
from syndicator.notify.message import alert_message
from tests import slack_rules
from tests.notify.values import MINUTE, NOON, make_entry, make_route
from tests.slack.values import messaged

LATER = NOON + timedelta(hours=1)
OWED, SENT, FAILED = DeliveryState.OWED, DeliveryState.SENT, DeliveryState.FAILED
POSTED: Delivery = messaged("d1", state=SENT, message_ts="1.1", ended=NOON)


def saying(text: str) -> Delivery:
    return replace(POSTED, message={**POSTED.message, "text": text}, why="its story changed")


def edit(number: int, text: str, state: DeliveryState = SENT, **fields: Any) -> Delivery:
    values: dict[str, Any] = {"state": state, "created": NOON, "due": NOON}
    values |= {"ended": NOON if state is SENT else None} | fields
    return replace(saying(text), id=edit_id("d1", number), kind="edit", edit_of="d1", **values)


def plan(*edits: Delivery, text: str = "new") -> Delivery | None:
    return plan_edit(POSTED, edits, saying(text), now=LATER)


def test_message_that_says_what_its_story_says_is_left_alone() -> None:
    assert plan(text="Message d1") is None
    assert plan(edit(1, "new")) is None


def test_edit_is_owed_in_the_name_of_the_message() -> None:
    found = plan()
    assert found is not None
    assert (found.kind, found.edit_of, found.message_ts, found.state) == ("edit", "d1", "1.1", OWED)
    assert (found.route, found.channel, found.due, found.why) == ("ai", "C1", LATER, "its story changed")
    assert found.message["text"] == "new" and found.message["metadata"] == POSTED.message["metadata"]


def test_each_edit_has_an_id_of_its_own_and_comes_a_minute_after_the_last() -> None:
    made = edit(1, "first", ended=LATER - MINUTE / 2)
    found = plan(made)
    assert found is not None and found.id == edit_id("d1", 2) != made.id
    assert found.due == LATER + MINUTE / 2 and QUIET == MINUTE


@pytest.mark.parametrize(
    ("made", "minutes"), [(0, 1), (1, 2), (2, 4), (5, 32), (9, 512), (10, 512), (5000, 512)]
)
def test_message_rests_twice_as_long_after_each_edit(made: int, minutes: int) -> None:
    edits = [edit(number, "made", ended=LATER) for number in range(1, made + 1)]
    waits = edit(made + 1, "waits", OWED)
    assert rests_until(replace(POSTED, ended=LATER), [*edits, waits]) == LATER + minutes * MINUTE


def test_edit_that_waits_takes_the_newer_text_and_keeps_its_time() -> None:
    waits = edit(1, "new", OWED, due=LATER + MINUTE, attempts=3, error="refused")
    found = plan(waits, text="newer")
    assert found == replace(waits, message=saying("newer").message)


def test_edit_that_waits_ends_where_the_story_changed_back_and_begins_anew_under_its_id() -> None:
    waits = edit(1, "new", OWED, attempts=2)
    back = plan(waits, text="Message d1")
    assert back is not None
    assert (back.state, back.error, back.ended) == (DeliveryState.RELEASED, CHANGED_BACK, LATER)
    assert plan(back, text="Message d1") is None
    again = plan(back)
    assert again is not None
    assert (again.id, again.state, again.attempts, again.ended) == (waits.id, OWED, 2, None)


@pytest.mark.parametrize("state", [OWED, FAILED])
def test_edit_that_may_have_been_made_is_not_taken_back(state: DeliveryState) -> None:
    found = plan(edit(1, "new", state, unsure=True, failing_since=NOON), text="Message d1")
    assert found is not None and (found.state, found.message["text"]) == (OWED, "Message d1")


def test_edit_of_a_message_that_was_settled_a_moment_later_is_not_taken_back() -> None:
    """The time of a run is read before its transaction; the sender may settle the message between the two."""
    settled = replace(POSTED, ended=NOON + timedelta(milliseconds=40))
    made = edit(1, "old", ended=settled.ended)
    waits = edit(2, "new", OWED, unsure=True, created=NOON + timedelta(milliseconds=1))
    for posted, edits in ((settled, [edit(1, "new", OWED, unsure=True)]), (POSTED, [made, waits])):
        text = "old" if made in edits else "Message d1"
        found = plan_edit(posted, edits, saying(text), now=LATER)
        assert found is not None and (found.state, found.message["text"]) == (OWED, text)


def test_edit_given_up_is_taken_up_by_the_next_change() -> None:
    found = plan(edit(1, "new", FAILED, failing_since=NOON, error="no"), text="newer")
    assert found is not None and (found.state, found.failing_since, found.error) == (OWED, None, None)


def test_message_whose_edit_was_dropped_is_edited_no_more() -> None:
    assert plan(edit(1, "new", DeliveryState.DROPPED)) is None


def test_edit_dropped_while_the_message_was_only_drawn_does_not_count() -> None:
    found = plan(edit(1, "new", DeliveryState.DROPPED, message_ts=None))
    assert found is not None and (found.state, found.message_ts) == (OWED, "1.1")


def test_drawn_edit_that_slack_may_have_made_before_is_made_again() -> None:
    drawn = edit(1, "new", DeliveryState.SHOWN, ended=LATER, unsure=True)
    found = plan(drawn, text="Message d1")
    assert found is not None and found.message["text"] == "Message d1"
    made = edit(2, "Message d1", ended=LATER, created=LATER)
    assert plan(drawn, made, text="Message d1") is None


def test_what_was_only_drawn_is_not_what_slack_has() -> None:
    drawn = edit(1, "new", DeliveryState.SHOWN, ended=NOON)
    found = plan(drawn)
    assert found is not None and found.id == edit_id("d1", 2)


@pytest.mark.parametrize("visibility", [one for one in Visibility if one is not Visibility.PUBLIC])
def test_message_of_a_story_that_is_gone_fits_slack_and_says_why(visibility: Visibility) -> None:
    entry = make_entry(title="<!channel> *Tides* & more " * 30)
    message = alert_message(Coverage(lead=entry), make_route(), id="d1", topic_names={})
    posted = replace(POSTED, message=message)
    gone = withdraw(posted, posted, replace(entry, visibility=visibility))
    assert withdraw(posted, gone, replace(entry, visibility=visibility)).message == gone.message
    bare = withdraw(POSTED, replace(POSTED, message={}), replace(entry, visibility=visibility))
    assert entry.article.link in str(bare.message["text"]), "and where nothing is kept of what was posted"
    body: dict[str, Any] = dict(gone.message)
    assert slack_rules.problems(body) == [] and slack_rules.mentions(body) == []
    assert slack_rules.links(body) == [] and slack_rules.images(body) == []
    assert body["metadata"]["event_payload"]["delivery"] == "d1"
    assert "ithdrawn" in str(body) or "Expired" in str(body)
