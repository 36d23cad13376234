"""What feeds and pages say of a story's other entries, and that each is written anew when that changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from syndicator.settings.models import Source
from syndicator.settings.types import StoryRule
from tests.entries.test_joining import LAUNCH, OTHER, SAME, THIRD
from tests.pages.markup import read
from tests.publish import validators
from tests.rig import Rig

OWN = {"title", "link", "summary", "id", "updated", "published", "tags", "authors"}
"""What of an entry its story's other entries must not change."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with_rig = Rig(tmp_path, levels={"good": 90.0}, limit=2)
    yield with_rig
    check_as_if_rendered_anew(with_rig)
    with_rig.close()


def check_as_if_rendered_anew(rig: Rig) -> None:
    """Nothing was left as it was that would now be rendered otherwise."""
    rig.publish()
    before = rig.documents("atom.xml", "rss.xml", "feed.json")
    rig.restart(version=f"{rig.version}+")
    assert rig.publish().written == 0
    assert rig.documents("atom.xml", "rss.xml", "feed.json") == before


def items(rig: Rig, path: str = "feeds/all/feed.json") -> dict[str, dict[str, Any]]:
    """A feed's items by link."""
    return {item["url"]: item for item in json.loads(rig.feed(path))["items"]}


def entry_of(rig: Rig, path: str, at: str = "feeds/all/atom.xml") -> Any:
    """An article's entry in a feed, as feedparser reads it."""
    guid = rig.stored(path).guid
    (found,) = (entry for entry in feedparser.parse(rig.feed(at)).entries if entry.id == guid)
    return found


def related(entry: Any) -> list[str]:
    return [link.href for link in entry.links if link.rel == "related"]


def test_each_entry_of_a_story_names_the_others_in_every_format(rig: Rig) -> None:
    rig.write("a.md", **LAUNCH)
    rig.run_once()
    before, alone = entry_of(rig, "a.md"), items(rig)["https://news.example/a"]
    rig.wait(timedelta(hours=1))
    rig.write("b.md", **SAME)
    rig.run_once()
    after, of_both = entry_of(rig, "a.md"), items(rig)
    assert {name: after[name] for name in OWN & after.keys()} == {
        name: before[name] for name in OWN & before.keys()
    }
    for path in ("feeds/all/atom.xml", "feeds/all/rss.xml"):
        assert related(entry_of(rig, "a.md", path)) == ["https://news.example/b"]
        assert related(entry_of(rig, "b.md", path)) == ["https://news.example/a"]
    title = SAME["title"]
    ending = f'<li><a href="https://news.example/b">{title}</a> (GeekCable)</li></ul>'
    assert after.content[0].value.endswith(ending)
    a, b = of_both["https://news.example/a"], of_both["https://news.example/b"]
    assert a["_syndicator"]["story"] == b["_syndicator"]["story"] == alone["_syndicator"]["story"]
    assert a["_syndicator"]["publishers"] == b["_syndicator"]["publishers"] == 2
    assert {one: a[one] for one in a if one not in ("content_html", "_syndicator")} == {
        one: alone[one] for one in alone if one not in ("content_html", "_syndicator")
    }
    assert validators.check_atom(rig.feed()) == validators.check_rss(rig.feed("feeds/all/rss.xml")) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"title": "Skylark, again"}, ["Skylark, again"], id="title"),
        pytest.param({"webUrl": "https://else.example/"}, [SAME["title"]], id="link"),
        pytest.param({"provider": {"name": "The Cable"}}, [SAME["title"]], id="publisher"),
        pytest.param({"published": False}, [], id="withdrawn"),
        pytest.param({"publishedDateTime": "2026-03-14T13:00:00Z"}, [], id="embargoed"),
        pytest.param({"topics": ["Space"]}, [SAME["title"]], id="another topic"),
        pytest.param({"quality": 95}, [SAME["title"]], id="quality"),
    ],
)
def test_others_follow_what_becomes_of_an_entry(rig: Rig, change: dict[str, Any], named: list[str]) -> None:
    rig.write("a.md", **LAUNCH)
    rig.run_once()
    for number in range(3):
        rig.write(f"{number}.md", publishedDateTime="2026-03-14T11:00:00Z")
    rig.run_once()
    rig.write("b.md", **SAME)
    rig.run_once()
    at = "feeds/ai/archive/0/atom.xml"
    assert len(related(entry_of(rig, "a.md", at))) == 1
    updated = rig.stored("a.md").updated
    rig.wait(timedelta(minutes=1))
    rig.write("b.md", **SAME | change)
    rig.run_once()
    entry = entry_of(rig, "a.md", at)
    assert [link.title for link in entry.links if link.rel == "related"] == named
    assert rig.stored("a.md").updated == updated


def test_article_of_no_story_writes_nothing_of_others(rig: Rig) -> None:
    for path, article in {"a.md": LAUNCH, "b.md": SAME}.items():
        rig.write(path, **article, topics=["Space"])
    rig.run_once()
    rig.write("c.md", **OTHER, topics=["AI"])
    rig.look()
    with rig.store.reading() as session:
        assert {topic for topic, _ in session.feeds.dirty()} == {"all", "ai"}
    rig.publish()
    rig.write("d.md", **THIRD, topics=["AI"])
    rig.look()
    with rig.store.reading() as session:
        assert {topic for topic, _ in session.feeds.dirty()} == {"all", "ai", "space"}


@pytest.mark.parametrize(("rule", "count"), [(StoryRule.ALIKE, 3), (StoryRule.LINKS, 2), (StoryRule.OFF, 1)])
def test_setting_says_what_is_one_story(tmp_path: Path, rule: StoryRule, count: int) -> None:
    folder = tmp_path / "articles"
    rig = Rig(tmp_path, sources=[Source(name="news", path=folder, stories=rule)])
    rig.write("a.md", **LAUNCH, webUrl="https://news.example/one", quality=99)
    rig.write("b.md", **SAME)
    rig.write("c.md", **THIRD, webUrl="https://news.example/one")
    rig.run_once()
    extension = items(rig)["https://news.example/one"]["_syndicator"]
    assert extension["publishers"] == count
    assert len(extension["related"]) == (1 if rule is StoryRule.ALIKE else 0)


def test_page_folds_a_story_under_its_best(rig: Rig) -> None:
    rig.limit = 50
    rig.restart()
    rig.write("a.md", **LAUNCH)
    rig.write("c.md", **OTHER)
    rig.run_once()
    rig.write("b.md", **SAME, quality=120)
    rig.write("d.md", **THIRD, topics=["Space"])
    rig.run_once()
    for path in ("index.html", "topics/ai/index.html"):
        page = read(rig.feed(path))
        assert {one.text.strip() for one in page.all("h3")} == {SAME["title"], OTHER["title"]}
        (folded,) = page.all("details", **{"class": "also"})
        names, *titles = [line for line in folded.text.splitlines() if line]
        assert names == "also: TechCrier, The Third"
        assert titles == [f"{LAUNCH['title']} (TechCrier)", f"{THIRD['title']} (The Third)"]
