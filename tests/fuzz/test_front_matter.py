"""Four thousand mutated articles; the million is `python -m tests.fuzz.front_matter --inputs 1000000`."""

from __future__ import annotations

import pytest

from syndicator.parse.article import parse_article
from tests.fuzz.front_matter import LONGEST, SEEDS, SLOWEST_S, inputs, run


@pytest.mark.parametrize("part", range(4))
def test_mutated_articles_give_articles_or_problems_and_quickly(part: int) -> None:
    sync_counts = run(part, 1_000)
    assert sync_counts.foreign == []
    assert sync_counts.slowest_s <= SLOWEST_S, sync_counts.slowest
    assert sync_counts.counts.total() == 1_000
    assert sync_counts.counts["article"] > 100 and sync_counts.counts["problem"] > 100


def test_inputs_are_the_same_for_the_same_seed() -> None:
    assert [data for _, _, data in inputs(7, 50)] == [data for _, _, data in inputs(7, 50)]
    assert [data for _, _, data in inputs(7, 50)] != [data for _, _, data in inputs(8, 50)]


def test_every_seed_is_an_article_before_it_is_mutated() -> None:
    for rules, path, data in SEEDS:
        assert parse_article(data, source=rules, path=path) is not None


def test_inputs_stay_small() -> None:
    assert max(len(data) for _, _, data in inputs(9, 500)) <= LONGEST
