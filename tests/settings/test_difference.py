"""What a reload would change, setting by setting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from syndicator.settings.effective import Effective, changes, effective
from syndicator.settings.load import SettingsReader

AI = {"name": "ai", "channel": "#ai", "topics": ["AI"], "deliver": "immediate"}
DAILY = {"name": "daily", "channel": "#general"}
BASE: dict[str, Any] = {
    "site": {"title": "T", "base_url": "https://feeds.example.org/"},
    "sources": [{"name": "news", "path": "articles"}],
    "routes": [AI, DAILY],
}


def listed(folder: Path, settings: Mapping[str, Any], **environment: str) -> list[Effective]:
    file = folder / "s.yaml"
    file.write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
    reader = SettingsReader(file, environment)
    return effective(reader.settings(), reader)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"watch": {"scan_every": "60s"}}, [], id="a default written down"),
        pytest.param({"watch": {"quiet": "5s"}}, [("watch.quiet", "2s", "5s")], id="a value"),
        pytest.param(
            {"routes": [AI | {"min_quality": 80}, DAILY]},
            [("routes[ai].min_quality", "null", "80.0")],
            id="a route's",
        ),
        pytest.param(
            {"routes": [{"name": "top", "channel": "#top", "min_quality": 110}, AI, DAILY]},
            [
                ("routes", '["ai", "daily"]', '["top", "ai", "daily"]'),
                ("routes[top].channel", None, "#top"),
                ("routes[top].min_quality", None, "110.0"),
            ],
            id="a route put in front",
        ),
        pytest.param(
            {"routes": [DAILY]},
            [
                ("routes", '["ai", "daily"]', '["daily"]'),
                ("routes[ai].channel", "#ai", None),
                ("routes[ai].topics", '["AI"]', None),
                ("routes[ai].deliver", "immediate", None),
            ],
            id="a route gone",
        ),
        pytest.param(
            {"routes": [DAILY, AI]}, [("routes", '["ai", "daily"]', '["daily", "ai"]')], id="another order"
        ),
        pytest.param(
            {"routes": [AI | {"deliver": {"digest": "0 9 * * *"}}, DAILY]},
            [
                ("routes[ai].deliver.digest", None, "0 9 * * *"),
                ("routes[ai].deliver", "immediate", None),
            ],
            id="a group in place of a word",
        ),
        pytest.param({"server": None}, [("server", "{}", "null")], id="a group turned off"),
        pytest.param(
            {"admin": {}, "backup": {"every": "2h"}},
            [("backup", "null", "{}"), ("backup.every", None, "2h"), ("admin", "null", "{}")],
            id="a group turned on with defaults alone, and with a value",
        ),
    ],
)
def test_changes(tmp_path: Path, change: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    found = changes(listed(tmp_path, BASE), listed(tmp_path, BASE | change))
    assert [(one.key, one.before, one.after) for one in found] == expected


def test_group_of_defaults_that_is_turned_off(tmp_path: Path) -> None:
    (off,) = changes(listed(tmp_path, BASE | {"admin": {}}), listed(tmp_path, BASE))
    assert (off.key, off.before, off.after) == ("admin", "{}", "null")


def test_another_secret_is_said_and_never_shown(tmp_path: Path) -> None:
    before, after, none = (
        listed(tmp_path, BASE, **environment)
        for environment in ({"SLACK_BOT_TOKEN": "xoxb-old"}, {"SLACK_BOT_TOKEN": "xoxb-new"}, {})
    )
    (changed,), (gone,) = changes(before, after), changes(before, none)
    assert (changed.before, changed.after, gone.after) == ("set", "set, another one", None)
    assert "xoxb" not in f"{changed}{before}{after}"
    assert changes(after, after) == []


def test_another_address_to_ping_is_said_and_never_shown(tmp_path: Path) -> None:
    before, after = (
        listed(tmp_path, BASE | {"ping": f"https://hc.example/{word}"}) for word in ("one", "two")
    )
    assert [(one.key, one.before, one.after) for one in changes(before, after)] == [
        ("ping", "set", "set, another one")
    ]
