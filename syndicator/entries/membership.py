"""Where the changed entries stand in the feeds of their topics, and what must be rendered anew. Pure.

Behaviour 14, 16 and 17: of a link's copies each feed shows one; the order of first appearance is fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicator.models import ALL, Entry, Visibility
from syndicator.store.types import FEED, Membership

_NOWHERE = Membership(topic="", guid="", member=False, shown=False, number=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanges:
    """The memberships that changed, with their entries, and the pages (topic, page) to render anew."""

    memberships: tuple[tuple[Membership, Entry], ...]
    dirty: frozenset[tuple[str, int]]


def update_memberships(
    entries: Iterable[Entry],
    before: Iterable[Membership],
    *,
    next_number: Callable[[str], int],
    page_size: int,
    now: datetime,
) -> MembershipChanges:
    """Stands `entries` anew: changed ones, and all copies of their old and new links.

    `before` are the memberships that these entries have in the store; `next_number` says with what number the
    next entry appears in a topic's feed. An entry that leaves a feed, for whatever reason, left it `now`.
    """
    every = list(entries)
    old = {(membership.topic, membership.guid): membership for membership in before}
    former: dict[str, set[str]] = {}
    for topic, guid in old:
        former.setdefault(guid, set()).add(topic)
    shown = _shown(every, old)
    numbers: dict[str, int] = {}
    changed: list[tuple[Membership, Entry]] = []
    dirty: set[tuple[str, int]] = set()
    for entry in sorted(every, key=lambda one: (one.article.published, one.guid)):
        for topic in sorted({ALL, *entry.topics} | former.get(entry.guid, set())):
            was = old.get((topic, entry.guid), _NOWHERE)
            stands = (topic, entry.guid) in shown
            number = was.number
            if stands and number is None:
                number = numbers[topic] if topic in numbers else next_number(topic)
                numbers[topic] = number + 1
                dirty |= _neighbours(topic, number, page_size)
            after = Membership(
                topic=topic,
                guid=entry.guid,
                member=_is_member(entry, topic),
                shown=stands,
                number=number,
                removed=_removed(was, stands, now),
            )
            changed.append((after, entry))
            if was.shown or stands:
                dirty |= {(topic, FEED), (topic, (number or 0) // page_size)}
    return MembershipChanges(memberships=tuple(changed), dirty=frozenset(dirty))


def _removed(was: Membership, shown: bool, now: datetime) -> datetime | None:
    """When the entry left the feed: `now` if it does now; None while it stands there or never did."""
    if shown:
        return None
    return now if was.shown else was.removed


def _is_member(entry: Entry, topic: str) -> bool:
    return entry.visibility is not Visibility.WITHDRAWN and (topic == ALL or topic in entry.topics)


def _shown(every: Iterable[Entry], old: Mapping[tuple[str, str], Membership]) -> set[tuple[str, str]]:
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in every:
        if entry.visibility is Visibility.PUBLIC:
            for topic in (ALL, *entry.topics):
                groups.setdefault((topic, entry.article.canonical_link), []).append(entry)
    shown: set[tuple[str, str]] = set()
    for (topic, _), copies in groups.items():
        there = (e.guid for e in copies if (at := old.get((topic, e.guid))) is not None and at.shown)
        chosen = copies[0] if len(copies) == 1 else choose_copy(copies, min(there, default=None))
        shown.add((topic, chosen.guid))
    return shown


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


def _neighbours(topic: str, number: int, page_size: int) -> set[tuple[str, int]]:
    """The page before that of a new number, where that fills its page, which the one before now links to; and
    the first page, which stands only when there is more than one."""
    fills = (number + 1) % page_size == 0 and number >= page_size
    return {(topic, number // page_size - 1)} if fills or number == page_size else set()
