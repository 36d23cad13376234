"""Every setting that is accepted reaches the program, and every value that it is handed is used there."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import syndicator
from syndicator.settings.faults import SettingPath, name_of
from syndicator.settings.load import load_settings
from syndicator.settings.models import Settings
from tests.settings.test_wrong_settings import PATHS, WHOLE, known_keys, with_value

OTHER: dict[str, Any] = {
    "base_url": "https://else.example.org/", "language": "de", "time_zone": "Europe/Berlin",
    "profile": "hugo", "flood_window": "9s", "every": "9m",
    "fields": {"title": "headline"}, "unpublished": "include", "permalink": "/:title/",
    "stories": "off", "languages": ["en", "de"],
    "hub": "https://h.example/",
    "roll_up": True, "tombstones": True, "show_reason": True, "edits": True,
    "state": "sqlite:///other.db", "host": "::1",
    "cache": "1m", "quiet": "9s", "scan_every": "9s", "confirm_after": "9s", "gather": "9s", "max_age": "9d",
    "digest": "0 8 * * *", "from": "01:02", "to": "03:04", "webhook_file": "hook", "mode": "preview",
    "minimum": 2, "maximum": 2, "per_provider": 2, "per_hour": 2, "min_quality": 2, "min_heat": 2, "limit": 2,
    "min_publishers": 2, "group": "publisher", "about": "2 a day",
    "port": 2, "level": "good", "good": 2, "topics": ["x.yaml"], "name": "other", "channel": "C2",
    "after": "9m", "problems": 2, "ping": "https://ping.example/x",
}  # fmt: skip
"""A right value of each key that is not its default and not that of `WHOLE`; text where none stands here."""
LEAVES = [
    path for path in PATHS if not known_keys(path) and not known_keys((*path, 0)) and path != ("levels",)
]
IMMEDIATE = {"gather", "flood_window", "edits"}
"""Keys that are for immediate routes alone."""


def read(folder: Path, values: dict[str, Any]) -> Settings:
    (folder / "hook").write_text("https://hooks.slack.com/services/T/B/x", encoding="utf-8")
    file = folder / "s.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    return load_settings(file, {})


@pytest.mark.parametrize("path", LEAVES, ids=name_of)
def test_each_setting_changes_what_the_program_is_handed(tmp_path: Path, path: SettingPath) -> None:
    key = str(path[-1])
    other = with_value(path, OTHER.get(key, "other"))
    before = copy.deepcopy(WHOLE)
    if key in IMMEDIATE:
        for values in (before, other):
            values["routes"][0] |= {"deliver": "immediate", "webhook_file": None}
    if key == "languages":
        for values in (before, other):
            values["sources"][0]["profile"] = "hugo"
    assert read(tmp_path, before) != read(tmp_path, other)


def test_each_value_that_is_handed_on_is_used() -> None:
    home = Path(str(syndicator.__file__)).parent
    # Loading uses a route's level and its webhook's file.
    modules = [file for file in home.rglob("*.py") if file.name not in ("models.py", "checks.py")]
    used = {
        node.attr
        for file in modules
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert [name for name in handed(Settings) if name.rpartition(".")[2] not in used] == []


def handed(form: Any, above: str = "") -> list[str]:
    """All fields of a model and of those in it, by their path."""
    if not (isinstance(form, type) and issubclass(form, BaseModel)):
        return [name for one in get_args(form) for name in handed(one, above)]
    names: list[str] = []
    for name, field in form.model_fields.items():
        names += [f"{above}{name}", *handed(field.annotation, f"{above}{name}.")]
    return names
