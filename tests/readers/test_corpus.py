"""The feeds of a real site, archives included: every reader reads them all, and all of them agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.readers.reading import (
    Reading,
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
    rig.turn()
    yield rig.output / "feeds"
    rig.close()


def meant(folder: Path) -> dict[str, tuple[str, str, datetime]]:
    """Title, link and published time by id, as the JSON Feed beside it says."""
    items = json.loads((folder / "feed.json").read_text(encoding="utf-8"))["items"]
    return {i["id"]: (i["title"], i["url"], datetime.fromisoformat(i["date_published"])) for i in items}


def shown(reading: Reading) -> dict[str, tuple[str, str, datetime]]:
    return {id: (seen.title, seen.link, seen.published) for id, seen in reading.entries.items()}


def folders(feeds: Path) -> list[Path]:
    return sorted(path.parent for path in feeds.rglob("atom.xml"))


def test_feedparser_agrees(feeds: Path) -> None:
    assert len(folders(feeds)) > 16
    for folder in folders(feeds):
        for form in FORMS:
            assert shown(read_with_feedparser(folder / form)) == meant(folder), folder / form


@pytest.mark.skipif(node_readers() is not None, reason=str(node_readers()))
def test_npm_readers_agree(feeds: Path) -> None:
    readings = read_with_node([folder / form for folder in folders(feeds) for form in (*FORMS, "feed.json")])
    assert len(readings) >= len(folders(feeds)) * 5
    for (reader, path), reading in readings.items():
        assert shown(reading) == meant(path.parent), (reader, path)


@pytest.mark.skipif(newsboat_reader() is not None, reason=str(newsboat_reader()))
def test_newsboat_agrees(feeds: Path, tmp_path: Path) -> None:
    read = 0
    for number, folder in enumerate(folders(feeds)):
        for form in FORMS:
            if meant(folder):  # newsboat takes a feed without entries for a failed one
                scratch = tmp_path / f"{number}-{form}"
                scratch.mkdir()
                assert shown(read_with_newsboat(folder / form, scratch)) == meant(folder), folder / form
                read += 1
    assert read > 20
