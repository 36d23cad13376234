"""Which entries belong on a route, and the reason where one does not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.alerts import LedgerKind, RouteReason
from syndicator.models import Topic, Visibility
from syndicator.notify.rules import (
    RouteIndex,
    _compiled,
    fingerprint,
    judge_match,
    judge_route,
    keys_of,
    main_topic,
    names_with_ancestors,
)
from tests.notify.values import DAY, NOON, NOW_AND_THEN, SECOND, make_entry, make_route

NAMES = names_with_ancestors(
    [
        Topic(slug="water", name="Water", names=("water",)),
        Topic(slug="sea", name="The Sea", parent="water", names=("ocean", "sea", "the sea")),
        Topic(slug="cpp", name="C++", names=("c++",)),
    ]
)

CASES = [
    ("takes what it does not filter", {}, {}, RouteReason.OWED),
    ("draft", {"visibility": Visibility.DRAFT}, {}, RouteReason.NOT_PUBLIC),
    ("withdrawn", {"visibility": Visibility.WITHDRAWN}, {}, RouteReason.NOT_PUBLIC),
    ("topic by slug", {}, {"topics": ("sea",)}, RouteReason.OWED),
    ("topic by name without regard to case", {}, {"topics": ("THE SEA",)}, RouteReason.OWED),
    ("topic by alias", {}, {"topics": ("Ocean",)}, RouteReason.OWED),
    ("topic by parent", {}, {"topics": ("Water",)}, RouteReason.OWED),
    ("topic by pattern", {}, {"topics": ("wat*",)}, RouteReason.OWED),
    ("topic with signs", {"topics": ("cpp",)}, {"topics": ("C++",)}, RouteReason.OWED),
    ("topic that nobody declared", {"topics": ("moon",)}, {"topics": ("Moon",)}, RouteReason.OWED),
    ("other topic", {"topics": ("cpp",)}, {"topics": ("sea",)}, RouteReason.OTHER_TOPIC),
    ("no topic", {"topics": ()}, {"topics": ("*",)}, RouteReason.OTHER_TOPIC),
    ("parent is not of its child", {"topics": ("water",)}, {"topics": ("sea",)}, RouteReason.OTHER_TOPIC),
    ("provider by name", {}, {"providers": ("harbour*",)}, RouteReason.OWED),
    ("provider by domain", {}, {"providers": ("*.example",)}, RouteReason.OWED),
    ("other provider", {}, {"providers": ("Lake News",)}, RouteReason.OTHER_PROVIDER),
    ("no provider", {"provider": None}, {"providers": ("*",)}, RouteReason.OTHER_PROVIDER),
    ("type", {"type": "Video"}, {"types": ("video",)}, RouteReason.OWED),
    ("other type", {"type": "video"}, {"types": ("article",)}, RouteReason.OTHER_TYPE),
    ("excluded topic", {}, {"exclude": {"topics": ("water",)}}, RouteReason.EXCLUDED),
    ("excluded provider", {}, {"exclude": {"providers": ("harbour*",)}}, RouteReason.EXCLUDED),
    ("excluded type", {}, {"exclude": {"types": ("art*",)}}, RouteReason.EXCLUDED),
    ("at the minimum", {"quality": 80.0}, {"min_quality": 80.0}, RouteReason.OWED),
    ("below the minimum", {"quality": 79.9}, {"min_quality": 80.0}, RouteReason.BELOW_MINIMUM),
    ("unrated", {"quality": None}, {"min_quality": 1.0}, RouteReason.BELOW_MINIMUM),
    ("hot enough", {"heat": 5.0}, {"min_heat": 5.0}, RouteReason.OWED),
    ("too cool", {"heat": -1.0}, {"min_heat": 0.0}, RouteReason.TOO_COOL),
    ("publishers enough", {}, {"min_publishers": 2}, RouteReason.OWED),
    ("few publishers", {}, {"min_publishers": 3}, RouteReason.FEW_PUBLISHERS),
    ("just young enough", {"published": NOON - 7 * DAY}, {}, RouteReason.OWED),
    ("too old", {"published": NOON - 7 * DAY - SECOND}, {}, RouteReason.TOO_OLD),
    (
        "public comes first",
        {"visibility": Visibility.DRAFT, "quality": 1.0},
        {"min_quality": 9.0},
        "not public",
    ),
    (
        "the minimum comes before age",
        {"quality": 1.0, "published": NOON - 9 * DAY},
        {"min_quality": 9.0},
        "quality",
    ),
]


@pytest.mark.parametrize(
    ("entry", "route", "reason"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_route_judges(entry: dict[str, Any], route: dict[str, Any], reason: str) -> None:
    made = make_entry(**entry)
    judged = judge_route(made, make_route(**route), now=NOON, keys=keys_of(made, NAMES), publishers=2)
    assert judged.startswith(str(reason))
    index = RouteIndex(
        [make_route("other", topics=("None",)), make_route(**route), make_route("wild", topics=("z*",))]
    )
    found = [one.name for one in index.may_take([made], NAMES)]
    assert found in (["sea", "wild"], ["wild"])
    assert "sea" in found or judged in (RouteReason.OTHER_TOPIC, RouteReason.NOT_PUBLIC)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (LedgerKind.BASELINE, RouteReason.BASELINE),
        (LedgerKind.OWED, RouteReason.WAITING),
        (LedgerKind.ANNOUNCED, RouteReason.ANNOUNCED),
    ],
)
def test_ledger_is_the_reason_however_old_the_entry_is(kind: LedgerKind, reason: RouteReason) -> None:
    entry = make_entry(published=NOON - 99 * DAY)
    keys = keys_of(entry, NAMES)
    assert judge_route(entry, make_route(), now=NOON, keys=keys, publishers=1, ledger=kind) is reason


def test_match_leaves_age_aside() -> None:
    entry = make_entry(published=NOON - 99 * DAY)
    assert judge_match(entry, make_route(), keys_of(entry, NAMES)) is None


def test_parents_that_name_each_other_end() -> None:
    circle = [Topic(slug="a", name="A", parent="b"), Topic(slug="b", name="B", parent="a")]
    assert names_with_ancestors(circle) == {"a": frozenset("ab"), "b": frozenset("ab")}


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": "C2"},
        {"topics": ("sea",)},
        {"exclude": {"types": ("video",)}},
        {"min_quality": 80.0},
        {"min_heat": 1.0},
        {"min_publishers": 2},
        {"max_age": timedelta(days=1)},
    ],
    ids=str,
)
def test_route_that_asks_for_something_else_has_another_fingerprint(changed: dict[str, Any]) -> None:
    assert fingerprint(make_route()) != fingerprint(make_route(**changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"deliver": NOW_AND_THEN},
        {"deliver": "immediate", "gather": timedelta(minutes=5)},
        {"per_hour": 3},
        {"show_reason": True},
        {"webhook_file": Path("hook")},
    ],
    ids=str,
)
def test_schedule_and_looks_do_not_make_a_route_begin_anew(changed: dict[str, Any]) -> None:
    assert fingerprint(make_route()) == fingerprint(make_route(**changed))


def test_fingerprint_of_a_route_without_later_settings_is_as_it_always_was() -> None:
    # Kept in databases: another one would begin the route anew, silently.
    assert fingerprint(make_route()) == "e49820e5bf8b31889d2819c390b23e3aafb317bb4be8a2d22e55a5781f914afc"


def test_main_topic_is_the_first_that_the_route_names_else_the_first() -> None:
    entry = make_entry(topics=("cpp", "sea"))
    for topics, slug in (((), "cpp"), (("Water", "C++"), "sea"), (("c++", "sea"), "cpp"), (("Moon",), "cpp")):
        assert main_topic(entry, make_route(topics=topics), NAMES) == slug
    assert main_topic(make_entry(topics=()), make_route(topics=("sea",)), NAMES) is None


def test_order_and_case_of_patterns_do_not_make_a_route_begin_anew() -> None:
    route = make_route(topics=("Sea", "cpp"), min_quality=80)
    assert fingerprint(route) == fingerprint(
        route.model_copy(update={"topics": ("CPP", "sea"), "min_quality": 80.0})
    )


def test_many_routes_are_judged_without_reading_their_patterns_again() -> None:
    """fnmatch remembers 256 patterns and compiles all others each time: 0.1 ms for each entry and route."""
    entry, routes = make_entry(), [make_route(f"r{n}", topics=(f"topic {n}*", "wat*")) for n in range(600)]
    keys = keys_of(entry, NAMES)
    for _ in range(2):
        before = _compiled.cache_info().misses
        assert all(judge_match(entry, route, keys) is None for route in routes)
    assert _compiled.cache_info().misses == before
