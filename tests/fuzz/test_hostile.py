"""Hostile articles are an article or a problem, soon; `python -m tests.fuzz.hostile` has them at 100 KB."""

from __future__ import annotations

import pytest

from tests.fuzz.hostile import BODIES, article, composed, hostile, took_s

SMALL = dict(hostile(10_000))
SOON_S = 2.0
"""Far over what any takes (0.1 s), so that a busy machine is no failure; what is quadratic takes longer."""


@pytest.mark.parametrize("name", SMALL)
def test_hostile_article_is_read_soon(name: str) -> None:
    took, _ = took_s(SMALL[name])
    assert took < SOON_S


@pytest.mark.parametrize(
    "name", ["tasks", "lists of markers", "quotes deep, lazy lines", "formatting opened anew"]
)
def test_what_took_longest_is_a_problem_at_its_full_size(name: str) -> None:
    took, outcome = took_s(article("smartable", "", BODIES[name](100_000)))
    assert outcome.startswith("problem: ")
    assert took < SOON_S


def test_composed_articles_are_the_same_for_the_same_seed() -> None:
    assert list(composed(7, 3, 2_000)) == list(composed(7, 3, 2_000))
    assert list(composed(7, 3, 2_000)) != list(composed(8, 3, 2_000))
