"""What is written at once, and in which order (pure): feeds, then pages, then archives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from syndicator.models import ALL, Topic, TopicStatus
from syndicator.publish.addresses import digest_folder, has_ended
from syndicator.store.types import FEED, PAGE

Work = tuple[str, int]
"""What is written at once: a topic's feeds (FEED), its page (PAGE), or a page of its archive by its number.
The page of a digest has the digest's folder for a topic; no slug has a slash."""

DIGESTS = digest_folder("")


def order(
    topics: Mapping[str, Topic], heads: Mapping[str, datetime]
) -> Callable[[Work], tuple[int, bool, bool, float, str, int]]:
    """Pages of digests first, whose messages go out now; then feeds: that of everything, topics that others
    redirect to before those, those with the newest entries (`heads`) before others, and last what has ended
    and is removed; then pages, the front page last; then archives."""
    targets = {stored.moved_to for stored in topics.values() if stored.status is TopicStatus.MOVED}
    ended = {slug for slug, stored in topics.items() if has_ended(stored)}

    def place(work: Work) -> tuple[int, bool, bool, float, str, int]:
        slug, page = work
        if slug.startswith(DIGESTS):
            return 0, False, False, 0.0, slug, page
        if page == FEED:
            age = -heads[slug].timestamp() if slug in heads else 0.0
            return 1 if slug == ALL else 2, slug in ended, slug not in targets, age, slug, page
        return 4 if is_late(work) else 3, page == PAGE and slug == ALL, False, 0.0, slug, page

    return place


def is_late(work: Work) -> bool:
    """Whether it is for when all feeds and pages are in place."""
    return work[1] not in (FEED, PAGE)


def is_page(work: Work) -> bool:
    """Whether it is the front page or a topic's."""
    return work[1] == PAGE and not work[0].startswith(DIGESTS)


def work_of(path: str) -> Work:
    """What writes a file; what is of no topic comes with the front page.

    >>> [work_of(path) for path in ("feeds/archive/rss.xml", "feeds/ai/archive/3/atom.xml", "icon.svg")]
    [('archive', -1), ('ai', 3), ('all', -2)]
    """
    match path.split("/"):
        case ["feeds", slug, "archive", number, _]:
            return slug, int(number)
        case ["feeds", slug, *_]:
            return slug, FEED
        case ["topics", slug, *_]:
            return slug, PAGE
        case ["digests", id, *_]:
            return digest_folder(id), PAGE
        case _:
            return ALL, PAGE
