"""Accounts of one event get one story as they become public, and keep it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from syndicator.entries.joining import LeadIndex
from syndicator.entries.stories import WINDOW, account_of
from syndicator.models import Visibility
from syndicator.settings.models import Route
from syndicator.settings.types import StoryRule
from syndicator.store.tables import microseconds
from tests.making import make_article
from tests.rig import SHARED, Rig, article_text

ROUTE = Route(name="all", channel="C0000000001", deliver="immediate")
LAUNCH: dict[str, Any] = {
    "title": "Skylark debuts Orbit Cloud to serve satellite makers, partners with Northwind for broadband",
    "excerpt": "Skylark is taking its computing platform to orbit with a unit made up of veterans.",
    "provider": {"name": "TechCrier"},
}
SAME: dict[str, Any] = {
    "title": "Skylark partners with Northwind’s satellite service for Orbit Cloud platform",
    "excerpt": "Skylark says it takes a leap, in partnership with Northwind and its satellites.",
    "provider": {"name": "GeekCable"},
}
THIRD: dict[str, Any] = {
    "title": "Skylark and Northwind debut Orbit Cloud for satellite makers",
    "excerpt": "A platform in orbit, in partnership with Northwind.",
    "provider": {"name": "The Third"},
    "publishedDateTime": "2026-03-14T10:00:00Z",
}
OTHER: dict[str, Any] = {
    "title": "Skylark releases an image-captioning algorithm",
    "excerpt": "It decodes words, pictures and familiar people for visually impaired people.",
    "provider": {"name": "Technowise"},
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with_rig = Rig(tmp_path, publishes=False, routes=[ROUTE])
    with_rig.write("old.md")
    with_rig.run_once()
    yield with_rig
    with_rig.close()


def story(rig: Rig, path: str) -> str:
    return rig.stored(path).story


def owed(rig: Rig) -> list[str]:
    paths = {entry.guid: path for path, entry in rig.entries().items()}
    return [paths[row.guid] for row in rig.owed()]


def words_known(rig: Rig) -> dict[str, int]:
    with rig.store.reading() as session:
        return session.stories.counts(["skylark", "northwind"])[0]


def test_second_account_joins_the_story_and_is_not_announced(rig: Rig) -> None:
    rig.write("a.md", **LAUNCH)
    rig.look()
    rig.write("b.md", **SAME)
    rig.write("c.md", **OTHER)
    rig.look()
    assert story(rig, "b.md") == story(rig, "a.md") != story(rig, "c.md")
    assert owed(rig) == ["a.md", "c.md"]
    assert words_known(rig) == {"skylark": 3, "northwind": 2}
    rig.publish()
    assert len(rig.titles()) == 4, "a reader gets each"


@pytest.mark.parametrize("names", list(permutations("xyz")))
def test_order_of_files_does_not_matter(rig: Rig, names: tuple[str, ...]) -> None:
    paths = [f"{name}.md" for name in names]
    for path, article in zip(paths, (LAUNCH, SAME, THIRD), strict=True):
        rig.write(path, **article, webUrl=f"https://{len(str(article))}.example/")
    rig.look()
    assert len({story(rig, path) for path in paths}) == 1
    with rig.store.reading() as session:
        leads = session.stories.leads([story(rig, paths[0])])
    assert leads[story(rig, paths[0])] in {rig.stored(path).guid for path in paths[:2]}, "earliest"


def test_draft_is_judged_by_what_it_says_when_it_becomes_public(rig: Rig) -> None:
    rig.write("a.md", title="Untitled", published=False)
    rig.write("b.md", title="Untitled", published=False)
    rig.look()
    rig.write("a.md", **LAUNCH)
    rig.look()
    rig.write("b.md", **SAME | {"publishedDateTime": "2026-03-15T09:00:00Z"})
    rig.look()
    assert story(rig, "a.md") != story(rig, "b.md")
    rig.now = rig.stored("b.md").article.published
    rig.app.sources.apply_time(rig.now)
    assert story(rig, "a.md") == story(rig, "b.md"), "at the end of its embargo"


def test_story_never_changes_afterwards(rig: Rig) -> None:
    rig.write("a.md", **LAUNCH)
    rig.look()
    rig.write("b.md", **SAME)
    rig.look()
    one = story(rig, "b.md")
    rig.write("b.md", **OTHER, published=False)
    rig.look()
    rig.write("b.md", **OTHER)
    rig.look()
    assert story(rig, "b.md") == one
    (rig.folder / "a.md").unlink()
    rig.look()
    assert rig.stored("a.md").visibility is Visibility.WITHDRAWN
    rig.write("c.md", **THIRD)
    rig.look()
    assert story(rig, "c.md") == one, "a withdrawn lead is compared still: its story was announced"
    assert words_known(rig) == {"skylark": 3, "northwind": 3}, "each counted once"


FAR: dict[str, Any] = {
    "title": "Northwind’s satellite service: broadband comes to a cloud platform",
    "excerpt": "",
    "publishedDateTime": "2026-03-14T09:30:00Z",
    "provider": {"name": "Fourth"},
}


@pytest.mark.parametrize("one_look", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize("supported", [True, False], ids=["as alike as another entry", "not"])
def test_entry_less_alike_to_the_lead_joins_where_another_entry_is_alike(
    rig: Rig, one_look: bool, supported: bool
) -> None:
    rig.write("a.md", **LAUNCH)
    for path, front in (("b.md", SAME if supported else OTHER), ("c.md", FAR)):
        if not one_look:
            rig.look()
        rig.write(path, **front)
    rig.look()
    assert (story(rig, "c.md") == story(rig, "a.md")) is supported
    assert (story(rig, "b.md") == story(rig, "a.md")) is supported


def test_entry_unlike_the_lead_does_not_join_through_another(rig: Rig) -> None:
    for path, front in (("a.md", LAUNCH), ("b.md", SAME)):
        rig.write(path, **front)
        rig.look()
    rig.write("c.md", **FAR | {"title": "A service takes a leap as platform"})
    rig.look()
    assert story(rig, "b.md") == story(rig, "a.md") != story(rig, "c.md")


def test_draft_with_its_link_goes_along(rig: Rig) -> None:
    link = "https://news.example/same"
    rig.write("a.md", **LAUNCH)
    rig.write("draft.md", **OTHER, webUrl=link, published=False)
    rig.look()
    rig.write("b.md", **SAME, webUrl=link)
    rig.look()
    assert story(rig, "draft.md") == story(rig, "b.md") == story(rig, "a.md")
    rig.write("draft.md", **OTHER, webUrl=link)
    rig.look()
    assert story(rig, "draft.md") == story(rig, "a.md")
    assert owed(rig) == ["a.md"]


def two_sources(rig: Rig, rule: str) -> Path:
    other = rig.base / "other"
    other.mkdir()
    source = rig.source("other", other).model_copy(update={"stories": StoryRule(rule)})
    rig.restart(sources=(rig.source("news", rig.folder), source))
    rig.look()
    return other


def put(folder: Path, path: str, **front: Any) -> None:
    (folder / path).write_text(article_text(path, **front), encoding="utf-8")


def by_path(rig: Rig) -> dict[str, str]:
    return {path: entry.story for path, entry in rig.entries().items()}


def test_by_links_alone(rig: Rig) -> None:
    other = two_sources(rig, "links")
    rig.write("a.md", **LAUNCH)
    rig.look()
    put(other, "b.md", **SAME)
    put(other, "copy.md", **OTHER, webUrl="https://news.example/a")
    rig.look()
    rig.write("c.md", **SAME | {"provider": {"name": "Third"}, "title": SAME["title"] + " launched"})
    rig.look()
    stories = by_path(rig)
    assert stories["copy.md"] == stories["a.md"] == stories["c.md"]
    assert stories["b.md"] != stories["a.md"], "neither joins nor is joined by likeness"


def test_apart(rig: Rig) -> None:
    other = two_sources(rig, "off")
    link = "https://news.example/a"
    put(other, "apart.md", **LAUNCH, webUrl=link)
    put(other, "copy.md", **LAUNCH, webUrl=link)
    rig.look()
    rig.write("a.md", **LAUNCH, webUrl=link)
    rig.write("b.md", **SAME)
    rig.look()
    stories = by_path(rig)
    assert len({stories[path] for path in ("apart.md", "copy.md", "a.md")}) == 3
    assert stories["b.md"] == stories["a.md"]


def test_leads_are_found_by_the_words_they_share_and_their_time() -> None:
    one = account_of(make_article())
    at, window = microseconds(one.published), microseconds(one.published + WINDOW)
    index = LeadIndex()
    index.add(["orbit", "cloud", "skylark"], at, "1")
    index.add(["orbit", "cloud"], at, "2")
    index.add(["orbit"], at, "3")
    index.add(["cloud", "skylark"], window + 1, "too late")
    assert index.find(one, ["skylark", "cloud", "orbit"]) == ["1", "2"]


@pytest.mark.skipif(not (SHARED / "seeds").is_dir(), reason="the real articles are not there")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_real_accounts_are_one_story(tmp_path: Path, order: tuple[int, int]) -> None:
    rig = Rig(tmp_path, publishes=False, include_unpublished=True)
    files = sorted((SHARED / "seeds").glob("*.md"))
    for at in order:
        rig.put(f"{at}.md", files[at].read_text(encoding="utf-8"))
        rig.look()
    rig.write(
        "captions.md",
        title="Microsoft releases an image-captioning AI algorithm",
        publishedDateTime="2020-10-19T17:55:00Z",
        provider={"name": "Technowize"},
        webUrl="https://www.technowize.com/microsoft-releases-an-image-captioning-ai-algorithm/",
        excerpt="Microsoft makes decoding words, pictures, events and familiar people on social media an"
        " easier task for visually impaired people with their accurate AI-captioning technology.",
    )
    rig.look()
    assert story(rig, "0.md") == story(rig, "1.md") != story(rig, "captions.md")
    rig.close()
