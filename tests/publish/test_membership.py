from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syndicator.model import ALL, FeedReason, Visibility, utc
from syndicator.publish.membership import choose_copy, judge_membership, newest_first, reaches
from tests.publish.articles import make_entry


def test_order_is_published_time_then_guid() -> None:
    early, late = make_entry(1), make_entry(3)
    twin = make_entry(2, published=late.article.published)
    assert newest_first([early, late, twin]) == [twin, late, early]


def test_copy_that_is_shown_stays() -> None:
    shown, better = make_entry(1, quality=10.0), make_entry(2, quality=99.0)
    assert choose_copy([better, shown], shown.guid) is shown


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param({"quality": 50.0}, {"quality": 49.0}, id="quality"),
        pytest.param({"quality": -5.0}, {"quality": None}, id="rated"),
        pytest.param({"published": utc(2026, 1, 1)}, {"published": utc(2026, 1, 2)}, id="earliest"),
    ],
)
def test_best_copy_takes_the_place(better: dict[str, Any], worse: dict[str, Any]) -> None:
    good, bad = make_entry(2, **better), make_entry(1, **worse)
    assert choose_copy([bad, good], shown=None) is good
    assert choose_copy([good, bad], shown="urn:withdrawn") is good


def test_equal_copies_are_told_apart_by_guid() -> None:
    first, second = make_entry(1, published=utc(2026, 1, 1)), make_entry(2, published=utc(2026, 1, 1))
    assert choose_copy([second, first], None) is first


@pytest.mark.parametrize(
    ("quality", "bar", "expected"),
    [(90.0, 90.0, True), (89.9, 90.0, False), (None, 90.0, False), (None, None, True), (-1.0, None, True)],
)
def test_level_has_a_bar(quality: float | None, bar: float | None, expected: bool) -> None:
    assert reaches(quality, bar) is expected


def test_every_reason_for_and_against_a_feed() -> None:
    entry = make_entry(5, quality=80.0)
    newer, older = make_entry(6), make_entry(4)
    assert judge_membership(entry, slug="azure", bar=None, shown=None) is FeedReason.IN
    assert judge_membership(entry, slug=ALL, bar=80.0, shown=entry.guid) is FeedReason.IN
    assert judge_membership(entry, slug="ai", bar=None, shown=None) is FeedReason.OTHER_TOPIC
    assert judge_membership(entry, slug="azure", bar=81.0, shown=None) is FeedReason.BELOW_LEVEL
    assert judge_membership(entry, slug="azure", bar=None, shown=newer.guid) is FeedReason.OTHER_COPY
    assert judge_membership(entry, slug=ALL, bar=None, shown=None, oldest_shown=newer) is FeedReason.ARCHIVED
    assert judge_membership(entry, slug=ALL, bar=None, shown=None, oldest_shown=older) is FeedReason.IN
    assert judge_membership(entry, slug=ALL, bar=None, shown=None, oldest_shown=entry) is FeedReason.IN
    draft = replace(entry, visibility=Visibility.DRAFT)
    assert judge_membership(draft, slug="ai", bar=99.0, shown=None) is FeedReason.NOT_PUBLIC
