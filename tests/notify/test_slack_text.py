"""Text for Slack: what is taken out, what is escaped, and where it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.notify.message import escape, escaped_units, units
from syndicator.text import shorten, visible_line


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \t\r\n b\u2028c  ", "a b c"),
        ("a\x00b\x1bc", "a b c"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("ze\u200bro wi\u2060dth\ufeff", "zero width"),
        ("👩\u200d💻 works", "👩\u200d💻 works"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db \u200c", "ab"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("flag\U000e0067\U000e007f", "flag"),
        ("日本語 C++ <b>", "日本語 C++ <b>"),
    ],
)
def test_visible_line_takes_out_what_is_not_seen(text: str, cleaned: str) -> None:
    assert visible_line(text) == cleaned


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("fits", 4, "fits"),
        ("one two three", 8, "one two…"),
        ("one two three", 9, "one two…"),
        ("onelongword", 5, "onel…"),
        ("a onelongword", 8, "a onelo…"),
        ("&&&&", 11, "&&…"),
        ("🦑🦑🦑", 5, "🦑🦑…"),
        ("abe\u0301f", 4, "ab…"),
        ("👩\u200d💻x", 4, "…"),
    ],
)
def test_shorten_cuts_at_words_and_between_characters(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit, escaped_units) == short


@given(st.text(), st.integers(1, 60))
def test_shortened_text_never_weighs_more(text: str, limit: int) -> None:
    assert units(shorten(text, limit, units)) <= limit
    short = shorten(text, limit, escaped_units)
    assert len(escape(short)) <= escaped_units(short) <= limit
