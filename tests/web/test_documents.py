"""A file made ready: its type, tags and compressed form."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from syndicator.web.documents import PAGE_POLICY, Document, Form, content_type, make_document
from tests.web.conftest import options

NEWS = "https://feeds.example.org/news/"
BODY = b"<rss>" + b"word " * 200 + b"</rss>"


def make(
    file: str = "feeds/ai/rss.xml", body: bytes = BODY, *, base_url: str = NEWS, **others: Any
) -> Document:
    set_to = options(Path("public"), base_url=base_url, **others)
    return make_document(file, body, gzip.compress(body, mtime=0), modified=784111777, options=set_to)


def headers(form: Form) -> dict[str, str]:
    return dict(form.whole)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("feeds/ai/rss.xml", "application/rss+xml; charset=utf-8"),
        ("feeds/ai/good/atom.xml", "application/atom+xml; charset=utf-8"),
        ("feeds/ai/archive/2/feed.json", "application/feed+json; charset=utf-8"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("style-0123.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("other.xml", "application/xml; charset=utf-8"),
        ("LOGO.PNG", "image/png"),
        ("unknown", "application/octet-stream"),
    ],
)
def test_content_type_follows_the_name(file: str, kind: str) -> None:
    assert content_type(file) == kind


def test_each_encoding_has_its_own_strong_tag() -> None:
    document = make()
    assert document.packed is not None
    assert document.plain.etag != document.packed.etag
    assert document.plain.etag.startswith('"')
    assert headers(document.plain)["etag"] == document.plain.etag


def test_compressed_form_holds_the_same_bytes_and_is_the_same_each_time() -> None:
    first, second = make().packed, make().packed
    assert first is not None
    assert gzip.decompress(first.body) == BODY
    assert first == second
    assert headers(first)["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("file", "body"),
    [("feeds/ai/rss.xml", b"<rss/>"), ("feeds/ai/rss.xml", b"")],
    ids=["too short", "empty"],
)
def test_no_compressed_form_where_it_does_not_pay(file: str, body: bytes) -> None:
    assert make(file, body).packed is None


def test_one_changed_byte_changes_both_tags() -> None:
    one, two = make(), make(body=BODY.replace(b"word", b"ward", 1))
    assert one.packed is not None
    assert two.packed is not None
    assert one.plain.etag != two.plain.etag
    assert one.packed.etag != two.packed.etag


def test_feed_links_come_from_the_base_address() -> None:
    document = make("feeds/日本語/rss.xml", hub="https://hub.example.net/")
    expected = (
        "<https://feeds.example.org/news/feeds/%E6%97%A5%E6%9C%AC%E8%AA%9E/rss.xml>; "
        'rel="self", <https://hub.example.net/>; rel="hub"'
    )
    assert headers(document.plain)["link"] == expected
    assert dict(document.plain.unchanged)["link"] == expected


def test_hub_is_left_out_where_none_is_set() -> None:
    assert "hub" not in headers(make().plain)["link"]


def test_unchanged_carries_what_a_cache_must_renew() -> None:
    names = {name for name, _ in make().plain.unchanged}
    assert {"etag", "vary", "cache-control", "link"} <= names
    assert "content-type" not in names


def test_pages_get_the_strict_policy() -> None:
    page = headers(make("topics/ai/index.html").plain)
    assert page["content-security-policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert "script" not in PAGE_POLICY
    assert "link" not in page


def test_every_answer_forbids_sniffing_and_names_its_age() -> None:
    for file in ("index.html", "feeds/ai/rss.xml", "feeds.opml", "logo.png"):
        seen = headers(make(file, base_url="https://x/", cache_seconds=60).plain)
        assert seen["x-content-type-options"] == "nosniff"
        assert seen["cache-control"] == "public, max-age=60"
        assert seen["last-modified"] == "Sun, 06 Nov 1994 08:49:37 GMT"
        assert seen["accept-ranges"] == "none"
        assert "referrer-policy" in seen


def test_what_never_varies_says_so() -> None:
    assert "vary" not in headers(make("logo.png").plain)
    assert headers(make("feeds/ai/rss.xml", b"<rss/>").plain)["vary"] == "accept-encoding"


def test_size_counts_both_forms() -> None:
    document = make()
    assert document.packed is not None
    assert document.size_bytes == len(BODY) + len(document.packed.body)
