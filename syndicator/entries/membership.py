"""Where the changed entries stand in the feeds of their topics, and what must be rendered anew. Pure.

Behaviour 14, 16 and 17: of a link's copies each feed shows one; the order of first appearance is fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count

from syndicator.models import ALL, Entry, Visibility
from syndicator.store.types import FEED, Membership

Numbers = Callable[[str], Iterator[int]]
"""The numbers that are free in a topic's feed, lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanges:
    """The memberships that changed, and the pages (topic, page) to render anew."""

    memberships: tuple[Membership, ...]
    dirty: frozenset[tuple[str, int]]


def update_memberships(
    entries: Iterable[Entry],
    before: Iterable[Membership],
    *,
    next_number: Callable[[str], int],
    page_size: int,
    now: datetime,
) -> MembershipChanges:
    """Places `entries` anew: changed ones, and all copies of their old and new links. `before` are their
    memberships in the store; `next_number` gives the number of the next entry to appear in a topic's feed. An
    entry that leaves a feed, for whatever reason, left it `now`."""
    old = {(membership.topic, membership.guid): membership for membership in before}
    changed = tuple(_memberships(list(entries), old, cache(lambda topic: count(next_number(topic))), now))
    dirty: set[tuple[str, int]] = set()
    for after in changed:
        was = old.get((after.topic, after.guid))
        if after.number is not None and (was is None or was.number is None):
            dirty |= _neighbours(after.topic, after.number, page_size)
        if after.shown or (was is not None and was.shown):
            dirty |= {(after.topic, FEED), (after.topic, (after.number or 0) // page_size)}
    return MembershipChanges(memberships=changed, dirty=frozenset(dirty))


def _memberships(
    every: Sequence[Entry], old: Mapping[tuple[str, str], Membership], numbers: Numbers, now: datetime
) -> Iterator[Membership]:
    former: dict[str, set[str]] = {}
    for topic, guid in old:
        former.setdefault(guid, set()).add(topic)
    shown = _shown(every, old)
    for entry in sorted(every, key=lambda one: (one.article.published, one.guid)):
        own, there = {ALL, *entry.topics}, entry.visibility is not Visibility.WITHDRAWN
        for topic in sorted(own | former.get(entry.guid, set())):
            was, stands = old.get((topic, entry.guid)), (topic, entry.guid) in shown
            number, removed = (was.number, now if was.shown else was.removed) if was else (None, None)
            yield Membership(
                topic=topic,
                guid=entry.guid,
                member=there and topic in own,
                shown=stands,
                number=next(numbers(topic)) if stands and number is None else number,
                published=entry.article.published,
                quality=entry.article.quality,
                removed=None if stands else removed,
            )


def _shown(every: Iterable[Entry], old: Mapping[tuple[str, str], Membership]) -> set[tuple[str, str]]:
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in every:
        if entry.visibility is Visibility.PUBLIC:
            for topic in (ALL, *entry.topics):
                groups.setdefault((topic, entry.article.canonical_link), []).append(entry)
    shown: set[tuple[str, str]] = set()
    for (topic, _), copies in groups.items():
        there = (e.guid for e in copies if (at := old.get((topic, e.guid))) is not None and at.shown)
        shown.add((topic, choose_copy(copies, min(there, default=None)).guid))
    return shown


def choose_copy(copies: Sequence[Entry], shown: str | None) -> Entry:
    """The one of a story's public copies (same canonical link) that stands in the feed.

    The one shown stays; else the best by quality, then the earliest published, then the first guid. Raises
    ValueError when there is none.
    """

    def rank(copy: Entry) -> tuple[bool, bool, float, datetime, str]:
        quality = copy.article.quality
        return copy.guid != shown, quality is None, -(quality or 0.0), copy.article.published, copy.guid

    return min(copies, key=rank)


def _neighbours(topic: str, number: int, page_size: int) -> set[tuple[str, int]]:
    """The page before that of a new number, where that fills its page, which the one before now links to; and
    the first page, which stands only when there is more than one."""
    fills = (number + 1) % page_size == 0 and number >= page_size
    return {(topic, number // page_size - 1)} if fills or number == page_size else set()
