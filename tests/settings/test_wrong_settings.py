"""Every setting with every kind of wrong value: what is said names it, in the words of the reference."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from syndicator.errors import SettingProblem, SettingsError
from syndicator.settings.faults import SettingPath, name_of
from syndicator.settings.load import SettingsReader
from syndicator.settings.models import Settings

WHOLE: dict[str, Any] = {
    "site": {"title": "T", "base_url": "https://feeds.example.org/"},
    "sources": [{"name": "news", "path": "news"}],
    "levels": {"good": 90},
    "alerts_to": {"channel": "C1"},
    "routes": [
        {
            "name": "ai",
            "channel": "C1",
            "deliver": {"digest": "0 9 * * *"},
            "quiet_hours": {"from": "22:00", "to": "07:00"},
            "exclude": {"topics": ["x"]},
        }
    ],
}
UNKNOWN = "there is no such setting; `syndicator config schema` has all"
WRONG: list[Any] = [None, 5, -1, 1.5, True, "", "x y\n", [], [1], [[]], {}, {"a": 1}, {"1": None}, 2**70]
FORBIDDEN = re.compile(
    r"pydantic|dictionary|instance of|shape|should|(?<!')none\b(?! are set)|value error"
    r"|\bint\b|\bstr\b|\bdict\b|\btuple\b|union|literal",
    re.IGNORECASE,
)


def known_keys(path: SettingPath) -> list[str]:
    """The keys of the group at the path, in order; none where it has no keys of its own."""
    form: Any = Settings
    for step in path:
        if isinstance(step, int):
            form = get_args(form)[0] if get_origin(form) is tuple else None
        else:
            form = _members(form).get(step)
    return list(_members(form))


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


def paths(above: SettingPath = ()) -> Iterator[SettingPath]:
    """All settings, those of list items by their first."""
    for key in known_keys(above):
        path = (*above, key)
        yield path
        yield from paths((*path, 0) if known_keys((*path, 0)) else path)


PATHS = [*paths(), ("levels", "good")]


def with_value(path: SettingPath, value: object) -> dict[str, Any]:
    values: Any = copy.deepcopy(WHOLE)
    here = values
    for step in path[:-1]:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    here[path[-1]] = value
    return dict(values)


def problems(folder: Path, values: object, environment: dict[str, str] | None = None) -> list[SettingProblem]:
    """What is said, in parts; nothing where the settings are taken."""
    file = folder / "s.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    try:
        SettingsReader(file, environment or {}).settings()
    except SettingsError as error:
        for text in error.problems:
            assert not FORBIDDEN.search(re.sub(r"\(is .*\)$", "", text.what)), text
        return error.problems
    return []


def test_walk_reaches_all_that_the_reference_lists() -> None:
    assert len(PATHS) > 50
    assert ("routes", 0, "deliver", "per_provider") in PATHS
    assert ("sources", 0, "fields") in PATHS


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_wrong_value_is_said_at_its_key_in_the_words_of_the_reference(
    tmp_path: Path, path: SettingPath
) -> None:
    refused = 0
    for wrong in WRONG:
        found = problems(tmp_path, with_value(path, wrong))
        refused += bool(found)
        others = [one for one in found if not one.key.startswith(name_of(path))]
        assert [one for one in others if "level" not in one.key] == [], wrong
    assert refused


@pytest.mark.parametrize("path", [(), *(p for p in PATHS if known_keys(p))], ids=name_of)
def test_unknown_key_is_said(tmp_path: Path, path: SettingPath) -> None:
    (one,) = problems(tmp_path, with_value((*path, "zzz"), 1))
    assert (one.key, one.what) == (name_of((*path, "zzz")), UNKNOWN)


@pytest.mark.parametrize("path", [p for p in PATHS if not isinstance(p[0], int) and 0 not in p], ids=name_of)
def test_wrong_value_of_a_variable_names_the_variable(tmp_path: Path, path: SettingPath) -> None:
    name = "SYNDICATOR_" + "__".join(str(part).upper() for part in path)
    for wrong in ("[", "{}", "[1]", "x y\n", "", "[{}]", "5", "-1", "null"):
        for one in problems(tmp_path, WHOLE, {name: wrong}):
            assert (one.variable, one.line) == (name, 0), (wrong, one)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SYNDICATOR_SERVR__PORT", f"servr: {UNKNOWN}"),
        ("SYNDICATOR_SERVER__PROT", f"server.prot: {UNKNOWN}"),
        ("SYNDICATOR_OUTPT", UNKNOWN),
        ("SYNDICATOR_ZZZ", UNKNOWN),
        (
            "SYNDICATOR_OUTPUT__X",
            "output: must be text; a number, a flag or a date as text stands in quotes (is {'x': '8081'})",
        ),
        ("SYNDICATOR_ADMIN__PROT", UNKNOWN),
        ("SYNDICATOR_FEEDS__ROLL_UP", "feeds.roll_up: must be on or off (is '8081')"),
        ("SYNDICATOR_", UNKNOWN),
        ("SYNDICATOR_{}__{", UNKNOWN),
    ],
)
def test_variable_that_is_no_setting_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (one,) = problems(tmp_path, WHOLE, {name: "8081"})
    assert one.variable == name
    assert words in str(one)


def test_variables_that_are_no_settings_of_ours_are_left_alone(tmp_path: Path) -> None:
    assert problems(tmp_path, WHOLE, {"SYNDICATOR_CONFIG": "x", "SYNDICATORS": "y", "PATH": "z"}) == []


@pytest.mark.parametrize("wrong", ["ftp://h/canary", "https://u:canary@h/", ["https://h/canary"], "canary"])
def test_wrong_address_to_call_is_not_shown(tmp_path: Path, wrong: object) -> None:
    (one,) = problems(tmp_path, WHOLE | {"ping": wrong})
    assert one.key == "ping"
    assert "canary" not in str(one)


def test_wrong_values_hide_none_of_the_others(tmp_path: Path) -> None:
    """All of the file's groups wrong in some way together."""
    values = {
        "sources": [5, {"path": "x", "fields": {"titel": "t"}}],
        "levels": {"a b": 1, "archive": 2},
        "topics": [1],
        "routes": [
            {"channel": "C1", "deliver": {"digest": "0 9 * * *", "maximum": 99}},
            {"name": "x", "channel": "C1", "min_quality": 1, "level": "a b", "gather": "5m"},
            None,
        ],
    }
    keys = [one.key for one in problems(tmp_path, values, {"SYNDICATOR_SERVR": "{}"})]
    assert sorted(keys) == sorted(
        [
            "servr", "site", "sources[0]", "sources[1].name", "sources[1].fields.titel", "levels.a b",
            "levels.archive", "topics[0]", "routes[0].name", "routes[0].deliver.maximum", "routes[1].level",
            "routes[1].gather", "routes[2]",
        ]
    )  # fmt: skip
