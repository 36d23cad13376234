from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.models import Entry, Format
from syndicator.publish.archive import ArchivePage, archive_pages
from syndicator.publish.feed import Feed, items_of
from tests.publish.articles import AZURE, LABELS, SITE, describe_feed, make_entry


@pytest.mark.parametrize(
    ("count", "limit", "pages"),
    [
        (0, 50, []),
        (50, 50, []),
        (51, 50, [(0, 50, True), (50, 51, False)]),
        (100, 50, [(0, 50, True), (50, 100, True)]),
        (101, 50, [(0, 50, True), (50, 100, True), (100, 101, False)]),
        (3, 1, [(0, 1, True), (1, 2, True), (2, 3, True)]),
    ],
)
def test_pages_cover_all_numbers(count: int, limit: int, pages: list[tuple[int, int, bool]]) -> None:
    assert [(page.first, page.stop, page.full) for page in archive_pages(count, limit)] == pages


@given(st.integers(0, 500), st.integers(1, 60))
def test_new_entries_never_change_a_full_page(count: int, limit: int) -> None:
    before, after = archive_pages(count, limit), archive_pages(count + 1, limit)
    full = [page for page in before if page.full]
    assert full == list(after[: len(full)])
    for page in after:
        assert {number // limit for number in range(page.first, page.stop)} == {page.number}


class Folder:
    """The documents of one topic as they are at one moment: address to entries and the address before it."""

    def __init__(self, appeared: list[Entry], withdrawn: set[str], limit: int) -> None:
        public = [entry for entry in appeared if entry.guid not in withdrawn]
        pages = archive_pages(len(appeared), limit)
        self.documents: dict[str, Feed] = {}
        self.subscription = self._add([one.entry for one in items_of(public, {}, {})][:limit], pages, None)
        for page in pages:
            shown = [entry for entry in appeared[page.first : page.stop] if entry.guid not in withdrawn]
            self._add(shown, pages, page)

    def _add(self, entries: list[Entry], pages: tuple[ArchivePage, ...], page: ArchivePage | None) -> Feed:
        feed = describe_feed(site=SITE, topic=AZURE, labels=LABELS, entries=entries, pages=pages, page=page)
        self.documents[feed.self_url(Format.ATOM)] = feed
        return feed

    def get(self, address: str) -> Feed:
        """As a static host answers: without regard to the query."""
        return self.documents[address.partition("?")[0]]


class Reader:
    """Follows RFC 5005 4.2: never asks again for an archive document that it has."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.archives: set[str] = set()

    def poll(self, folder: Folder) -> None:
        feed = folder.subscription
        self.seen |= {item.entry.guid for item in feed.items}
        address = dict(feed.archive_links).get("prev-archive")
        while address is not None and address not in self.archives:
            self.archives.add(address)
            feed = folder.get(address)
            self.seen |= {item.entry.guid for item in feed.items}
            address = dict(feed.archive_links).get("prev-archive")


@given(
    steps=st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=60),
    limit=st.integers(1, 7),
)
def test_reader_that_follows_the_archive_misses_nothing(steps: list[tuple[int, bool]], limit: int) -> None:
    """Entries appear in any order of publication, polls come at any time, pages fill up in between."""
    appeared: list[Entry] = []
    reader = Reader()
    for number, (hour, polls) in enumerate(steps):
        appeared.append(make_entry(number, published=make_entry(hour).article.published))
        if polls:
            folder = Folder(appeared, set(), limit)
            reader.poll(folder)
            assert reader.seen == {entry.guid for entry in appeared}


@given(count=st.integers(0, 40), limit=st.integers(1, 7), gone=st.sets(st.integers(0, 39)))
def test_withdrawn_entry_leaves_its_page_and_moves_no_other(count: int, limit: int, gone: set[int]) -> None:
    appeared = [make_entry(number) for number in range(count)]
    withdrawn = {make_entry(number).guid for number in gone}
    whole, thinned = Folder(appeared, set(), limit), Folder(appeared, withdrawn, limit)
    assert whole.documents.keys() == thinned.documents.keys()
    for address, feed in whole.documents.items():
        if feed.page is not None:
            kept = [item.entry.guid for item in feed.items if item.entry.guid not in withdrawn]
            assert [item.entry.guid for item in thinned.documents[address].items] == kept
    reader = Reader()
    reader.poll(thinned)
    assert reader.seen == {entry.guid for entry in appeared} - withdrawn


def test_links_of_the_archive() -> None:
    folder = Folder([make_entry(number) for number in range(12)], set(), 5)
    base = "https://feeds.example.org/feeds/azure/"
    subscription = folder.subscription
    assert dict(subscription.archive_links)["prev-archive"] == f"{base}archive/2/atom.xml?entries=2"
    assert "next-archive" not in dict(subscription.archive_links)
    newest, middle, oldest = (folder.get(f"{base}archive/{n}/atom.xml") for n in (2, 1, 0))
    assert dict(newest.archive_links)["prev-archive"] == f"{base}archive/1/atom.xml"
    assert "next-archive" not in dict(newest.archive_links)
    assert "next-archive" not in dict(middle.archive_links), "it is still filling"
    assert "prev-archive" not in dict(oldest.archive_links)
    assert dict(oldest.archive_links)["next-archive"] == f"{base}archive/1/atom.xml"
    assert {document.current_url(Format.ATOM) for document in folder.documents.values()} == {
        f"{base}atom.xml"
    }
