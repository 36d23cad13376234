"""Any text in any field gives well-formed, valid documents, and one bad entry never costs the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicator.models import (
    Article,
    DeclaredTopic,
    Entry,
    Format,
    Image,
    Provider,
    Related,
    Topic,
    Visibility,
)
from syndicator.publish.archive import archive_pages
from syndicator.publish.check import find_faults
from syndicator.publish.feed import Tombstone, describe_feed
from syndicator.publish.json_feed import render_json
from syndicator.publish.opml import render_opml
from syndicator.publish.rss_atom import render_atom, render_rss
from syndicator.publish.topics import build_index
from syndicator.settings.models import Site
from tests.publish import validators
from tests.publish.articles import LABELS, SITE, make_entry

NASTY = [
    "]]>",
    "<![CDATA[x]]>",
    "<script>alert(1)</script>",
    "&amp;lt;b&gt;",
    "<!-- -- -->",
    "&#0;",
    "&undefined;",
    "\x00\x08\x0b\x1b",
    "\x85\x9f",
    "\ud800",
    "\udfff\ud800",
    "\ufffe\uffff\ufffd",
    "\U0010ffff",
    "\u202e\u200b",
    '"><img src=x onerror=y>',
    "'",
    "\r\n\t",
    "   ",
    "",
    "<?xml version='1.0'?>",
    "%s%n{}",
]
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet=st.characters(codec=None), max_size=20),
    st.lists(st.sampled_from([*NASTY, "word ", "&", "<", ">"]), max_size=4).map("".join),
)
LINK = st.one_of(
    TEXT,
    TEXT.map(lambda text: f"https://news.example.com/{text}"),
    TEXT.map(lambda text: f"https://{text}/"),
    st.sampled_from(["javascript:alert(1)", "http://a", "HTTPS://A.example/?b=c&d=<e>#f", "data:,x"]),
)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis adds the zone itself
NUMBER = st.none() | st.floats()
IMAGE = st.builds(
    Image, url=LINK, width=st.none() | st.integers(-5, 5), height=st.none() | st.integers(-5, 5)
)
RELATED = st.builds(
    Related,
    title=TEXT,
    link=LINK,
    canonical_link=LINK,
    provider=st.none() | TEXT,
    published=st.none() | MOMENT,
    quality=NUMBER,
)
ARTICLE = st.builds(
    Article,
    source=st.just("s"),
    path=st.just("p.md"),
    title=TEXT,
    link=LINK,
    canonical_link=LINK,
    published=MOMENT,
    revision=st.just("r"),
    summary=TEXT,
    body=TEXT,
    images=st.lists(IMAGE, max_size=1).map(tuple),
    provider=st.none() | st.builds(Provider, name=TEXT, domain=st.none() | TEXT, logo=st.none()),
    authors=st.lists(TEXT, max_size=3).map(tuple),
    type=TEXT,
    language=st.none() | TEXT | st.sampled_from(["de_DE", "en"]),
    related=st.lists(RELATED, max_size=1).map(tuple),
    quality=NUMBER,
    heat=NUMBER,
)
ENTRY = st.builds(
    Entry,
    guid=TEXT,
    story=st.just("story"),
    article=ARTICLE,
    updated=MOMENT,
    seen=MOMENT,
    visibility=st.just(Visibility.PUBLIC),
    topics=st.lists(st.sampled_from(["azure", "ai", "other"]), max_size=3).map(tuple),
)
FEED: dict[str, Any] = {
    "entries": st.lists(ENTRY, max_size=2),
    "title": TEXT,
    "topic": st.none()
    | st.builds(Topic, slug=st.just("azure"), name=TEXT, description=TEXT, language=st.none() | TEXT),
    "language": TEXT,
    "stones": st.lists(st.builds(Tombstone, guid=TEXT, removed=MOMENT), max_size=2),
    "coverage": st.lists(RELATED, max_size=2),
}


@pytest.mark.timeout(300)
@given(**FEED)
@example(
    entries=[make_entry(1, title="x" * 100_000, summary="]]>" * 30_000)],
    title="T" * 100_000,
    topic=None,
    language="en",
    stones=[],
    coverage=[],
)
def test_any_text_in_any_field_gives_valid_documents(
    entries: list[Entry],
    title: str,
    topic: Topic | None,
    language: str,
    stones: list[Tombstone],
    coverage: list[Related],
) -> None:
    good = make_entry(4711)
    pages = archive_pages(7, 5)
    feed = describe_feed(
        site=Site.model_construct(title=title, base_url="https://feeds.example.org/", language=language),
        entries=[*entries, good],
        labels={"azure": title, "ai": "AI"},
        topic=topic,
        coverage={entry.guid: coverage for entry in entries},
        tombstones=stones,
        pages=pages,
    )
    assert good.guid in {item.guid for item in feed.items}
    assert len(feed.items) + len(feed.left_out) == len(entries) + 1
    for form, render, check in (
        (Format.RSS, render_rss, validators.check_rss),
        (Format.ATOM, render_atom, validators.check_atom),
        (Format.JSON, render_json, validators.check_json),
    ):
        rendered = render(feed)
        assert rendered.left_out == feed.left_out
        assert check(rendered.data) == []
        assert find_faults(form, rendered.data) == ()


@given(st.lists(st.builds(DeclaredTopic, name=TEXT, language=st.none() | TEXT), max_size=4), TEXT)
def test_any_topics_and_title_give_valid_opml(declared: list[DeclaredTopic], title: str) -> None:
    site = Site.model_construct(title=title, base_url="https://feeds.example.org/", language="en")
    index = build_index(declared, [], []).index
    assert validators.check_opml(render_opml(site, index, levels=["top"])) == []


def test_scripts_never_become_links() -> None:
    entry = make_entry(
        1,
        images=(Image(url="javascript:alert(1)"),),
        provider=Provider(name="P", domain="javascript:alert(1)"),
        related=(Related(title="t", link="javascript:alert(1)", canonical_link="x"),),
    )
    feed = describe_feed(site=SITE, labels=LABELS, entries=[entry, make_entry(2, link="javascript:alert(1)")])
    assert len(feed.items) == 1
    for render in (render_rss, render_atom, render_json):
        assert b"javascript" not in render(feed).data
