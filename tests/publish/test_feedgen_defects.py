"""feedgen's defects that `feedgen_extensions` and `formats` work round.

Each test shows the defect in feedgen itself. One that fails means that feedgen is mended: then the workaround
that the test names can go.
"""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import feedgen.feed
import feedgen.util
import pytest
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator


def entry() -> FeedEntry:
    made = FeedEntry()
    made.id("urn:a")
    made.title("A & B")
    return made


def generator() -> FeedGenerator:
    made = FeedGenerator()
    made.id("urn:feed")
    made.title("A & B")
    made.description("A < B")
    return made


def test_entry_links_lose_their_relation() -> None:
    """EntryExtension.extend_atom sets the links anew."""
    made = entry()
    made.link(href="https://example.com/", rel="alternate", type="text/html")
    (link,) = made.atom_entry().findall("link")
    assert dict(link.attrib) == {"href": "https://example.com/"}


def test_channel_link_is_the_last_one_added() -> None:
    """`_generator` adds the page for people last."""
    made = generator()
    made.link(href="https://example.com/", rel="alternate")
    made.link(href="https://example.com/rss.xml", rel="self")
    assert b"<link>https://example.com/rss.xml</link>" in made.rss_str()


def test_rss_has_no_hub_link() -> None:
    """FeedExtension.extend_rss adds it."""
    made = generator()
    made.link(href="https://hub.example.com/", rel="hub")
    made.link(href="https://example.com/", rel="alternate")
    assert b'rel="hub"' not in made.rss_str()


def test_author_without_address_is_not_in_rss() -> None:
    """EntryExtension.extend_rss adds a dc:creator for each."""
    made = entry()
    made.author({"name": "Ann"})
    assert b"Ann" not in feedgen.feed.etree.tostring(made.rss_entry())


def test_plain_text_in_rss_has_named_references() -> None:
    """`set_plain` writes hexadecimal ones."""
    assert b"<title>A &amp; B</title>" in feedgen.feed.etree.tostring(entry().rss_entry())


def test_dates_default_to_the_clock() -> None:
    """Every date is set by `_generator` and `_entry`."""
    before = datetime.now(UTC)
    assert before <= entry().updated() <= datetime.now(UTC)
    assert before <= generator().updated() <= datetime.now(UTC)


def test_entries_are_prepended() -> None:
    """Fragments are put together in the feed's own order."""
    made = generator()
    for guid in ("urn:1", "urn:2"):
        made.add_entry().id(guid)
    assert [each.id() for each in made.entry()] == ["urn:2", "urn:1"]


def test_generator_carries_a_version() -> None:
    """`_generator` names the program alone."""
    assert feedgen.version.version_str in str(generator().generator())


@pytest.mark.parametrize("title", ["a\x00b", "a\ud800b", ""])
def test_one_bad_title_costs_the_whole_feed(title: str) -> None:
    """Items are cleaned, and each is rendered alone."""
    made = generator()
    bad = made.add_entry()
    bad.id("urn:bad")
    with pytest.raises(ValueError, match=r"compatible|surrogates|Required"):
        bad.title(title)
        made.atom_str()


def test_dates_are_written_by_way_of_the_process_locale() -> None:
    """The docstring of `formats` asks for one rendering thread."""
    assert "setlocale" in inspect.getsource(feedgen.util.formatRFC2822)
