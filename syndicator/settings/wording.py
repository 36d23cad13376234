"""What pydantic finds wrong with a value, for whoever wrote it: the key, the value, the nearest name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from syndicator.settings.checks import SettingPath
from syndicator.settings.models import RULE, Settings
from syndicator.text import shorten

PASSWORD = re.compile(r"(?<=://)[^/\s]+@")
LONGEST_SHOWN = 60


def own_path(location: tuple[str | int, ...]) -> SettingPath:
    """The path as the file has it: pydantic also names the branch of a choice, and that a key is meant."""
    return tuple(part for part in location if part not in ("[digest]", "[immediate]", "[key]"))


def name_of(path: SettingPath) -> str:
    """The path as people write it: `routes[0].deliver.digest`."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return name.lstrip(".")


def say(detail: Mapping[str, Any], path: SettingPath) -> str:
    """What is wrong at the path and what is expected there, with the value as it stands in the file."""
    kind, value = detail["type"], detail["input"]
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden" | "is_instance_of":
            return _unknown(str(path[-1]), known_keys(path[:-1]))
        case "string_type" if value is None:
            return 'is empty: what follows a `#` is a comment; write it in quotes, like "#news"'
        case _ if kind == RULE:
            return str(detail["msg"])
        case "value_error":
            expected = str(detail["ctx"]["error"])
        case "model_type" | "model_attributes_type":
            expected = f"must be keys and values; known here: {', '.join(known_keys(path))}"
        case "string_type":
            expected = "must be text; a number, a flag or a date as text stands in quotes"
        case "bool_type" | "bool_parsing":
            expected = "must be on or off"
        case "float_type" | "float_parsing" | "int_type" | "int_parsing":
            expected = "must be a number"
        case "dict_type":
            expected = "must be keys and values, like {good: 90}"
        case "tuple_type":
            expected = "must be a list, like [a, b]"
        case _:
            expected = re.sub(r"^\w+ should ", "must ", detail["msg"])
    return f"{expected} (is {shown(value)})"


def shown(value: object) -> str:
    """The value as it stands in the file, shortened; a password in an address is left out."""
    text = "empty" if value is None else PASSWORD.sub("***@", repr(value))
    return shorten(text, LONGEST_SHOWN)


def known_keys(path: SettingPath) -> list[str]:
    """The keys of the group at the path, in order; none where it has no keys of its own."""
    form: Any = Settings
    for step in path:
        if isinstance(step, int):
            form = get_args(form)[0] if get_origin(form) is tuple else None
        else:
            form = _members(form).get(step)
    return list(_members(form))


def _unknown(key: str, known: list[str]) -> str:
    """What is wrong with a key that is not among the known ones: the nearest of them, or all."""
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
    return f"there is no such setting; {hint}"


def _members(form: Any) -> dict[str, Any]:
    """The types of a group's keys; what no file may give is left out."""
    model = next(_models(form), None)
    fields = model.model_fields.items() if model else ()
    return {str(one.validation_alias or name): one.annotation for name, one in fields if not one.exclude}


def _models(form: Any) -> Iterator[type[BaseModel]]:
    """The group that may stand there itself, not in a list of it."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        yield form
    elif get_origin(form) not in (tuple, Mapping):
        for argument in get_args(form):
            yield from _models(argument)
