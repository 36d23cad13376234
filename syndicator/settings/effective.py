"""The settings in force, one by one, each with where it comes from, and what differs between two readings.

Secrets are only said to be there. In a difference, items of a list go by their names, so that a route that is
put in front changes nothing of the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

from pydantic import BaseModel, SecretStr

from syndicator.settings.faults import SettingPath, name_of
from syndicator.settings.load import SettingsReader
from syndicator.settings.models import Settings

UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
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
            origin=reader.origin(path),
            secret=value if isinstance(value, SecretStr) else None,
        )
        for path, value in _flat(settings, ())
    ]
    credentials = settings.credentials
    secrets: dict[str, SecretStr | None] = {"SLACK_BOT_TOKEN": credentials.token}
    secrets["webhook of alerts_to"] = credentials.alerts
    secrets |= {f"webhook of {route}": webhook for route, webhook in credentials.webhooks.items()}
    found += [
        Effective(key=key, value=SET, origin=SECRET, secret=secret)
        for key, secret in secrets.items()
        if secret
    ]
    return found


def written(value: object) -> str:
    """A value as the settings file has it.

    >>> written(timedelta(minutes=90)), written(("a", "b")), written(None), written(True)
    ('90m', '["a", "b"]', 'null', 'true')
    """
    match value:
        case timedelta():
            seconds = round(value.total_seconds())
            unit, length = next((u for u in UNITS if seconds and seconds % u[1] == 0), UNITS[-1])
            return f"{seconds // length}{unit}"
        case SecretStr():
            return SET
        case time():
            return f'"{value:%H:%M}"'
        case str() | Path():
            return str(value)
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _flat(model: BaseModel, path: SettingPath) -> Iterator[tuple[SettingPath, object]]:
    for name, field in type(model).model_fields.items():
        if field.exclude:
            continue
        own, value = (*path, str(field.validation_alias or name)), getattr(model, name)
        items = value if isinstance(value, tuple) else ()
        if isinstance(value, BaseModel):
            yield from _flat(value, own)
        elif items and isinstance(items[0], BaseModel):
            for at, item in enumerate(items):
                yield from _flat(item, (*own, at))
        else:
            yield own, value


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting, or a whole item of a list; None: it is not there."""

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

    Settings for which `but` is true on either side are left out. A default that comes or goes with
    what stands above it is not said again.
    """
    old, new = _by_key(before), _by_key(after)
    was, now = [*_names(before).values()], [*_names(after).values()]
    came, gone = [name for name in now if name not in was], [name for name in was if name not in now]
    found = [SettingChange(key=name, before=None, after=_item(name, new)) for name in came]
    found += [SettingChange(key=name, before=_item(name, old), after=None) for name in gone]
    items = tuple(f"{name}." for name in (*came, *gone))
    for key in dict.fromkeys((*new, *old)):
        if not key.startswith(items) and not any(but(side[key]) for side in (old, new) if key in side):
            found += _of_one(key, old.get(key), new.get(key))
            found += _of_group(key, old, new)
    return [*found, *_reordered(was, now)]


def _of_one(key: str, old: Effective | None, new: Effective | None) -> Iterator[SettingChange]:
    if old and new:
        if old.value != new.value:
            yield SettingChange(key=key, before=old.value, after=new.value)
        elif old.secret and new.secret and old.secret != new.secret:
            yield SettingChange(key=key, before=old.value, after=CHANGED)
    elif (one := old or new) and one.origin != DEFAULT:
        yield SettingChange(key=key, before=old.value if old else None, after=new.value if new else None)


def _of_group(
    key: str, old: Mapping[str, Effective], new: Mapping[str, Effective]
) -> Iterator[SettingChange]:
    """A group that is turned on with defaults alone (`admin: {}`), or off again."""
    if (key in old) == (key in new) or (old.get(key) or new[key]).value != "null":
        return
    before, after = (side[key].value if key in side else "{}" for side in (old, new))
    group = [one for name, one in (new if key in old else old).items() if name.startswith(f"{key}.")]
    if group and all(one.origin == DEFAULT for one in (old.get(key) or new[key], *group)):
        yield SettingChange(key=key, before=before, after=after)


def _item(name: str, found: Mapping[str, Effective]) -> str:
    """What the file says of an item of a list."""
    said = {key.removeprefix(f"{name}."): one for key, one in found.items() if key.startswith(f"{name}.")}
    return ", ".join(
        f"{key}: {one.value}" for key, one in said.items() if key != "name" and one.origin != DEFAULT
    )


def _reordered(was: Sequence[str], now: Sequence[str]) -> Iterator[SettingChange]:
    """Lists whose items are in another order: of several routes the first that takes a story counts."""
    for head in dict.fromkeys(name.partition("[")[0] for name in now):
        orders = [
            ", ".join(n[len(head) + 1 : -1] for n in one if n in other and n.startswith(f"{head}["))
            for one, other in ((was, now), (now, was))
        ]
        if orders[0] != orders[1]:
            yield SettingChange(key=f"{head}: order", before=orders[0], after=orders[1])


def _names(found: Sequence[Effective]) -> dict[str, str]:
    """`routes[0]` -> `routes[ai]`, of each item of a list that has a name."""
    items = ((one.key.removesuffix(".name"), one.value) for one in found if one.key.endswith("].name"))
    return {item: f"{item.partition('[')[0]}[{name}]" for item, name in items}


def _by_key(found: Sequence[Effective]) -> dict[str, Effective]:
    names = _names(found)
    keyed: dict[str, Effective] = {}
    for one in found:
        item, end, rest = one.key.partition("]")
        keyed[names.get(item + end, item + end) + rest] = one
    return keyed
