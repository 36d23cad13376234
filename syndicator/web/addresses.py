"""Where an address leads: to a place in the output folder, to another address, or nowhere (pure).

Nothing outside the output folder can be named here; folder.py sees to it that no link inside leads out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

LONGEST_PATH = 1024
GONE = "-"
"""Stands in the map of moved topics where the new slug would; no slug is a hyphen."""

# Unfinished, compressed for a front server, or an editor's backup; and the state, if it is kept in here.
_HIDDEN_FILE = re.compile(
    r".*(?:~|\.(?:tmp|part|gz|br|lock|seal|(?:db|sqlite3?)(?:-(?:wal|shm|journal))?))|moved\.map"
)
_MOVED_LINE = re.compile(r"^\\?([a-z0-9][a-z0-9._-]*) (-|[a-z0-9][a-z0-9._-]*);$", re.MULTILINE)


class Refusal(StrEnum):
    """Why a request gets no document. `missing` and `unreadable` are different answers."""

    MALFORMED = "the address is malformed"
    HOST = "a request needs one Host header"
    MISSING = "nothing public is there"
    METHOD = "only GET and HEAD are answered"
    GONE = "the topic is gone"
    FAILED = "a defect of the server"
    UNREADABLE = "it cannot be read now"


class Place(NamedTuple):
    """`file` is relative to the output folder; `names` are the path's, the last is "" for a folder's page."""

    file: str
    names: tuple[str, ...]


class Elsewhere(NamedTuple):
    """`location` is relative to the address asked for, so that it holds under any host and sub-path."""

    location: str


@lru_cache(maxsize=4096)
def read_place(path: str) -> Place | Refusal:
    """The place that a decoded path names; MALFORMED or MISSING where it can name none.

    Malformed: control characters, backslashes, bytes that were not UTF-8, dot segments. Missing: hidden files
    and folders, empty names. A folder may end like a hidden file, as topics do.
    """
    if not path.startswith("/") or len(path) > LONGEST_PATH or not path.isprintable():
        return Refusal.MALFORMED
    names = tuple(path[1:].split("/"))
    if any(name in (".", "..") or "\\" in name or "\ufffd" in name for name in names):
        return Refusal.MALFORMED
    if "" in names[:-1] or any(name.startswith(".") for name in names) or _HIDDEN_FILE.fullmatch(names[-1]):
        return Refusal.MISSING
    return Place("/".join(names) + ("" if names[-1] else "index.html"), names)


def read_moved_map(data: bytes) -> Mapping[str, str]:
    """Old slugs of topics with their latest, or GONE, from the map that is published for nginx as well.

    >>> read_moved_map(b"ml ai;\\nfax -;\\n")
    {'ml': 'ai', 'fax': '-'}
    """
    return dict(_MOVED_LINE.findall(data.decode("ascii", "replace")))


def find_moved(place: Place, moved: Mapping[str, str]) -> Elsewhere | Refusal | None:
    """Where the address of a renamed topic leads, GONE for a topic that is gone, None for any other."""
    if len(place.names) < 2 or place.names[0] not in ("feeds", "topics"):
        return None
    slug, rest = place.names[1], place.names[2:]
    if (latest := moved.get(slug)) is None:
        return None
    if latest == GONE:
        return Refusal.GONE
    up = "../" * len(rest) or "./"
    return Elsewhere(up + "/".join(quote(name, safe="") for name in (latest, *rest)))


def into_folder(place: Place) -> Elsewhere:
    """The same place with a trailing slash, for a folder that was asked for without one."""
    return Elsewhere(f"./{quote(place.names[-1], safe='')}/")


def way_home(path: str) -> str:
    """The relative reference from any address to the front page.

    >>> way_home("/feeds/ai/rss.xml"), way_home("/"), way_home("/x")
    ('../../', './', './')
    """
    return "../" * (path.count("/") - 1) or "./"
