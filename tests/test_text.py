"""Text: what is taken out, how names compare, where it is cut."""

from __future__ import annotations

import re
from string import ascii_lowercase

import langcodes
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from syndicator.text import clean, decode_entities, fold, language_tag, one_line, shorten

ANY_TEXT = st.text(alphabet=st.characters(codec=None))


@given(ANY_TEXT)
def test_clean_text_can_stand_in_xml(text: str) -> None:
    cleaned = clean(text)
    element = etree.Element("x")
    element.text = cleaned
    assert (etree.fromstring(etree.tostring(element)).text or "") == cleaned
    assert not re.search("[\x7f-\x9f\ud800-\udfff]", cleaned)
    assert clean(cleaned) == cleaned


def test_what_xml_allows_is_kept_and_one_line_folds_it() -> None:
    assert clean("a\tb\nc 日本 🚀 \xa0–") == "a\tb\nc 日本 🚀 \xa0–"
    assert clean("a\x00b\x1fc\x85d\ud800e\uffff") == "abc\nde"
    assert clean("a\ufdd0b\ufdefc\ufffed\U0001fffee\U0010fffff\U0010fffd") == "abcdef\U0010fffd"
    assert one_line(" a \n\t b\xa0\x0bc ") == "a b c"


@example("\x80\u200c\u2000")
@example("\x80\u200c²")
@given(ANY_TEXT | st.text(alphabet="aſ²éß\u0301\u0345\x80\u2000\u200c\u200d\xad👨"))
def test_a_folded_name_stays_as_it_is(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_row_of_joiners_that_join_nothing_goes_as_one() -> None:
    joiners = "\u200c\u200d" * 50_000
    assert fold(f"é{joiners}a") == fold(f"éa{joiners}") == fold(f"é{joiners} a").replace(" ", "") == "éa"
    assert fold(f"é{joiners}é") == f"é{joiners}é"


CUTS = {
    "short": ("abc", 3, "abc"),
    "between words": ("one two three", 10, "one two…"),
    "no blank near": ("abcdefghijkl", 5, "abcd…"),
    "a blank too early": ("a bcdefghijkl", 8, "a bcdef…"),
    "before a vowel sign": ("\u0e02\u0e34\u0e02\u0e34\u0e02\u0e34", 4, "\u0e02\u0e34…"),
    "punctuation at the cut": ("one two, three", 11, "one two…"),
}


@pytest.mark.parametrize(("text", "limit", "short"), CUTS.values(), ids=CUTS.keys())
def test_long_text_is_cut(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@given(st.text(), st.integers(1, 50))
def test_cut_text_is_never_longer(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(st.text())
def test_entities_are_left_alone_where_there_are_none(text: str) -> None:
    plain = text.replace("&", "")
    assert decode_entities(plain) == plain


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("de_DE", "de-DE"),
        ("EN", "en"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-rozaj", "sl-rozaj"),
    ],
)
def test_language_is_spelt_as_readers_know_it(language: str, tag: str) -> None:
    assert language_tag(language) == tag


@pytest.mark.parametrize(
    "language", [None, "", "German", "e", "de--DE", "de DE", "x-klingon", "jp", "en-zzzzz"]
)
def test_what_is_no_language_is_none(language: str | None) -> None:
    assert language_tag(language) is None


def test_two_letters_are_a_language_where_they_are_registered() -> None:
    codes = [first + second for first in ascii_lowercase for second in ascii_lowercase]
    assert [code for code in codes if language_tag(code)] == list(filter(langcodes.tag_is_valid, codes))
