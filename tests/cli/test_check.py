"""`syndicator check`, as a process: what it says of settings and folders that are not as they should be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.rig import article_text


def check(base: Path, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Runs it on a folder `articles` beside the settings, with an environment of its own."""
    (base / "articles").mkdir(exist_ok=True)
    values: Mapping[str, Any] = {
        "site": {"title": "T", "base_url": "https://feeds.example.org/"},
        "sources": [{"name": "news", "path": "articles"}],
        "output": "public",
        "state": "sqlite:///var/state.db",
    }
    file = base / "settings.yaml"
    file.write_text(json.dumps({**values, **settings}), encoding="utf-8")
    command = [sys.executable, "-m", "syndicator", "check", "--config", str(file), *arguments]
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def write(base: Path, path: str, **front: Any) -> None:
    file = base / "articles" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(article_text(path, **front), encoding="utf-8")


def test_wrong_settings_are_told_to_programs_too(tmp_path: Path) -> None:
    done = check(tmp_path, "--json", server={"port": 99999}, levels={"archive": 1})
    assert done.returncode == 78
    assert done.stderr == ""
    told = json.loads(done.stdout)["settings"]
    assert [one["key"] for one in told] == ["server.port", "levels.archive"]
    assert told[0]["file"].endswith("settings.yaml")
    assert (told[0]["line"], told[0]["variable"]) == (1, "")
    assert told[0]["what"] == "must be at most 65535 (is 99999)"


def test_output_that_cannot_be_written_is_refused_and_nothing_left(tmp_path: Path) -> None:
    (tmp_path / "public").write_text("a file", encoding="utf-8")
    for arguments in ((), ("--settings-only",)):
        done = check(tmp_path, *arguments)
        assert done.returncode == 78
        assert "settings.yaml:1:1" in done.stderr
        assert ": output: cannot be written: " in done.stderr
        assert "Remove the file that stands where a folder should be" in done.stderr
    (tmp_path / "public").unlink()
    done = check(tmp_path, output="a/b")
    assert done.returncode == 0, done.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == ["articles", "settings.yaml"]
