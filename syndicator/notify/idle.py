"""Which settings are accepted and do nothing, by others or by what is there: most likely a slip (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from syndicator.notify.message import GROUPED
from syndicator.settings.models import Digest, Route, Source
from syndicator.settings.types import ANY_SITE

KINDS = ("topics", "providers", "types")

KnownNames = Mapping[str, Mapping[str, str]]
"""What each of KINDS is matched by: names folded, each with the name as it is shown."""


def idle_settings(sources: Sequence[Source], routes: Sequence[Route]) -> Iterator[str]:
    """A line for each, with what to do."""
    for source in sources:
        if source.permalink is not None and source.base_url is None:
            yield f"source {source.name}: permalink does nothing without `base_url`: give both, or neither"
        if source.base_url == ANY_SITE:
            yield f"source {source.name}: base_url is an example: give the site's own, or links lead nowhere"
    for number, route in enumerate(routes):
        before = (one for one in routes[:number] if one.channel == route.channel)
        if (first := next((one for one in before if takes_all_of(one, route)), None)) is not None:
            yield (
                f"route {route.name}: sends nothing: {first.name}, which stands before it, takes all of it "
                f"for the same channel. Put {route.name} first"
            )
        deliver, quiet = route.deliver, route.quiet_hours
        if isinstance(deliver, Digest) and deliver.group != "topic" and deliver.maximum <= GROUPED:
            yield (
                f"route {route.name}: deliver.group does nothing: only digests of more than {GROUPED} "
                "stories are divided, and `maximum` allows no more"
            )
        if quiet is not None and quiet.start == quiet.end:
            yield f"route {route.name}: quiet_hours do nothing: they end as they begin"


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


def takes_all_of(route: Route, other: Route) -> bool:
    """Whether the route takes whatever the other takes, as far as their settings tell.

    >>> everything, best = Route(name="all", channel="C1"), Route(name="best", channel="C1", min_quality=90)
    >>> takes_all_of(everything, best), takes_all_of(best, everything)
    (True, False)
    """
    return (
        all(_is_within(getattr(other, kind), getattr(route, kind)) for kind in KINDS)
        and all({*getattr(route.exclude, kind)} <= {*getattr(other.exclude, kind)} for kind in KINDS)
        and route.about is None
        and _is_lower(route.min_quality, other.min_quality)
        and _is_lower(route.min_heat, other.min_heat)
        and route.min_publishers <= other.min_publishers
        and route.max_age >= other.max_age
    )


def _is_within(patterns: Collection[str], others: Collection[str]) -> bool:
    return not others or (bool(patterns) and {*patterns} <= {*others})


def _is_lower(minimum: float | None, other: float | None) -> bool:
    return minimum is None or (other is not None and minimum <= other)
