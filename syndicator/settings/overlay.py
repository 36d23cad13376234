"""The variables that begin with SYNDICATOR_: settings laid over those of the file.

`SYNDICATOR_SERVER__PORT=8081` is `server: {port: 8081}`. Lists and mappings are JSON; a list takes the place
of the file's, a mapping adds to it. Every variable with this beginning is a setting or a mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syndicator.settings.keys import KeyPath, form_of, holds_parts, known_keys, name_of, unknown_key

PREFIX = "SYNDICATOR_"
BETWEEN = "__"
JSON = re.compile(r"\s*(?:[\[{]|null\s*$)")
"""How a list or mapping begins, or nothing; a single value may stand as it is where a list may."""
NO_SETTINGS = frozenset({"SYNDICATOR_CONFIG"})
"""Read by the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What the environment sets: by path the variable's name and value, and what is wrong by name."""

    values: dict[KeyPath, tuple[str, Any]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def over(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with those of the environment laid over them. `values` stay as they are."""
        merged = dict(values)
        for path, (_, value) in self.values.items():
            for key in reversed(path):
                value = {str(key): value}
            merged = _merge(merged, value)
        return merged

    def variable(self, path: KeyPath) -> str | None:
        """The variable that says what stands at the path; None where the file does."""
        names = (
            name
            for own, (name, value) in reversed([*self.values.items()])
            if path[: len(own)] == own and _says(value, path[len(own) :])
        )
        return next(names, None)


def read_overlay(environment: Mapping[str, str]) -> Overlay:
    """The settings among the variables; shorter paths first, so that longer ones win."""
    values: dict[KeyPath, tuple[str, Any]] = {}
    problems: dict[str, str] = {}
    names = [name for name in environment if name.upper().startswith(PREFIX) and name not in NO_SETTINGS]
    for name in sorted(names, key=lambda name: (name.count(BETWEEN), name)):
        path = tuple(name[len(PREFIX) :].lower().split(BETWEEN))
        form = form_of(path)
        if form is None:
            problems[name] = _unknown(path)
            continue
        try:
            text = environment[name]
            values[path] = (name, json.loads(text) if holds_parts(form) and JSON.match(text) else text)
        except json.JSONDecodeError as error:
            problems[name] = _not_json(error)
        except (ValueError, RecursionError):
            problems[name] = "must be JSON, with numbers and depth within reason"
    return Overlay(values=values, problems=problems)


def _unknown(path: tuple[str, ...]) -> str:
    """What is wrong with a name that is no setting, at the first of its parts that is none."""
    at = next(i for i in range(len(path)) if form_of(path[: i + 1]) is None)
    known = [key.upper() for key in known_keys(path[:at])]
    if not known:
        return f"there is no such setting; `{name_of(path[:at])}` has no keys of its own"
    written = PREFIX + BETWEEN.join((*path[:at], "{}", *path[at + 1 :])).upper()
    return unknown_key(path[at].upper(), known, written=written)


def _not_json(error: json.JSONDecodeError) -> str:
    where = f"{error.msg} at character {error.pos + 1}"
    return f"must be JSON ({where}); write it like '{{\"good\": 90}}' or '[\"a\"]', in single quotes"


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: _merge(below.get(key), value) for key, value in above.items()}


def _says(value: Any, rest: KeyPath) -> bool:
    """Whether the value says what stands at `rest` in it; all but a mapping replaces the file's wholly."""
    for step in rest:
        if not isinstance(value, dict):
            return True
        if step not in value:
            return False
        value = value[step]
    return True
