"""Wrong settings made right for the sake of the others: all that is wrong is to be said at once (pure).

What is wrong is left out, and what is missing stands in for itself, so that the rest can be checked as if the
operator had mended it. The outcome is never used for anything else.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from syndicator.settings.keys import KeyPath
from syndicator.settings.models import Settings

ROUNDS = 5
"""What is left out may be missing in the next round; a group that stands in lacks nothing."""
_ADDRESS = "https://stand-in.invalid/"
_SOURCE = {"name": "stand-in", "path": "stand-in"}
_ROUTE = {"name": "stand-in", "channel": "C0"}
_ITEMS = {"sources": _SOURCE, "routes": _ROUTE}
_STAND_IN: dict[str, Any] = {
    "site": {"title": "stand-in", "base_url": _ADDRESS},
    "title": "stand-in",
    "base_url": _ADDRESS,
    "sources": [_SOURCE],
    **_SOURCE,
    **_ROUTE,
    "digest": "0 9 * * *",
    "from": "00:00",
    "to": "01:00",
}
"""For what must be there, by its key."""


def own_path(location: tuple[str | int, ...]) -> KeyPath:
    """The path as the file has it: pydantic also names the branch of a choice, and that a key is meant."""
    return tuple(part for part in location if part not in ("[digest]", "[immediate]", "[key]"))


def stand_in(values: dict[str, Any], file: Path, error: ValidationError) -> Settings | None:
    """The settings without what is wrong in them; None where they cannot be made right."""
    values = copy.deepcopy(values)
    for _ in range(ROUNDS):
        _mend(values, ((detail["type"], own_path(detail["loc"])) for detail in error.errors()))
        try:
            return Settings.model_validate(values, context=file, by_name=False, by_alias=True)
        except ValidationError as again:
            error = again
    return None


def _mend(values: dict[str, Any], wrong: Iterable[tuple[str, KeyPath]]) -> None:
    for kind, path in wrong:
        *above, key = _owner(path)
        group = _group(values, above)
        if isinstance(group, list) and isinstance(key, int):
            group[key] = dict(_ITEMS[str(above[-1])])
        elif isinstance(group, dict) and kind == "missing":
            group[key] = copy.deepcopy(_STAND_IN.get(str(key)))
        elif isinstance(group, dict):
            group.pop(key, None)


def _owner(path: KeyPath) -> KeyPath:
    """The path up to what can be left out: a whole list of names, but a source or route by itself."""
    own = 2 if path[0] in _ITEMS else 0
    cut = next((i for i, part in enumerate(path) if isinstance(part, int) and i >= own), len(path))
    return path[:cut]


def _group(values: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        values = values[step] if isinstance(values, list) and isinstance(step, int) else _member(values, step)
    return values


def _member(values: Any, step: str | int) -> Any:
    return values.get(step) if isinstance(values, dict) else None
