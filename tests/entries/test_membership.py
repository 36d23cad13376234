"""Behaviour 14, 16 and 17: membership, one copy of a link per feed, and the order of first appearance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicator.entries.topics import update_memberships
from syndicator.models import Entry, Visibility
from syndicator.store.types import FEED, Membership
from tests.making import NOON, make_entry

LINK = "https://one.example/"
Placed = tuple[Sequence[Membership], set[tuple[str, int]]]


def best(copies: Sequence[Entry], shown: str | None) -> Entry:
    return next((c for c in copies if c.guid == shown), max(copies, key=lambda c: c.article.quality or 0))


def stand(
    entries: Iterable[Entry], before: Iterable[Membership] = (), first: int = 0, now: datetime = NOON
) -> Placed:
    return update_memberships(
        entries,
        before,
        next_number=lambda topic: first,
        page_size=10,
        now=now,
    )


def shown(result: Placed, topic: str = "all") -> list[str]:
    return [s.guid for s in result[0] if s.topic == topic and s.shown]


def rows(result: Placed) -> list[Membership]:
    return [*result[0]]


def test_public_entry_stands_in_its_topics_and_in_all() -> None:
    result = stand([make_entry(topics=("ai", "azure"))])
    assert {(s.topic, s.shown, s.number) for s in rows(result)} == {
        ("ai", True, 0),
        ("all", True, 0),
        ("azure", True, 0),
    }
    assert ("ai", FEED) in result[1]
    assert ("ai", 0) in result[1]


def test_entry_that_is_not_public_is_a_member_without_number_and_dirties_nothing() -> None:
    result = stand([make_entry(visibility=Visibility.DRAFT)])
    assert {(s.member, s.shown, s.number) for s in rows(result)} == {(True, False, None)}
    assert not result[1]


def test_numbers_follow_published_time_within_a_batch() -> None:
    late = make_entry("late.md", published=NOON)
    early = make_entry("early.md", published=NOON - timedelta(days=9))
    numbers = {s.guid: s.number for s in rows(stand([late, early], first=7)) if s.topic == "all"}
    assert numbers == {early.guid: 7, late.guid: 8}


def test_withdrawn_entry_keeps_its_number_and_leaves_the_feed() -> None:
    entry = make_entry()
    before = rows(stand([entry], first=12))
    result = stand([make_entry(visibility=Visibility.WITHDRAWN)], before)
    assert {(s.member, s.shown, s.number) for s in rows(result)} == {(False, False, 12)}
    assert result[1] == {("ai", FEED), ("ai", 1), ("all", FEED), ("all", 1)}


def test_entry_that_leaves_a_topic_leaves_its_feed() -> None:
    before = rows(stand([make_entry(topics=("ai", "azure"))]))
    result = stand([make_entry(topics=("ai",))], before)
    assert [(s.member, s.shown) for s in rows(result) if s.topic == "azure"] == [(False, False)]
    assert ("azure", FEED) in result[1]


def test_first_shown_copy_stays_though_a_better_one_comes() -> None:
    first = make_entry("first.md", link=LINK, quality=20.0)
    before = rows(stand([first]))
    better = make_entry("better.md", link=LINK, quality=99.0)
    assert shown(stand([first, better], before)) == [first.guid]


def test_best_of_the_others_takes_the_place_of_a_withdrawn_copy() -> None:
    first = make_entry("first.md", link=LINK)
    others = [make_entry(f"{q}.md", link=LINK, quality=q) for q in (30.0, 70.0, 50.0)]
    before = rows(stand([first, *others[:1]]))
    left = make_entry("first.md", link=LINK, visibility=Visibility.WITHDRAWN)
    result = stand([left, *others], before)
    assert shown(result) == ["urn:test:70.0.md"]
    back = stand([first, *others], rows(result))
    assert shown(back) == ["urn:test:70.0.md"]


def test_each_feed_chooses_its_own_copy() -> None:
    one = make_entry("one.md", link=LINK, topics=("ai",), quality=90.0)
    two = make_entry("two.md", link=LINK, topics=("azure",), quality=10.0)
    result = stand([one, two])
    assert shown(result, "ai") == [one.guid]
    assert shown(result, "azure") == [two.guid]
    assert shown(result, "all") == [one.guid]


@pytest.mark.parametrize(
    ("first", "before"), [(10, {0}), (11, set()), (19, {0}), (20, set()), (29, {1}), (9, set())]
)
def test_page_before_is_written_again_when_its_next_is_full_and_the_first_when_there_are_two(
    first: int, before: set[int]
) -> None:
    dirty = {page for topic, page in stand([make_entry()], first=first)[1] if topic == "all"}
    assert dirty == {FEED, first // 10} | before


def test_standing_again_changes_no_row() -> None:
    entry = make_entry()
    before = rows(stand([entry]))
    assert rows(stand([entry], before, first=99)) == before


LEAVES = {
    "withdrawn": {"visibility": Visibility.WITHDRAWN},
    "unpublished": {"visibility": Visibility.DRAFT},
    "expired": {"visibility": Visibility.EXPIRED},
    "without the topic": {"topics": ("azure",)},
}


@pytest.mark.parametrize("change", LEAVES.values(), ids=LEAVES.keys())
def test_entry_that_leaves_a_feed_left_it_then_until_it_stands_there_again(change: dict[str, Any]) -> None:
    def removed(result: Placed) -> datetime | None:
        return next(s.removed for s in rows(result) if s.topic == "ai")

    there = stand([make_entry()])
    gone = stand([make_entry(**change)], rows(there), now=NOON)
    still = stand([make_entry(**change, title="Other")], rows(gone), now=NOON + timedelta(days=1))
    back = stand([make_entry()], rows(still), now=NOON + timedelta(days=2))
    assert [removed(one) for one in (there, gone, still, back)] == [None, NOON, NOON, None]


def test_entry_that_never_stood_in_a_feed_has_not_left_it() -> None:
    draft = make_entry(visibility=Visibility.DRAFT)
    assert {s.removed for s in rows(stand([draft], rows(stand([draft]))))} == {None}
