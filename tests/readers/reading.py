"""What real reader programs make of our feeds, in one shape, so that they can be compared.

A reader that has no notion of a field says None; one that has it and finds nothing says an empty value.
"""

from __future__ import annotations

import calendar
import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import feedparser

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One entry as a reader shows it."""

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime | None
    authors: tuple[str, ...]
    """At least one of them; some readers have room for no more."""
    categories: tuple[str, ...] | None
    enclosures: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One feed as a reader shows it, entries by id."""

    title: str
    link: str
    entries: dict[str, Seen]


def as_known(meant: Seen, *, to: Seen) -> Seen:
    """What was meant by an entry, cut to what the reader that shows it as `to` has a notion of."""
    named = tuple(name for name in meant.authors if name in to.authors)
    return replace(
        meant,
        updated=meant.updated if to.updated is not None else None,
        authors=named or meant.authors,
        categories=meant.categories if to.categories is not None else None,
        enclosures=meant.enclosures if to.enclosures is not None else None,
    )


def node_readers() -> str | None:
    """Why the npm readers cannot be used, None where they can."""
    if shutil.which("node") is None:
        return "node is not installed: tests/setup.sh does it as root"
    if not (HERE / "node_modules" / "feedsmith").is_dir():
        return "the npm readers are not installed: tests/setup.sh does it"
    return None


def newsboat_reader() -> str | None:
    """Why newsboat cannot be used, None where it can."""
    if shutil.which("newsboat") is None:
        return "newsboat is not installed: tests/setup.sh does it as root"
    return None


def read_with_feedparser(path: Path) -> Reading:
    """Raises AssertionError where feedparser finds the feed ill-formed."""
    parsed = feedparser.parse(path.read_bytes())
    assert parsed.bozo == 0, parsed.get("bozo_exception")
    atom = parsed.version == "atom10"
    entries = [
        Seen(
            id=entry.id,
            title=entry.title,
            link=entry.link,
            published=_moment(entry.published_parsed),
            updated=_moment(entry.updated_parsed) if atom else None,
            authors=tuple(author["name"] for author in entry.get("authors", []) if author.get("name")),
            categories=tuple(tag.get("label") or tag.term for tag in entry.get("tags", [])),
            enclosures=tuple(enclosure.href for enclosure in entry.get("enclosures", [])),
        )
        for entry in parsed.entries
    ]
    return Reading(title=parsed.feed.title, link=parsed.feed.link, entries=_by_id(entries))


def read_with_node(paths: Sequence[Path]) -> dict[tuple[str, Path], Reading]:
    """What feedsmith (all formats) and rss-parser (XML) read, by reader and file."""
    done = subprocess.run(
        ["node", HERE / "read.mjs", *paths], capture_output=True, text=True, check=True, timeout=60
    )
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return {
        (reader, Path(file)): _from_json(reader, file, reading)
        for file, readings in found.items()
        for reader, reading in readings.items()
    }


def read_with_newsboat(path: Path, scratch: Path) -> Reading:
    """What newsboat stores of a feed that a loopback server serves.

    Each feed needs a `scratch` folder of its own: newsboat keeps an entry that stands in several feeds once.
    """
    with _serving(path.parent) as address:
        urls = scratch / "urls"
        urls.write_text(f"{address}{path.name}\n")
        (scratch / "config").touch()
        options = [f"-u{urls}", f"-c{scratch / 'cache.db'}", f"-C{scratch / 'config'}"]
        subprocess.run(["newsboat", *options, "-x", "reload"], check=True, capture_output=True, timeout=60)
    with closing(sqlite3.connect(scratch / "cache.db")) as database:
        return _from_newsboat(database)


def _from_newsboat(database: sqlite3.Connection) -> Reading:
    """Later versions show an entry's picture as an enclosure, and where it has no author the site's name."""
    ((title, link),) = database.execute("select title, url from rss_feed")
    rows = database.execute("select guid, title, url, pubDate, author from rss_item")
    entries = [
        Seen(
            id=guid,
            title=name,
            link=address,
            published=datetime.fromtimestamp(moment, UTC),
            updated=None,
            authors=tuple(filter(None, author.split(", "))) if author not in title else (),
            categories=None,
            enclosures=None,
        )
        for guid, name, address, moment, author in rows
    ]
    return Reading(title=title, link=link, entries=_by_id(entries))


def _from_json(reader: str, file: str, reading: dict[str, Any]) -> Reading:
    """rss-parser shows no categories of Atom."""
    entries = [
        Seen(
            id=entry["id"],
            title=entry["title"],
            link=entry["link"],
            published=datetime.fromisoformat(entry["published"]),
            updated=datetime.fromisoformat(entry["updated"]) if entry["updated"] else None,
            authors=tuple(entry["authors"]),
            categories=None
            if reader == "rss-parser" and file.endswith("atom.xml")
            else tuple(entry["categories"]),
            enclosures=tuple(entry["enclosures"]),
        )
        for entry in reading["entries"]
    ]
    return Reading(title=reading["title"], link=reading["link"], entries=_by_id(entries))


def _by_id(entries: Sequence[Seen]) -> dict[str, Seen]:
    found = {entry.id: entry for entry in entries}
    assert len(found) == len(entries), "two entries with one id"
    return found


def _moment(parts: Any) -> datetime:
    return datetime.fromtimestamp(calendar.timegm(parts), UTC)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
