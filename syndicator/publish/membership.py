"""In which order entries stand in a feed, and which of a story's copies does (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from syndicator.models import Entry

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """The entries by published time, newest first; equal times by guid, so that the order is always one."""
    return sorted(entries, key=lambda entry: (_EPOCH - entry.article.published, entry.guid))


def choose_copy(copies: Sequence[Entry], shown: str | None) -> Entry:
    """The one of a story's public copies (same canonical link) that stands in the feed.

    The one shown stays; else the best by quality, then the earliest published, then the first guid. Raises
    ValueError when there is none.
    """
    for copy in copies:
        if copy.guid == shown:
            return copy
    return min(copies, key=_rank)


def _rank(entry: Entry) -> tuple[bool, float, datetime, str]:
    quality = entry.article.quality
    return quality is None, -(quality or 0.0), entry.article.published, entry.guid
