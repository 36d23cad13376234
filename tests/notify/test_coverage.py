"""Which entry leads a story's message, and which other publishers stand beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syndicator.alerts import LedgerKind, RouteReason
from syndicator.models import Entry, Visibility
from syndicator.notify.coverage import Coverage, count_publishers, cover, publisher_of
from syndicator.settings.models import Route
from tests.notify.values import HOUR, NOON, make_entry, make_route, owe


def of_story(name: str, provider: str | None, quality: float | None = 90.0, **fields: Any) -> Entry:
    return make_entry(name, story="s", provider=provider, quality=quality, **fields)


GLOBE = of_story("a", "Globe", 90.0)
HERALD = of_story("b", "Herald", 120.0)
LAKE = of_story("c", "Lake News", 60.0)


def covered(*entries: Entry, route: Route | None = None, owed: Entry = GLOBE) -> Coverage | None:
    return cover(owe(owed), entries, route or make_route(), {})


def test_best_entry_leads_and_the_others_follow_as_they_came() -> None:
    early = replace(LAKE, seen=GLOBE.seen - HOUR)
    story = covered(GLOBE, early, HERALD)
    assert story == Coverage(lead=HERALD, others=(early, GLOBE))
    assert story.publishers == ["Herald", "Lake News", "Globe"]


def test_quality_changes_nobodys_place_in_a_posted_message() -> None:
    row = replace(owe(HERALD), kind=LedgerKind.ANNOUNCED)
    for quality in (10.0, 60.0, 95.0, 300.0):
        other = of_story("c", "Lake News", quality)
        twin = of_story("d", "Lake News", 70.0)
        assert cover(row, [other, GLOBE, HERALD, twin], make_route(), {}) == Coverage(
            lead=HERALD, others=(GLOBE, other)
        )


def test_of_equal_quality_the_newest_leads() -> None:
    newer = of_story("z", "Herald", 90.0, published=NOON)
    assert covered(GLOBE, newer) == Coverage(lead=newer, others=(GLOBE,))


def test_best_that_the_route_takes_leads_and_what_it_does_not_is_named() -> None:
    poor, elsewhere = of_story("p", "Post", 10.0), of_story("e", "Echo", 300.0, topics=("moon",))
    route = make_route(topics=("sea",), min_quality=50)
    assert covered(poor, elsewhere, GLOBE, route=route) == Coverage(lead=GLOBE, others=(elsewhere, poor))


def test_what_the_route_excludes_neither_leads_nor_is_named() -> None:
    route = make_route(exclude={"providers": ["Herald"]})
    assert covered(GLOBE, HERALD, LAKE, route=route) == Coverage(lead=GLOBE, others=(LAKE,))


def test_what_is_not_public_neither_leads_nor_is_named() -> None:
    gone = replace(HERALD, visibility=Visibility.WITHDRAWN)
    assert covered(GLOBE, gone) == Coverage(lead=GLOBE)
    assert covered(gone, owed=gone) is None


def test_entry_that_was_judged_leads_where_the_route_takes_none_any_more() -> None:
    fallen = of_story("a", "Globe", 10.0)
    assert covered(LAKE, fallen, route=make_route(min_quality=80), owed=fallen) == Coverage(
        lead=fallen, others=(LAKE,)
    )


@pytest.mark.parametrize("kind", [LedgerKind.ANNOUNCED, LedgerKind.SHOWN])
def test_entry_that_was_posted_leads_while_it_is_public(kind: LedgerKind) -> None:
    row, route = replace(owe(GLOBE), kind=kind), make_route(min_quality=80)
    fallen = of_story("a", "Globe", 10.0)
    assert cover(row, [fallen, HERALD], route, {}) == Coverage(lead=fallen, others=(HERALD,))
    gone = replace(GLOBE, visibility=Visibility.WITHDRAWN)
    assert cover(row, [gone, HERALD], route, {}) == Coverage(lead=HERALD)


def test_story_without_an_entry_that_may_lead_has_none() -> None:
    gone = replace(GLOBE, visibility=Visibility.DRAFT)
    assert covered(LAKE, gone, route=make_route(min_quality=80)) is None
    assert covered() is None


@pytest.mark.parametrize("again", ["Herald", "HERALD", "Her\u200bald", " Herald\n"])
def test_no_publisher_stands_twice(again: str) -> None:
    twin, third = of_story("t", again, 50.0), of_story("u", "Globe", 40.0)
    story = covered(GLOBE, HERALD, twin, third)
    assert story == Coverage(lead=HERALD, others=(GLOBE,))
    assert count_publishers([GLOBE, HERALD, twin, third], make_route(), {}) == 2


def test_story_is_rising_as_its_row_says() -> None:
    row = replace(owe(GLOBE), reason=RouteReason.RISING)
    assert cover(row, [GLOBE], make_route(), {}) == Coverage(lead=GLOBE, rising=True)


@pytest.mark.parametrize(
    ("provider", "name"),
    [("The Globe", "The Globe"), (None, "harbour.example"), ("\u200b", "harbour.example")],
)
def test_publisher_without_a_name_goes_by_its_site(provider: str | None, name: str) -> None:
    assert publisher_of(make_entry(provider=provider)) == name


def test_publishers_are_counted_without_what_is_excluded_or_not_public() -> None:
    entries = [GLOBE, HERALD, replace(LAKE, visibility=Visibility.EXPIRED)]
    assert count_publishers(entries, make_route(providers=("Globe",)), {}) == 2
    assert count_publishers(entries, make_route(exclude={"providers": ["Globe"]}), {}) == 1
    assert count_publishers([], make_route(), {}) == 0


def test_age_of_an_entry_is_no_matter_once_its_story_is_owed() -> None:
    old = of_story("o", "Old News", 200.0, published=NOON - 999 * HOUR)
    assert covered(GLOBE, old) == Coverage(lead=old, others=(GLOBE,))
