"""Which patterns of a route match nothing that there is: most likely a slip of the pen (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from syndicator.settings.models import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A pattern of a route's setting that matches nothing; `nearest` is the name that may be meant."""

    route: str
    setting: str
    pattern: str
    nearest: str

    def __str__(self) -> str:
        hint = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return f'route {self.route}: {self.setting}: "{self.pattern}" matches nothing that is there{hint}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What patterns are matched by, folded, each with the name as it is shown."""

    topics: Mapping[str, str]
    providers: Mapping[str, str]
    types: Mapping[str, str]


def unmatched(routes: Iterable[Route], names: Names) -> list[Unmatched]:
    """The patterns that match nothing, by route, in the order of the settings; those of a kind of which
    there is nothing at all are left out, as in a folder that is still empty."""
    return [
        Unmatched(route=route.name, setting=setting, pattern=pattern, nearest=_nearest(pattern, known))
        for route in routes
        for setting, patterns, known in _patterns(route, names)
        for pattern in patterns
        if known and not any(fnmatchcase(key, pattern.casefold()) for key in known)
    ]


def folded(names: Iterable[str]) -> dict[str, str]:
    """Names as they are shown, by their folded form."""
    return {name.casefold(): name for name in sorted(names)}


def _patterns(route: Route, names: Names) -> Iterable[tuple[str, tuple[str, ...], Mapping[str, str]]]:
    yield "topics", route.topics, names.topics
    yield "providers", route.providers, names.providers
    yield "types", route.types, names.types
    yield "exclude.topics", route.exclude.topics, names.topics
    yield "exclude.providers", route.exclude.providers, names.providers
    yield "exclude.types", route.exclude.types, names.types


def _nearest(pattern: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(pattern.casefold(), known, n=1)
    return known[near[0]] if near else ""
