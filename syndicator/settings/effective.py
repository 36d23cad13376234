"""The settings in force, one by one, each with where it comes from; secrets are only said to be there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

from pydantic import BaseModel, SecretStr

from syndicator.settings.checks import SettingPath
from syndicator.settings.load import SettingsReader
from syndicator.settings.models import Settings
from syndicator.settings.wording import name_of

UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
SET, SECRET, DEFAULT = "set", "environment, file or credential", "default"


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
