"""Which settings do nothing by what is there: most likely a slip (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from syndicator.settings.models import Route, Source
from syndicator.settings.types import ANY_SITE

KnownNames = Mapping[str, Mapping[str, str]]
"""What patterns of each kind (topics, providers, types) match: names folded, each as it is shown."""


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


def unmatched(routes: Iterable[Route], names: KnownNames) -> list[str]:
    """A line for each pattern that matches nothing, by route; those of a kind of which there is nothing at
    all are left out, as in a folder that is still empty."""
    return [
        f'route {route.name}: {prefix}{kind}: "{pattern}" matches nothing that is there'
        + _hint(pattern, known)
        for route in routes
        for prefix, patterns in (("", route), ("exclude.", route.exclude))
        for kind, known in names.items()
        for pattern in getattr(patterns, kind)
        if known and not any(fnmatchcase(key, pattern.casefold()) for key in known)
    ]


def folded(names: Iterable[str]) -> dict[str, str]:
    """Names as they are shown, by their folded form."""
    return {name.casefold(): name for name in sorted(names)}


def _hint(pattern: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(pattern.casefold(), known, n=1)
    return f'; did you mean "{known[near[0]]}"?' if near else ""
