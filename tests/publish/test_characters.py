from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from syndicator.characters import clean, document_id, language_tag, one_line, web_link

ANY_TEXT = st.text(alphabet=st.characters(codec=None))


@given(ANY_TEXT)
def test_clean_text_can_stand_in_xml(text: str) -> None:
    cleaned = clean(text)
    element = etree.Element("x")
    element.text = cleaned
    assert (etree.fromstring(etree.tostring(element)).text or "") == cleaned
    assert not re.search("[\x7f-\x9f\ufffd\ud800-\udfff]", cleaned)
    assert clean(cleaned) == cleaned


def test_what_xml_allows_is_kept_and_one_line_folds_it() -> None:
    assert clean("a\tb\nc 日本 🚀 \xa0–") == "a\tb\nc 日本 🚀 \xa0–"
    assert clean("a\x00b\x1fc\x85d\ud800e\uffff") == "abcde"
    assert clean("a\ufdd0b\ufdefc\ufffed\U0001fffee\U0010fffff\U0010fffd") == "abcdef\U0010fffd"
    assert clean("caf\ufffd") == "caf?"
    assert one_line(" a \n\t b\xa0\x0bc ") == "a b c"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://example.com/a?b=c&d=e#f", "https://example.com/a?b=c&d=e#f"),
        ("HTTP://Example.COM", "HTTP://Example.COM"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://user:pw@h/", "http://user:pw@h/"),
        ("https://exämple.com/ü?q=ö|[x]", "https://xn--exmple-cua.com/%C3%BC?q=%C3%B6%7C%5Bx%5D"),
        (" https://example.com/a b ", "https://example.com/a%20b"),
        ("http://a/%zz", "http://a/%25zz"),
        ('http://a/"><script>', "http://a/%22%3E%3Cscript%3E"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt://x/%0aalert(1)", None),
        ("data:text/html,x", None),
        ("//example.com/x", None),
        ("/x", None),
        ("http://", None),
        ("https:example.com", None),
        ("http://a b/", None),
        ("https://javascript:alert(1)/", None),
        ("https://host:80x/", None),
        ("", None),
    ],
)
def test_only_absolute_web_addresses_pass(link: str, expected: str | None) -> None:
    assert web_link(link) == expected


@given(
    st.one_of(ANY_TEXT, ANY_TEXT.map(lambda text: f"https://{text}"), ANY_TEXT.map(lambda t: f"http://a/{t}"))
)
def test_any_link_becomes_a_plain_uri_or_none(link: str) -> None:
    found = web_link(link)
    if found is not None:
        assert re.fullmatch(r"https?://[!-~]+", found, re.IGNORECASE)
        assert not re.search(r"""[<>"{}|\\^`]""", found)
        assert urlsplit(found).netloc
        assert web_link(found) == found


@pytest.mark.parametrize("guid", ["urn:uuid:1", "tag:example.com,2026:1", "https://example.com/a", "a:b"])
def test_guid_that_is_a_uri_is_the_id(guid: str) -> None:
    assert document_id(guid) == guid


@given(ANY_TEXT)
def test_any_guid_has_an_id_that_is_a_uri(guid: str) -> None:
    assert re.fullmatch(r"[A-Za-z][!-~]*:[!-~]+", document_id(guid))
    assert document_id(document_id(guid)) == document_id(guid)


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
