"""Which names the quality levels may have: each is a folder beside a topic's feed files (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from syndicator.model import ALL
from syndicator.publish.addresses import FILE_NAMES, RESERVED_LEVELS

TAKEN = {*RESERVED_LEVELS, ALL, *FILE_NAMES.values()}


def level_fault(level: str, before: Iterable[str]) -> str | None:
    """What is wrong with a level's name, after those `before` it, and the cure; None where nothing is."""
    name = level.lower()
    if name in TAKEN:
        return "this name is taken by the output folder's own; choose another, like `top`"
    for other in before:
        if other.lower() == name:
            return f"differs from {other!r} in capitals alone; choose another name"
    return None
