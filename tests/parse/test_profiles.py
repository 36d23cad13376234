"""Which key means what, and which files are articles, by each tool's own rule."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from syndicator.parse.article_link import own_path
from syndicator.parse.profiles import ArticleRule, FileFacts, profile, read_path
from syndicator.settings.models import Source
from syndicator.settings.types import DEFAULT_PERMALINKS, Field, Tool, check_pattern

ARTICLE, NOT, IF_DATED = ArticleRule.ARTICLE, ArticleRule.NOT, ArticleRule.IF_DATED

FACTS: dict[str, tuple[str, str, FileFacts]] = {
    "smartable": ("smartable", "a/b.md", FileFacts(slug="b", folders=("a",))),
    "smartable, dated": ("smartable", "2024-01-02-b.md", FileFacts(slug="b")),
    "jekyll post": (
        "jekyll",
        "_posts/2024-01-02-my-post.md",
        FileFacts(slug="my-post", date="2024-01-02", folders=("_posts",)),
    ),
    "jekyll post at the top": ("jekyll", "2024-1-2-a.b.markdown", FileFacts(slug="a.b", date="2024-1-2")),
    "jekyll categories": (
        "jekyll",
        "news/town/_posts/x/2024-01-02-a.md",
        FileFacts(
            slug="a", date="2024-01-02", categories=("news", "town"), folders=("news", "town", "_posts", "x")
        ),
    ),
    "jekyll draft": ("jekyll", "_drafts/a.md", FileFacts(slug="a", draft=True, folders=("_drafts",))),
    "jekyll page": ("jekyll", "about.md", FileFacts(rule=IF_DATED, slug="about")),
    "jekyll collection": ("jekyll", "_notes/a.md", FileFacts(rule=NOT, slug="a", folders=("_notes",))),
    "jekyll layout": ("jekyll", "_layouts/a.md", FileFacts(rule=NOT, slug="a", folders=("_layouts",))),
    "hugo page": ("hugo", "content/post/a.md", FileFacts(rule=IF_DATED, slug="a", folders=("post",))),
    "hugo page in content": ("hugo", "post/a.md", FileFacts(rule=IF_DATED, slug="a", folders=("post",))),
    "hugo bundle": ("hugo", "post/a/index.md", FileFacts(rule=IF_DATED, slug="a", folders=("post",))),
    "hugo section": ("hugo", "post/_index.md", FileFacts(rule=ArticleRule.SECTION, slug="_index")),
    "hugo archetype": ("hugo", "archetypes/default.md", FileFacts(rule=NOT, slug="default")),
    "hugo front page": ("hugo", "index.md", FileFacts(rule=IF_DATED, slug="index")),
}


@pytest.mark.parametrize(("tool", "path", "facts"), FACTS.values(), ids=FACTS.keys())
def test_path_says_what_the_tool_takes_from_it(tool: str, path: str, facts: FileFacts) -> None:
    assert read_path(Tool(tool), path) == facts


def test_jekyll_collection_is_read_where_it_is_named() -> None:
    facts = FileFacts(rule=IF_DATED, slug="a", folders=("x", "_notes", "_y"))
    assert read_path(Tool.JEKYLL, "x/_notes/_y/a.md", collections=["x/_notes"]) == facts


def test_override_replaces_the_keys_of_one_field() -> None:
    changed = profile(
        "smartable",
        (("title", ("headline",)), ("published", ("meta.date", "date")), ("topics", ("a", "b"))),
    )
    assert changed.keys[Field.TITLE] == (("headline",),)
    assert changed.keys[Field.PUBLISHED] == (("meta", "date"), ("date",))
    assert changed.keys[Field.TOPICS] == (("a",), ("b",))
    assert changed.keys[Field.LINK] == profile("smartable").keys[Field.LINK]


@pytest.mark.parametrize("tool", list(Tool))
def test_every_profile_has_every_field(tool: Tool) -> None:
    assert set(profile(tool).keys) == set(Field)


PATHS: dict[str, tuple[str, str, str | None, str]] = {
    "smartable": ("smartable", "_news/a b.md", None, "/_news/a%20b"),
    "jekyll": ("jekyll", "_posts/2024-01-02-my post!.md", None, "/sea/north/2024/03/01/my-post!.html"),
    "jekyll pretty": ("jekyll", "2024-01-02-a.md", "pretty", "/sea/north/2024/03/01/a/"),
    "jekyll none": ("jekyll", "2024-01-02-a.md", "none", "/sea/north/a.html"),
    "jekyll ordinal": ("jekyll", "2024-01-02-a.md", "ordinal", "/sea/north/2024/061/a.html"),
    "by tokens": ("jekyll", "2024-01-02-a.md", "/:short_year/:i_month/:title:output_ext", "/24/3/a.html"),
    "jekyll time": ("jekyll", "2024-01-02-a.md", "/:hour:minute:second/", "/000000/"),
    "jekyll another alphabet": ("jekyll", "2024-01-02-über.md", "/:title/", "/%C3%BCber/"),
    "jekyll name": ("jekyll", "_posts/2024-01-02-My_a.b.md", "/:name/", "/2024-01-02-my-a-b/"),
    "jekyll collection": ("jekyll", "_d/a/2024-01-02-B c.md", "/d/:path.html", "/d/a/2024-01-02-B%20c.html"),
    "jekyll collection alone": ("jekyll", "a/2024-01-02-b.md", "/days/:path/", "/days/a/2024-01-02-b/"),
    "hugo": ("hugo", "content/Post/My Page.md", None, "/post/my-page/"),
    "hugo bundle": ("hugo", "post/a/index.md", None, "/post/a/"),
    "hugo at the top": ("hugo", "a.md", None, "/a/"),
    "hugo's own signs": ("hugo", "Odd Place/C++ & it's (50%).md", None, "/odd-place/c++--its-50/"),
    "hugo by names": ("hugo", "C++ too/a - b+c.md", "/:sections/:filename/", "/c-too/a-b-c/"),
    "hugo below a language": (
        "hugo", "C++/a - b+c.md", "/en/:sections/:slugorcontentbasename/", "/en/c++/a---b+c/",
    ),
    "vowel signs": ("hugo", "कि.md", None, "/%E0%A4%95%E0%A4%BF/"),
    "vowel signs in jekyll": ("jekyll", "2024-01-02-कि.md", "/:title/", "/%E0%A4%95%E0%A4%BF/"),
    "hugo by tokens": ("hugo", "post/a.md", "/:section/:year/:contentbasename/", "/post/2024/a/"),
    "hugo by headline": ("hugo", "post/a.md", "/:section/:slug/", "/post/whats-new-in-c-and-c%23-1.2/"),
    "hugo's title": ("hugo", "post/a.md", "/:title/", "/whats-new-in-c-and-c%23-1.2/"),
}  # fmt: skip


@pytest.mark.parametrize(("tool", "path", "pattern", "own"), PATHS.values(), ids=PATHS.keys())
def test_own_path_is_the_tools(tool: str, path: str, pattern: str | None, own: str) -> None:
    facts = read_path(Tool(tool), path)
    made = own_path(
        check_pattern(pattern or DEFAULT_PERMALINKS[Tool(tool)]),
        tool=Tool(tool),
        path=path,
        facts=facts,
        slug=None,
        title="What's new? in C++ and C# 1.2",
        names=["Sea", "north", "sea"],
        local=datetime(2024, 3, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    )
    assert made == own


@pytest.mark.parametrize(
    ("pattern", "own"), [(None, "/posts/c++-and-more/"), ("/:section/:slug/", "/posts/c-and-more/")]
)
def test_hugo_keeps_a_plus_in_a_slug_but_in_patterns(pattern: str | None, own: str) -> None:
    made = own_path(
        pattern or DEFAULT_PERMALINKS[Tool.HUGO],
        tool=Tool.HUGO,
        path="posts/a.md",
        facts=read_path(Tool.HUGO, "posts/a.md"),
        slug="C++ and more",
        title="A",
        names=[],
        local=datetime(2024, 3, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    )
    assert made == own


def test_settings_of_a_source_are_checked_at_once() -> None:
    with pytest.raises(ValidationError, match=":writer is not known"):
        Source(name="a", path=Path(), profile="jekyll", permalink="/:writer/:title/")
    with pytest.raises(ValidationError, match="base_url"):
        Source(name="a", path=Path(), profile="jekyll", base_url="ftp://a.example/")
