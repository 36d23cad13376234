"""Patterns of routes that match nothing there is, with the nearest name."""

from __future__ import annotations

from typing import Any

import pytest

from syndicator.build import unmatched
from syndicator.settings.models import Route

NAMES = {"ai": "AI", "artificial intelligence": "AI", "database": "Database"}


@pytest.mark.parametrize(
    ("setting", "pattern", "nearest"),
    [
        ("topics", "Databse", "Database"),
        ("topics", "artificial inteligence", "AI"),
        ("topics", "zzz*", ""),
        ("exclude.topics", "databases", "Database"),
    ],
)
def test_pattern_that_matches_nothing_is_told_with_the_nearest(
    setting: str, pattern: str, nearest: str
) -> None:
    more: dict[str, Any] = {setting.removeprefix("exclude."): (pattern,)}
    more = {"exclude": more} if setting.startswith("exclude.") else more
    route = Route(name="r", channel="C1", **more)
    (one,) = unmatched([route], NAMES)
    hint = f'; did you mean "{nearest}"?' if nearest else ""
    assert one == f'route r: {setting}: "{pattern}" matches nothing that is there{hint}'


def test_patterns_that_match_are_not_told() -> None:
    route = Route(name="r", channel="C1", topics=("DATA*", "Artificial Intelligence"))
    assert unmatched([route], NAMES) == []


def test_folder_that_is_still_empty_says_nothing_of_patterns() -> None:
    route = Route(name="r", channel="C1", topics=("x",))
    assert unmatched([route], {}) == []
