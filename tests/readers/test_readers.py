"""Every reader shows the same entries, and what we meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.publish.feed import Feed
from tests.publish.test_goldens import ENDINGS, RENDERERS, feeds
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

NAMES = ["archive", "empty", "full", "level"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All golden feeds in all formats, as files."""
    public = tmp_path / "public"
    public.mkdir()
    for name, feed in feeds().items():
        for form, render in RENDERERS.items():
            (public / f"{name}-{ENDINGS[form]}").write_bytes(render(feed).data)
    return public


def meant(feed: Feed) -> dict[str, Seen]:
    """What the feed says of its entries, by id."""
    return {
        item.id: Seen(
            id=item.id,
            title=item.title,
            link=item.link,
            published=item.published,
            updated=item.updated,
            authors=tuple(author.name for author in item.authors),
            categories=tuple(category.label for category in item.categories),
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


@pytest.mark.parametrize("ending", ["rss.xml", "atom.xml"])
@pytest.mark.parametrize("name", NAMES)
def test_feedparser_shows_what_was_meant(folder: Path, name: str, ending: str) -> None:
    check(feeds()[name], read_with_feedparser(folder / f"{name}-{ending}"))


@pytest.mark.skipif(node_readers() is not None, reason=str(node_readers()))
def test_npm_readers_show_what_was_meant(folder: Path) -> None:
    readings = read_with_node(sorted(folder.iterdir()))
    assert len(readings) == len(NAMES) * 5
    for (_, path), reading in readings.items():
        check(feeds()[path.name.partition("-")[0]], reading)


@pytest.mark.skipif(newsboat_reader() is not None, reason=str(newsboat_reader()))
@pytest.mark.parametrize("ending", ["rss.xml", "atom.xml"])
@pytest.mark.parametrize("name", NAMES)
def test_newsboat_shows_what_was_meant(folder: Path, tmp_path: Path, name: str, ending: str) -> None:
    check(feeds()[name], read_with_newsboat(folder / f"{name}-{ending}", tmp_path))
