"""What the goldens cannot say: the rules behind single elements, and what becomes of a bad entry."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import feedparser
import pytest
from lxml import etree
from structlog.testing import capture_logs

from syndicator.models import Format, Provider, Tombstone
from syndicator.publish.archive import archive_pages
from syndicator.publish.feed import Feed
from syndicator.publish.formats import Fragments
from tests.making import utc
from tests.publish import validators
from tests.publish.articles import AZURE, LABELS, SITE, describe_feed, full_entry, make_entry, render

NS = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
CHECK = {
    Format.RSS: validators.check_rss,
    Format.ATOM: validators.check_atom,
    Format.JSON: validators.check_json,
}


def feed_of(*entries: Any, **changes: Any) -> Feed:
    return describe_feed(site=SITE, labels=LABELS, topic=AZURE, entries=entries, **changes)


def rss(feed: Feed) -> etree._Element:
    return etree.fromstring(render(feed, Format.RSS))


def atom(feed: Feed) -> etree._Element:
    return etree.fromstring(render(feed, Format.ATOM))


@pytest.mark.parametrize(("count"), [0, 1, 50])
@pytest.mark.parametrize("form", list(Format))
def test_feed_of_any_size_is_valid_and_in_order(count: int, form: Format) -> None:
    entries = [make_entry(number) for number in range(count)]
    data = render(feed_of(*entries), form)
    assert CHECK[form](data) == []
    places = [data.index(entry.guid.encode()) for entry in reversed(entries)]
    assert places == sorted(places)


def test_story_of_somebody_else_names_its_source_in_rss() -> None:
    daily = Provider(name="Daily", domain="daily.example.com")
    own = make_entry(1, link="https://feeds.example.org/a", provider=daily)
    theirs = make_entry(2, provider=daily)
    unnamed = make_entry(3, link="https://www.press.example.net/b")
    sources = {
        item.findtext("link"): [(source.get("url"), source.text) for source in item.iterfind("source")]
        for item in rss(feed_of(own, theirs, unnamed)).iter("item")
    }
    assert sources == {
        "https://feeds.example.org/a": [],
        "https://news.example.com/article-2": [("https://daily.example.com/", "Daily")],
        "https://www.press.example.net/b": [("https://www.press.example.net/", "press.example.net")],
    }


def test_guid_is_a_permalink_only_where_it_is_the_link() -> None:
    entry = make_entry(1)
    same = replace(entry, guid=entry.article.link)
    for feed, expected in ((feed_of(entry), "false"), (feed_of(same), "true")):
        guid = rss(feed).find("channel/item/guid")
        assert guid is not None
        assert guid.get("isPermaLink") == expected


def test_guid_that_is_no_address_gets_one_id_in_all_formats() -> None:
    feed = feed_of(replace(make_entry(1), guid="my first post"))
    minted = uuid.uuid5(uuid.NAMESPACE_URL, "my first post").urn
    assert rss(feed).findtext("channel/item/guid") == minted
    assert atom(feed).findtext("a:entry/a:id", namespaces=NS) == minted
    assert f'"id": "{minted}"'.encode() in render(feed, Format.JSON)


def test_several_authors_are_several_creators() -> None:
    item = rss(feed_of(full_entry())).find("channel/item")
    assert item is not None
    creators = [
        "".join(str(text) for text in creator.itertext()) for creator in item.iterfind("dc:creator", NS)
    ]
    assert creators == ["Ann Ó Lee", "Bo & Co"]
    assert item.find("author") is None


def test_picture_is_media_and_no_enclosure() -> None:
    for tree in (rss(feed_of(full_entry())), atom(feed_of(full_entry()))):
        (content,) = tree.iterfind(".//media:content", NS)
        expected = {
            "url": "https://img.example.net/fish.jpg?w=1024&h=576",
            "type": "image/jpeg",
            "medium": "image",
            "width": "1024",
            "height": "576",
        }
        assert sorted(content.attrib.items()) == sorted(expected.items())
        assert len(list(tree.iterfind(".//media:thumbnail", NS))) == 1
        assert tree.find(".//enclosure") is None
        assert [a for a in tree.iterfind(".//a:link", NS) if a.get("rel") == "enclosure"] == []


def test_archive_page_says_what_it_is_and_who_its_neighbours_are() -> None:
    pages = archive_pages(12, 5)
    feed = feed_of(make_entry(1), pages=pages, page=pages[1])
    assert len(list(atom(feed).iterfind(".//fh:archive", NS))) == 1
    base = "https://feeds.example.org/feeds/azure/"
    assert archive_links_of(atom(feed)) == {
        "self": f"{base}archive/1/atom.xml",
        "current": f"{base}atom.xml",
        "prev-archive": f"{base}archive/0/atom.xml",
    }, "the page that is still filling is none that a finished one names"
    oldest = archive_links_of(atom(feed_of(make_entry(1), pages=pages, page=pages[0])))
    assert oldest["next-archive"] == f"{base}archive/1/atom.xml"


def test_rss_and_atom_feeds_name_the_same_archive() -> None:
    feed = feed_of(make_entry(1), pages=archive_pages(12, 5))
    for tree in (rss(feed), atom(feed)):
        (link,) = (link for link in tree.iterfind(".//a:link", NS) if link.get("rel") == "prev-archive")
        assert link.get("href") == "https://feeds.example.org/feeds/azure/archive/2/atom.xml?entries=2"
        assert link.get("type") == "application/atom+xml"
        assert tree.find(".//fh:archive", NS) is None
    assert b"archive" not in render(feed, Format.JSON)


def archive_links_of(tree: etree._Element) -> dict[str, str]:
    links = {link.get("rel", ""): link.get("href", "") for link in tree.iterfind("a:link", NS)}
    return {rel: href for rel, href in links.items() if rel != "alternate"}


def test_withdrawn_entry_leaves_a_tombstone_in_atom() -> None:
    stone = Tombstone(guid="urn:uuid:gone", removed=utc(2026, 3, 9))
    feed = feed_of(make_entry(1), tombstones=[stone])
    (gone,) = atom(feed).iterfind("at:deleted-entry", NS)
    assert (gone.get("ref"), gone.get("when")) == ("urn:uuid:gone", "2026-03-09T00:00:00+00:00")
    assert len(gone) == 0
    assert b"gone" not in render(feed, Format.RSS)


@pytest.mark.parametrize("form", list(Format))
def test_entry_that_fails_is_left_out_alone_and_told_once(form: Format) -> None:
    broken = make_entry(2, title="\x00" if form is not Format.JSON else "T", quality=float("inf"))
    feed, fragments = feed_of(make_entry(1), broken, make_entry(3)), Fragments()
    with capture_logs() as logs:
        data = fragments.render(feed, form)
        assert fragments.render(feed, form) == data
    assert [(line["guid"], line["format"]) for line in logs] == [(broken.guid, form.value)]
    assert CHECK[form](data) == []
    assert [item.entry.guid.encode() in data for item in feed.items] == [True, False, True]


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("most_bytes", [0, 10_000, 10_000_000])
def test_kept_fragments_give_the_same_documents(form: Format, most_bytes: int) -> None:
    fragments = Fragments(most_bytes)
    entries = [full_entry(), *(make_entry(number) for number in range(20))]
    edited = [
        make_entry(number, title="Edited") if number % 2 else make_entry(number) for number in range(20)
    ]
    for shown in (entries, entries[::2], edited, entries):
        assert fragments.render(feed_of(*shown), form) == render(feed_of(*shown), form)


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM])
def test_feedparser_reads_what_was_meant(form: Format) -> None:
    entry = full_entry()
    parsed = feedparser.parse(render(feed_of(entry, make_entry(1)), form))
    assert parsed.bozo == 0
    assert parsed.feed.title == "Azure – Cloud News"
    assert parsed.feed.link == "https://feeds.example.org/topics/azure/"
    found = parsed.entries[0]
    assert found.id == entry.guid
    assert found.link == entry.article.link
    assert found.published_parsed[:6] == (2026, 3, 2, 7, 5, 3)
    assert "Ann Ó Lee" in [author.get("name") for author in found.authors]
    assert [tag.get("label") or tag.term for tag in found.tags] == ["Azure", "AI & Machine Learning", "C++"]
    assert found.media_content[0]["url"] == entry.article.images[0].url
    assert found.get("enclosures", []) == []
    assert "at a" not in found.summary and "good" in found.summary
