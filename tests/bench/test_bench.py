"""The benchmark's own parts: the same articles each time, and verdicts that follow from the figures."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from syndicator.parse.article import parse_article
from tests.bench.articles import Articles
from tests.bench.chart import chart
from tests.bench.goals import HUGO, NGINX, SIZES, goals, table
from tests.bench.measuring import percentiles
from tests.bench.programs import count_syncs
from tests.parse.writing import RULES


@pytest.mark.parametrize("bodies", [False, True])
def test_articles_are_good_and_the_same_each_time(bodies: bool) -> None:
    assert Articles(bodies=bodies).make() == Articles(bodies=bodies).make()
    articles = Articles(bodies=bodies)
    for name, text in [articles.make() for _ in range(50)]:
        article = parse_article(text.encode(), source=RULES, path=name)
        assert article is not None and not article.draft and article.topics
        assert bool(article.body) is bodies


def test_table_has_a_row_for_each_goal_or_says_what_it_lacks() -> None:
    text, reached = table({"1000 cold": 2.9, "1000 missed": 1}, SIZES[:1], [NGINX])
    assert "pages are written" in text and "0 entries     NOT REACHED" in text and "NOT MEASURED" in text
    assert "3 left out, for want of nginx (HTTP" in text and "left out, for want of SIZE=100000\n" in text
    assert not reached
    assert sum("≤" in line or "≥" in line for line in text.splitlines()) + 3 == sum(
        goal.size == SIZES[0] for goal in goals()
    )


def test_all_is_reached_where_every_figure_is_at_its_limit() -> None:
    found = {goal.figure: goal.limit for goal in goals()}
    assert len(found) == len(list(goals()))
    assert table(found, SIZES, [])[1]
    assert not table(found | {"1000 cold": 3.1}, SIZES, [])[1]
    assert not table(found | {"1000 http_304": 0.2}, SIZES, [])[1]
    assert table(found | {"1000 cold": 3.1}, SIZES, [HUGO])[1], "without Hugo its rows are left out"


def test_percentiles_of_few_are_the_middle_and_the_worst() -> None:
    assert percentiles([1, 9, 2]) == (2, 9)
    assert percentiles(range(1, 201)) == pytest.approx((100.5, 199), abs=1)


def test_a_sync_that_strace_saw_in_two_halves_counts_once() -> None:
    assert count_syncs("7 fsync(3) = 0\n8 sync(4 <unfinished ...>\n8 <... sync resumed>) = 0\n") == 2


def test_chart_has_a_line_for_each_figure_that_was_measured() -> None:
    found = {"1000 hugo_s": 0.3, "10000 hugo_s": 2.0, "1000 new_p50_ms": 25.0, "10000 new_p50_ms": 30.0}
    root = ElementTree.fromstring(chart(found, SIZES[:2]))
    words = {one.text for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Hugo's build", "new article, p50", "10,000 articles"} <= words
    assert "cold build" not in words
    heights = [float(one.get("cy", 0)) for one in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(heights) == 4 and min(heights) == heights[1], "Hugo's longest build stands highest"
