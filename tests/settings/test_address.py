"""Addresses in the settings: what is taken, in which form, and what no feed could carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.characters import web_link
from syndicator.settings.address import base_address, whole_address


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
    ],
)
def test_base_address_is_taken_in_the_form_that_feeds_carry(written: str, taken: str) -> None:
    assert base_address(written) == taken


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("feeds.example.org", "absolute"),
        ("ftp://example.org/", "absolute"),
        ("https://example.org/?a=b", "without query"),
        ("https://user:word@example.org/", "absolute"),
        ("http://[::1", "absolute"),
        ("http://[::g]/", "in its brackets"),
        ("http://example.org/%zz", "% and two"),
        ("http://example.org/a\\b/", "% and two"),
        ("http://example.org\\x/", "a host that cannot be"),
        ("http://example..org/", "a host that cannot be"),
        ("http://.example.org/", "a host that cannot be"),
        ("http://" + "a" * 64 + ".org/", "a host that cannot be"),
        ("http://exa%6dple.org/", "a host that cannot be"),
        ("http://mü..org/", "xn-- form"),
        ("http://straße.example/", "xn-- form"),
        ("http://example.org:99999/", "from 1 to 65535"),
        ("http://example.org:0/", "from 1 to 65535"),
        ("http://example.org:x/", "absolute"),
    ],
)
def test_base_address_that_no_feed_can_carry_is_refused(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        base_address(written)


@given(st.text(st.sampled_from("aZ9-_.:/[]%@\\ü\u3042~{} ?#\n"), max_size=20))
def test_what_is_taken_can_stand_in_a_feed(rest: str) -> None:
    try:
        taken = base_address("http://" + rest)
    except ValueError:
        return
    assert web_link(taken) == taken
    assert base_address(taken) == taken


@pytest.mark.parametrize(
    "written", ["hub.example", "http://[::1", "https://hub.example/ a", "https://ü.example/"]
)
def test_hub_that_no_feed_can_carry_is_refused(written: str) -> None:
    assert whole_address("https://hub.example/?a=%20b") == "https://hub.example/?a=%20b"
    with pytest.raises(ValueError, match="absolute"):
        whole_address(written)
