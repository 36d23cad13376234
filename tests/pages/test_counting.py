"""How much to expect: counts, words and the places of bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.models import Appearance
from syndicator.publish.pages.charts import HEIGHT, WIDTH, Chart, chart_days, chart_qualities, draw_small
from syndicator.publish.pages.statistics import (
    WINDOW_DAYS,
    Statistics,
    count_statistics,
    say_expectation,
    window_start,
)
from tests.making import utc
from tests.pages.markup import read

NEWEST = utc(2026, 3, 31, 23, 59, 59)


def seen(days_ago: float, quality: float | None = None, publisher: str | None = None) -> Appearance:
    return Appearance(published=NEWEST - timedelta(days=days_ago), quality=quality, publisher=publisher)


def count(appearances: list[Appearance]) -> Statistics:
    first = min((one.published for one in appearances), default=None)
    return count_statistics(appearances, total=len(appearances), first=first)


class Bar(NamedTuple):
    kind: str
    x: float
    y: float
    width: float
    height: float


def bars(chart: Chart) -> list[Bar]:
    found = [rect.attributes for rect in read(chart.bars.encode()).all("rect")]
    return [Bar(one["class"], *(float(one[name]) for name in ("x", "y", "width", "height"))) for one in found]


def test_window_ends_with_the_newest_entrys_day() -> None:
    assert window_start(NEWEST) == utc(2026, 2, 4)
    statistics = count([seen(0), seen(0.5), seen(55), seen(56), seen(400)])
    assert (statistics.days[-1], statistics.days[0], statistics.recent) == (2, 1, 3)
    assert (statistics.total, statistics.newest) == (5, NEWEST)
    assert statistics.first == NEWEST - timedelta(days=400)
    assert statistics.covered_days == WINDOW_DAYS


def test_young_topic_is_counted_by_the_days_it_has() -> None:
    statistics = count([seen(0), seen(9), seen(9)])
    assert statistics.covered_days == 10
    assert say_expectation(statistics) == "about 2 a week"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((0, 3_000), "2 so far"),
        ((0, 40, 700, 720), "about 2 a year"),
        ((0, 70, 90), "about 1 a month"),
        ((0, 20, 40, 3_000), "about 2 a month"),
        ((0, *range(57, 200)), "about 1 a month"),
    ],
)
def test_rare_entries_are_not_said_to_come_often(days: tuple[int, ...], said: str) -> None:
    """The newest entry alone is one in eight weeks, even where the one before it is years older."""
    assert say_expectation(count([seen(day, publisher="") for day in days])) == said


def test_publishers_and_qualities_are_of_the_window() -> None:
    statistics = count(
        [seen(0, 90, "A"), seen(1, 110, "B"), seen(2, 90, "A"), seen(3, None, ""), seen(90, 200, "C")]
    )
    assert statistics.publishers == 2
    assert statistics.qualities == {90: 2, 110: 1}
    assert [statistics.reaching(bar) for bar in (0, 90, 90.1, 110, 111)] == [3, 3, 1, 1, 0]


def test_total_and_first_may_come_from_elsewhere() -> None:
    first = utc(2020, 1, 1)
    statistics = count_statistics([seen(0)], total=1000, first=first)
    assert (statistics.total, statistics.first, statistics.covered_days) == (1000, first, WINDOW_DAYS)
    assert count([]) == Statistics()


def test_no_entries_no_chart_and_no_expectation() -> None:
    assert chart_days(Statistics()) is None
    assert chart_qualities(Statistics(), {"good": 90}) is None
    assert draw_small(Statistics()) == ""
    assert say_expectation(Statistics()) == ""
    assert Statistics().covered_days == 1


def test_charts_of_one_entry_are_said_as_people_say_it() -> None:
    statistics = count([seen(1, 55, "A")])
    days, qualities = chart_days(statistics), chart_qualities(statistics, {})
    assert days is not None
    assert days.description.endswith(", 1 a day at most.")
    assert qualities is not None
    assert qualities.description == "1 rated entry of quality 55."


def test_spread_keeps_all_entries_and_marks_the_levels() -> None:
    statistics = count([seen(n / 100, 10 + n % 120, "A") for n in range(600)])
    chart = chart_qualities(statistics, {"good": 90, "top": 110})
    assert chart is not None
    assert "600 rated entries from 10 to 129" in chart.description
    assert [label for _, _, label, _ in chart.marks] == ["good 90", "top 110"]
    good, top = (x for x, *_ in chart.marks)
    found = {
        (bar.kind, (middle > good) + (middle > top))
        for bar in bars(chart)
        for middle in [bar.x + bar.width / 2]
    }
    assert found == {("bar rank0", 0), ("bar rank1", 1), ("bar rank2", 2)}


def test_labels_that_point_at_each_other_do_not_overlap() -> None:
    chart = chart_qualities(count([seen(n / 100, 40 + n % 80) for n in range(90)]), {"today": 80, "new": 110})
    assert chart is not None
    assert [(y, anchor) for _, y, _, anchor in chart.marks] == [(14, "start"), (3, "end")]


@given(
    qualities=st.lists(st.none() | st.floats(-1e15, 1e15), min_size=1, max_size=50),
    levels=st.dictionaries(st.sampled_from(["good", "top", "best"]), st.floats(-1e15, 1e15)),
)
def test_every_bar_stands_within_the_picture(qualities: list[float | None], levels: dict[str, float]) -> None:
    statistics = count([seen(n, quality) for n, quality in enumerate(qualities)])
    for chart in (chart_days(statistics), chart_qualities(statistics, levels)):
        if chart is None:
            assert not any(quality is not None for quality in qualities)
            continue
        for bar in bars(chart):
            assert -0.01 <= bar.x <= bar.x + bar.width <= WIDTH + 0.01
            assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
            assert bar.width > 0
        for x, *_ in chart.marks:
            assert -0.01 <= x <= WIDTH + 0.01


@given(st.lists(st.datetimes(datetime(1, 3, 1), timezones=st.just(UTC)), min_size=1))  # noqa: DTZ001
def test_any_moments_can_be_counted(moments: list[datetime]) -> None:
    statistics = count([Appearance(published=moment) for moment in moments])
    assert 1 <= statistics.recent <= statistics.total == len(moments)
    assert statistics.days[-1] >= 1
    assert say_expectation(statistics)
