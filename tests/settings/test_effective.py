"""The settings in force with their origins, and their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from syndicator.settings.effective import effective
from syndicator.settings.load import SettingsReader
from syndicator.settings.schema import settings_schema

HOME = Path(__file__).parents[2]
EXAMPLES = sorted((HOME / "config").glob("*.yaml"))
TEXT = """site: {title: T, base_url: "https://feeds.example.org/"}
sources:
  - {name: news, path: articles, time_zone: Europe/Berlin}
slack: preview
routes:
  - name: ai
    channel: "#ai"
    topics: AI
    level: good
    deliver: {digest: "0 9 * * *"}
    quiet_hours: {from: "22:00", to: "07:00"}
"""


def origins(tmp_path: Path, **environment: str) -> dict[str, tuple[str, str]]:
    file = tmp_path / "s.yaml"
    file.write_text(TEXT, encoding="utf-8")
    reader = SettingsReader(file, environment)
    found = effective(reader.settings(), reader)
    return {one.key: (one.value, one.origin.removeprefix(f"{tmp_path}/")) for one in found}


def test_each_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    found = origins(tmp_path, SYNDICATOR_SERVER__PORT="81", SYNDICATOR_LEVELS="{good: 50}")
    assert found["site.title"] == ("T", "s.yaml:1")
    assert found["sources[0].time_zone"] == ("Europe/Berlin", "s.yaml:3")
    assert found["server.port"] == ("81", "SYNDICATOR_SERVER__PORT")
    assert found["server.host"] == ("127.0.0.1", "default")
    assert found["levels"] == ('{"good": 50.0}', "SYNDICATOR_LEVELS")
    assert found["slack.mode"] == ("preview", "s.yaml:4")
    assert found["routes[0].topics"] == ('["AI"]', "s.yaml:8")
    assert found["routes[0].min_quality"] == ("50.0", "level good")
    assert found["routes[0].deliver.digest"] == ("0 9 * * *", "s.yaml:10")
    assert found["routes[0].deliver.minimum"] == ("1", "default")
    assert found["routes[0].quiet_hours.from"] == ('"22:00"', "s.yaml:11")
    assert found["watch.scan_every"] == ("1m", "default")


def test_secrets_are_only_said_to_be_set(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://hooks.example/canary", encoding="utf-8")
    found = origins(
        tmp_path,
        SYNDICATOR_LEVELS="{good: 50}",
        SLACK_BOT_TOKEN="xoxb-1-canary",
        SYNDICATOR_PING="https://ping.example/canary",
        SYNDICATOR_ALERTS_TO__WEBHOOK_FILE="hook",
    )
    assert found["SLACK_BOT_TOKEN"][0] == "set"
    assert found["ping"] == ("set", "SYNDICATOR_PING")
    assert found["webhook of alerts_to"][0] == "set"
    assert "canary" not in str(found)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_examples_fit_the_schema_and_refer_to_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=syndicator.schema.json\n")
    errors = Draft202012Validator(settings_schema()).iter_errors(yaml.safe_load(text))
    assert [error.message for error in errors] == []


def test_schema_that_the_examples_refer_to_is_the_one_that_there_is() -> None:
    """Mend it with `syndicator config schema > config/syndicator.schema.json`."""
    kept = (HOME / "config/syndicator.schema.json").read_text(encoding="utf-8")
    assert json.loads(kept) == settings_schema()


@pytest.mark.parametrize(
    "change",
    [
        {"sevrer": {}},
        {"server": {"port": "high"}},
        {"watch": {"quiet": 2}},
        {"routes": [{"name": "a", "channel": "#a", "deliver": "sometimes"}]},
    ],
    ids=str,
)
def test_schema_refuses_what_the_service_refuses(change: dict[str, Any]) -> None:
    assert not Draft202012Validator(settings_schema()).is_valid(yaml.safe_load(TEXT) | change)
