"""Links: only absolute http and https, in ASCII, with nothing hidden in them."""

from __future__ import annotations

import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.parse.identity import canonical_link
from syndicator.parse.links import http_link, joined

TAKEN = {
    "plain": ("https://a.example/b/c.html", "https://a.example/b/c.html"),
    "no path": ("http://a.example", "http://a.example"),
    "query and fragment": ("https://a.example/?b=1&c=%20#d", "https://a.example/?b=1&c=%20#d"),
    "entity": ("https://a.example/?b=1&#038;c=2&amp;d=3", "https://a.example/?b=1&c=2&d=3"),
    "an ampersand that looks like one": ("https://a.example/?b=1&copy=2", "https://a.example/?b=1&copy=2"),
    "blanks around": (" https://a.example/ ", "https://a.example/"),
    "port": ("https://a.example:8443/", "https://a.example:8443/"),
    "IPv6": ("http://[::1]:8080/a", "http://[::1]:8080/a"),
    "another alphabet": (
        "https://münchen.example/straße?q=ü",
        "https://xn--mnchen-3ya.example/stra%C3%9Fe?q=%C3%BC",
    ),
    "markup in the path": ('https://a.example/<b>"', "https://a.example/%3Cb%3E%22"),
    "capitals": ("HTTPS://A.example/B", "HTTPS://A.example/B"),
    "underscore in the host": ("https://a_b.example/", "https://a_b.example/"),
}


@pytest.mark.parametrize(("text", "link"), TAKEN.values(), ids=TAKEN.keys())
def test_link_is_taken(text: str, link: str) -> None:
    assert http_link(text).lower() == link.lower()


REFUSED = {
    "script": ("javascript:alert(1)", "does not begin"),
    "data": ("data:text/html,x", "does not begin"),
    "mail": ("mailto:a@b.example", "does not begin"),
    "file": ("file:///etc/passwd", "does not begin"),
    "relative": ("/a/b", "does not begin"),
    "no scheme": ("//a.example/b", "does not begin"),
    "a word": ("nowhere", "does not begin"),
    "nothing": ("", "does not begin"),
    "no host": ("https:///a", "no valid host"),
    "only a port": ("https://:80/", "no valid host"),
    "dots": ("https://.../", "no valid host"),
    "half a bracket": ("https://[::1/", "no valid host"),
    "no IPv6": ("https://[x]/", "no valid host"),
    "no port": ("https://a.example:b/", "no valid host or port"),
    "port too high": ("https://a.example:99999/", "no valid host or port"),
    "backslashes": ("https:\\\\a.example\\b", "no valid host"),
    "a backslash host": ("https://a.example\\@b.example/", "user name"),
    "user": ("https://user@a.example/", "user name"),
    "password": ("https://user:secret@a.example/", "user name"),
    "blank": ("https://a.example/a b", "a blank"),
    "tab": ("https://a.example/a\tb", "a blank"),
    "line break": ("https://a.example/a\nb", "a blank"),
    "hidden line break": ("https://a.example/a&#10;b", "a blank"),
    "zero": ("https://a.example/\0", "a blank"),
    "zero width": ("https://a.exam\u200bple/", "a blank"),
    "right to left": ("https://a.example/\u202egpj", "a blank"),
    "lone surrogate": ("https://a.example/\ud800", "a blank"),
    "long": ("https://a.example/" + "x" * 2_000, "longer than 2,000"),
    "long when encoded": ("https://a.example/" + "ü" * 1_000, "longer than 2,000 characters when encoded"),
    "host that browsers write otherwise": ("https://straße.example/", "cannot be encoded safely"),
    "long host label": ("https://" + "ü" * 70 + ".example/", "no valid host"),
}


@pytest.mark.parametrize(("text", "what"), REFUSED.values(), ids=REFUSED.keys())
def test_link_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        http_link(text)


JOINED = {
    "relative": ("c.png", "https://a.example/x/c.png"),
    "from the root": ("/c.png", "https://a.example/c.png"),
    "no scheme": ("//b.example/c", "https://b.example/c"),
    "fragment": ("#fn1", "https://a.example/x/y#fn1"),
    "query": ("?p=2", "https://a.example/x/y?p=2"),
    "absolute": ("http://b.example/?c=1&amp;d=2", "http://b.example/?c=1&d=2"),
    "a blank": ("my photo.jpg", "https://a.example/x/my%20photo.jpg"),
    "nothing": ("", "https://a.example/x/y"),
}


@pytest.mark.parametrize(("text", "link"), JOINED.values(), ids=JOINED.keys())
def test_relative_link_becomes_absolute(text: str, link: str) -> None:
    assert joined("https://a.example/x/y", text) == link


CANONICAL = {
    "capitals": ("HTTPS://News.Example/A", "https://news.example/A"),
    "default port": ("https://a.example:443/b", "https://a.example/b"),
    "default http port": ("http://a.example:80/b", "http://a.example/b"),
    "another port": ("http://a.example:443/b", "http://a.example:443/b"),
    "fragment": ("https://a.example/b#c", "https://a.example/b"),
    "tracking": (
        "https://a.example/b?utm_source=x&fbclid=1&GCLID=2&id=3&mc_cid=4",
        "https://a.example/b?id=3",
    ),
    "nothing but tracking": ("https://a.example/b/?utm_medium=x", "https://a.example/b"),
    "sorted": ("https://a.example/?b=2&a=1&a=0", "https://a.example?a=0&a=1&b=2"),
    "blank values": ("https://a.example/b?c=&d", "https://a.example/b?c=&d="),
    "trailing slash": ("https://a.example/b/", "https://a.example/b"),
    "trailing slashes": ("https://a.example/b//", "https://a.example/b"),
    "root": ("https://a.example/", "https://a.example"),
    "slash before a query": ("https://a.example/b/?c=1", "https://a.example/b?c=1"),
    "escapes": ("https://a.example/%7eb%2fc", "https://a.example/~b%2Fc"),
    "case of the path": ("https://a.example/B?C=D", "https://a.example/B?C=D"),
    "last dot of the host": ("https://a.example./b", "https://a.example/b"),
    "a word that begins like one": ("https://a.example/b?utmost=1", "https://a.example/b?utmost=1"),
}


@pytest.mark.parametrize(("link", "canonical"), CANONICAL.values(), ids=CANONICAL.keys())
def test_links_to_one_page_are_one(link: str, canonical: str) -> None:
    assert canonical_link(link) == canonical
    assert canonical_link(canonical) == canonical


TAILS = st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("/?&=#%;+.~"), max_size=40)
HOSTS = st.sampled_from(
    ["a.example", "A.Example.", "a.example:443", "münchen.example", "[::1]:80", "日本.example"]
)


@given(st.sampled_from(["http", "https", "HTTPS"]), HOSTS, TAILS)
def test_any_link_that_is_taken_is_safe_and_has_one_canonical_form(scheme: str, host: str, tail: str) -> None:
    try:
        link = http_link(f"{scheme}://{host}/{tail}")
    except ValueError:
        return
    assert link.isascii() and link.isprintable() and " " not in link
    assert http_link(link) == link
    assert urlsplit(link).scheme in ("http", "https")
    once = canonical_link(link)
    assert canonical_link(once) == once
    assert "#" not in once


@given(st.text(max_size=60))
def test_any_text_is_a_link_or_a_value_error(text: str) -> None:
    for read in (http_link, lambda address: joined("https://a.example/", address)):
        try:
            assert read(text).lower().startswith(("http://", "https://"))
        except ValueError as error:
            assert str(error)


@pytest.mark.parametrize("piece", ["a", "a.", "-", "%", "[", "@", "//", "&#", "a=b&"])
def test_long_addresses_cost_no_time(piece: str) -> None:
    began = time.process_time()
    for text in (piece * 30_000, "https://" + piece * 30_000, "https://a.example/" + piece * 30_000):
        with suppress(ValueError):
            joined("https://a.example/", text)
    assert time.process_time() - began < 3
