"""What is wrong with settings, said to whoever wrote them: the key, the value, what is expected.

Of one setting alone pydantic finds it; `find_faults` has what that cannot tell: names that are taken, places
that are public, unknown levels.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from syndicator.settings.models import RULE, Settings
from syndicator.settings.types import STATE_PREFIX, Tool
from syndicator.text import shorten

PASSWORD = re.compile(r"(?<=://)[^/\s]+@")
LONGEST_SHOWN = 60

SettingPath: TypeAlias = tuple[str | int, ...]
"""From the top: keys, and the numbers of items of lists."""
Fault: TypeAlias = tuple[SettingPath, str]


def find_faults(settings: Settings) -> Iterator[Fault]:
    """Where settings contradict each other or what is there, and what is wrong."""
    yield from _names(settings)
    yield from _places(settings)
    yield from _routes(settings)
    for index, source in enumerate(settings.sources):
        if source.languages and source.profile is not Tool.HUGO:
            what = "is for `profile: hugo`, where names of files may tell translations: leave it out"
            yield ("sources", index, "languages"), what
    if (to := settings.alerts_to) is not None and to.channel is None and to.webhook_file is None:
        yield ("alerts_to", "channel"), "is missing; give a channel's id, a `webhook_file`, or both"


def _names(settings: Settings) -> Iterator[Fault]:
    for kind, names in (
        ("sources", [source.name for source in settings.sources]),
        ("routes", [route.name for route in settings.routes]),
    ):
        first = {name: index for index, name in reversed([*enumerate(names)])}
        for index, name in enumerate(names):
            if first[name] != index:
                yield (kind, index, "name"), f"another one is called {name!r} already; names are unique"
    folders: dict[str, str] = {}
    for level in settings.levels:
        if (other := folders.setdefault(level.lower(), level)) != level:
            yield ("levels", level), f"differs from {other!r} in capitals alone; choose another name"


def _places(settings: Settings) -> Iterator[Fault]:
    """What lies in the output folder is public. Output inside a source's folder does no harm."""
    output = settings.output
    fix = f"put it beside {output}, or set `output` to another folder"
    if _is_within(Path(settings.state.removeprefix(STATE_PREFIX)), output):
        yield ("state",), f"lies in the output folder, where everybody could read it; {fix}"
    folder = settings.backup.folder if settings.backup is not None else None
    if folder is not None and _is_within(folder, output):
        yield ("backup", "folder"), f"lies in the output folder, where everybody could read it; {fix}"
    for index, source in enumerate(settings.sources):
        if _is_within(source.path, output):
            what = f"lies in the output folder, where everybody could read the articles as they are; {fix}"
            yield ("sources", index, "path"), what


def _is_within(path: Path, folder: Path) -> bool:
    """Whether the path is the folder or lies in it, by its name or where links lead. It need not be there."""
    real, real_folder = (Path(os.path.realpath(one)) for one in (path, folder))
    return path.is_relative_to(folder) or real.is_relative_to(real_folder)


def _routes(settings: Settings) -> Iterator[Fault]:
    for index, route in enumerate(settings.routes):
        if route.level not in (None, *settings.levels):
            known = ", ".join(settings.levels) or "none are set"
            yield ("routes", index, "level"), f"there is no level {route.level!r} ({known})"
        if route.quiet_hours is not None and route.quiet_hours.start == route.quiet_hours.end:
            what = "is the same as `from`: leave out `quiet_hours` for none, or mute the route"
            yield ("routes", index, "quiet_hours", "to"), what


_BRANCHES = ("[digest]", "[immediate]", "[pattern]", "[folders]", "[key]")


def own_path(location: tuple[str | int, ...]) -> SettingPath:
    """The path as the file has it: pydantic also names the branch of a choice, and that a key is meant."""
    return tuple(part for part in location if part not in _BRANCHES)


def name_of(path: SettingPath) -> str:
    """The path as people write it: `routes[0].deliver.digest`."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return name.lstrip(".")


_UNKNOWN = "there is no such setting; `syndicator config schema` has all"
_ALONE = {"missing": "is missing", "extra_forbidden": _UNKNOWN, "is_instance_of": _UNKNOWN}
"""What pydantic finds wrong, by its word for it, where the value says nothing more."""
_EMPTY = 'is empty: what follows a `#` is a comment; write it in quotes, like "#news"'
_EXPECTED = {
    **dict.fromkeys(("model_type", "model_attributes_type"), "must be keys and values"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be on or off"),
    **dict.fromkeys(("float_type", "float_parsing", "int_type", "int_parsing"), "must be a number"),
    "string_type": "must be text; a number, a flag or a date as text stands in quotes",
    "dict_type": "must be keys and values, like {good: 90}",
    "tuple_type": "must be a list, like [a, b]",
}


def say(detail: Mapping[str, Any]) -> str:
    """What is wrong and what is expected there, with the value as it stands in the file."""
    kind, value = detail["type"], detail["input"]
    if kind == RULE:
        return str(detail["msg"])
    if kind in _ALONE:
        return _ALONE[kind]
    if kind == "string_type" and value is None:
        return _EMPTY
    if kind == "value_error":
        expected = str(detail["ctx"]["error"])
    else:
        expected = _EXPECTED.get(kind) or re.sub(r"^\w+ should ", "must ", detail["msg"])
    return f"{expected} (is {shown(value)})"


def shown(value: object) -> str:
    """The value as it stands in the file, shortened; a password in an address is left out."""
    text = "empty" if value is None else PASSWORD.sub("***@", repr(value))
    return shorten(text, LONGEST_SHOWN)
