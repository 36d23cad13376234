"""A day's minimum lets through as near what is asked for as ties allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.alerts import DailyMinimum
from syndicator.models import Visibility
from syndicator.notify.minimums import Course, choose_minimum, minimum_at, split_by_minimum
from syndicator.notify.recorded import EntryEvent, Recorded, day_of
from syndicator.settings.models import Route
from tests.notify.values import DAY, HOUR, NOON, make_entry, make_route

QUALITIES = st.lists(st.none() | st.integers(0, 12).map(float), max_size=60)
TODAY = day_of(NOON)
ROUTE = make_route(about="2 a day")


def reaching(qualities: list[float | None], minimum: float | None) -> int:
    return sum(minimum is None or (one is not None and one >= minimum) for one in qualities)


@given(QUALITIES, st.floats(0.1, 70), st.randoms(use_true_random=False))
def test_minimum_is_as_near_as_ties_allow_whatever_the_order(qualities, wanted, chance) -> None:  # type: ignore[no-untyped-def]
    minimum, count = choose_minimum(qualities, wanted)
    assert count == reaching(qualities, minimum)
    possible = [reaching(qualities, one) for one in {*qualities, None}]
    assert abs(count - wanted) == min((abs(one - wanted) for one in possible), default=wanted) or (
        minimum is None and count == len(qualities) <= wanted
    )
    shuffled = list(qualities)
    chance.shuffle(shuffled)
    assert choose_minimum(shuffled, wanted) == (minimum, count)


@given(QUALITIES, st.floats(0.1, 70), st.floats(0.1, 70))
def test_who_asks_for_more_never_gets_fewer(qualities: list[float | None], one: float, other: float) -> None:
    fewer, more = (choose_minimum(qualities, wanted) for wanted in sorted((one, other)))
    assert fewer[1] <= more[1]
    assert more[0] is None or (fewer[0] is not None and fewer[0] >= more[0])


def recorded(*events: EntryEvent, first: timedelta = timedelta(days=90)) -> Recorded:
    """What happened in the month before today."""
    return Recorded(
        since=TODAY - timedelta(days=30),
        until=TODAY,
        exact_since=TODAY,
        first=TODAY - first,
        at_start=(),
        events=sorted(events, key=lambda one: one.at),
        topics={},
        topic_names={},
        entries={},
    )


def came(name: str, ago: timedelta, quality: float | None = 90.0, **fields: object) -> EntryEvent:
    at = TODAY - ago
    return EntryEvent(at=at, entry=make_entry(name, quality=quality, published=at, **fields))  # type: ignore[arg-type]


def todays(past: Recorded, route: Route = ROUTE) -> tuple[float | None, int, int]:
    course = Course([route], past, TODAY)
    course.advance(TODAY)
    (found,) = course.minimums[route.name]
    return found.quality, found.stories, found.days


@given(st.lists(st.tuples(st.integers(1, 29 * 24), st.integers(0, 9)), max_size=150), st.integers(1, 4))
def test_whatever_comes_the_window_holds_what_is_asked_for(some: list[tuple[int, int]], asked: int) -> None:
    events = [came(f"e{at}", hours * HOUR, quality) for at, (hours, quality) in enumerate(some)]
    minimum, count, days = todays(recorded(*events), make_route(about=f"{asked} a day"))
    assert days == 30
    assert count == reaching([quality for _, quality in some], minimum)
    levels = [reaching([quality for _, quality in some], one) for one in {q for _, q in some} | {None}]
    assert abs(count - 30 * asked) == min(abs(one - 30 * asked) for one in levels)


def test_best_quality_that_the_route_would_have_taken_counts() -> None:
    late = came("late", 20 * DAY, 50)
    rises = replace(
        late, at=late.at + DAY, before=late.entry, entry=make_entry("late", quality=95, published=late.at)
    )
    aged = replace(rises, at=late.at + 9 * DAY, entry=make_entry("late", quality=150, published=late.at))
    other = came("other", 3 * DAY, 80)
    draft = came("draft", 2 * DAY, 140, visibility=Visibility.DRAFT)
    elsewhere = came("land", 2 * DAY, 120, topics=("land",))
    past = recorded(late, rises, aged, other, draft, elsewhere, came("old", 31 * DAY, 130), first=2 * DAY)
    route = make_route(about="1 a day", topics=("sea",))
    assert todays(past, route) == (None, 2, 2)
    assert todays(past, make_route(about="4 a week", topics=("sea",))) == (95, 1, 2)


def test_story_counts_once_and_when_enough_publishers_have_it() -> None:
    both = [came("a", 5 * DAY, 70, story="s"), came("b", 4 * DAY, 90, story="s", provider="Coast Radio")]
    alone = came("c", 3 * DAY, 99)
    route = make_route(about="1 a week", min_publishers=2)
    assert todays(recorded(*both, alone), route) == (None, 1, 30)
    assert todays(recorded(*both, alone), make_route(about="1 a day")) == (None, 2, 30)


def test_silent_change_announces_nothing_and_so_counts_for_nothing() -> None:
    draft = came("a", 5 * DAY, visibility=Visibility.DRAFT)
    shown = EntryEvent(at=TODAY - DAY, entry=came("a", 5 * DAY).entry, before=draft.entry, silent=True)
    assert todays(recorded(draft, shown)) == (None, 0, 30)


def test_each_day_has_its_own_from_the_month_before_it() -> None:
    events = [came(f"e{at}", at * DAY / 4, at) for at in range(1, 116)]
    course = Course([make_route(about="1 a day")], recorded(*events), TODAY)
    later = EntryEvent(at=TODAY + 2 * DAY + HOUR, entry=make_entry("new", quality=500, published=TODAY))
    course.take([later], later.at)
    days = course.minimums["sea"]
    assert [one.day for one in days] == [TODAY, TODAY + DAY, TODAY + 2 * DAY]
    assert [one.stories for one in days] == [30, 30, 30]
    course.advance(TODAY + 3 * DAY)
    assert course.minimums["sea"][:3] == days[:3]


def day(after: int, quality: float) -> DailyMinimum:
    return DailyMinimum(route="sea", day=TODAY + after * DAY, quality=quality, stories=1, days=30)


@pytest.mark.parametrize(
    ("began", "quality"),
    [(-9 * DAY, 80), (0 * DAY, 80), (DAY, 85), (2 * DAY, 85), (4 * DAY, 70), (9 * DAY, 70), (None, 70)],
)
def test_story_is_judged_by_the_day_on_which_it_began(began: timedelta | None, quality: float) -> None:
    some = [day(0, 80), day(1, 85), day(3, 70)]
    found = minimum_at(some, None if began is None else TODAY + began)
    assert found is not None and found.quality == quality


def test_stories_of_different_days_are_judged_apart() -> None:
    plain, about = make_route("plain", min_quality=5), ROUTE
    began = {"a": TODAY, "b": TODAY + DAY, "c": TODAY + HOUR}
    split = split_by_minimum([plain, about], ["a", "b", "c"], {"sea": [day(0, 80), day(1, 85)]}, began)
    assert {frozenset(some): [one.min_quality for one in routes] for some, routes in split} == {
        frozenset({"a", "c"}): [5, 80],
        frozenset({"b"}): [5, 85],
    }


def test_route_that_has_no_minimum_yet_takes_nothing() -> None:
    assert list(split_by_minimum([ROUTE], ["a"], {}, {})) == [({"a"}, [])]
