"""Addresses: what they name, what they may not name, and where renamed topics went."""

from __future__ import annotations

import doctest
from types import ModuleType
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.publish.moved_map import Moved, render_nginx_map
from syndicator.web import addresses, conditions, documents
from syndicator.web.addresses import (
    Elsewhere,
    Place,
    Refusal,
    find_moved,
    into_folder,
    read_moved_map,
    read_place,
    way_home,
)

STATE = (
    "syndicator.db",
    "syndicator.db-wal",
    "syndicator.db-shm",
    "syndicator.db-journal",
    "syndicator.db.lock",
    "syndicator.db.seal",
    "state.sqlite3-wal",
    "moved.map",
)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/feeds.opml", "feeds.opml"),
        ("/feeds/ai/rss.xml", "feeds/ai/rss.xml"),
        ("/topics/ai/", "topics/ai/index.html"),
        ("/topics/ai", "topics/ai"),
        ("/topics/日本語/", "topics/日本語/index.html"),
        ("/a b/c", "a b/c"),
        ("/x..y", "x..y"),
        ("/feeds/notes.gz/rss.xml", "feeds/notes.gz/rss.xml"),
        ("/feeds/ai/x.tmp/rss.xml", "feeds/ai/x.tmp/rss.xml"),
        ("/topics/y.part/", "topics/y.part/index.html"),
        ("/topics/notes.db/", "topics/notes.db/index.html"),
        ("/feeds/moved.map/rss.xml", "feeds/moved.map/rss.xml"),
        ("/bitmoved.map", "bitmoved.map"),
    ],
)
def test_path_names_a_file(path: str, file: str) -> None:
    place = read_place(path)
    assert isinstance(place, Place)
    assert place.file == file


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/..", Refusal.MALFORMED),
        ("/../secret", Refusal.MALFORMED),
        ("/feeds/../../secret", Refusal.MALFORMED),
        ("/./feeds.opml", Refusal.MALFORMED),
        ("/feeds/..", Refusal.MALFORMED),
        ("/a\x00b", Refusal.MALFORMED),
        ("/a\nb", Refusal.MALFORMED),
        ("/a\\..\\b", Refusal.MALFORMED),
        ("/\ufffd", Refusal.MALFORMED),
        ("/\ud800", Refusal.MALFORMED),
        ("", Refusal.MALFORMED),
        ("*", Refusal.MALFORMED),
        ("feeds.opml", Refusal.MALFORMED),
        ("/" + "a" * 1024, Refusal.MALFORMED),
        ("//", Refusal.MISSING),
        ("//feeds.opml", Refusal.MISSING),
        ("/feeds//ai", Refusal.MISSING),
        ("/.git/config", Refusal.MISSING),
        ("/feeds/ai/.rss.xml.tmp", Refusal.MISSING),
        ("/feeds/ai/rss.xml.tmp", Refusal.MISSING),
        ("/feeds/ai/rss.xml~", Refusal.MISSING),
        ("/feeds/ai/rss.xml.gz", Refusal.MISSING),
        *((f"/state/{name}", Refusal.MISSING) for name in STATE),
    ],
)
def test_path_names_nothing(path: str, why: Refusal) -> None:
    assert read_place(path) is why


@given(path=st.text())
def test_no_path_leads_out(path: str) -> None:
    place = read_place("/" + path)
    if isinstance(place, Place):
        steps = place.file.split("/")
        assert all(step not in ("", ".", "..") and "\0" not in step for step in steps)


MOVED = read_moved_map(
    render_nginx_map(
        Moved(
            renamed={
                "old": "middle",
                "middle": "new",
                "ended": "closed",
                "a": "b",
                "b": "a",
                "default": "new",
                "plus": "c++ & co",
            },
            gone=frozenset({"closed", "gone"}),
        )
    )
)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feeds/old/rss.xml", "/feeds/new/rss.xml"),
        ("/feeds/old/good/atom.xml", "/feeds/new/good/atom.xml"),
        ("/feeds/old/archive/3/atom.xml", "/feeds/new/archive/3/atom.xml"),
        ("/feeds/middle/feed.json", "/feeds/new/feed.json"),
        ("/topics/old/", "/topics/new/"),
        ("/topics/old", "/topics/new"),
        ("/topics/old/index.html", "/topics/new/index.html"),
        ("/feeds/default/c++ & co/", "/feeds/new/c++ & co/"),
    ],
)
def test_renamed_topic_leads_to_its_latest_name(path: str, target: str) -> None:
    place = read_place(path)
    assert isinstance(place, Place)
    moved = find_moved(place, MOVED)
    assert isinstance(moved, Elsewhere)
    assert unquote(urljoin(path, moved.location)) == target
    # The reference is relative: below a sub-path it stays below it.
    assert unquote(urljoin("/news" + path, moved.location)) == "/news" + target


@pytest.mark.parametrize("path", ["/feeds/gone/rss.xml", "/topics/gone/", "/feeds/ended/x", "/topics/closed"])
def test_gone_topic_is_gone_everywhere(path: str) -> None:
    place = read_place(path)
    assert isinstance(place, Place)
    assert find_moved(place, MOVED) is Refusal.GONE


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/feeds",
        "/feeds.opml",
        "/feeds/new/rss.xml",
        "/other/old/rss.xml",
        "/feeds/a/rss.xml",
        "/feeds/plus/x",
    ],
)
def test_other_places_have_not_moved(path: str) -> None:
    place = read_place(path)
    assert isinstance(place, Place)
    assert find_moved(place, MOVED) is None


def test_folder_without_slash_leads_to_itself_with_one() -> None:
    place = read_place("/topics/c#: x")
    assert isinstance(place, Place)
    location = into_folder(place).location
    assert unquote(urljoin("/topics/y", location)) == "/topics/c#: x/"


@given(st.lists(st.sampled_from(["a", "b b", "日"]), max_size=5), st.booleans())
def test_way_home_leads_home(steps: list[str], slash: bool) -> None:
    path = "/" + "/".join(steps) + ("/" if slash and steps else "")
    assert urljoin(f"http://h/base{path}", way_home(path)) == "http://h/base/"


@pytest.mark.parametrize("module", [addresses, conditions, documents], ids=lambda module: module.__name__)
def test_worked_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
