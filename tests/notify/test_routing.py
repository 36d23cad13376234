"""What becomes owed, what becomes baseline and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from syndicator.alerts import LedgerKind, RouteReason
from syndicator.models import Change, Entry, Visibility
from syndicator.notify.routing import Decision, announce
from syndicator.settings.models import Route
from tests.notify.values import DAY, HOUR, NOON, make_entry, make_route


def decide(
    *entries: Entry | Change, routes: list[Route] | None = None, now: datetime = NOON, **options: Any
) -> list[Decision]:
    changes = [one if isinstance(one, Change) else Change(entry=one) for one in entries]
    facts: dict[str, Any] = {"others": (), "ledger": {}, "topic_names": {}} | options
    stories = {change.entry.story for change in changes}
    return announce(changes, [(stories, routes or [make_route()])], now=now, **facts)


def writes(decisions: list[Decision]) -> list[tuple[str, str, LedgerKind | None, RouteReason]]:
    return [(one.route, one.entry.guid, one.write, one.reason) for one in decisions]


def test_new_entry_becomes_owed() -> None:
    (decision,) = decide(make_entry())
    assert decision.write is LedgerKind.OWED
    owed = decision.row
    assert owed is not None
    assert (owed.route, owed.channel, owed.story, owed.guid) == ("sea", "C1", "tides", "urn:tides")
    assert (owed.reason, owed.at) == (RouteReason.OWED, NOON)


def test_beginning_route_makes_a_baseline() -> None:
    (decision,) = decide(make_entry(), silent=True)
    row = decision.row
    assert row is not None
    assert decision.write is LedgerKind.BASELINE
    assert (row.kind, row.reason, row.story) == (LedgerKind.BASELINE, RouteReason.BASELINE, "tides")


@pytest.mark.parametrize("silent", [False, True], ids=["later", "at the beginning"])
def test_entry_too_old_when_it_qualifies_becomes_baseline(silent: bool) -> None:
    (decision,) = decide(make_entry(published=NOON - 30 * DAY), silent=silent)
    assert (decision.write, decision.reason) == (LedgerKind.BASELINE, RouteReason.TOO_OLD)


def test_edited_date_of_a_baseline_entry_announces_nothing() -> None:
    ledger = {("C1", "tides"): LedgerKind.BASELINE}
    (decision,) = decide(make_entry(published=NOON - HOUR), ledger=ledger)
    assert (decision.write, decision.reason) == (None, RouteReason.BASELINE)


@pytest.mark.parametrize(
    "entry",
    [
        make_entry(visibility=Visibility.DRAFT),
        make_entry(visibility=Visibility.EMBARGOED),
        make_entry(quality=1.0),
    ],
    ids=["draft", "embargoed", "below the minimum"],
)
def test_what_is_not_yet_to_be_announced_may_qualify_after_the_beginning(entry: Entry) -> None:
    route = make_route(min_quality=80.0)
    (at_first,) = decide(entry, routes=[route], silent=True)
    assert at_first.write is None
    ready = make_entry()
    (later,) = decide(Change(entry=ready, before=entry), routes=[route])
    assert later.write is LedgerKind.OWED


def test_quality_that_rises_over_the_bar_is_announced_as_rising() -> None:
    change = Change(entry=make_entry(quality=93.0), before=make_entry(quality=53.0))
    (decision,) = decide(change, routes=[make_route(min_quality=80.0)])
    assert (decision.write, decision.reason) == (LedgerKind.OWED, RouteReason.RISING)


def test_draft_that_becomes_public_is_not_rising() -> None:
    change = Change(entry=make_entry(), before=make_entry(visibility=Visibility.DRAFT, quality=1.0))
    (decision,) = decide(change, routes=[make_route(min_quality=80.0)])
    assert decision.reason is RouteReason.OWED


def test_quality_that_falls_and_rises_again_announces_nothing() -> None:
    change = Change(entry=make_entry(quality=93.0), before=make_entry(quality=53.0))
    ledger = {("C1", "tides"): LedgerKind.ANNOUNCED}
    (decision,) = decide(change, routes=[make_route(min_quality=80.0)], ledger=ledger)
    assert (decision.write, decision.reason) == (None, RouteReason.ANNOUNCED)


def test_entry_announced_under_another_story_is_announced() -> None:
    ledger = {("C1", "urn:tides"): LedgerKind.ANNOUNCED}
    (decision,) = decide(make_entry(story="merged"), ledger=ledger)
    assert decision.write is None


def test_first_route_of_a_channel_takes_the_story() -> None:
    routes = [make_route("first"), make_route("second"), make_route("elsewhere", channel="C2")]
    assert sorted(writes(decide(make_entry(), routes=routes))) == [
        ("elsewhere", "urn:tides", LedgerKind.OWED, RouteReason.OWED),
        ("first", "urn:tides", LedgerKind.OWED, RouteReason.OWED),
        ("second", "urn:tides", None, RouteReason.ANNOUNCED),
    ]


def test_second_route_takes_what_the_first_does_not() -> None:
    routes = [make_route("picky", min_quality=100.0), make_route("easy")]
    assert sorted(writes(decide(make_entry(), routes=routes))) == [
        ("easy", "urn:tides", LedgerKind.OWED, RouteReason.OWED),
        ("picky", "urn:tides", None, RouteReason.BELOW_MINIMUM),
    ]


def test_too_old_for_the_first_route_is_young_enough_for_the_second() -> None:
    routes = [make_route("fresh", max_age=HOUR / 2), make_route("slow")]
    decisions = decide(make_entry(), routes=routes)
    assert {one.route: one.write for one in decisions} == {"fresh": None, "slow": LedgerKind.OWED}


def test_story_too_old_for_all_routes_is_baseline_once() -> None:
    routes = [make_route("first"), make_route("second")]
    decisions = decide(make_entry(published=NOON - 30 * DAY), routes=routes)
    assert {one.route: one.write for one in decisions} == {"first": LedgerKind.BASELINE, "second": None}


def test_story_in_one_batch_is_owed_once_with_its_best_entry() -> None:
    copies = [make_entry(name, quality=q, story="s") for name, q in (("a", 70.0), ("b", 95.0), ("c", None))]
    decisions = decide(*copies)
    assert sorted(writes(decisions)) == [
        ("sea", "urn:a", None, RouteReason.SAME_STORY),
        ("sea", "urn:b", LedgerKind.OWED, RouteReason.OWED),
        ("sea", "urn:c", None, RouteReason.SAME_STORY),
    ]


TWO = make_route(min_publishers=2, min_quality=80.0)


def test_second_publisher_lets_the_story_be_announced_with_its_best_entry() -> None:
    first = make_entry("a", story="s", quality=90.0, provider="Globe")
    (alone,) = decide(first, routes=[TWO])
    assert (alone.write, alone.reason) == (None, RouteReason.FEW_PUBLISHERS)
    second = make_entry("b", story="s", quality=10.0, provider="Herald")
    decisions = decide(second, routes=[TWO], others=[first])
    assert sorted(writes(decisions)) == [
        ("sea", "urn:a", LedgerKind.OWED, RouteReason.OWED),
        ("sea", "urn:b", None, RouteReason.BELOW_MINIMUM),
    ]


@pytest.mark.parametrize(
    ("second", "route"),
    [
        ({"provider": "GLOBE"}, TWO),
        ({"provider": "Glo\u200bbe"}, TWO),
        ({"visibility": Visibility.DRAFT}, TWO),
        ({"story": "another"}, TWO),
        ({}, make_route(min_publishers=2, exclude={"providers": ["Her*"]})),
        ({}, make_route(min_publishers=3)),
    ],
    ids=["same name", "same name to a reader", "draft", "another story", "excluded", "three wanted"],
)
def test_who_does_not_count_as_another_publisher(second: dict[str, Any], route: Route) -> None:
    first = make_entry("a", story="s", provider="Globe")
    other = make_entry("b", **{"story": "s", "provider": "Herald"} | second)
    assert {one.write for one in decide(other, routes=[route], others=[first])} == {None}


def test_sites_count_where_no_publisher_is_named() -> None:
    first = make_entry("a", story="s", provider=None)
    second = make_entry("b", story="s", provider=None, link="https://other.example/b")
    assert LedgerKind.OWED in {one.write for one in decide(second, routes=[TWO], others=[first])}


def test_other_entries_are_judged_for_no_route_that_counts_no_publishers() -> None:
    other = make_entry("a", story="s")
    decisions = decide(
        make_entry("b", story="s", quality=1.0), routes=[make_route(min_quality=9)], others=[other]
    )
    assert [one.entry.guid for one in decisions] == ["urn:b"]


def test_decisions_do_not_depend_on_the_order_of_changes() -> None:
    entries = [make_entry(name, story="s") for name in "abc"] + [make_entry("d")]
    forth, back = decide(*entries), decide(*reversed(entries))
    assert {(d.entry.guid, d.write) for d in forth} == {(d.entry.guid, d.write) for d in back}


def test_each_change_and_route_has_one_decision() -> None:
    entries = [make_entry(name) for name in "abc"]
    routes = [make_route("x"), make_route("y", channel="C2")]
    assert len(decide(*entries, routes=routes)) == 6


def test_withdrawn_and_returned_entry_is_not_announced_again() -> None:
    ledger = {("C1", "tides"): LedgerKind.ANNOUNCED}
    gone = replace(make_entry(), visibility=Visibility.WITHDRAWN)
    (away,) = decide(Change(entry=gone, before=make_entry()), ledger=ledger)
    (back,) = decide(Change(entry=make_entry(), before=gone), ledger=ledger)
    assert (away.reason, back.reason) == (RouteReason.NOT_PUBLIC, RouteReason.ANNOUNCED)
