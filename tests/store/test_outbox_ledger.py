"""The ledger and what hangs on it: once for ever, routes begun, digests' times, mutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from syndicator.alerts import DailyMinimum, LedgerKind, LedgerRow, RouteReason, Slot
from syndicator.notify.minimums import minimum_at
from syndicator.settings.models import Route
from syndicator.store.history import History
from syndicator.store.ledger import Ledger
from tests.store.outbox_values import NOON, SECOND, OutboxStore, make_delivery, make_owed, memory_store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@contextmanager
def statements(store: OutboxStore) -> Iterator[list[str]]:
    """Those that are run meanwhile, many rows of one counted once."""
    run: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        run.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield run
    event.remove(store.engine, "before_cursor_execute", note)


@pytest.fixture
def store() -> OutboxStore:
    return memory_store()


def baseline(story: str, channel: str = "C1") -> LedgerRow:
    return LedgerRow(
        channel=channel,
        story=story,
        guid=f"urn:{story}",
        route="ai",
        kind=LedgerKind.BASELINE,
        reason=RouteReason.BASELINE,
        at=NOON,
    )


def kinds(ledger: Ledger, story: str) -> dict[tuple[str, str], LedgerKind]:
    return ledger.kinds([story], [], ["C1", "C9"])


def test_story_is_taken_once_in_a_channel(store: OutboxStore) -> None:
    with store() as outbox:
        first, again, elsewhere = make_owed(), make_owed(route="other"), make_owed(channel="C2")
        outbox.ledger.add([first, again, elsewhere])
        assert outbox.ledger.owed() == [first, elsewhere]
        assert outbox.ledger.owed("other") == []


def test_baseline_and_owed_exclude_each_other(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.ledger.add([baseline("s1"), baseline("s1"), baseline("s2")])
        assert [row.story for row in outbox.ledger.rows(stories=["s1", "s2"])] == ["s1", "s2"]
        outbox.ledger.add([make_owed("s1")])
        assert outbox.ledger.owed() == []
        assert kinds(outbox.ledger, "s1") == {
            ("C1", "s1"): LedgerKind.BASELINE,
            ("C1", "urn:s1"): LedgerKind.BASELINE,
        }


def test_entry_is_known_by_its_guid_when_its_story_has_another_name(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.ledger.add([baseline("s1")])
        assert outbox.ledger.kinds(["merged"], ["urn:s1"], ["C1"])["C1", "urn:s1"] is LedgerKind.BASELINE


def test_many_stories_are_asked_for_in_one_statement(store: OutboxStore) -> None:
    with store() as outbox:
        stories = [f"s{number}" for number in range(1000)]
        outbox.ledger.add(baseline(story, channel) for story in stories for channel in ("C1", "C2"))
        with statements(store) as asked:
            found = outbox.ledger.kinds(stories, [f"urn:{story}" for story in stories], ["C1"])
        assert len(asked) == 1
        assert found.keys() == {("C1", key) for story in stories for key in (story, f"urn:{story}")}


def test_many_decisions_are_written_by_few_statements(store: OutboxStore) -> None:
    with store() as outbox, statements(store) as run:
        outbox.ledger.add(baseline(f"s{number}", f"C{number % 7}") for number in range(2000))
    assert len(run) == 4


def test_decisions_of_one_moment_are_read_as_one(store: OutboxStore) -> None:
    with store.engine.begin() as connection:
        Ledger(connection).add(baseline(f"s{number}", f"C{number % 7}") for number in range(50))
        Ledger(connection).add([replace(baseline("later"), at=NOON + HOUR)])
        history = History(connection)
        assert history.decided_since(NOON) == {NOON: 50, NOON + HOUR: 1}
        assert history.decided_since(NOON + SECOND) == {NOON + HOUR: 1}
        assert [row.story for row in history.decisions(1)] == ["later"]
        assert len(history.decisions(60)) == 51


def test_forgotten_story_counts_anew(store: OutboxStore) -> None:
    with store() as outbox:
        owed = make_owed()
        outbox.ledger.add([owed])
        outbox.ledger.forget([owed])
        assert outbox.ledger.owed() == [] and kinds(outbox.ledger, "s1") == {}
        outbox.ledger.add([owed])
        assert outbox.ledger.owed() == [owed]


def test_dropped_message_keeps_or_forgets_its_stories(store: OutboxStore) -> None:
    with store() as outbox:
        for story, forget in (("kept", False), ("forgotten", True)):
            owed = make_owed(story)
            outbox.ledger.add([owed])
            outbox.write(make_delivery(story), [owed])
            assert outbox.drop(story, "why", NOON, forget=forget)
        assert kinds(outbox.ledger, "kept") != {}
        assert kinds(outbox.ledger, "forgotten") == {}


def test_some_of_a_messages_entries_can_be_forgotten(store: OutboxStore) -> None:
    with store() as outbox:
        both = [make_owed("a"), make_owed("b")]
        outbox.ledger.add(both)
        outbox.write(make_delivery(guids=("urn:a", "urn:b")), both)
        outbox.ledger.forget_message("d1", ["urn:a"])
        assert kinds(outbox.ledger, "a") == {} and kinds(outbox.ledger, "b") != {}


def test_route_begins_once_and_its_change_shows(store: OutboxStore) -> None:
    with store() as outbox:
        assert outbox.ledger.route_fingerprints() == {}
        outbox.ledger.begin_route(Route(name="ai", channel="C1"), "f1", NOON)
        outbox.ledger.begin_route(Route(name="ai", channel="C1"), "f2", NOON + HOUR)
        assert outbox.ledger.route_fingerprints() == {"ai": "f2"}
        assert outbox.ledger.begin_times(["ai", "b"]) == {"ai": NOON + HOUR}


def test_what_a_route_owes_is_handed_over_or_let_go(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.ledger.add([make_owed("a", route="old"), make_owed("b", channel="C9", route="old")])
        outbox.ledger.begin_route(Route(name="old", channel="C1"), "f", NOON)
        assert [
            outbox.ledger.hand_over(("old", "C1"), "new"),
            outbox.ledger.hand_over(("old", "C9"), None),
        ] == [1, 1]
        assert [(one.story, one.route) for one in outbox.ledger.owed()] == [("a", "new")]
        assert kinds(outbox.ledger, "b")["C9", "b"] is LedgerKind.BASELINE
        outbox.ledger.forget_routes({"new"})
        assert outbox.ledger.route_fingerprints() == {}
        assert outbox.ledger.hand_over(("old", "C1"), "new") == 0


@pytest.mark.parametrize("since", [NOON, NOON + DAY, NOON + 9 * HOUR, NOON + 2 * DAY, NOON + 9 * DAY])
def test_minimums_of_years_are_not_read_to_judge_what_began_of_late(
    store: OutboxStore, since: datetime
) -> None:
    days = [DailyMinimum(route="ai", day=NOON + DAY * at, quality=at, stories=1, days=1) for at in (1, 2, 5)]
    with store() as outbox:
        outbox.ledger.put_minimums([*days, replace(days[0], route="other")])
        every, some = outbox.ledger.minimums(["ai"])["ai"], outbox.ledger.minimums(["ai"], since=since)["ai"]
    assert every == days
    assert some == (days if since < days[0].day else [one for one in days if one.day >= some[0].day])
    assert len(some) <= 1 or since < some[1].day
    for later in range(9):
        began = since + later * DAY
        assert minimum_at(some, began) == minimum_at(every, began)
    assert minimum_at(some, None) == days[-1]


def test_slot_is_finished_once(store: OutboxStore) -> None:
    slot = Slot(nominal="2026-03-02T09:00", at=NOON)
    with store() as outbox:
        assert outbox.ledger.slots_done({"ai": slot}) == set()
        outbox.ledger.finish_slot("ai", slot, "d1")
        outbox.ledger.finish_slot("ai", Slot(nominal=slot.nominal, at=NOON + HOUR))
        assert outbox.ledger.slots_done({"ai": slot, "other": slot}) == {"ai"}


def test_mute_stands_until_its_end_or_until_lifted(store: OutboxStore) -> None:
    with store() as outbox:
        outbox.ledger.mute("ai", since=NOON, until=NOON + HOUR, why="maintenance")
        (mute,) = outbox.ledger.mutes(ended_after=NOON)
        assert (mute.route, mute.why, mute.end) == ("ai", "maintenance", NOON + HOUR)
        assert outbox.ledger.mutes(ended_after=NOON + HOUR) == []
        assert outbox.ledger.unmute("ai", NOON + SECOND) == 1
        assert outbox.ledger.unmute("ai", NOON + SECOND) == 0
        (lifted,) = outbox.ledger.mutes(ended_after=NOON)
        assert lifted.end == NOON + SECOND
        assert outbox.ledger.mutes(ended_after=NOON + SECOND) == []
