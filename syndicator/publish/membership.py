"""Which entries stand in which feed, in which order, and why not (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from syndicator.model import ALL, Entry, FeedReason, Visibility

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


def judge_membership(
    entry: Entry,
    *,
    slug: str,
    bar: float | None,
    shown: str | None,
    oldest_shown: Entry | None = None,
) -> FeedReason:
    """Whether the entry stands in a topic's feed, and if not, why; the first reason that applies wins.

    `bar` is the level's quality (None: everything); `shown` is the guid of the copy that stands for the
    entry's canonical link; `oldest_shown` is the last entry of a full feed (None: the feed has room).
    """
    if entry.visibility is not Visibility.PUBLIC:
        return FeedReason.NOT_PUBLIC
    if slug != ALL and slug not in entry.topics:
        return FeedReason.OTHER_TOPIC
    if not reaches(entry.article.quality, bar):
        return FeedReason.BELOW_LEVEL
    if shown is not None and shown != entry.guid:
        return FeedReason.OTHER_COPY
    if oldest_shown is not None and newest_first([entry, oldest_shown])[0] is oldest_shown:
        return FeedReason.IN if entry.guid == oldest_shown.guid else FeedReason.ARCHIVED
    return FeedReason.IN


def reaches(quality: float | None, bar: float | None) -> bool:
    """Whether a quality is at or over a level's bar; an unrated entry is in the feed of everything only."""
    return bar is None or (quality is not None and quality >= bar)
