"""Where an address leads: to a place in the output folder, to another address, or nowhere (pure).

Nothing outside the output folder can be named here; that no link inside it leads out is folder.py's part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote

LONGEST_PATH = 1024
_TOPIC_FOLDERS = ("feeds", "topics")
# Being written, compressed for a front server, or an editor's leavings: never answers of their own.
# Nor is the state, where somebody keeps it in the output folder.
_HIDDEN_FILE = re.compile(
    r".*(?:~|\.(?:tmp|part|gz|br|lock|seal|(?:db|sqlite3?)(?:-(?:wal|shm|journal))?))|moved\.map"
)


class Refusal(StrEnum):
    MALFORMED = "the address is malformed"
    HIDDEN = "nothing public has such a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`file` is relative to the output folder, with `/`; `steps` are the names that make up the address."""

    file: str
    steps: tuple[str, ...]
    is_folder: bool
    """The address ended in a slash, so that `file` is the folder's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Topics that had feeds: `renamed` from old to new slug, `gone` for good. A slug in use is in neither."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


NOTHING_MOVED = Moved()


class Gone(StrEnum):
    GONE = "the topic is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """`location` is relative to the address asked for, so that it holds under any host and sub-path."""

    location: str


@lru_cache(maxsize=4096)
def read_place(path: str) -> Place | Refusal:
    """The place that a decoded path names, or why it names none.

    Refuses control characters, backslashes, undecodable bytes and dot segments as malformed; hides dot files,
    files being written, the state's files and empty steps. A folder may end like a hidden file, as topics do.
    """
    if not path.startswith("/") or len(path) > LONGEST_PATH or not path.isprintable():
        return Refusal.MALFORMED
    steps = path[1:].split("/")
    is_folder = steps[-1] == ""
    if is_folder:
        steps.pop()
    for step in steps:
        if step in (".", "..") or "\\" in step or "\ufffd" in step:
            return Refusal.MALFORMED
        if not step or step[0] == ".":
            return Refusal.HIDDEN
    if not is_folder and _HIDDEN_FILE.fullmatch(steps[-1]):
        return Refusal.HIDDEN
    file = "/".join([*steps, "index.html"] if is_folder else steps)
    return Place(file=file, steps=tuple(steps), is_folder=is_folder)


def find_moved(place: Place, moved: Moved) -> Elsewhere | Gone | None:
    """Where the address of a renamed or gone topic leads; None where its topic has not moved.

    Follows a topic that was renamed again and again to its latest name in one step.
    """
    if len(place.steps) < 2 or place.steps[0] not in _TOPIC_FOLDERS:
        return None
    slug = place.steps[1]
    latest = latest_name(slug, moved)
    if latest in moved.gone:
        return Gone.GONE
    if latest == slug:
        return None
    return Elsewhere(location=_replace_topic(place, latest))


def latest_name(slug: str, moved: Moved) -> str:
    """What a topic is called now that was renamed again and again; itself where names go in a circle."""
    latest, passed = slug, {slug}
    while (after := moved.renamed.get(latest)) is not None:
        if after in passed:
            return slug
        latest = after
        passed.add(after)
    return latest


def _replace_topic(place: Place, slug: str) -> str:
    """The relative reference from a place below the old topic to the same place below the new one."""
    rest = [*place.steps[2:], ""] if place.is_folder else list(place.steps[2:])
    if not rest:
        return f"./{quote(slug, safe='')}"
    return "../" * len(rest) + "/".join(quote(step, safe="") for step in (slug, *rest))


def into_folder(place: Place) -> Elsewhere:
    """The same place with a trailing slash, for a folder that was asked for without one."""
    return Elsewhere(location=f"./{quote(place.steps[-1], safe='')}/")


def way_home(path: str) -> str:
    """The relative reference from any address to the front page.

    >>> way_home("/feeds/ai/rss.xml"), way_home("/"), way_home("/x")
    ('../../', './', './')
    """
    return "../" * (path.count("/") - 1) or "./"
