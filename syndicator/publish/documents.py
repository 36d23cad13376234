"""What is written of one topic, and of all together: feeds, archive pages, pages for people, list of feeds.

Only files whose bytes differ are written; each method yields the paths of those that were. When to write
what, and what happens where that fails, is decided in `output`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from syndicator.models import ALL, Entry, Format, Related, Tombstone, Topic, Visibility, rank
from syndicator.publish.addresses import (
    OPML_PATH,
    digest_folder,
    digest_path,
    feed_path,
    page_path,
    topic_folders,
)
from syndicator.publish.archive import ArchivePage, archive_pages
from syndicator.publish.feed import Feed, describe_feed
from syndicator.publish.fragments import Fragments
from syndicator.publish.opml import render_opml
from syndicator.publish.output import OutputFiles
from syndicator.publish.pages import (
    DigestPage,
    FrontPage,
    Statistics,
    TopicCard,
    TopicPage,
    count_statistics,
    render_assets,
    render_digest,
    render_front,
    render_topic,
    window_start,
)
from syndicator.publish.topics import TopicIndex
from syndicator.settings.models import Feeds, Site
from syndicator.store.session import Session
from syndicator.store.types import FEED, StoredTopic, TopicStatus

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The files of one output folder, rendered by the settings. One thread uses it."""

    files: OutputFiles
    site: Site
    levels: Mapping[str, float] = field(default_factory=dict)
    feeds: Feeds
    statistics: dict[str, Statistics] = field(default_factory=dict)
    """How much there is to expect of each topic, counted anew when it changes."""
    fragments: Fragments = field(default_factory=Fragments)

    def write_topic(
        self,
        session: Session,
        slug: str,
        dirty: set[int],
        stored: StoredTopic | None,
        labels: Mapping[str, str],
    ) -> Iterator[str]:
        """The feeds of a topic, and those of its archive pages that are `dirty`; a topic that has ended loses
        all its files. `labels` are all topics' names by slug."""
        self.statistics.pop(slug, None)
        if slug != ALL and (stored is None or stored.status is TopicStatus.WAITING):
            return
        if stored is not None and stored.status is not TopicStatus.LIVE:
            for folder in topic_folders(slug):
                self.files.remove_folder(folder)
            return
        topic = stored.topic if stored else None
        pages = archive_pages(session.next_number(slug), self.feeds.limit)
        for level, minimum in ((None, None), *self.levels.items()):
            yield from self._write_feed(
                session, topic, level, minimum, pages if level is None else (), labels
            )
        for page in pages:
            if page.number in dirty:
                yield from self._write_archive(session, topic, pages, page, labels)
        self._remove_leftovers(slug, pages)

    def _remove_leftovers(self, slug: str, pages: Sequence[ArchivePage]) -> None:
        """Levels and archive pages that other settings made: nobody would ever write them again."""
        files = [feed_path(slug, Format.RSS, level=level) for level in (None, *self.levels)]
        files += [feed_path(slug, Format.ATOM, page=page.number) for page in pages]
        output = self.files.root
        kept = {output / Path(file).parent for file in files}
        root = output / topic_folders(slug)[0]
        names = sorted(Path(feed_path(slug, form)).name for form in Format)
        # Any of the three names tells: a removal may have been cut off. What we did not write is not ours.
        found = {
            file.parent
            for name in names
            for place in ("*", "archive/*")
            for file in root.glob(f"{place}/{name}")
        }
        for folder in sorted(found - kept):
            for name in names:
                if self.files.has(path := (folder / name).relative_to(output).as_posix()):
                    self.files.remove(path)

    def _write_feed(
        self,
        session: Session,
        topic: Topic | None,
        level: str | None,
        minimum: float | None,
        pages: Sequence[ArchivePage],
        labels: Mapping[str, str],
    ) -> Iterator[str]:
        slug = topic.slug if topic else ALL
        entries = session.newest(slug, limit=self.feeds.limit, minimum=minimum)
        feed = describe_feed(
            site=self.site,
            entries=entries,
            labels=labels,
            coverage=_coverage(session, entries),
            topic=topic,
            level=level,
            tombstones=self._tombstones(session, slug, limit=self.feeds.limit, minimum=minimum),
            hub=self.feeds.hub,
            pages=pages,
        )
        for form in Format:
            yield from self._render(feed, form, feed_path(slug, form, level=level))

    def _write_archive(
        self,
        session: Session,
        topic: Topic | None,
        pages: Sequence[ArchivePage],
        page: ArchivePage,
        labels: Mapping[str, str],
    ) -> Iterator[str]:
        slug = topic.slug if topic else ALL
        entries = session.archived(slug, page.first, page.stop - 1)
        feed = describe_feed(
            site=self.site,
            entries=entries,
            labels=labels,
            coverage=_coverage(session, entries),
            topic=topic,
            tombstones=self._tombstones(session, slug, first=page.first, last=page.stop - 1),
            pages=pages,
            page=page,
        )
        yield from self._render(feed, Format.ATOM, feed_path(slug, Format.ATOM, page=page.number))
        for form in Format:
            if form is not Format.ATOM and self.files.has(old := feed_path(slug, form, page=page.number)):
                self.files.remove(old)

    def _render(self, feed: Feed, form: Format, path: str) -> Iterator[str]:
        yield from self._put(path, self.fragments.render(feed, form), compress=feed.page is None)

    def _put(self, path: str, data: bytes, *, compress: bool = True) -> Iterator[str]:
        if self.files.put(path, data, compress=compress):
            log.debug("file written", path=path, bytes=len(data))
            yield path

    def _tombstones(
        self,
        session: Session,
        slug: str,
        *,
        limit: int | None = None,
        minimum: float | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> list[Tombstone]:
        """The marks of what has left the topic's feed; those of a level for what was good enough for it."""
        if not self.feeds.tombstones:
            return []
        return session.removals(slug, limit=limit, minimum=minimum, first=first, last=last)

    def _count(self, session: Session, slug: str) -> Statistics:
        if slug not in self.statistics:
            self.statistics[slug] = count_topic(session, slug)
        return self.statistics[slug]

    def write_page(
        self, session: Session, live: TopicIndex, slug: str, labels: Mapping[str, str]
    ) -> Iterator[str]:
        """The topic's page for people. `labels` are the names of the topics that have pages, by slug."""
        yield from self._put(page_path(slug), render_topic(self._topic_page(session, slug, live, labels)))

    def write_digest(self, session: Session, id: str, labels: Mapping[str, str]) -> Iterator[str]:
        """The page that lists all stories of a message; it goes when none of them is public any more."""
        delivery = session.outbox.find(id)
        found = session.entries(session.outbox.ledger.guids_in(id)).values()
        public = [one.entry for one in found if one.entry.visibility is Visibility.PUBLIC]
        if delivery is None or not public:
            self.files.remove_folder(digest_folder(id))
            return
        page = DigestPage(
            site=self.site,
            id=id,
            created=delivery.created,
            entries=tuple(sorted(public, key=rank)),
            levels=self.levels,
            names=labels,
        )
        yield from self._put(digest_path(id), render_digest(page))

    def write_front(self, session: Session, live: TopicIndex) -> Iterator[str]:
        """The front page, what all pages share, and the list of feeds."""
        entries = session.newest(ALL, limit=self.feeds.limit)
        front = FrontPage(
            site=self.site,
            statistics=self._count(session, ALL),
            topics=tuple(self._card(session, topic) for topic in live.topics.values()),
            entries=tuple(entries),
            levels=self.levels,
            held=_held(session.count_entries()),
        )
        yield from self._put(page_path(ALL), render_front(front))
        yield from self._write_assets()
        updated = max((entry.updated for entry in entries), default=None)
        yield from self._put(
            OPML_PATH, render_opml(self.site, live, levels=tuple(self.levels), updated=updated)
        )

    def _write_assets(self) -> Iterator[str]:
        """What all pages share. Its name follows its bytes; the one of an earlier version is removed."""
        assets = render_assets()
        for path, data in assets.items():
            yield from self._put(path, data)
        for old in sorted(self.files.root.glob("style-*.css")):
            if old.name not in assets and self.files.has(old.name):
                self.files.remove(old.name)

    def _topic_page(
        self, session: Session, slug: str, live: TopicIndex, labels: Mapping[str, str]
    ) -> TopicPage:
        topic = live.topics[slug]
        return TopicPage(
            site=self.site,
            topic=topic,
            statistics=self._count(session, slug),
            entries=tuple(session.newest(slug, limit=self.feeds.limit)),
            levels=self.levels,
            parent=live.topics[topic.parent] if topic.parent else None,
            children=tuple(self._card(session, live.topics[child]) for child in live.children(slug)),
            names=labels,
            held=_held(session.held(slug)),
        )

    def _card(self, session: Session, topic: Topic) -> TopicCard:
        return TopicCard(topic=topic, statistics=self._count(session, topic.slug))

    def missing(self, session: Session, slug: str) -> Iterator[int]:
        """The pages of a live topic's feeds of which a file was never written, as far as is known."""
        paths = [feed_path(slug, form, level=level) for form in Format for level in (None, *self.levels)]
        paths += [page_path(slug), *((OPML_PATH, *render_assets()) if slug == ALL else ())]
        if not all(map(self.files.has, paths)):
            yield FEED
        for page in archive_pages(session.next_number(slug), self.feeds.limit):
            if not self.files.has(feed_path(slug, Format.ATOM, page=page.number)):
                yield page.number

    def has_folders(self, slug: str) -> bool:
        """Whether anything of a topic stands in the folder."""
        return any((self.files.root / folder).exists() for folder in topic_folders(slug))


def count_topic(session: Session, slug: str) -> Statistics:
    """How much there is to expect of a topic, from the rows of its window alone."""
    span = session.span(slug)
    if span.newest is None:
        return Statistics()
    appearances = session.appearances(slug, window_start(span.newest))
    return count_statistics(appearances, total=span.shown, first=span.first)


def _held(counts: Mapping[Visibility, int]) -> dict[Visibility, int]:
    return {visibility: count for visibility, count in counts.items() if visibility is not Visibility.PUBLIC}


def _coverage(session: Session, entries: Iterable[Entry]) -> dict[str, list[Related]]:
    """By guid, what other publishers have of the same story: the public copies of the entry's link."""
    by_link = {entry.article.canonical_link: entry for entry in entries}
    found: dict[str, list[Related]] = {}
    for stored in session.copies(session.shared_links(sorted(by_link))):
        copy = stored.entry
        shown = by_link[copy.article.canonical_link]
        if copy.visibility is Visibility.PUBLIC and copy.guid != shown.guid:
            found.setdefault(shown.guid, []).append(_as_related(copy))
    return {
        guid: sorted(some, key=lambda one: (one.provider or "", one.link)) for guid, some in found.items()
    }


def _as_related(entry: Entry) -> Related:
    article = entry.article
    return Related(
        title=article.title,
        link=article.link,
        canonical_link=article.canonical_link,
        provider=article.provider.name if article.provider else None,
        published=article.published,
        quality=article.quality,
    )
