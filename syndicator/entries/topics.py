"""The topics as they stand, those that topic files declare and those that articles name, and which entries
stand in their feeds.

Read from the store and followed in memory by the one thread that takes articles in; where a transaction
fails, it is read anew. How often each name is carried is counted, since a topic that no file declares is
shown as most articles spell it, and ends when none carries it any more.

Behaviour 14, 16 and 17: of a link's copies each feed shows one; the order of first appearance is fixed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import count

from syndicator.models import ALL, Change, DeclaredTopic, Entry, Problem, Topic, TopicStatus, Visibility
from syndicator.notify.rules import names_with_ancestors
from syndicator.publish.topics import TopicIndex, TopicIndexResult, build_index
from syndicator.store.session import Session
from syndicator.store.types import FEED, PAGE, Membership
from syndicator.text import fold

TOPICS_APPLIED = "topics applied"
"""The metadata with the rules by which all entries were put into topics; empty when that is to be done, and
the guid of the last one that was while it goes on."""


class TopicCatalog:
    """The index of topics, following the folder. One thread uses it."""

    def __init__(
        self, session: Session, declared: Sequence[DeclaredTopic], *, roll_up: bool, page_size: int
    ) -> None:
        self._declared = tuple(declared)
        self._roll_up = roll_up
        self._page_size = page_size
        self.stored: Mapping[str, Topic] = {one.slug: one for one in session.topics()}
        """All topics that there ever were, by slug."""
        self._names = Counter(session.topic_names())
        self._variants: set[str] = set()
        """The keys of names that articles spell in more than one way, and no file declares."""
        self._follow(self._built())
        self._is_stored = False
        """Whether what the index says is in the store, too."""

    def _built(self) -> TopicIndexResult:
        known = [topic for topic in self.stored.values() if topic.status is not TopicStatus.MOVED]
        retired = [topic for topic in self.stored.values() if topic.status is TopicStatus.MOVED]
        return build_index(self._declared, self._names, known, retired=retired)

    def _follow(self, built: TopicIndexResult) -> None:
        self.index: TopicIndex = built.index
        self.problems: tuple[Problem, ...] = built.problems
        self._declared_slugs = {built.index.find(topic.name) for topic in self._declared}
        keys = Counter(map(fold, self._names))
        several = {key for key, spellings in keys.items() if spellings > 1}
        self._variants = {key for key in several if built.index.find(key) not in self._declared_slugs}
        self._names_with_ancestors: Mapping[str, frozenset[str]] | None = None

    @property
    def names_with_ancestors(self) -> Mapping[str, frozenset[str]]:
        """By slug: all names that a route's patterns may match a topic by, its own and its ancestors'."""
        if self._names_with_ancestors is None:
            self._names_with_ancestors = names_with_ancestors(self.stored.values())
        return self._names_with_ancestors

    def slugs(self, names: Sequence[str]) -> tuple[str, ...]:
        """The slugs of the topics of these names, parents too where settings roll up."""
        return self.index.slugs_of(names, roll_up=self._roll_up)

    def add_names(self, session: Session, names: Iterable[str]) -> None:
        """Counts names that articles carry now, and gives every new one its topic."""
        found = Counter(names)
        new = any(self.index.find(name) is None for name in found)
        self._variants |= {fold(name) for name in found if name not in self._names}
        self._names.update(found)
        session.count_topic_names(found)
        if new or self._is_respelt(found):
            self._build(session)

    def remove_names(self, session: Session, names: Iterable[str]) -> None:
        """Takes back names that articles carried before; a topic that none carries any more ends."""
        left = Counter(names)
        self._names.subtract(left)
        session.count_topic_names({name: -count for name, count in left.items()})
        ended = [name for name in left if self._names[name] <= 0]
        for name in ended:
            del self._names[name]
        if ended or self._is_respelt(left):
            self._build(session)

    def _is_respelt(self, names: Iterable[str]) -> bool:
        """Whether most articles may now spell a topic of these names, which no file declares, otherwise."""
        return any(fold(name) in self._variants for name in names)

    def declare(self, session: Session, declared: Sequence[DeclaredTopic]) -> bool:
        """Takes over what the topic files say now. True when entries must be put into topics anew."""
        if self._is_stored and tuple(declared) == self._declared:
            return False
        before = dict(self.stored)
        self._declared = tuple(declared)
        self._build(session)
        return any(replace(self.stored[slug], status=was.status) != was for slug, was in before.items())

    def place(self, session: Session, changes: Iterable[Change], now: datetime) -> None:
        """Puts the entries that changed, and the copies of their links, into their topics' feeds anew.

        What shows them is dirty then, and what shows others of their stories, since each names the others.
        """
        both = [entry for change in changes for entry in (change.before, change.entry) if entry]
        changed = {entry.guid: entry for entry in both}
        copies = session.guids_with(sorted({entry.article.canonical_link for entry in both}))
        concerned = changed | session.entries(copies - changed.keys())
        feeds = session.feeds
        placed, dirty = update_memberships(
            concerned.values(),
            feeds.memberships(sorted(concerned)),
            next_number=feeds.next_number,
            page_size=self._page_size,
            now=now,
        )
        feeds.put_memberships(placed)
        beside = session.guids_in({one.story for one in changed.values()}) - changed.keys()
        shown = (one for one in feeds.memberships(sorted(beside)) if one.shown)
        dirty = dirty.union(*(_pages(one, self._page_size) for one in shown))
        feeds.mark_dirty(dirty | self._showing(topic for topic, page in dirty if page == FEED))
        self.update_statuses(session, {membership.topic for membership in placed})

    def update_statuses(self, session: Session, slugs: Iterable[str]) -> None:
        """Brings topics to life that have something to show, and ends those that nothing names any more."""
        changed: list[Topic] = []
        for slug in sorted(set(slugs) - {ALL}):
            stored = self.stored.get(slug)
            if stored is not None and stored.status is not TopicStatus.MOVED:
                status = self._status(session, slug, stored.status)
                if status is not stored.status:
                    changed.append(replace(stored, status=status))
        self._put(session, changed)

    def _status(self, session: Session, slug: str, was: TopicStatus) -> TopicStatus:
        if slug in self._declared_slugs:
            return TopicStatus.LIVE
        if slug in self.index.topics and (was is TopicStatus.LIVE or session.feeds.has_appeared(slug)):
            return TopicStatus.LIVE
        return TopicStatus.WAITING if was is TopicStatus.WAITING else TopicStatus.GONE

    def _build(self, session: Session) -> None:
        built = self._built()
        self._follow(built)
        self._is_stored = True
        topics = built.index.topics.items()
        known = [(topic, self.stored[slug]) for slug, topic in topics if slug in self.stored]
        # Their feeds and entries say something else now, in the same places.
        reworded = [now.slug for now, was in known if _words(now) != _words(was)]
        if any(now.parent != was.parent for now, was in known):
            session.put_metadata(TOPICS_APPLIED, "")
        changed = [replace(topic, status=self._first_status(slug)) for slug, topic in topics]
        changed += [
            replace(self.stored[old], status=TopicStatus.MOVED, moved_to=new)
            for old, new in built.renamed.items()
            if old in self.stored and old not in built.index.topics
        ]
        self._put(session, [topic for topic in changed if self.stored.get(topic.slug) != topic])
        self.update_statuses(session, self.stored)
        if reworded:
            # The name stands as a category in other topics' feeds too.
            self._mark_all(session, FEED, PAGE)
        for slug in reworded:
            session.feeds.mark_dirty(session.feeds.pages_naming(slug, page_size=self._page_size))

    def _mark_all(self, session: Session, *pages: int) -> None:
        session.feeds.mark_dirty((slug, page) for slug in (ALL, *self._live()) for page in pages)

    def _showing(self, slugs: Iterable[str]) -> set[tuple[str, int]]:
        """The pages that show these topics: their own, their parents', and the front page."""
        some = {*slugs}
        parents = {topic.parent for slug in some if (topic := self.index.topics.get(slug)) and topic.parent}
        return {(slug, PAGE) for slug in (some | parents | {ALL} if some else some)}

    def _first_status(self, slug: str) -> TopicStatus:
        was = self.stored.get(slug)
        return was.status if was is not None and was.status is not TopicStatus.MOVED else TopicStatus.WAITING

    def _live(self) -> set[str]:
        """The slugs of the topics that have feeds."""
        return {slug for slug, stored in self.stored.items() if stored.status is TopicStatus.LIVE}

    def _put(self, session: Session, changed: Sequence[Topic]) -> None:
        if not changed:
            return
        session.put_topics(changed)
        former = [self.stored[one.slug] for one in changed if one.slug in self.stored]
        slugs = {one.slug for one in changed if one.status is not TopicStatus.WAITING}
        parents = {one.parent for one in (*changed, *former) if one.parent}
        before = self._live()
        self._names_with_ancestors = None
        self.stored = {**self.stored, **{topic.slug: topic for topic in changed}}
        live = self._live()
        dirty = {(slug, FEED) for slug in slugs} | self._showing(slugs | parents)
        for slug in live - before:  # it comes with its whole archive, which went where it had ended
            dirty |= {(slug, page) for page in range(-(-session.feeds.next_number(slug) // self._page_size))}
        session.feeds.mark_dirty(dirty)
        self._mark_links(session, before, live)

    def _mark_links(self, session: Session, before: Set[str], live: Set[str]) -> None:
        """Marks the pages that link to topics wherever one is named, and to those that have pages alone."""
        if before - live:
            self._mark_all(session, PAGE)
        elif came := live - before:
            below = {child for slug in came for child in self.index.children(slug)}
            shown = {ALL, *came, *below, *session.feeds.beside(came)}
            session.feeds.mark_dirty((slug, PAGE) for slug in shown)


def _words(topic: Topic) -> tuple[str, str, str | None]:
    return topic.name, topic.description, topic.language


Numbers = Callable[[str], Iterator[int]]
"""The numbers that are free in a topic's feed, lowest first."""


def update_memberships(
    entries: Iterable[Entry],
    before: Iterable[Membership],
    *,
    next_number: Callable[[str], int],
    page_size: int,
    now: datetime,
) -> tuple[Sequence[Membership], set[tuple[str, int]]]:
    """The memberships that change, and the pages (topic, page) to render anew.

    Places `entries` anew: changed ones, and all copies of their old and new links. `before` are their
    memberships in the store; `next_number` gives the number of the next entry to appear in a topic's feed. An
    entry that leaves a feed, for whatever reason, left it `now`."""
    old = {(membership.topic, membership.guid): membership for membership in before}
    changed = [*_memberships(list(entries), old, cache(lambda topic: count(next_number(topic))), now)]
    dirty: set[tuple[str, int]] = set()
    for after in changed:
        was = old.get((after.topic, after.guid))
        if after.number is not None and (was is None or was.number is None):
            dirty |= _neighbours(after.topic, after.number, page_size)
        if after.shown or (was is not None and was.shown):
            dirty |= _pages(after, page_size)
    return changed, dirty


def _pages(one: Membership, page_size: int) -> set[tuple[str, int]]:
    """The topic's feeds, and the archive page that has the entry."""
    return {(one.topic, FEED), (one.topic, (one.number or 0) // page_size)}


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
            # What has left keeps that of its last day: it tells which levels' feeds it had stood in.
            quality = was.quality if was and removed and not stands else entry.article.quality
            yield Membership(
                topic=topic,
                guid=entry.guid,
                member=there and topic in own,
                shown=stands,
                number=next(numbers(topic)) if stands and number is None else number,
                published=entry.article.published,
                quality=quality,
                removed=None if stands else removed,
                provider=entry.article.provider.name if entry.article.provider else None,
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
