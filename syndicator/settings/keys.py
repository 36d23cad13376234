"""Which keys the settings have, and what each may hold; read off the shape (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel

from syndicator.settings.shape import FileShape

KeyPath: TypeAlias = tuple[str | int, ...]
"""From the top: keys, and the numbers of items of lists."""

NOT_YET = {"admin": "is not built yet: nothing would listen there; leave it out"}
"""Settings that are planned, and so known to whoever reads of them."""


def known_keys(parents: KeyPath) -> list[str]:
    """The keys of the group at the path, in order; none where it has no keys of its own."""
    model = next(_models(form_of(parents)), None)
    fields = model.model_fields if model else {}
    return [field.alias or name for name, field in fields.items()]


def form_of(path: KeyPath) -> Any:
    """The type of what may stand at the path; None where nothing may."""
    form: Any = FileShape
    for step in path:
        form = _item(form) if isinstance(step, int) else _member(form, step)
    return form


def holds_parts(form: Any) -> bool:
    """Whether a list, mapping or group may stand there, rather than a single value."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        return True
    return get_origin(form) in (list, dict) or any(holds_parts(one) for one in get_args(form))


def name_of(path: KeyPath) -> str:
    """The path as people write it: `routes[0].deliver.digest`."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return name.lstrip(".")


def unknown_key(name: str, known: Iterable[str], *, written: str = "{}") -> str:
    """What is wrong with a key that is not among the known ones: the nearest of them, or all.

    `written` says how a key is written where the reader has to mend it.
    """
    if name.lower() in NOT_YET:
        return NOT_YET[name.lower()]
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean `{written.replace('{}', near[0])}`?" if near else f"known here: {', '.join(names)}"
    return f"there is no such setting; {hint}"


def _member(form: Any, key: str) -> Any:
    model = next(_models(form), None)
    if model is not None:
        fields = ((field.alias or name, field) for name, field in model.model_fields.items())
        return next((field.annotation for name, field in fields if name == key), None)
    return get_args(form)[1] if get_origin(form) is dict else None


def _item(form: Any) -> Any:
    arguments = [one for one in get_args(form) if one is not NoneType]
    return arguments[0] if get_origin(form) is list else None


def _models(form: Any) -> Iterator[type[BaseModel]]:
    """The group that may stand there itself, not in a list of it."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        yield form
    elif get_origin(form) not in (list, dict):
        for argument in get_args(form):
            yield from _models(argument)
