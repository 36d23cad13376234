"""The topics as they stand: those that topic files declare and those that articles name, with their fates.

Kept in memory by the one thread that takes articles in, and in the store for everyone else. How often each
name is carried is counted, since a topic that no file declares is shown as most articles spell it, and ends
when none carries it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from syndicator.model import ALL, DeclaredTopic, Problem, Topic
from syndicator.publish.topics import Catalogue, build_catalogue, commonest, topic_key
from syndicator.store.contract import FEED, Books, Fate, StoredTopic


class Shelves:
    """The catalogue of topics, following the folder. One thread uses it."""

    def __init__(
        self, books: Books, declared: Sequence[DeclaredTopic], *, roll_up: bool, page_size: int
    ) -> None:
        self._declared = tuple(declared)
        self._roll_up = roll_up
        self._page_size = page_size
        self._stored = {stored.topic.slug: stored for stored in books.topics()}
        self._names = Counter(books.topic_names())
        self._variants: set[str] = set()
        """The keys of names that articles spell in more than one way."""
        self.problems: tuple[Problem, ...] = ()
        self.catalogue = Catalogue(topics={})
        before = dict(self._stored)
        self._build(books)
        self.changed = any(
            (now.topic, now.moved_to) != (was.topic, was.moved_to)
            for was, now in ((was, self._stored[slug]) for slug, was in before.items())
        )
        """Whether the topic files say otherwise than when the store was last open: shelve all anew."""

    @contextmanager
    def following(self) -> Iterator[None]:
        """Around a transaction: where it fails, what was learnt in it is forgotten here too."""
        kept = (
            self._declared,
            dict(self._stored),
            Counter(self._names),
            set(self._variants),
            self.problems,
            self.catalogue,
        )
        try:
            yield
        except BaseException:
            self._declared, self._stored, self._names, self._variants, self.problems, self.catalogue = kept
            raise

    def slugs(self, names: Sequence[str]) -> tuple[str, ...]:
        """The slugs of the topics of these names, parents too where settings roll up."""
        return self.catalogue.slugs_of(names, roll_up=self._roll_up)

    def learn(self, books: Books, names: Iterable[str]) -> None:
        """Counts names that articles carry now, and gives every new one its topic."""
        found = Counter(names)
        new = any(self.catalogue.find(name) is None for name in found)
        self._variants |= {topic_key(name) for name in found if name not in self._names}
        self._names += found
        if new or self._is_respelt(found):
            self._build(books)

    def unlearn(self, books: Books, names: Iterable[str]) -> None:
        """Takes back names that articles carried before; a topic that none carries any more ends."""
        left = Counter(names)
        if not left:
            return
        before = set(self._names)
        self._names -= left
        if set(self._names) != before or self._is_respelt(left):
            self._build(books)

    def _is_respelt(self, names: Iterable[str]) -> bool:
        """Whether most articles now spell a topic of these names, which no file declares, otherwise."""
        keys = {topic_key(name) for name in names} & self._variants
        spellings: dict[str, Counter[str]] = {key: Counter() for key in keys}
        for name, count in self._names.items() if keys else ():
            if (key := topic_key(name)) in keys:
                spellings[key][" ".join(name.split())] += count
        declared = self._declared_slugs() if keys else set()
        return any(
            (slug := self.catalogue.find(key)) is not None
            and slug not in declared
            and counts
            and commonest(counts) != self.catalogue.topics[slug].name
            for key, counts in spellings.items()
        )

    def declare(self, books: Books, declared: Sequence[DeclaredTopic]) -> bool:
        """Takes over what the topic files say now. True when entries must be shelved anew."""
        if tuple(declared) == self._declared:
            return False
        before = self.catalogue
        self._declared = tuple(declared)
        self._build(books)
        return self.catalogue != before

    def settle_fates(self, books: Books, slugs: Iterable[str]) -> None:
        """Brings topics to life that have something to show, and ends those that nothing names any more."""
        changed: list[StoredTopic] = []
        declared = self._declared_slugs()
        for slug in sorted(set(slugs) - {ALL}):
            stored = self._stored.get(slug)
            if stored is not None and stored.fate is not Fate.MOVED:
                fate = self._fate(books, slug, stored.fate, declared)
                if fate is not stored.fate:
                    changed.append(replace(stored, fate=fate))
        self._put(books, changed)

    def _fate(self, books: Books, slug: str, was: Fate, declared: Collection[str]) -> Fate:
        if slug in declared:
            return Fate.LIVE
        if slug in self.catalogue.topics and (was is Fate.LIVE or books.has_appeared(slug)):
            return Fate.LIVE
        return Fate.WAITING if was is Fate.WAITING else Fate.GONE

    def _declared_slugs(self) -> set[str]:
        found = (self.catalogue.find(topic.name) for topic in self._declared)
        return {slug for slug in found if slug is not None}

    def _build(self, books: Books) -> None:
        known = [stored.topic for stored in self._stored.values() if stored.fate is not Fate.MOVED]
        retired = [slug for slug, stored in self._stored.items() if stored.fate is Fate.MOVED]
        built = build_catalogue(self._declared, self._names.elements(), known, retired=retired)
        reworded = self._reworded(built.catalogue)
        keys = Counter(map(topic_key, self._names))
        self._variants = {key for key, spellings in keys.items() if spellings > 1}
        self.catalogue, self.problems = built.catalogue, built.problems
        changed = [
            StoredTopic(topic=topic, fate=self._first_fate(slug))
            for slug, topic in built.catalogue.topics.items()
        ]
        changed += [
            replace(self._stored[old], fate=Fate.MOVED, moved_to=new)
            for old, new in built.renamed.items()
            if old in self._stored and old not in built.catalogue.topics
        ]
        self._put(books, [stored for stored in changed if self._stored.get(stored.topic.slug) != stored])
        self.settle_fates(books, self._stored)
        if reworded:
            # The name stands as a category in other topics' feeds too.
            self._mark_all(books)
        for slug in reworded:
            books.mark_dirty(books.pages_naming(slug, page_size=self._page_size))

    def _mark_all(self, books: Books) -> None:
        books.mark_dirty((slug, FEED) for slug in (ALL, *(topic.slug for topic in self.live())))

    def _reworded(self, catalogue: Catalogue) -> list[str]:
        """The topics whose feeds and entries say something else now, in the same places."""
        before = {slug: stored.topic for slug, stored in self._stored.items()}
        return [
            slug
            for slug, topic in catalogue.topics.items()
            if slug in before and _words(before[slug]) != _words(topic)
        ]

    def _first_fate(self, slug: str) -> Fate:
        was = self._stored.get(slug)
        return was.fate if was is not None and was.fate is not Fate.MOVED else Fate.WAITING

    def live(self) -> list[Topic]:
        """The topics that have feeds, by slug."""
        return [stored.topic for _, stored in sorted(self._stored.items()) if stored.fate is Fate.LIVE]

    def _put(self, books: Books, changed: Sequence[StoredTopic]) -> None:
        if changed:
            books.put_topics(changed)
            books.mark_dirty((s.topic.slug, FEED) for s in changed if s.fate is not Fate.WAITING)
            # The pages of parents, former ones too, show the topic.
            former = [self._stored[s.topic.slug] for s in changed if s.topic.slug in self._stored]
            books.mark_dirty((s.topic.parent, FEED) for s in (*changed, *former) if s.topic.parent)
            before = {topic.slug for topic in self.live()}
            self._stored |= {stored.topic.slug: stored for stored in changed}
            if {topic.slug for topic in self.live()} != before:
                # Pages link to the topics that have pages, wherever one is named.
                self._mark_all(books)


def _words(topic: Topic) -> tuple[str, str, str | None]:
    return topic.name, topic.description, topic.language
