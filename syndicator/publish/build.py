"""What changed in the store onto the disk: when which of its documents are written.

The store says which pages are dirty, from the transaction that made them so until their files are in place;
a crash in between costs nothing but doing it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from syndicator.errors import OutputUnwritable
from syndicator.models import ALL, Format
from syndicator.publish.addresses import digest_folder, feed_path
from syndicator.publish.archive import archive_pages
from syndicator.publish.documents import Documents
from syndicator.publish.files import replace_file
from syndicator.publish.moved_map import Moved, render_nginx_map
from syndicator.publish.topics import TopicIndex
from syndicator.store.database import Store
from syndicator.store.session import Session
from syndicator.store.types import FEED, StoredTopic, TopicStatus

Progress = Callable[[int, int], None]
"""Called with how many topics are done, of how many."""

DIGESTS = digest_folder("")
"""Begins what is dirty of a digest's page; no slug has a slash."""

PORTION = 50
"""Topics published at a time: between two portions new articles are looked at and messages go out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How many files one portion wrote, how many of them are feeds, and whether more is to be written."""

    written: int = 0
    feeds: int = 0
    more: bool = False
    failure: OutputUnwritable | None = None
    """Why something could not be written, once nothing else is left; it stays dirty."""


@dataclass(slots=True)
class Round:
    """The portions until nothing is left: which topics could not be written, and why."""

    failed: dict[str, OutputUnwritable] = field(default_factory=dict)
    over: bool = False

    def write(self, slug: str, writing: Iterable[str], written: list[str]) -> None:
        """Writes what it can of a topic. Raises OutputUnwritable where nothing else would succeed either."""
        try:
            written.extend(writing)
        except OutputUnwritable as error:
            self.failed.setdefault(slug, error)
            if error.everywhere:
                raise


@dataclass(slots=True, kw_only=True)
class Output:
    """Publishes into one folder. One thread uses it."""

    documents: Documents
    made_with: str
    """The fingerprint of all that decides how feeds are rendered."""
    moved_map: Path | None = None
    """Where the servers find which topics have moved or gone; beside the state, not in the output."""
    round: Round = field(default_factory=Round)

    def verify(self, session: Session, now: datetime) -> None:
        """Marks dirty what was never written, and everything where it was made with other settings or by
        another version. What others have changed since, `recover` finds."""
        self.documents.files.remember(session.written())
        self._owe_interrupted(session, now)
        anew = session.metadata("output") != self.made_with
        for stored in session.topics():
            slug = stored.topic.slug
            if stored.status is TopicStatus.LIVE:
                session.mark_dirty(self._owed(session, slug, anew))
            elif _has_ended(stored) and self.documents.has_folders(slug):
                session.mark_dirty([(slug, FEED)])
        # With everything come the front page and the file of moved topics, which is small and not remembered.
        session.mark_dirty([(ALL, FEED), *self._owed(session, ALL, anew)])
        if anew:
            session.mark_dirty((digest_folder(id), 0) for id in session.outbox.overflowing())
        session.put_metadata("output", self.made_with)

    def _owed(self, session: Session, slug: str, anew: bool) -> list[tuple[str, int]]:
        if anew:
            pages = archive_pages(session.next_number(slug), self.documents.feeds.limit)
            return [(slug, FEED), *((slug, page.number) for page in pages)]
        return [(slug, page) for page in self.documents.missing(session, slug)]

    def recover(self, store: Store, progress: Progress = lambda done, of: None) -> Sequence[str]:
        """Marks dirty what is no longer in the folder as it was written. The files, in order, but for those
        that were to be written anyway: we may have been killed as we wrote them."""
        files = self.documents.files
        changed = sorted(files.find_changed(progress))
        if not changed:
            return ()
        with store.reading() as session:
            dirty = {(slug, page) for slug, pages in session.dirty().items() for page in pages}
        files.forget(changed)
        self._save(store, dirty={_page_of(path) for path in changed})
        return [path for path in changed if _page_of(path) not in dirty]

    def _save(self, store: Store, *, dirty: Iterable[tuple[str, int]]) -> None:
        with store.transaction() as session:
            session.mark_dirty(dirty)
            session.put_written(self.documents.files.changes)
        self.documents.files.changes.clear()

    def publish(
        self, store: Store, index: TopicIndex, now: datetime, progress: Progress = lambda done, of: None
    ) -> Published:
        """Writes what is dirty, at most PORTION topics of it, and marks that clean; everything's feed first.

        To be called again at once while there is `more`: front page and list of feeds come with the last
        portion. A topic that cannot be written stays dirty and stops no other; the `failure` is told with the
        last portion.
        """
        if self.round.over:
            self.round = Round()
        with store.reading() as session:
            dirty = session.dirty()
            if not dirty:
                return Published()
            topics = {stored.topic.slug: stored for stored in session.topics()}
            left = [slug for slug in _in_order(dirty, topics) if slug not in self.round.failed]
            portion = left[:PORTION]
            self.round.over = len(portion) == len(left)
            written: list[str] = []
            try:
                self._publish_portion(
                    session, portion, dirty, topics, only_live(index, topics), written, progress
                )
            except BaseException as error:
                self.round.over = True
                self._keep_written(store, written, now)
                if not isinstance(error, OutputUnwritable):
                    raise
                return self._published(written)
        with store.transaction() as session:
            session.mark_clean((slug, page) for slug in portion for page in dirty[slug])
            session.mark_dirty(
                (slug, page) for slug in self.round.failed for page in {FEED, *dirty.get(slug, ())}
            )
            session.put_written(self.documents.files.changes)
            session.websub.owe(self._to_tell(written), now)
        self.documents.files.changes.clear()
        return self._published(written)

    def _published(self, written: Sequence[str]) -> Published:
        over, failures = self.round.over, self.round.failed.values()
        return Published(
            written=len(written),
            feeds=sum(map(_is_feed, written)),
            more=not over,
            failure=next(iter(failures), None) if over else None,
        )

    def _publish_portion(
        self,
        session: Session,
        portion: Sequence[str],
        dirty: Mapping[str, set[int]],
        topics: Mapping[str, StoredTopic],
        live: TopicIndex,
        written: list[str],
        progress: Progress,
    ) -> None:
        write, documents = self.round.write, self.documents
        labels = {slug: stored.topic.name for slug, stored in topics.items()}
        names = live.labels()
        told = False
        for done, slug in enumerate(portion):
            progress(done, len(dirty))
            if not told and _has_ended(topics.get(slug)):
                # What it leads to stands by now, and its own files go next.
                write(ALL, self._write_moved_map(topics.values()), written)
                told = True
            if slug.startswith(DIGESTS):
                write(slug, documents.write_digest(session, slug.removeprefix(DIGESTS), names), written)
                continue
            write(slug, documents.write_topic(session, slug, dirty[slug], topics.get(slug), labels), written)
        for slug in _with_parents(portion, live):
            write(slug, documents.write_page(session, live, slug, names), written)
        if self.round.over:
            write(ALL, documents.write_front(session, live), written)
            write(ALL, self._write_moved_map(topics.values()), written)
            progress(len(dirty), len(dirty))

    def _write_moved_map(self, topics: Iterable[StoredTopic]) -> Iterator[str]:
        """Yields nothing: the map is not part of the folder that is published."""
        if self.moved_map is not None:
            replace_file(self.moved_map.parent, self.moved_map.name, render_nginx_map(moves_of(topics)))
        yield from ()

    def _keep_written(self, store: Store, written: Sequence[str], now: datetime) -> None:
        """What was written before a pass failed is remembered as ours, and the hub is owed word of it now."""
        told, changes = self._to_tell(written), self.documents.files.changes
        if told or changes:
            with store.transaction() as session:
                session.websub.owe(told, now)
                session.put_written(changes)
            changes.clear()

    def _to_tell(self, written: Iterable[str]) -> list[str]:
        if self.documents.feeds.hub is None:
            return []
        return [self.documents.site.base_url + path for path in written if _is_feed(path)]

    def _owe_interrupted(self, session: Session, now: datetime) -> None:
        """A pass that was killed may have written any feed of what it left dirty."""
        dirty = session.dirty().items()
        left = [slug for slug, pages in dirty if FEED in pages and not slug.startswith(DIGESTS)]
        levels = (None, *self.documents.levels)
        written = [feed_path(slug, form, level=level) for slug in left for level in levels for form in Format]
        session.websub.owe(self._to_tell(written), now)


def _in_order(dirty: Iterable[str], topics: Mapping[str, StoredTopic]) -> list[str]:
    """Pages of digests first, whose messages go out now; then everything; topics that others redirect to
    before those, and before what has ended is removed."""
    targets = {stored.moved_to for stored in topics.values() if stored.status is TopicStatus.MOVED}
    ended = {slug for slug, stored in topics.items() if _has_ended(stored)}
    return sorted(
        dirty,
        key=lambda slug: (
            not slug.startswith(DIGESTS),
            slug != ALL,
            slug not in targets,
            slug in ended,
            slug,
        ),
    )


def _has_ended(stored: StoredTopic | None) -> bool:
    return stored is not None and stored.status in (TopicStatus.MOVED, TopicStatus.GONE)


def _with_parents(slugs: Iterable[str], live: TopicIndex) -> list[str]:
    """These topics as far as they have pages, and their parents, whose pages show them; each once."""
    found = {slug for slug in slugs if slug in live.topics}
    found |= {parent for slug in found if (parent := live.topics[slug].parent) is not None}
    return sorted(found)


def _page_of(path: str) -> tuple[str, int]:
    """The page of a topic's feed that a file belongs to; what is of no topic is written with everything's.

    >>> [_page_of(path) for path in ("feeds/ai/top/rss.xml", "feeds/ai/archive/3/atom.xml", "icon.svg")]
    [('ai', -1), ('ai', 3), ('all', -1)]
    """
    match path.split("/"):
        case ["feeds", slug, "archive", number, _]:
            return slug, int(number)
        case ["digests", id, *_]:
            return digest_folder(id), 0
        case ["feeds" | "topics", slug, *_]:
            return slug, FEED
        case _:
            return ALL, FEED


def _is_feed(path: str) -> bool:
    """Whether people subscribe to it: archive pages and pages for people are not told to the hub."""
    return path.startswith("feeds/") and "/archive/" not in path


def moves_of(topics: Iterable[StoredTopic]) -> Moved:
    """Which topics have another slug now, and which are gone."""
    ended = [stored for stored in topics if _has_ended(stored)]
    return Moved(
        renamed={stored.topic.slug: stored.moved_to for stored in ended if stored.moved_to is not None},
        gone=frozenset(stored.topic.slug for stored in ended if stored.status is TopicStatus.GONE),
    )


def only_live(index: TopicIndex, topics: Mapping[str, StoredTopic]) -> TopicIndex:
    """The part of the index that has feeds; a topic whose parent has none stands at the top."""
    live = {slug for slug, stored in topics.items() if stored.status is TopicStatus.LIVE}
    kept = {
        slug: topic if topic.parent in live else replace(topic, parent=None)
        for slug, topic in index.topics.items()
        if slug in live
    }
    below = {slug: tuple(child for child in index.children(slug) if child in live) for slug in kept}
    return TopicIndex(topics=kept, by_key=index.by_key, below=below)
