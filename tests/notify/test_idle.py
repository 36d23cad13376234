"""Which routes never get a story, since one before them takes all of theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syndicator.notify.idle import takes_all_of
from syndicator.settings.models import Exclude, Route


def route(**settings: Any) -> Route:
    return Route(name="r", channel="C1", **settings)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param({}, {}, True, id="alike"),
        pytest.param({}, {"topics": ("AI",), "min_heat": 2, "min_publishers": 2}, True, id="all and some"),
        pytest.param({"topics": ("AI",)}, {}, False, id="some and all"),
        pytest.param({"topics": ("AI", "ML")}, {"topics": ("AI",)}, True, id="fewer topics"),
        pytest.param({"topics": ("AI",)}, {"topics": ("AI", "ML")}, False, id="more topics"),
        pytest.param({"min_quality": 90}, {"min_quality": 80}, False, id="lower minimum"),
        pytest.param({"min_quality": 80}, {"min_quality": 80}, True, id="same minimum"),
        pytest.param({"min_quality": 80}, {"about": "3 a day"}, False, id="minimum of the day"),
        pytest.param({"about": "3 a day"}, {"min_quality": 80}, False, id="minimum of the day first"),
        pytest.param({"exclude": Exclude(types=("video",))}, {}, False, id="leaves out"),
        pytest.param({}, {"exclude": Exclude(types=("video",))}, True, id="the other leaves out"),
        pytest.param({"max_age": timedelta(days=1)}, {}, False, id="younger"),
        pytest.param({"min_publishers": 2}, {}, False, id="more publishers"),
    ],
)
def test_route_that_takes_all_of_another(
    first: dict[str, Any], second: dict[str, Any], expected: bool
) -> None:
    assert takes_all_of(route(**first), route(**second)) is expected
