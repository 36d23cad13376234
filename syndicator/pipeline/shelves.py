"""The topics as they stand: those that topic files declare and those that articles name, with their fates.

Kept in memory by the one thread that takes articles in, and in the store for everyone else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from syndicator.model import ALL, DeclaredTopic, Problem, Topic
from syndicator.publish.topics import Catalogue, build_catalogue, topic_key
from syndicator.store.contract import FEED, Books, Fate, StoredTopic


class Shelves:
    """The catalogue of topics, growing as articles name new ones. One thread uses it."""

    def __init__(self, books: Books, declared: Sequence[DeclaredTopic], *, roll_up: bool) -> None:
        self._declared = tuple(declared)
        self._roll_up = roll_up
        self.problems: list[Problem] = []
        self._stored = {stored.topic.slug: stored for stored in books.topics()}
        self.catalogue = Catalogue()
        self._build(books, ())

    def slugs(self, names: Sequence[str]) -> tuple[str, ...]:
        """The slugs of the topics of these names, parents too where settings roll up."""
        return self.catalogue.slugs_of(names, roll_up=self._roll_up)

    def learn(self, books: Books, names: Iterable[str]) -> None:
        """Gives every name that is not known yet its topic."""
        unknown = {topic_key(name): name for name in sorted(set(names)) if self.catalogue.find(name) is None}
        if unknown:
            self._build(books, sorted(unknown.values()))

    def declare(self, books: Books, declared: Sequence[DeclaredTopic]) -> bool:
        """Takes over what the topic files say now. True when entries must be shelved anew."""
        if tuple(declared) == self._declared:
            return False
        before = self.catalogue
        self._declared = tuple(declared)
        self._build(books, ())
        return self.catalogue != before

    def settle_fates(self, books: Books, slugs: Iterable[str]) -> None:
        """Brings topics to life that have something to show, and ends those that nothing names any more."""
        declared = self._declared_slugs()
        changed: list[StoredTopic] = []
        for slug in sorted(set(slugs) - {ALL}):
            stored = self._stored.get(slug)
            if stored is None or stored.fate is Fate.MOVED:
                continue
            if slug in declared or books.has_appeared(slug):
                fate = Fate.LIVE
            else:
                fate = Fate.WAITING if stored.fate is Fate.WAITING else Fate.GONE
            if fate is not stored.fate:
                changed.append(replace(stored, fate=fate))
        self._put(books, changed)

    def live(self) -> list[Topic]:
        """The topics that have feeds, by slug."""
        return [s.topic for _, s in sorted(self._stored.items()) if s.fate is Fate.LIVE]

    def ended(self) -> list[str]:
        """The slugs whose feeds must not be there: moved or gone."""
        return sorted(slug for slug, s in self._stored.items() if s.fate in (Fate.MOVED, Fate.GONE))

    def _declared_slugs(self) -> set[str]:
        found = (self.catalogue.find(topic.name) for topic in self._declared)
        return {slug for slug in found if slug is not None}

    def _build(self, books: Books, names: Sequence[str]) -> None:
        known = [s.topic for s in self._stored.values() if s.fate in (Fate.LIVE, Fate.WAITING)]
        built = build_catalogue(self._declared, names, known)
        self.catalogue, self.problems = built.catalogue, list(built.problems)
        declared = self._declared_slugs()
        changed: list[StoredTopic] = []
        for slug, topic in built.catalogue.topics.items():
            was = self._stored.get(slug)
            fate = Fate.LIVE if slug in declared else Fate.WAITING
            if was is not None and was.fate in (Fate.LIVE, Fate.WAITING) and slug not in declared:
                fate = was.fate
            if was is None or was.topic != topic or was.fate is not fate:
                changed.append(StoredTopic(topic=topic, fate=fate))
        for old, new in built.renamed.items():
            if old in self._stored and old not in built.catalogue.topics:
                changed.append(replace(self._stored[old], fate=Fate.MOVED, moved_to=new))
        self._put(books, changed)
        self._end_undeclared(books, declared)

    def _end_undeclared(self, books: Books, declared: set[str]) -> None:
        """A topic that only its file kept alive ends with the file."""
        idle = [
            slug
            for slug, stored in self._stored.items()
            if stored.fate is Fate.LIVE and slug not in declared and not books.has_appeared(slug)
        ]
        self._put(books, [replace(self._stored[slug], fate=Fate.GONE) for slug in idle])

    def _put(self, books: Books, changed: Sequence[StoredTopic]) -> None:
        books.put_topics(changed)
        books.mark_dirty((stored.topic.slug, FEED) for stored in changed if stored.fate is not Fate.WAITING)
        self._stored |= {stored.topic.slug: stored for stored in changed}
