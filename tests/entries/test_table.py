"""First start and every kind of change: who notices what, counted exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.table import HEAD, Counts, Row, Table


@pytest.mark.parametrize("articles", [120, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_change_is_noticed_by_those_it_concerns_alone(
    tmp_path: Path, articles: int, record_property: Callable[[str, object], None]
) -> None:
    rows = list(Table(tmp_path, articles).rows())
    assert all(row.good for row in rows), "\n".join([HEAD, *map(str, rows)])
    assert len(rows) == 44
    record_property("seen", f"{articles} articles: {len(rows)} rows as counted")


def test_row_that_differs_says_so() -> None:
    row = Row(name="some", expected=Counts(any=1), seen=Counts(any=2))
    assert not row.good
    assert str(row).startswith("BAD some")
    assert Row(name="some", expected=Counts(documents=None), seen=Counts(documents=7)).good
    assert not Row(name="some", expected=Counts(), seen=Counts(documents=7)).good
