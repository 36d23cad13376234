"""How the watching of a source does, in values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How changes are noticed at the moment."""

    WATCHING = "watching"
    PARTLY = "watching, but some folders are only polled"
    POLLING = "polling only"
    ABSENT = "waiting for the folder to appear"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderHealth:
    """How the watching of one source does. `unwatched` folders were scanned but have no watch.

    `overflows` of the event queue, `rebuilds` of the observer and `fallbacks` to polling only ever grow.
    `why` and `fix` are empty while all is well.
    """

    source: str
    mode: Mode
    why: str = ""
    fix: str = ""
    unwatched: int = 0
    overflows: int = 0
    rebuilds: int = 0
    fallbacks: int = 0
