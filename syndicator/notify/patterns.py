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


KnownNames = Mapping[str, Mapping[str, str]]
"""What `topics`, `providers` and `types` are matched by: names folded, each with the name as it is shown."""


def unmatched(routes: Iterable[Route], names: KnownNames) -> list[Unmatched]:
    """The patterns that match nothing, by route; those of a kind of which there is nothing at all are left
    out, as in a folder that is still empty."""
    return [
        Unmatched(
            route=route.name, setting=f"{prefix}{kind}", pattern=pattern, nearest=_nearest(pattern, known)
        )
        for route in routes
        for prefix, patterns in (("", route), ("exclude.", route.exclude))
        for kind, known in names.items()
        for pattern in getattr(patterns, kind)
        if known and not any(fnmatchcase(key, pattern.casefold()) for key in known)
    ]


def folded(names: Iterable[str]) -> dict[str, str]:
    """Names as they are shown, by their folded form."""
    return {name.casefold(): name for name in sorted(names)}


def _nearest(pattern: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(pattern.casefold(), known, n=1)
    return known[near[0]] if near else ""
