"""How an entry was is kept when it changes in what routes judge by, and no longer than of use."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from syndicator.models import Visibility
from syndicator.store.history import BEGAN, KEPT
from syndicator.store.types import FormerState
from tests.making import NOON
from tests.rig import Rig

DAY = timedelta(days=1)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.run_once()
    rig.write("a.md", quality=80)
    rig.run_once()
    rig.wait(DAY)
    return rig


def states(rig: Rig) -> list[FormerState]:
    with rig.store.reading() as session:
        return [one for some in session.history.states(NOON - DAY).values() for one in some]


@pytest.mark.parametrize(
    "change", [{"secured": "bmV3"}, {"title": "Another"}, {"topics": ["Azure"]}], ids=str
)
def test_what_routes_do_not_go_by_over_time_is_not_kept(rig: Rig, change: dict[str, object]) -> None:
    rig.write("a.md", **({"quality": 80} | change))
    rig.run_once()
    assert states(rig) == []


def test_quality_and_visibility_before_a_change_are_kept_with_its_time(rig: Rig) -> None:
    rig.write("a.md", quality=53)
    rig.run_once()
    first = rig.now
    rig.wait(DAY)
    rig.write("a.md", quality=53, published=False)
    rig.run_once()
    assert [(one.quality, one.visibility, one.until, one.silent) for one in states(rig)] == [
        (80, Visibility.PUBLIC, first, False),
        (53, Visibility.PUBLIC, rig.now, False),
    ]


def test_change_that_is_no_news_says_so(rig: Rig) -> None:
    rig.write("a.md", quality=80, published=False)
    rig.run_once()
    rig.wait(DAY)
    rig.restart(include_unpublished=True)
    rig.run_once()
    assert [one.silent for one in states(rig)] == [False, True]


def test_old_states_are_forgotten_and_the_beginning_is_known(rig: Rig) -> None:
    rig.write("a.md", quality=53)
    rig.run_once()
    rig.wait(KEPT + DAY)
    rig.write("a.md", quality=80)
    rig.run_once()
    assert [one.quality for one in states(rig)] == [53]
    rig.restart()
    with rig.store.reading() as session:
        assert session.metadata(BEGAN) == NOON.isoformat(), "of the first start"
