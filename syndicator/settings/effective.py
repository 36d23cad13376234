"""The settings in force, one by one, each with where it comes from, and what differs between two readings.

Secrets are only said to be there. A list of routes or sources is a setting, too, by their names, and so is a
group that may be left out. In a difference, items of a list go by their names, so that a route that is put in
front changes nothing of the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from types import NoneType
from typing import get_args

from pydantic import BaseModel, SecretStr

from syndicator.settings.faults import SettingPath, name_of
from syndicator.settings.load import SettingsReader
from syndicator.settings.models import Settings
from syndicator.settings.types import UNITS

LENGTHS = [(unit, timedelta(**{name: 1})) for unit, name in reversed(UNITS.items())]
SET, SECRET, DEFAULT = "set", "environment, file or credential", "default"
CHANGED = "set, another one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """One setting: its name as people write it, its value as the file would have it, where it comes from."""

    key: str
    value: str
    origin: str
    secret: SecretStr | None = None
    """Of one that is only said to be set, to tell whether it is another one now."""


def effective(settings: Settings, reader: SettingsReader) -> list[Effective]:
    """All settings in the order of the reference; lists of models item by item."""
    found = [
        Effective(
            key=name_of(path),
            value=written(value),
            origin=_level_of(settings, path) or reader.origin(path),
            secret=value if isinstance(value, SecretStr) else None,
        )
        for path, value in _flat(settings, ())
    ]
    credentials = settings.credentials
    secrets: dict[str, SecretStr | None] = {"SLACK_BOT_TOKEN": credentials.token}
    secrets["webhook of alerts_to"] = credentials.alerts
    secrets |= {f"webhook of {route}": webhook for route, webhook in credentials.webhooks.items()}
    there = {key: one for key, one in secrets.items() if one}
    return found + [Effective(key=key, value=SET, origin=SECRET, secret=one) for key, one in there.items()]


def written(value: object) -> str:
    """A value as the settings file has it.

    >>> written(timedelta(minutes=90)), written(("a", "b")), written(None), written(True)
    ('90m', '["a", "b"]', 'null', 'true')
    """
    match value:
        case timedelta():
            unit, length = next((one for one in LENGTHS if value and not value % one[1]), LENGTHS[-1])
            return f"{value // length}{unit}"
        case SecretStr():
            return SET
        case time():
            return f'"{value:%H:%M}"'
        case str() | Path():
            return str(value)
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _level_of(settings: Settings, path: SettingPath) -> str:
    """The level that a route's minimum comes from, or nothing."""
    match path:
        case ("routes", int(at), "min_quality") if level := settings.routes[at].level:
            return f"level {level}"
    return ""


def _flat(model: BaseModel, path: SettingPath) -> Iterator[tuple[SettingPath, object]]:
    for name, field in type(model).model_fields.items():
        if field.exclude:
            continue
        own, value = (*path, str(field.validation_alias or name)), getattr(model, name)
        if isinstance(value, BaseModel):
            if NoneType in get_args(field.annotation):
                yield own, {}
            yield from _flat(value, own)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield own, [item.name for item in value]
            for at, item in enumerate(value):
                yield from _flat(item, (*own, at))
        else:
            yield own, value


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    key: str
    before: str | None
    after: str | None


def changes(
    before: Sequence[Effective],
    after: Sequence[Effective],
    *,
    but: Callable[[Effective], bool] = lambda _one: False,
) -> list[SettingChange]:
    """What makes `after` of `before`, in the order of the reference; secrets are never shown.

    Settings for which `but` is true on either side are left out, and so are defaults that come or go with
    what stands above them.
    """
    old, new = _by_key(before), _by_key(after)
    return [
        change
        for key in dict.fromkeys((*new, *old))
        if not any(but(side[key]) for side in (old, new) if key in side)
        for change in _of_one(key, old.get(key), new.get(key))
    ]


def _of_one(key: str, old: Effective | None, new: Effective | None) -> Iterator[SettingChange]:
    if old and new:
        if old.value != new.value:
            yield SettingChange(key=key, before=old.value, after=new.value)
        elif old.secret and new.secret and old.secret != new.secret:
            yield SettingChange(key=key, before=old.value, after=CHANGED)
    elif (one := old or new) and one.origin != DEFAULT:
        yield SettingChange(key=key, before=old.value if old else None, after=new.value if new else None)


def _by_key(found: Sequence[Effective]) -> dict[str, Effective]:
    """Items of lists by their names, which the lists have: `routes[0].channel` -> `routes[ai].channel`."""
    names = {one.key.removesuffix(".name"): one.value for one in found if one.key.endswith("].name")}
    keyed: dict[str, Effective] = {}
    for one in found:
        item, end, rest = one.key.partition("]")
        if (name := names.get(item + end)) is None:
            keyed[one.key] = one
        elif rest != ".name":
            keyed[f"{item.partition('[')[0]}[{name}]{rest}"] = one
    return keyed
