"""Which of a story's copies stands in a feed (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syndicator.models import Entry


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
