"""`syndicator check`: what it says of settings and folders that are not as they should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.commands import run_command
from tests.rig import article_text


def check(base: Path, *arguments: str, **settings: Any) -> CompletedProcess[str]:
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
    with chdir(base):
        return run_command(["check", "--config", str(file), *arguments], {"COLUMNS": "200"})


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
    assert told[0]["what"] == "must be less than or equal to 65535 (is 99999)"


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


def test_what_is_most_likely_a_slip_is_a_warning_with_the_nearest(tmp_path: Path) -> None:
    check(tmp_path)
    write(tmp_path, "a.md", topics=["Database"])
    route = {"name": "ai", "channel": "C1", "topics": ["Databse", "data*"], "exclude": {"topics": ["AI"]}}
    done = check(tmp_path, routes=[route])
    assert done.returncode == 0, "a warning is no problem"
    words = 'route ai: topics: "Databse" matches nothing that is there; did you mean "Database"?'
    assert words in done.stdout
    assert 'route ai: exclude.topics: "AI" matches nothing that is there\n' in done.stdout
    assert done.stdout.count("warning:") == 2
    assert len(json.loads(check(tmp_path, "--json", routes=[route]).stdout)["warnings"]) == 2


def test_what_does_nothing_as_it_stands_is_a_warning(tmp_path: Path) -> None:
    check(tmp_path)
    write(tmp_path, "a.md", quality=None, heat=None)
    routes = [
        {"name": "best", "channel": "C1", "deliver": "immediate", "min_quality": 90},
        {"name": "hot", "channel": "C2", "min_heat": 5},
        {"name": "top", "channel": "C3", "level": "top"},
    ]
    sources = [{"name": "news", "path": "articles", "permalink": "/:slug/"}]
    done = check(tmp_path, routes=routes, sources=sources, levels={"top": 90})
    assert [line.split("warning: ")[1] for line in done.stdout.splitlines() if "warning: " in line] == [
        "source news: permalink does nothing without `base_url`: give both, or neither",
        "levels: no article has a quality, so that the feeds of top are empty",
        "route best: min_quality: no article has a quality, so that it takes nothing",
        "route hot: min_heat: no article has a heat, so that it takes nothing",
        "route top: level: no article has a quality, so that it takes nothing",
    ]
    assert done.returncode == 0, "a warning is no problem"


def test_address_that_stands_for_one_not_found_is_a_warning(tmp_path: Path) -> None:
    check(tmp_path)
    site = {"name": "blog", "path": "articles", "profile": "jekyll", "base_url": "https://www.example.org/"}
    said = "warning: source blog: base_url is an example: give the site's own, or links lead nowhere\n"
    assert said in check(tmp_path, sources=[site]).stdout
    assert said not in check(tmp_path, sources=[site | {"base_url": "https://me.example/"}]).stdout


def test_copies_are_told_from_entries_that_feeds_show(tmp_path: Path) -> None:
    check(tmp_path)
    for path in ("a.md", "b.md", "c.md"):
        write(tmp_path, path, webUrl=f"https://else.example/{path == 'c.md'}")
    done = check(tmp_path)
    assert "3 entries are public; feeds and pages show 2, as of several with the same link" in done.stdout
    assert json.loads(check(tmp_path, "--json").stdout)["shown"] == 2


def test_annotations_name_the_lines_of_the_repository(tmp_path: Path) -> None:
    check(tmp_path)
    (tmp_path / "articles/a,b: 100%.md").write_text("no front matter", encoding="utf-8")
    done = check(tmp_path, "--annotations")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert line.startswith("::error file=articles/a%2Cb%3A 100%25.md,line=1,col=1::no front matter. Begin ")
