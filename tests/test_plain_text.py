"""Text: decoded once, cleaned, never turned into HTML."""

from __future__ import annotations

import time

import pytest

from syndicator.text import one_line, plain_line, visible, without_tags

LINES = {
    "named": ("Q&amp;A", "Q&A"),
    "decimal": ("a &#038; b", "a & b"),
    "hexadecimal": ("&#x2019;", "’"),
    "once only": ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
    "a tag that is text": ("&lt;b&gt;", "<b>"),
    "markup in a title": ("List<T> and C++", "List<T> and C++"),
    "an ampersand": ("AT&T & co", "AT&T & co"),
    "no semicolon, no entity": ("?a=1&copy=2&para", "?a=1&copy=2&para"),
    "nobody's entity": ("&copyx; &nosuch;", "&copyx; &nosuch;"),
    "white space": ("  a\t\n b\u00a0c\u2003d\u2028e  ", "a b c d e"),
    "control characters": ("a\x00b\x08c\x1fd", "abcd"),
    "entities of control characters": ("a&#1;b&#0;c", "ab\ufffdc"),
    "lone surrogates": ("a\ud800b\udfffc", "abc"),
    "no characters": ("a\ufffeb\uffffc", "abc"),
    "emoji": ("🚀 up", "🚀 up"),
}


@pytest.mark.parametrize(("text", "line"), LINES.values(), ids=LINES.keys())
def test_text_is_one_clean_line(text: str, line: str) -> None:
    assert plain_line(text, 100) == line


TAGS = {
    "paragraphs": ("<p>One</p><p>Two</p>", "One Two"),
    "attributes": ("""<a href="x?a=1>2" class='b'>link</a>""", """<a href="x?a=1>2" class='b'>link"""),
    "a link": ("""<a href="https://x.example/" target=_blank>link</a>""", "link"),
    "a break": ("one<br/>two", "one two"),
    "generics": ("List<T> of Map<K, V>", "List<T> of Map<K, V>"),
    "comparison": ("a < b and c > d, i<b", "a < b and c > d, i<b"),
    "a comment": ("a<!-- hidden -->b", "a b"),
    "a script": ("a<script>alert(1)</script>b", "a b"),
    "nothing": ("plain", "plain"),
}


@pytest.mark.parametrize(("text", "plain"), TAGS.values(), ids=TAGS.keys())
def test_tags_go_and_other_brackets_stay(text: str, plain: str) -> None:
    assert one_line(without_tags(text)) == plain


@pytest.mark.parametrize(
    "text", ["<!--", "<script>", "<a x=", "<p ", "<", "<a a=b ", "</script ", "&#"], ids=lambda text: text
)
def test_unclosed_tags_cost_no_time(text: str) -> None:
    began = time.process_time()
    without_tags(text * 60_000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "seen"), [("a", True), ("", False), (" \n", False), ("\u200b\u2060", False), ("日", True)]
)
def test_visible_text(text: str, seen: bool) -> None:
    assert visible(text) is seen


def test_control_characters_that_xml_allows_are_removed_too() -> None:
    assert plain_line("A \x9b31m title&#x7f; with\x85a line end", 100) == "A 31m title with a line end"
