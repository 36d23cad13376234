"""What a command loads: nothing that it does not work with, since each takes a tenth of a second or more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syndicator.monitoring.status import StatusFile, status_path

RUN = """
import json, sys
from contextlib import suppress
from syndicator.cli import main
loaded = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["syndicator", *arguments]
    with suppress(SystemExit):
        main()
    loaded.append(list(sys.modules))
print(f"\\n{json.dumps(loaded)}")
"""


def loaded(*commands: list[str]) -> list[set[str]]:
    """The modules that a process has loaded after each of these commands, however they end."""
    command = [sys.executable, "-c", RUN, json.dumps(commands)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    return [set(modules) for modules in json.loads(told.splitlines()[-1])]


def test_help_waits_for_nothing_that_a_command_works_with() -> None:
    *_, modules = loaded(["--help"], ["run", "--help"], ["--version"], ["nonsense"])
    assert "syndicator.cli.run" in modules
    assert modules & {"sqlalchemy", "structlog", "rich", "lxml", "slack_sdk"} == set()


def test_status_loads_the_settings_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "site": {"title": "T", "base_url": "https://feeds.example.org/"},
        "sources": [{"name": "news", "path": "articles"}],
        "routes": [{"name": "daily", "channel": "C1", "deliver": {"digest": "0 9 * * *"}}],
    }
    file = tmp_path / "s.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    state = f"sqlite:///{tmp_path}/s.db"
    monkeypatch.setenv("SYNDICATOR_STATE", state)
    StatusFile(status_path(state)).write({"level": 0, "line": "well", "findings": []})
    (modules,) = loaded(["status", "--config", str(file)])
    assert "syndicator.settings.load" in modules and "syndicator.monitoring.status" in modules
    assert (
        modules & {"sqlalchemy", "structlog", "rich", "apscheduler", "asyncio", "prometheus_client"} == set()
    )


def test_check_loads_neither_what_publishes_nor_what_sends(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    settings = {
        "site": {"title": "T", "base_url": "https://feeds.example.org/"},
        "sources": [{"name": "news", "path": "articles"}],
    }
    file = tmp_path / "s.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    settings_only, modules = loaded(
        ["check", "--settings-only", "--config", str(file)], ["check", "--config", str(file)]
    )
    assert "syndicator.parse.article" in modules - settings_only
    others = {
        "alembic",
        "feedgen",
        "jinja2",
        "lxml",
        "slack_sdk",
        "apscheduler",
        "watchdog",
        "httpx",
        "langcodes",
    }
    assert modules & others == set()
    assert "syndicator.settings.load" in settings_only
    assert settings_only & {*others, "sqlalchemy", "structlog", "rich", "frontmatter"} == set()
