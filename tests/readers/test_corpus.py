"""The feeds of a real site, archives included: every reader reads them all, and all of them agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

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
from tests.rig import SHARED, Rig

CORPUS = SHARED / "corpus" / "power-apps"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the real site's articles are not here")
FORMS = ("rss.xml", "atom.xml")


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("corpus")
    shutil.copytree(CORPUS, base / "articles")
    rig = Rig(base, topics=("_data/topics/*.yaml",), include_unpublished=True, levels={"good": 90})
    rig.run_once()
    yield rig.output / "feeds"
    rig.close()


@cache
def meant(folder: Path) -> dict[str, Seen]:
    """The entries by id, as the JSON Feed beside the others says; no feed has enclosures. Archive pages are
    Atom alone: there one reader is compared with the others."""
    if not (folder / "feed.json").exists():
        return read_with_feedparser(folder / "atom.xml").entries
    items = json.loads((folder / "feed.json").read_text(encoding="utf-8"))["items"]
    return {
        item["id"]: Seen(
            id=item["id"],
            title=item["title"],
            link=item["url"],
            published=datetime.fromisoformat(item["date_published"]),
            updated=datetime.fromisoformat(item["date_modified"]),
            authors=tuple(author["name"] for author in item["authors"]),
            categories=tuple(item["tags"]),
            enclosures=(),
        )
        for item in items
    }


def check(reading: Reading, folder: Path) -> None:
    """The reader shows all entries, each with every field that it has a notion of."""
    entries = meant(folder)
    assert reading.entries.keys() == entries.keys(), folder
    for id, shown in reading.entries.items():
        assert shown == as_known(entries[id], to=shown), folder


def forms(folder: Path, *more: str) -> list[str]:
    return [name for name in (*FORMS, *more) if (folder / name).exists()]


def folders(feeds: Path) -> list[Path]:
    return sorted(path.parent for path in feeds.rglob("atom.xml"))


def test_feedparser_agrees(feeds: Path) -> None:
    assert len(folders(feeds)) > 16
    everything = meant(feeds / "all")
    assert len(everything) == 50 and all(entry.authors and entry.categories for entry in everything.values())
    for folder in folders(feeds):
        for form in forms(folder):
            check(read_with_feedparser(folder / form), folder)


@pytest.mark.skipif(node_readers() is not None, reason=str(node_readers()))
def test_npm_readers_agree(feeds: Path) -> None:
    readings = read_with_node(
        [folder / form for folder in folders(feeds) for form in forms(folder, "feed.json")]
    )
    assert len(readings) >= sum(len(forms(folder)) * 2 for folder in folders(feeds))
    for (_, path), reading in readings.items():
        check(reading, path.parent)


@pytest.mark.skipif(newsboat_reader() is not None, reason=str(newsboat_reader()))
def test_newsboat_agrees(feeds: Path, tmp_path: Path) -> None:
    read = 0
    for number, folder in enumerate(folders(feeds)):
        for form in forms(folder):
            if meant(folder):  # newsboat takes a feed without entries for a failed one
                scratch = tmp_path / f"{number}-{form}"
                scratch.mkdir()
                check(read_with_newsboat(folder / form, scratch), folder)
                read += 1
    assert read > 20
