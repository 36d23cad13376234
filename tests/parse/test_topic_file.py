"""Topic files: one topic each, with the names it is found by."""

from __future__ import annotations

import pytest

from syndicator.errors import ArticleError
from syndicator.models import DeclaredTopic
from syndicator.parse.topic_file import parse_topic_file


def topic(text: str) -> DeclaredTopic:
    return parse_topic_file(text.encode(), source="news", path="topics/a.yaml")


def test_topic_file_says_everything() -> None:
    assert topic(
        "taxonomy: topic\n_id: sea-power\nname: 'Sea &amp; power'\nparent: Energy\nkeywords:\n  - tidal\n"
        "  - Tidal\n  - sea & power\n  - 2024\naliases: wave power\ndescription: |\n  About the\n"
        "  sea.\nlanguage: en\nhashtags: ['#Sea']\nservices: {news: 'https://a.example/'}\n"
    ) == DeclaredTopic(
        name="Sea & power",
        slug="sea-power",
        parent="Energy",
        aliases=("wave power", "tidal", "2024"),
        description="About the sea.",
        language="en",
        source="news",
        path="topics/a.yaml",
    )


def test_name_is_enough() -> None:
    assert topic("---\nname: C++\n") == DeclaredTopic(name="C++", source="news", path="topics/a.yaml")


def test_slug_comes_before_id() -> None:
    assert topic("name: A\n_id: b\nslug: c").slug == "c"


WRONG = {
    "empty": ("", "the topic file is empty", 1),
    "a list": ("- a", "not a list of keys", 1),
    "no name": ("slug: a", "no name", 1),
    "an invisible name": ('name: "\\u200b"', "no name", 1),
    "name is a flag": ("slug: a\nname: true", "`name` is not text", 2),
    "parent is a list": ("name: a\nparent: [b]", "`parent` is not text", 2),
    "alias is a mapping": (
        "name: a\naliases: [{b: c}]",
        "`aliases` has something in it that is not a name",
        2,
    ),
    "alias is a named mapping": ("name: a\naliases: {name: c}", "`aliases` has something", 2),
    "keyword is a flag": ("name: a\nkeywords:\n  - true", "`keywords` has something", 2),
    "twice": ("name: a\nname: b", "second time", 2),
    "broken": ("name: 'a", "quotes", 1),
}


@pytest.mark.parametrize(("text", "what", "line"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_at_its_key(text: str, what: str, line: int) -> None:
    with pytest.raises(ArticleError) as raised:
        topic(text)
    assert what in raised.value.what
    assert raised.value.line == line


def test_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(ArticleError, match="not UTF-8"):
        parse_topic_file(b"name: \xff", source="news", path="a.yaml")
