"""Which of a story's copies stands in a feed."""

from __future__ import annotations

from typing import Any

import pytest

from syndicator.entries.topics import choose_copy
from tests.making import utc
from tests.publish.articles import make_entry


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
