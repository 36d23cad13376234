"""`syndicator build`, time and again on one state, as a site's own build would call it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.running import Running
from tests.rig import article_text


def put(service: Running, path: str, text: str) -> None:
    file = service.articles / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def titles(service: Running, topic: str) -> list[str]:
    items = json.loads((service.public / "feeds" / topic / "feed.json").read_text("utf-8"))["items"]
    return [item["title"] for item in items]


def test_build_follows_topic_files_and_settings(tmp_path: Path) -> None:
    sources = [{"name": "news", "path": "articles", "topics": ["_data/*.yaml"]}]
    service = Running(tmp_path, sources=sources, watch={"quiet": "0s"})
    put(service, "a.md", article_text("a.md", topics=["Robots"]))
    put(service, "_data/science.yaml", "name: Science\n")
    put(service, "_data/ai.yaml", "name: AI\nparent: Science\n")
    assert service.command("build").returncode == 0
    assert (titles(service, "robots"), titles(service, "ai")) == (["About a"], [])
    put(service, "_data/ai.yaml", "name: AI\nparent: Science\naliases: [Robots]\n")
    assert service.command("build").returncode == 0
    assert (titles(service, "ai"), titles(service, "science")) == (["About a"], [])
    assert not (service.public / "feeds/robots").exists()
    service.configure(sources=sources, watch={"quiet": "0s"}, feeds={"roll_up": True})
    assert service.command("build").returncode == 0
    assert titles(service, "science") == ["About a"]


def test_build_says_each_problem_once(tmp_path: Path) -> None:
    service = Running(tmp_path)
    put(service, "bad.md", "no front matter")
    for _ in range(2):
        built = service.command("build")
        assert (built.stdout + built.stderr).count("no front matter") == 1
