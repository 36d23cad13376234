"""Every reader shows the same entries, and what we meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.models import Format
from syndicator.publish.feed import Feed
from tests.publish.test_goldens import DOCUMENTS, ENDINGS, documents, feeds
from tests.readers.reading import (
    Reading,
    Seen,
    as_known,
    newsboat_reader,
    node_readers,
    read_with_feedparser,
    read_with_newsboat,
    read_with_node,
)

XML = [f"{name}-{ENDINGS[form]}" for name, form in DOCUMENTS if form is not Format.JSON]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All golden feeds in all formats, as files."""
    public = tmp_path / "public"
    public.mkdir()
    for name, data in documents().items():
        if name != "feeds.opml":
            (public / name).write_bytes(data)
    return public


def meant_by(name: str) -> Feed:
    return feeds()[name.partition("-")[0]]


def meant(feed: Feed) -> dict[str, Seen]:
    """What the feed says of its entries, by id."""
    return {
        item.id: Seen(
            id=item.id,
            title=item.entry.article.title,
            link=item.entry.article.link,
            published=item.published,
            updated=item.updated,
            authors=tuple(name for name, _ in item.authors),
            categories=item.labels,
            enclosures=(),
        )
        for item in feed.items
    }


def check(feed: Feed, reading: Reading) -> None:
    assert (reading.title, reading.link) == (feed.title, feed.home)
    entries = meant(feed)
    assert reading.entries.keys() == entries.keys()
    for shown in reading.entries.values():
        assert shown == as_known(entries[shown.id], to=shown)


@pytest.mark.parametrize("name", XML)
def test_feedparser_shows_what_was_meant(folder: Path, name: str) -> None:
    check(meant_by(name), read_with_feedparser(folder / name))


@pytest.mark.skipif(node_readers() is not None, reason=str(node_readers()))
def test_npm_readers_show_what_was_meant(folder: Path) -> None:
    readings = read_with_node(sorted(folder.iterdir()))
    assert len(readings) == len(XML) * 2 + sum(form is Format.JSON for _, form in DOCUMENTS)
    for (_, path), reading in readings.items():
        check(meant_by(path.name), reading)


@pytest.mark.skipif(newsboat_reader() is not None, reason=str(newsboat_reader()))
@pytest.mark.parametrize("name", XML)
def test_newsboat_shows_what_was_meant(folder: Path, tmp_path: Path, name: str) -> None:
    check(meant_by(name), read_with_newsboat(folder / name, tmp_path))
