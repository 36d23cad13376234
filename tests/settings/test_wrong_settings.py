"""Every setting with every kind of wrong value: what is said names it, in the words of the reference."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.errors import SettingsError
from syndicator.schedule import validate_cron
from syndicator.settings import load_settings
from syndicator.settings.keys import KeyPath, form_of, known_keys, name_of

WHOLE: dict[str, Any] = {
    "site": {"title": "T", "base_url": "https://feeds.example.org/"},
    "sources": [{"name": "news", "path": "news"}],
    "levels": {"good": 90},
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
WRONG: list[Any] = [None, 5, -1, 1.5, True, "", "x y\n", [], [1], [[]], {}, {"a": 1}, {"1": None}, 2**70]
FORBIDDEN = re.compile(
    r"pydantic|dictionary|instance of|shape|after validation|input should|none\b(?! are set)|value error"
    r"|cannot be taken|\bint\b|\bstr\b|\bdict\b|union|literal|valid (string|integer|number|list|boolean)",
    re.IGNORECASE,
)


def paths(above: KeyPath = ()) -> Iterator[KeyPath]:
    """All settings, those of list items by their first."""
    for key in known_keys(above):
        path = (*above, key)
        yield path
        yield from paths((*path, 0) if known_keys((*path, 0)) else path)


PATHS = [*paths(), ("levels", "good")]


def with_value(path: KeyPath, value: object) -> dict[str, Any]:
    values: Any = copy.deepcopy(WHOLE)
    here = values
    for step in path[:-1]:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    here[path[-1]] = value
    return dict(values)


def problems(folder: Path, values: object, environment: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """What is said, in parts; nothing where the settings are taken."""
    file = folder / "s.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    try:
        load_settings(file, environment or {}, check_cron=validate_cron)
    except SettingsError as error:
        for text in error.problems:
            without_value = re.sub(r"\(is .*\)$", "", text.removeprefix(str(file)))
            assert not FORBIDDEN.search(without_value), text
        assert len(error.details) == len(error.problems)
        return [dict(one) for one in error.details]
    return []


def test_walk_reaches_all_that_the_reference_lists() -> None:
    assert len(PATHS) > 50
    assert ("routes", 0, "deliver", "per_provider") in PATHS
    assert ("sources", 0, "fields") in PATHS


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_wrong_value_is_said_at_its_key_in_the_words_of_the_reference(tmp_path: Path, path: KeyPath) -> None:
    refused = 0
    for wrong in WRONG:
        found = problems(tmp_path, with_value(path, wrong))
        refused += bool(found)
        others = [one for one in found if not one["key"].startswith(name_of(path))]
        assert [one for one in others if "level" not in one["key"]] == [], wrong
    assert refused


@pytest.mark.parametrize("path", [(), *(p for p in PATHS if known_keys(p))], ids=name_of)
def test_unknown_key_is_said_with_the_nearest(tmp_path: Path, path: KeyPath) -> None:
    known = known_keys(path)[0]
    (one,) = problems(tmp_path, with_value((*path, f"{known}x"), 1) | {})
    assert one["what"] == f"there is no such setting; did you mean `{known}`?"
    (other,) = problems(tmp_path, with_value((*path, "zzz"), 1))
    assert other["what"].startswith("there is no such setting; known here: ")


@pytest.mark.parametrize("path", [p for p in PATHS if not isinstance(p[0], int) and 0 not in p], ids=name_of)
def test_wrong_value_of_a_variable_names_the_variable(tmp_path: Path, path: KeyPath) -> None:
    name = "SYNDICATOR_" + "__".join(str(part).upper() for part in path)
    for wrong in ("[", "{}", "[1]", "x y\n", "", "[{}]", "5", "-1", "null"):
        for one in problems(tmp_path, WHOLE, {name: wrong}):
            assert (one["variable"], one["line"]) == (name, 0), (wrong, one)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SYNDICATOR_SERVR__PORT", "did you mean `SYNDICATOR_SERVER__PORT`?"),
        ("SYNDICATOR_SERVER__PROT", "did you mean `SYNDICATOR_SERVER__PORT`?"),
        ("SYNDICATOR_OUTPT", "did you mean `SYNDICATOR_OUTPUT`?"),
        ("SYNDICATOR_ZZZ", "known here: SITE, SOURCES,"),
        ("SYNDICATOR_OUTPUT__X", "`output` has no keys of its own"),
        ("SYNDICATOR_ADMIN__PORT", "is not built yet"),
        ("SYNDICATOR_", "known here: SITE"),
        ("SYNDICATOR_{}__{", "known here: SITE"),
    ],
)
def test_variable_that_is_no_setting_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (one,) = problems(tmp_path, WHOLE, {name: "8081"})
    assert one["variable"] == name
    assert words in one["what"]


def test_variables_that_are_no_settings_of_ours_are_left_alone(tmp_path: Path) -> None:
    assert problems(tmp_path, WHOLE, {"SYNDICATOR_CONFIG": "x", "SYNDICATORS": "y", "PATH": "z"}) == []


def test_wrong_settings_hide_none_of_the_others(tmp_path: Path) -> None:
    """Each wrong key by itself, and all of the file's groups wrong in some way together."""
    values = {
        "sources": [5, {"path": "x", "fields": {"titel": "t"}}],
        "levels": {"a b": 1, "archive": 2},
        "topics": [1],
        "routes": [
            {"channel": "C1", "level": "best", "deliver": {"digest": "61 9 * * *", "maximum": 99}},
            {"name": "x", "channel": "C1", "min_quality": 1, "level": "a b", "gather": "5m"},
            None,
        ],
    }
    keys = [one["key"] for one in problems(tmp_path, values, {"SYNDICATOR_SERVR": "{}"})]
    assert sorted(keys) == sorted(
        [
            "", "site", "sources[0]", "sources[1].name", "sources[1].fields", "levels.a b", "levels.archive",
            "topics[0]", "routes[0].name", "routes[0].level", "routes[0].deliver.digest",
            "routes[0].deliver.maximum", "routes[1].level", "routes[1].gather", "routes[2]",
        ]
    )  # fmt: skip


def test_durations_and_counts_keep_their_types() -> None:
    """What decides whether a variable is JSON."""
    assert form_of(("watch", "quiet")) is timedelta
    assert form_of(("feeds", "limit")) is int
    assert form_of(("nothing",)) is None
