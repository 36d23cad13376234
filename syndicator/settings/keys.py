"""Which keys the settings have, and what each may hold; read off the models (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel

from syndicator.settings.models import Settings

KeyPath: TypeAlias = tuple[str | int, ...]
"""From the top: keys, and the numbers of items of lists."""

NOT_YET = {"admin": "is not built yet: nothing would listen there; leave it out"}
"""Settings that are planned, and so known to whoever reads of them."""


def known_keys(parents: KeyPath) -> list[str]:
    """The keys of the group at the path, in order; none where it has no keys of its own."""
    return [*_members(form_of(parents))]


def form_of(path: KeyPath) -> Any:
    """The type of what may stand at the path; None where nothing may."""
    form: Any = Settings
    for step in path:
        form = _item(form) if isinstance(step, int) else _member(form, step)
    return form


def holds_parts(form: Any) -> bool:
    """Whether a list, mapping or group may stand there, rather than a single value."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        return True
    return get_origin(form) in (tuple, Mapping) or any(holds_parts(one) for one in get_args(form))


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
    return get_args(form)[1] if get_origin(form) is Mapping else _members(form).get(key)


def _members(form: Any) -> dict[str, Any]:
    """The types of a group's keys; what no file may give is left out."""
    model = next(_models(form), None)
    fields = model.model_fields.items() if model else ()
    return {str(one.validation_alias or name): one.annotation for name, one in fields if not one.exclude}


def _item(form: Any) -> Any:
    return get_args(form)[0] if get_origin(form) is tuple else None


def _models(form: Any) -> Iterator[type[BaseModel]]:
    """The group that may stand there itself, not in a list of it."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        yield form
    elif get_origin(form) not in (tuple, Mapping):
        for argument in get_args(form):
            yield from _models(argument)
