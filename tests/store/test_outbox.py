"""The outbox on a real SQLite database: claims, fences, pacing and what an operator can do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicator.alerts import ChannelState, Delivery, DeliveryState, Retry
from syndicator.store.outbox import HOUR, Outbox
from tests.store.outbox_values import LEASE, NOON, SECOND, OutboxStore, make_delivery, make_owed, memory_store


@pytest.fixture
def store() -> OutboxStore:
    return memory_store()


def claim(outbox: Outbox, at: timedelta = timedelta(0), **options: object) -> list[Delivery]:
    found = outbox.claim(NOON + at, lease=LEASE, pace=SECOND, **options)  # type: ignore[arg-type]  # free
    return list(found)


def test_written_message_is_claimed_once(store: OutboxStore) -> None:
    with store() as outbox:
        assert outbox.write(make_delivery(), [])
        (claimed,) = claim(outbox)
        assert claimed.state is DeliveryState.SENDING
        assert (claimed.attempts, claimed.lease_until, claimed.look_from) == (1, NOON + LEASE, NOON)
        assert outbox.find("d1") == claimed
        assert claim(outbox, SECOND * 5) == []


def test_same_message_is_written_once(store: OutboxStore) -> None:
    with store() as outbox:
        assert outbox.write(make_delivery(), [])
        assert not outbox.write(make_delivery(route="other"), [])
        assert [one.route for one in outbox.list()] == ["ai"]


def test_dropped_message_comes_to_life_when_written_again(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        assert outbox.drop("d1", "withdrawn", NOON, forget=True)
        assert outbox.write(make_delivery(now=NOON + SECOND), [])
        found = outbox.find("d1")
        assert found is not None and found.state is DeliveryState.OWED


def test_at_most_one_message_per_channel_and_second(store: OutboxStore) -> None:
    with store() as outbox:
        for number in range(3):
            outbox.write(make_delivery(f"a{number}", channel="A", now=NOON + number * SECOND), [])
        outbox.write(make_delivery("b0", channel="B"), [])
        assert [one.id for one in claim(outbox, SECOND * 10)] == ["a0", "b0"]
        assert claim(outbox, SECOND * 10.5) == []
        assert outbox.next_time() == NOON + SECOND * 11
        assert [one.id for one in claim(outbox, SECOND * 11)] == ["a1"]


def test_busy_channel_is_left_alone(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        assert claim(outbox, busy={"C1"}) == []
        assert outbox.next_time(busy={"C1"}) is None
        assert len(claim(outbox, busy={"C2"})) == 1


def test_answer_after_lapsed_lease_changes_nothing_but_a_success(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        (claimed,) = claim(outbox)
        assert outbox.expire_leases(NOON + LEASE - SECOND, confirm_after=LEASE) == []
        assert outbox.expire_leases(NOON + LEASE, confirm_after=LEASE) == ["d1"]
        refused = replace(claimed, state=DeliveryState.OWED)
        assert not outbox.settle(claimed, refused, now=NOON + LEASE)
        found = outbox.find("d1")
        assert found is not None and found.state is DeliveryState.UNCLEAR
        assert found.due == NOON + LEASE + LEASE and found.unsure
        sent = replace(claimed, state=DeliveryState.SENT, message_ts="1.2")
        assert outbox.settle(claimed, sent, now=NOON + LEASE)
        found = outbox.find("d1")
        assert found is not None and (found.state, found.message_ts) == (DeliveryState.SENT, "1.2")


def test_settled_claim_cannot_be_settled_again_by_an_older_one(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        (first,) = claim(outbox)
        owed = replace(first, state=DeliveryState.OWED, due=NOON + SECOND)
        assert outbox.settle(first, owed, now=NOON)
        (second,) = claim(outbox, SECOND)
        assert second.attempts == 2
        sent = replace(first, state=DeliveryState.SENT)
        assert not outbox.settle(first, sent, now=NOON + SECOND)


def test_unclear_message_is_claimed_for_a_look_when_due(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        (claimed,) = claim(outbox)
        unclear = replace(claimed, state=DeliveryState.UNCLEAR, due=NOON + LEASE, unsure=True)
        outbox.settle(claimed, unclear, now=NOON)
        assert claim(outbox, LEASE - SECOND) == []
        (look,) = claim(outbox, LEASE)
        assert look.state is DeliveryState.UNCLEAR and look.attempts == 1
        assert outbox.settle(look, replace(look, state=DeliveryState.SENT), now=NOON + LEASE)


def test_sent_message_marks_its_stories_announced(store: OutboxStore) -> None:
    with store() as outbox:
        owed = make_owed()
        outbox.ledger.add([owed])
        outbox.write(make_delivery(guids=(owed.guid,)), [owed])
        assert outbox.ledger.owed() == []
        (claimed,) = claim(outbox)
        outbox.settle(claimed, replace(claimed, state=DeliveryState.SENT), now=NOON)
        (row,) = outbox.ledger.rows(stories=["s1"])
        assert (row.kind, row.delivery) == ("announced", "d1")


def test_paused_channel_waits_until_the_back_off_is_reset(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        paused = ChannelState(channel="C1", not_before=NOON + LEASE, failures=3, broken="no_such")
        outbox.channels.put(paused)
        assert outbox.channels.get("C1") == paused and outbox.channels.broken() == [paused]
        assert claim(outbox, SECOND) == []
        assert outbox.next_time() == NOON + LEASE
        outbox.reset_back_off(NOON + SECOND)
        assert len(claim(outbox, SECOND)) == 1


def test_start_makes_every_claim_unclear(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(), [])
        claim(outbox)
        assert outbox.expire_leases(NOON, confirm_after=LEASE, everything=True) == ["d1"]
        assert outbox.next_time() == NOON + LEASE


def test_lease_is_the_next_time_when_nothing_else_waits(store: OutboxStore) -> None:
    with store() as outbox:
        assert outbox.next_time() is None
        outbox.write(make_delivery(), [])
        claim(outbox)
        assert outbox.next_time() == NOON + LEASE


@pytest.mark.parametrize(
    ("unsure", "anyway", "can_look", "state", "answer"),
    [
        (True, False, True, DeliveryState.UNCLEAR, Retry.LOOKED_UP),
        (True, True, True, DeliveryState.OWED, Retry.AGAIN),
        (False, False, True, DeliveryState.OWED, Retry.AGAIN),
        (False, False, False, DeliveryState.OWED, Retry.AGAIN),
        (True, True, False, DeliveryState.OWED, Retry.AGAIN),
    ],
    ids=["looked for first", "sent anyway", "surely not accepted", "webhook", "webhook anyway"],
)
def test_failed_message_can_be_tried_again(
    store: OutboxStore, unsure: bool, anyway: bool, can_look: bool, state: DeliveryState, answer: Retry
) -> None:
    with store() as outbox:
        outbox.write(make_delivery(state=DeliveryState.FAILED, unsure=unsure, failing_since=NOON), [])
        assert outbox.retry("d1", NOON + LEASE, anyway=anyway, can_look=can_look) is answer
        found = outbox.find("d1")
        assert found is not None and (found.state, found.due) == (state, NOON + LEASE)
        assert found.failing_since is None


def test_sent_message_is_neither_retried_nor_dropped(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery(state=DeliveryState.SENT), [])
        assert outbox.retry("d1", NOON) is Retry.NOT_NOW
        assert not outbox.drop("d1", "no longer wanted", NOON)
        assert outbox.retry("unknown", NOON) is Retry.NOT_NOW


@pytest.mark.parametrize(
    ("state", "can_look", "answer"),
    [
        (DeliveryState.UNCLEAR, True, Retry.UNCLEAR),
        (DeliveryState.UNCLEAR, False, Retry.ANYWAY),
        (DeliveryState.FAILED, False, Retry.ANYWAY),
    ],
)
def test_unclear_message_is_left_to_its_look_or_to_anyway(
    store: OutboxStore, state: DeliveryState, can_look: bool, answer: Retry
) -> None:
    with store() as outbox:
        outbox.write(make_delivery(state=state, unsure=True), [])
        before = outbox.find("d1")
        assert outbox.retry("d1", NOON + LEASE, can_look=can_look) is answer
        assert outbox.find("d1") == before
        anyway = Retry.UNCLEAR if can_look else Retry.AGAIN
        assert outbox.retry("d1", NOON + LEASE, can_look=can_look, anyway=True) is anyway


def test_waiting_message_can_be_composed_anew_and_a_claimed_one_cannot(store: OutboxStore) -> None:
    with store() as outbox:
        owed = make_owed()
        outbox.ledger.add([owed])
        outbox.write(make_delivery(guids=(owed.guid,)), [owed])
        waiting = make_delivery(guids=(owed.guid,))
        assert outbox.recompose(replace(waiting, message={"text": "new"}))
        assert outbox.find("d1") == replace(waiting, message={"text": "new"})
        claim(outbox)
        assert not outbox.recompose(waiting)


def test_restored_backup_is_looked_up_before_it_is_sent(store: OutboxStore) -> None:
    with store() as outbox:
        owed = make_owed(now=NOON - LEASE)
        outbox.ledger.add([owed])
        outbox.write(make_delivery("d1"), [])
        outbox.distrust(NOON)
        outbox.write(make_delivery("d2", channel="C2"), [owed])
        states = {one.id: (one.state, one.unsure) for one in outbox.list()}
        assert states == {"d1": (DeliveryState.UNCLEAR, True), "d2": (DeliveryState.UNCLEAR, True)}
        found = outbox.find("d2")
        assert found is not None and found.look_from == NOON - LEASE


def test_counts_by_state_and_recent_and_waiting(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.write(make_delivery("a"), [])
        outbox.write(make_delivery("b", state=DeliveryState.SENT, ended=NOON), [])
        outbox.write(make_delivery("c", state=DeliveryState.DROPPED, ended=NOON), [])
        outbox.write(make_delivery("d", channel="C2"), [])
        outbox.write(make_delivery("e", edit_of="b"), [])
        counts = {DeliveryState.OWED: 2, DeliveryState.SENT: 1, DeliveryState.DROPPED: 1}
        assert outbox.count() == (counts, {DeliveryState.OWED: 1})
        assert outbox.sent_lately("C1", NOON) == outbox.sent_lately("C1", NOON + HOUR - SECOND) == [NOON]
        assert outbox.sent_lately("C1", NOON + HOUR) == [], "it is an hour old"
        assert outbox.sent_lately("C1", NOON - HOUR) == [], "it was sent by a clock that was ahead"
        assert outbox.waiting("C1") == 1
        assert [one.id for one in outbox.list([DeliveryState.SENT])] == ["b"]
