"""Which settings do nothing by what is there: most likely a slip (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from syndicator.settings.models import Route, Source
from syndicator.settings.types import ANY_SITE


def idle_sources(sources: Sequence[Source]) -> Iterator[str]:
    """A line for each, with what to do."""
    for source in sources:
        if source.permalink is not None and source.base_url is None:
            yield f"source {source.name}: permalink does nothing without `base_url`: give both, or neither"
        if source.base_url == ANY_SITE:
            yield f"source {source.name}: base_url is an example: give the site's own, or links lead nowhere"


def unrated(routes: Sequence[Route], *, is_rated: bool, is_hot: bool) -> Iterator[str]:
    """The routes that ask for a quality or heat where no article has one, so that they take nothing."""
    for route in routes:
        if route.min_quality is not None and not is_rated:
            setting = "min_quality" if route.level is None else "level"
            yield f"route {route.name}: {setting}: no article has a quality, so that it takes nothing"
        if route.min_heat is not None and not is_hot:
            yield f"route {route.name}: min_heat: no article has a heat, so that it takes nothing"


def unmatched(routes: Iterable[Route], topics: Mapping[str, str]) -> list[str]:
    """A line for each pattern that matches no topic, by route; none where there is no topic, as in a folder
    that is still empty. `topics` are what they may be called, folded, with the name of each."""
    return [
        f'route {route.name}: {setting}: "{pattern}" matches nothing that is there' + _hint(pattern, topics)
        for route in routes
        for setting, patterns in (("topics", route.topics), ("exclude.topics", route.exclude.topics))
        for pattern in patterns
        if topics and not any(fnmatchcase(key, pattern.casefold()) for key in topics)
    ]


def _hint(pattern: str, topics: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(pattern.casefold(), topics, n=1)
    return f'; did you mean "{topics[near[0]]}"?' if near else ""
