"""Addresses: only absolute http and https, in ASCII, with nothing hidden in them."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.parse.identity import canonical_link
from syndicator.urls import (
    LONGEST_HOST,
    base_address,
    document_id,
    encoded,
    home_of,
    http_link,
    joined,
    other_host,
)

TAKEN = {
    "plain": ("https://a.example/b/c.html", "https://a.example/b/c.html"),
    "no path": ("http://a.example", "http://a.example"),
    "query and fragment": ("https://a.example/?b=1&c=%20#d", "https://a.example/?b=1&c=%20#d"),
    "entity": ("https://a.example/?b=1&#038;c=2&amp;d=3", "https://a.example/?b=1&c=2&d=3"),
    "an ampersand that looks like one": ("https://a.example/?b=1&copy=2", "https://a.example/?b=1&copy=2"),
    "blanks around": (" https://a.example/ ", "https://a.example/"),
    "blanks within": ("https://a.example/PR Newswire/a?b=c d", "https://a.example/PR%20Newswire/a?b=c%20d"),
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
    "blank in the host": ("https://a example/b", "no valid host"),
    "no-break space": ("https://a.example/a\u00a0b", "a blank"),
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
    "host with a broken label": ("https://ü.xn--0/", "cannot be encoded safely"),
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
    assert re.fullmatch(
        r"https?://(?:[\w\-.~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", encoded(link), re.A | re.I
    )
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


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/%zz%20", "https://a.example/%25zz%20"),
        ("https://a.example/%C3%BC", "https://a.example/%C3%BC"),
    ],
)
def test_lone_percent_sign_is_encoded(written: str, link: str) -> None:
    assert encoded(http_link(written)) == link


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        pytest.param("https://feeds.example.org", "https://feeds.example.org/", id="slash added"),
        pytest.param("HTTP://127.0.0.1:8080/", "http://127.0.0.1:8080/", id="scheme in lower case"),
        pytest.param("https://example.org/news", "https://example.org/news/", id="with a path"),
        pytest.param("https://münchen.example/", "https://xn--mnchen-3ya.example/", id="IDN host"),
        pytest.param("https://MÜNCHEN.example/", "https://xn--mnchen-3ya.example/", id="IDN capitals"),
        pytest.param("https://example.org/übung/", "https://example.org/%C3%BCbung/", id="path"),
        pytest.param("http://[::1]:8080/", "http://[::1]:8080/", id="IPv6"),
        pytest.param("http://build_1.internal/", "http://build_1.internal/", id="underscore"),
        pytest.param("http://example.org./%7Ea/", "http://example.org./%7Ea/", id="root dot"),
        pytest.param("http://example.org/%zz", "http://example.org/%25zz/", id="lone percent sign"),
    ],
)
def test_base_address_is_taken_in_the_form_that_feeds_carry(written: str, taken: str) -> None:
    assert base_address(written) == taken
    assert base_address(taken) == taken


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("feeds.example.org", "does not begin"),
        ("ftp://example.org/", "does not begin"),
        ("https://example.org/?a=b", "query"),
        ("https://example.org/#a", "fragment"),
        ("https://user:word@example.org/", "user name"),
        ("http://[::1", "no valid host"),
        ("http://[::g]/", "no valid host"),
        ("http://example.org\\x/", "user name"),
        ("http://example..org/", "no valid host"),
        ("http://.example.org/", "no valid host"),
        ("http://" + "a" * 64 + ".org/", "no valid host"),
        ("http://exa%6dple.org/", "no valid host"),
        ("http://mü..org/", "no valid host"),
        ("http://straße.example/", "xn-- form"),
        ("http://example.org:99999/", "port"),
        ("http://example.org:0/", "port"),
        ("http://example.org:x/", "port"),
    ],
)
def test_base_address_that_no_feed_can_carry_is_refused(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        base_address(written)


@given(st.text(st.sampled_from("aZ9-_.:/[]%@\\ü\u3042~{} ?#\n"), max_size=20))
def test_base_address_that_is_taken_is_taken_again(rest: str) -> None:
    with suppress(ValueError):
        taken = base_address("http://" + rest)
        assert base_address(taken) == taken == encoded(http_link(taken))


def test_home_of_a_domain_is_its_own_host_or_nothing() -> None:
    domains = ("a.example", "münchen.example", "straße.example", "javascript:alert(1)")
    assert [home_of(domain) for domain in domains] == [
        "https://a.example/",
        "https://xn--mnchen-3ya.example/",
        None,
        None,
    ]


@pytest.mark.parametrize("guid", ["urn:uuid:1", "tag:example.com,2026:1", "https://example.com/a", "a:b"])
def test_guid_that_is_a_uri_is_the_id(guid: str) -> None:
    assert document_id(guid) == guid


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_guid_has_an_id_that_is_a_uri(guid: str) -> None:
    assert re.fullmatch(r"[A-Za-z][!-~]*:[!-~]+", document_id(guid))
    assert document_id(document_id(guid)) == document_id(guid)


EVIL = "https://evil.example/x"


@pytest.mark.parametrize(
    "title",
    [
        "https://mybank.example/login",
        "mybank.example",
        "Log in at MyBank.example now",
        "www.mybank.example",
        "https://mybank/login",
        "mybank。example",
        "ｍｙｂａｎｋ．ｅｘａｍｐｌｅ",
        "mybank\u200b.example",
        "10.0.0.1",
        "bücher.example",
        "mybank.xn--p1ai",
        "evil.example and mybank.example",
    ],
)
def test_title_that_looks_like_another_host_gets_the_real_one(title: str) -> None:
    assert other_host(title, EVIL) == "evil.example"


@pytest.mark.parametrize(
    "unseen", list("\u00ad\u034f\u115f\u180b\u200d\u2061\u3164\ufe0f\uffa0\U000e0101\x07\x7f")
)
def test_what_nobody_sees_hides_no_host(unseen: str) -> None:
    assert other_host(f"mybank.{unseen}example/login", EVIL) == "evil.example"
    assert other_host(f"https:{unseen}//mybank", EVIL) == "evil.example"
    assert other_host(f"{unseen}evil.ex{unseen}ample", EVIL) is None


@pytest.mark.parametrize(
    ("title", "link"),
    [
        ("A plain headline.", EVIL),
        ("Version 3.11 of e.g. everything", EVIL),
        ("https://evil.example/x", EVIL),
        ("EVIL.example", "https://www.evil.example/"),
        ("evil.example", "https://news.evil.example/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("mybank.example", "mailto:a@b.example"),
        ("mybank.example", "https://[broken"),
        ("...", EVIL),
        ("", EVIL),
    ],
)
def test_honest_title_stands_alone(title: str, link: str) -> None:
    assert other_host(title, link) is None


def test_letters_that_look_alike_are_shown_as_they_are() -> None:
    assert other_host("mybank.example", "https://mуbank.example/") == "xn--mbank-eze.example"


def test_long_host_keeps_its_end() -> None:
    host = other_host("mybank.example", f"https://mybank.example.{'a' * 60}.evil.example/")
    assert host is not None and len(host) == LONGEST_HOST
    assert host.startswith("…") and host.endswith("a.evil.example")
