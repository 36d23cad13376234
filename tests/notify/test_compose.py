"""Messages owed: their ids follow from what they are about, and waiting ones follow their entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syndicator.alerts import Delivery, DeliveryState, Slot
from syndicator.models import Entry
from syndicator.notify.compose import TopicWords, compose, draft_id, in_words
from syndicator.notify.coverage import Coverage
from syndicator.notify.due import Draft, DueReason, OwedStory
from syndicator.notify.message import DigestPage
from syndicator.settings.models import Digest
from tests import slack_rules
from tests.making import utc
from tests.notify.values import MINUTE, NOON, make_entry, make_route, owe

ROUTE = make_route()
PAGE = DigestPage(name="The Sea", url="https://feeds.example.org/topics/sea/")
TOPICS = TopicWords(labels={"sea": "The Sea", "lake": "Lakes"}, names={"sea": frozenset({"the sea", "sea"})})
SLOT = Slot(nominal="2026-03-02T09:00", at=utc(2026, 3, 2, 9))


def draft(
    *entries: Entry, kind: str = "alert", reason: DueReason = DueReason.AT_ONCE, **fields: Any
) -> Draft:
    shown = tuple(OwedStory(owe(entry), Coverage(lead=entry)) for entry in entries)
    return Draft(route=ROUTE, kind=kind, shown=shown, reason=reason, **fields)


def composed(one: Draft) -> Delivery:
    return compose(one, now=NOON, topics=TOPICS, page=PAGE)


def test_alert_is_owed_at_once() -> None:
    entry = make_entry()
    delivery = composed(draft(entry))
    assert (delivery.kind, delivery.state, delivery.due) == ("alert", DeliveryState.OWED, NOON)
    assert (delivery.route, delivery.channel, delivery.guids) == ("sea", "C1", ("urn:tides",))
    payload = delivery.message["metadata"]["event_payload"]
    assert payload["delivery"] == delivery.id == draft_id(draft(entry))


def test_ids_never_change() -> None:
    # Kept by Slack in posted messages: another id would post them again after a restore.
    assert draft_id(draft(make_entry("tides"))) == "6efe3206-e6f8-54eb-8b1d-93bcc0851cda"
    daily = draft(make_entry("tides"), kind="digest", reason=DueReason.DIGEST, slot=SLOT)
    assert draft_id(daily) == "46b0891d-733e-55c9-be27-09fa8a20364d"


def test_id_follows_from_channel_and_story_or_route_and_slot() -> None:
    a, b = make_entry("a"), make_entry("b")
    daily = draft(a, b, kind="digest", reason=DueReason.DIGEST, slot=SLOT)
    later = replace(daily, slot=replace(SLOT, nominal="2026-03-03T09:00"))
    assert draft_id(daily) == draft_id(replace(daily, shown=daily.shown[:1]))
    assert len({draft_id(draft(a)), draft_id(draft(b)), draft_id(daily), draft_id(later)}) == 4


def test_id_of_a_digest_without_a_slot_follows_from_its_oldest_story() -> None:
    a, b = make_entry("a"), make_entry("b")
    flood = draft(a, b, kind="digest", reason=DueReason.FLOOD)
    shown = flood.shown[1]
    older = shown._replace(row=replace(shown.row, at=NOON - MINUTE))
    moved = replace(flood, shown=flood.shown[:1], more=(older.row,))
    assert draft_id(flood) != draft_id(moved)
    assert draft_id(moved) == draft_id(replace(moved, shown=(older,), more=()))
    assert draft_id(flood) != draft_id(draft(a))


@pytest.mark.parametrize(
    ("reason", "heading"),
    [
        (DueReason.DIGEST, "The Sea: 3 new stories"),
        (DueReason.CATCH_UP, "The Sea, while it was quiet: 3 new stories"),
        (DueReason.FLOOD, "The Sea, many at once: 3 new stories"),
        (DueReason.OVERFLOW, "The Sea, in brief: 3 new stories"),
    ],
)
def test_digest_says_what_it_is_also_when_composed_anew(reason: DueReason, heading: str) -> None:
    a, b = make_entry("a"), make_entry("b")
    delivery = composed(draft(a, b, kind="digest", reason=reason, more=(owe(make_entry("c")),)))
    again = in_words(delivery, [Coverage(lead=e) for e in (a, b)], ROUTE, topics=TOPICS, page=PAGE)
    assert again is not None and again.more == 1
    for one in (delivery, again):
        assert one.message["blocks"][0]["text"]["text"] == heading
        assert slack_rules.problems(dict(one.message)) == []


def test_waiting_message_follows_its_story() -> None:
    entry = make_entry()
    route = make_route(show_reason=True)
    delivery = composed(draft(entry))
    renamed = replace(entry, article=replace(entry.article, title="Another title"))
    story = Coverage(lead=renamed, rising=True)
    again = in_words(delivery, [story], route, topics=TOPICS, page=PAGE)
    assert again is not None and again.id == delivery.id
    assert "Another title" in str(again.message) and "reached the minimum later" in str(again.message)


def test_stories_that_are_left_make_the_message() -> None:
    a, b = make_entry("a"), make_entry("b")
    delivery = composed(draft(a, b, kind="digest", reason=DueReason.DIGEST, slot=SLOT))
    again = in_words(delivery, [Coverage(lead=b)], ROUTE, topics=TOPICS, page=PAGE)
    assert again.guids == ("urn:b",)


@pytest.mark.parametrize(
    ("group", "topics", "headings"),
    [
        ("topic", (), ["Lakes", "The Sea", "Other"]),
        ("topic", ("Sea", "lake"), ["Lakes", "The Sea", "Other"]),
        ("topic", ("lake",), ["Lakes", "Other"]),
        ("publisher", (), ["Harbour Post", "River News"]),
        ("none", (), []),
    ],
)
def test_digest_of_more_than_ten_is_grouped(group: str, topics: tuple[str, ...], headings: list[str]) -> None:
    kinds = ("sea", "lake"), ("moon",), ("lake",), ()
    entries = [
        make_entry(f"n{n}", topics=kinds[n % 4], provider=("Harbour Post", "River News")[n > 8])
        for n in range(12)
    ]
    digest = Digest(cron="0 9 * * *", group=group, maximum=20)
    route = make_route(topics=topics, deliver=digest)

    def headings_of(count: int, more: int = 0) -> list[str]:
        beyond = tuple(owe(entry) for entry in entries[:more])
        one = draft(*entries[:count], kind="digest", more=beyond, reason=DueReason.DIGEST, slot=SLOT)
        message: Any = composed(replace(one, route=route)).message
        assert slack_rules.problems(message) == []
        parts = [
            part for block in message["blocks"] if block["type"] == "rich_text" for part in block["elements"]
        ]
        bold = [part["elements"][0] for part in parts[1:] if part["type"] == "rich_text_section"]
        stories = [item for part in parts if part["type"] == "rich_text_list" for item in part["elements"]]
        assert len(stories) == count - 1
        return [element["text"] for element in bold]

    assert headings_of(12) == headings
    assert headings_of(10) == []
    assert bool(headings_of(5, more=6)) is (group == "topic")
    assert headings_of(5, more=5) == []
