"""What changed in the store onto the disk: feeds, archive pages, pages for people, and the list of feeds.

The store says which pages are dirty, from the transaction that made them so until their files are in place;
a crash in between costs nothing but doing it again. Only files whose bytes differ are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog

from syndicator.model import ALL, Format, Site, Topic, Visibility
from syndicator.publish.addresses import OPML_PATH, feed_path, page_path, topic_folders
from syndicator.publish.archive import ArchivePage, archive_pages
from syndicator.publish.check import find_faults
from syndicator.publish.feed import Feed, Rendered, Tombstone, describe_feed
from syndicator.publish.files import is_there, remove_file, remove_tree, replace_file
from syndicator.publish.json_feed import render_json
from syndicator.publish.opml import render_opml
from syndicator.publish.pages import (
    FrontPage,
    Sighting,
    Statistics,
    TopicCard,
    TopicPage,
    count_statistics,
    render_assets,
    render_front,
    render_topic,
    window_start,
)
from syndicator.publish.rss_atom import render_atom, render_rss
from syndicator.publish.topics import Catalogue
from syndicator.serve.addresses import Moved
from syndicator.serve.front_map import render_nginx_map
from syndicator.store.contract import FEED, Books, Fate, Store, StoredTopic

RENDER: Mapping[Format, Callable[[Feed], Rendered]] = {
    Format.RSS: render_rss,
    Format.ATOM: render_atom,
    Format.JSON: render_json,
}
Progress = Callable[[int, int], None]
"""Called with how many topics are done, of how many."""

PORTION = 50
"""Topics published at a time: between two portions new articles are looked at and messages go out."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How many files one portion wrote, how many of them are feeds, and whether more is to be written."""

    written: int = 0
    feeds: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Publishes into one folder. One thread uses it."""

    folder: Path
    site: Site
    levels: Mapping[str, float] = field(default_factory=dict)
    limit: int = 50
    hub: str | None = None
    tombstones: bool = False
    moved_map: Path | None = None
    """Where a front server finds which topics have moved or gone; beside the state, not in the output."""
    statistics: dict[str, Statistics] = field(default_factory=dict)
    """How much there is to expect of each topic, counted anew when it changes."""

    def verify(self, books: Books, made_with: str, now: datetime) -> None:
        """Marks dirty what may not be on disk as the store has it: at start, every feed; and where it was
        made with other settings or another version, every archive page too."""
        self._owe_interrupted(books, now)
        anew = books.mark("output") != made_with
        for slug in [ALL, *(s.topic.slug for s in books.topics() if s.fate is not Fate.WAITING)]:
            pages = archive_pages(books.next_number(slug), self.limit)
            missing = [page.number for page in pages if anew or not self._has(slug, page)]
            books.mark_dirty((slug, page) for page in [FEED, *missing])
        books.put_mark("output", made_with)

    def recover(self, store: Store) -> int:
        """Marks dirty what somebody removed from the folder; how many pages of feeds."""
        with store.reading() as books:
            topics = [ALL, *(stored.topic.slug for stored in books.topics() if stored.fate is Fate.LIVE)]
            dirty = books.dirty()
            lost = [
                (slug, page)
                for slug in topics
                for page in self._lost(books, slug)
                if page not in dirty.get(slug, ())
            ]
        if lost:
            with store.transaction() as books:
                books.mark_dirty(lost)
        return len(lost)

    def publish(
        self, store: Store, catalogue: Catalogue, now: datetime, progress: Progress = lambda done, of: None
    ) -> Published:
        """Writes what is dirty, at most PORTION topics of it, and marks that clean; everything's feed first.

        To be called again at once while there is `more`: front page and list of feeds come with the last
        portion. Raises OutputUnwritable; what is dirty then stays so.
        """
        with store.reading() as books:
            dirty = books.dirty()
            if not dirty:
                return Published()
            portion = sorted(dirty, key=lambda slug: (slug != ALL, slug))[:PORTION]
            more = len(portion) < len(dirty)
            written: list[str] = []
            try:
                written += self._publish_portion(books, portion, dirty, catalogue, progress, last=not more)
            except BaseException:
                self._owe_pings(store, written, now)
                raise
        with store.transaction() as books:
            books.mark_clean((slug, page) for slug in portion for page in dirty[slug])
            books.pings.owe(self._to_tell(written), now)
        return Published(written=len(written), feeds=sum(map(_is_feed, written)), more=more)

    def _publish_portion(
        self,
        books: Books,
        portion: Sequence[str],
        dirty: Mapping[str, set[int]],
        catalogue: Catalogue,
        progress: Progress,
        *,
        last: bool,
    ) -> Iterator[str]:
        topics = {stored.topic.slug: stored for stored in books.topics()}
        for done, slug in enumerate(portion):
            progress(done, len(dirty))
            self.statistics.pop(slug, None)
            yield from self._publish_topic(books, slug, dirty[slug], topics)
        live = only_live(catalogue, topics)
        yield from self._publish_pages(books, live, portion)
        if last:
            yield from self._publish_front(books, live)
            if self.moved_map is not None:
                replace_file(self.moved_map, render_nginx_map(moves_of(topics.values())))
            progress(len(dirty), len(dirty))

    def _owe_pings(self, store: Store, written: Sequence[str], now: datetime) -> None:
        """What was written before a pass failed is not written again, so the hub is owed word of it now."""
        if told := self._to_tell(written):
            with store.transaction() as books:
                books.pings.owe(told, now)

    def _to_tell(self, written: Iterable[str]) -> list[str]:
        if self.hub is None:
            return []
        return [self.site.base_url + path for path in written if _is_feed(path)]

    def _owe_interrupted(self, books: Books, now: datetime) -> None:
        """A pass that was killed may have written any feed of what it left dirty."""
        left = [slug for slug, pages in books.dirty().items() if FEED in pages]
        levels = (None, *self.levels)
        written = [feed_path(slug, form, level=level) for slug in left for level in levels for form in RENDER]
        books.pings.owe(self._to_tell(written), now)

    def _publish_topic(
        self, books: Books, slug: str, dirty: set[int], topics: Mapping[str, StoredTopic]
    ) -> Iterator[str]:
        stored = topics.get(slug)
        if slug != ALL and (stored is None or stored.fate is Fate.WAITING):
            return
        if stored is not None and stored.fate is not Fate.LIVE:
            for folder in topic_folders(slug):
                remove_tree(self.folder, folder)
            return
        topic = stored.topic if stored else None
        pages = archive_pages(books.next_number(slug), self.limit)
        for level, bar in ((None, None), *self.levels.items()):
            yield from self._publish_feed(books, topic, level, bar, pages if level is None else (), topics)
        for page in pages:
            if page.number in dirty:
                yield from self._publish_archive(books, topic, pages, page, topics)
        self._remove_leftovers(slug, pages)

    def _remove_leftovers(self, slug: str, pages: Sequence[ArchivePage]) -> None:
        """Levels and archive pages that other settings made: nobody would ever write them again."""
        kept = {feed_path(slug, Format.RSS, level=level) for level in (None, *self.levels)}
        kept |= {feed_path(slug, Format.RSS, page=page.number) for page in pages}
        root = self.folder / topic_folders(slug)[0]
        for document in (*root.glob("*/rss.xml"), *root.glob("archive/*/rss.xml")):
            path = document.relative_to(self.folder)
            if path.as_posix() not in kept:
                remove_tree(self.folder, path.parent.as_posix())

    def _publish_feed(
        self,
        books: Books,
        topic: Topic | None,
        level: str | None,
        bar: float | None,
        pages: Sequence[ArchivePage],
        topics: Mapping[str, StoredTopic],
    ) -> Iterator[str]:
        slug = topic.slug if topic else ALL
        feed = describe_feed(
            site=self.site,
            entries=books.newest(slug, limit=self.limit, bar=bar),
            labels=_labels(topics),
            topic=topic,
            level=level,
            tombstones=self._tombstones(books, slug) if level is None else (),
            hub=self.hub,
            pages=pages,
        )
        for form, render in RENDER.items():
            yield from self._render(feed, form, render, feed_path(slug, form, level=level))

    def _publish_archive(
        self,
        books: Books,
        topic: Topic | None,
        pages: Sequence[ArchivePage],
        page: ArchivePage,
        topics: Mapping[str, StoredTopic],
    ) -> Iterator[str]:
        slug = topic.slug if topic else ALL
        feed = describe_feed(
            site=self.site,
            entries=books.archived(slug, page.first, page.stop - 1),
            labels=_labels(topics),
            topic=topic,
            pages=pages,
            page=page,
        )
        for form, render in RENDER.items():
            yield from self._render(feed, form, render, feed_path(slug, form, page=page.number))

    def _render(
        self, feed: Feed, form: Format, render: Callable[[Feed], Rendered], path: str
    ) -> Iterator[str]:
        rendered = render(feed)
        for left_out in {*rendered.left_out}:
            log.warning("entry left out of a feed", feed=path, guid=left_out.guid, why=left_out.why)
        faults = find_faults(form, rendered.data)
        if faults:
            log.error("feed would be faulty, the old one stays", feed=path, faults="; ".join(faults[:3]))
            return
        yield from self._put(path, rendered.data)

    def _put(self, path: str, data: bytes) -> Iterator[str]:
        if replace_file(self.folder / path, data, compress=True):
            log.debug("file written", path=path, bytes=len(data))
            yield path

    def _tombstones(self, books: Books, slug: str) -> list[Tombstone]:
        if not self.tombstones:
            return []
        return [
            Tombstone(guid=s.entry.guid, withdrawn=s.withdrawn)
            for s in books.withdrawn(slug, limit=self.limit)
            if s.withdrawn is not None
        ]

    def _count(self, books: Books, slug: str) -> Statistics:
        if slug not in self.statistics:
            self.statistics[slug] = count_topic(books, slug)
        return self.statistics[slug]

    def _publish_pages(self, books: Books, live: Catalogue, slugs: Iterable[str]) -> Iterator[str]:
        """The pages of these topics and of their parents, which show them."""
        concerned = {slug for slug in slugs if slug in live.topics}
        concerned |= {parent for slug in concerned if (parent := live.topics[slug].parent) is not None}
        for slug in sorted(concerned):
            yield from self._put(page_path(slug), render_topic(self._topic_page(books, slug, live)))

    def _publish_front(self, books: Books, live: Catalogue) -> Iterator[str]:
        """The front page, what all pages share, and the list of feeds."""
        entries = books.newest(ALL, limit=self.limit)
        front = FrontPage(
            site=self.site,
            statistics=self._count(books, ALL),
            topics=tuple(self._card(books, topic) for topic in live.topics.values()),
            entries=tuple(entries),
            levels=self.levels,
            held=_held(books.count_entries()),
        )
        yield from self._put(page_path(ALL), render_front(front))
        yield from self._publish_assets()
        updated = max((entry.updated for entry in entries), default=None)
        yield from self._put(
            OPML_PATH, render_opml(self.site, live, levels=tuple(self.levels), updated=updated)
        )

    def _publish_assets(self) -> Iterator[str]:
        """What all pages share. Its name follows its bytes; the one of an earlier version is removed."""
        assets = render_assets()
        for path, data in assets.items():
            yield from self._put(path, data)
        for old in sorted(self.folder.glob("style-*.css")):
            if old.name not in assets:
                remove_file(self.folder, old.name)

    def _topic_page(self, books: Books, slug: str, live: Catalogue) -> TopicPage:
        topic = live.topics[slug]
        return TopicPage(
            site=self.site,
            topic=topic,
            statistics=self._count(books, slug),
            entries=tuple(books.newest(slug, limit=self.limit)),
            levels=self.levels,
            parent=live.topics[topic.parent] if topic.parent else None,
            children=tuple(self._card(books, live.topics[child]) for child in live.children(slug)),
            names=live.labels(),
            held=_held(books.held(slug)),
        )

    def _card(self, books: Books, topic: Topic) -> TopicCard:
        return TopicCard(topic=topic, statistics=self._count(books, topic.slug))

    def _lost(self, books: Books, slug: str) -> Iterator[int]:
        """The pages of a topic's feeds of which a file is not there."""
        paths = [feed_path(slug, form, level=level) for form in RENDER for level in (None, *self.levels)]
        paths += [page_path(slug), *((OPML_PATH,) if slug == ALL else ())]
        if not all(is_there(self.folder / path) for path in paths):
            yield FEED
        for page in archive_pages(books.next_number(slug), self.limit):
            if not self._has(slug, page):
                yield page.number

    def _has(self, slug: str, page: ArchivePage) -> bool:
        return all(is_there(self.folder / feed_path(slug, form, page=page.number)) for form in RENDER)


def count_topic(books: Books, slug: str) -> Statistics:
    """How much there is to expect of a topic, from the rows of its window alone."""
    span = books.span(slug)
    if span.newest is None:
        return Statistics()
    sights = books.sights(slug, window_start(span.newest))
    return count_statistics(
        (Sighting(published=s.published, quality=s.quality, publisher=s.publisher) for s in sights),
        total=span.shown,
        first=span.first,
    )


def _is_feed(path: str) -> bool:
    """Whether people subscribe to it: archive pages and pages for people are not told to the hub."""
    return path.startswith("feeds/") and "/archive/" not in path


def _held(counts: Mapping[Visibility, int]) -> dict[Visibility, int]:
    return {visibility: count for visibility, count in counts.items() if visibility is not Visibility.PUBLIC}


def moves_of(topics: Iterable[StoredTopic]) -> Moved:
    """Which topics have another slug now, and which are gone."""
    ended = [stored for stored in topics if stored.fate in (Fate.MOVED, Fate.GONE)]
    return Moved(
        renamed={stored.topic.slug: stored.moved_to for stored in ended if stored.moved_to is not None},
        gone=frozenset(stored.topic.slug for stored in ended if stored.fate is Fate.GONE),
    )


def only_live(catalogue: Catalogue, topics: Mapping[str, StoredTopic]) -> Catalogue:
    """The part of the catalogue that has feeds; a topic whose parent has none stands at the top."""
    live = {slug for slug, stored in topics.items() if stored.fate is Fate.LIVE}
    kept = {
        slug: topic if topic.parent in live else replace(topic, parent=None)
        for slug, topic in catalogue.topics.items()
        if slug in live
    }
    below = {slug: tuple(child for child in catalogue.children(slug) if child in live) for slug in kept}
    return Catalogue(topics=kept, by_key=catalogue.by_key, below=below)


def _labels(topics: Mapping[str, StoredTopic]) -> dict[str, str]:
    return {slug: stored.topic.name for slug, stored in topics.items()}
