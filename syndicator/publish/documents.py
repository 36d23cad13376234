"""What is rendered for one state of the store: feeds, archive pages, pages for people, the list of feeds.

Everything yields paths with their bytes, and nothing is written here: `build` decides what is rendered when,
and puts it into the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from syndicator.models import ALL, Entry, Format, Related, Tombstone, Topic, TopicStatus, Visibility, rank
from syndicator.publish.addresses import OPML_PATH, digest_path, feed_path, page_path
from syndicator.publish.archive import ArchivePage, archive_pages
from syndicator.publish.feed import Feed, items_of, publisher_name
from syndicator.publish.formats import Fragments
from syndicator.publish.opml import render_opml
from syndicator.publish.pages.assets import ASSETS
from syndicator.publish.pages.page import Card, Page
from syndicator.publish.pages.render import render_page
from syndicator.publish.pages.statistics import Statistics, count_statistics, local, window_start
from syndicator.publish.topics import TopicIndex
from syndicator.settings.models import Settings
from syndicator.store.session import Session

Document = tuple[str, bytes]
"""A path in the output folder, and what stands there."""


@dataclass(kw_only=True)
class Documents:
    """Renders from one reading of the store. `topics` are all of them, by slug."""

    session: Session
    settings: Settings
    topics: Mapping[str, Topic]
    statistics: dict[str, Statistics]
    """How much there is to expect of each topic. Kept from one reading to the next: whoever knows that a
    topic has changed removes its own."""
    fragments: Fragments
    _newest: dict[str, list[Entry]] = field(default_factory=dict)
    _pages: dict[str, Sequence[ArchivePage]] = field(default_factory=dict)
    _stories: dict[str, list[Entry]] = field(default_factory=dict)
    """By story, its public entries where it has several entries; else none."""

    @cached_property
    def live(self) -> TopicIndex:
        """The topics that have feeds; one whose parent has none stands at the top."""
        live = {slug: one for slug, one in sorted(self.topics.items()) if one.status is TopicStatus.LIVE}
        at_top = {s: replace(t, parent=None) for s, t in live.items() if t.parent and t.parent not in live}
        return TopicIndex(topics=live | at_top)

    @cached_property
    def linked(self) -> Mapping[str, str]:
        """The names of the topics that have pages, by slug."""
        return {slug: topic.name for slug, topic in self.live.topics.items()}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """All topics' names by slug."""
        return {slug: topic.name for slug, topic in self.topics.items()}

    def feeds(self, slug: str) -> Iterator[Document]:
        """The feeds of a topic or of everything, of each level in each format."""
        for level, minimum in ((None, None), *self.settings.levels.items()):
            feed = self._describe(slug, self._entries(slug, minimum), level=level)
            for form in Format:
                yield feed_path(slug, form, level=level), self.fragments.render(feed, form)

    def archive(self, slug: str, number: int) -> Iterator[Document]:
        """A page of the archive; nothing where the topic has no such page."""
        for page in self._archive(slug)[number : number + 1]:
            entries = self.session.feeds.archived(slug, page.first, page.stop - 1)
            feed = self._describe(slug, entries, page=page)
            yield feed_path(slug, Format.ATOM, page=number), self.fragments.render(feed, Format.ATOM)

    def page(self, slug: str) -> Iterator[Document]:
        """A topic's page for people. That of everything is the front page; what all pages share and the list
        of feeds come with it."""
        topics, stored = self.live.topics, self.live.topics.get(slug)
        entries = self._entries(slug)
        below = topics if stored is None else self.live.children(slug)
        page = Page(
            site=self.settings.site,
            topic=stored,
            parent=topics[stored.parent] if stored and stored.parent else None,
            statistics=self._count(slug),
            cards=[Card(topics[child], self._count(child)) for child in below],
            entries=entries,
            coverage=self._coverage(entries),
            levels=self.settings.levels,
            names=self.linked,
            held=self.session.count_entries() if slug == ALL and not entries else {},
        )
        yield page_path(slug), render_page(page)
        if slug == ALL:
            yield from ASSETS.items()
            levels = tuple(self.settings.levels)
            yield OPML_PATH, render_opml(self.settings.site, tuple(topics.values()), levels=levels)

    def digest(self, id: str) -> Iterator[Document]:
        """The page that lists all stories of a message; nothing when none of them is public any more."""
        delivery = self.session.outbox.find(id)
        stories = self.session.outbox.ledger.stories_in(id)
        found = self.session.entries(story.guid for story in stories).values()
        public = [one for one in found if one.visibility is Visibility.PUBLIC]
        if delivery is not None and public:
            page = Page(
                site=self.settings.site,
                digest=id,
                created=delivery.created,
                entries=tuple(sorted(public, key=rank)),
                coverage=self._coverage(public),
                levels=self.settings.levels,
                names=self.linked,
            )
            yield digest_path(id), render_page(page)

    def _entries(self, slug: str, minimum: float | None = None) -> list[Entry]:
        """The newest; those of everything are read once, and serve for the levels where they are all."""
        limit = self.settings.feeds.limit
        if slug not in self._newest:
            self._newest[slug] = self.session.feeds.newest(slug, limit=limit)
        newest = self._newest[slug]
        if minimum is None:
            return newest
        if len(newest) == limit:
            return self.session.feeds.newest(slug, limit=limit, minimum=minimum)
        return [one for one in newest if one.article.quality is not None and one.article.quality >= minimum]

    def _archive(self, slug: str) -> Sequence[ArchivePage]:
        if slug not in self._pages:
            self._pages[slug] = archive_pages(self.session.feeds.next_number(slug), self.settings.feeds.limit)
        return self._pages[slug]

    def _coverage(self, entries: Iterable[Entry]) -> dict[str, list[Related]]:
        """By guid, the other public entries of the entry's story, by publisher."""
        stories = {entry.guid: entry.story for entry in entries}
        if unknown := set(stories.values()) - self._stories.keys():
            self._stories |= {story: [] for story in unknown}
            for stored in self.session.of_stories(self.session.shared_stories(unknown)):
                if stored.visibility is Visibility.PUBLIC:
                    self._stories[stored.story].append(stored)
        return {
            guid: sorted(
                (_as_related(other) for other in self._stories[story] if other.guid != guid),
                key=lambda one: (one.provider or "", one.link),
            )
            for guid, story in stories.items()
            if len(self._stories[story]) > 1
        }

    def _describe(
        self,
        slug: str,
        entries: Sequence[Entry],
        *,
        level: str | None = None,
        page: ArchivePage | None = None,
    ) -> Feed:
        return Feed(
            site=self.settings.site,
            items=items_of(entries, self.names, self._coverage(entries)),
            topic=self.topics[slug] if slug != ALL else None,
            level=level,
            tombstones=self._tombstones(slug, level, page),
            hub=self.settings.feeds.hub if page is None else None,
            pages=self._archive(slug) if level is None else (),
            page=page,
        )

    def _tombstones(self, slug: str, level: str | None, page: ArchivePage | None) -> Sequence[Tombstone]:
        """What has left the topic's feed; of a level or page what it could have shown."""
        feeds = self.settings.feeds
        if not feeds.tombstones:
            return ()
        if page is not None:
            return self.session.feeds.removals(slug, numbers=(page.first, page.stop - 1))
        minimum = self.settings.levels[level] if level else None
        return self.session.feeds.removals(slug, limit=feeds.limit, minimum=minimum)

    def _count(self, slug: str) -> Statistics:
        if slug in self.statistics:
            return self.statistics[slug]
        found, zone = Statistics(), self.settings.site.time_zone
        total, oldest, newest = self.session.feeds.count_shown(slug)
        if oldest is not None and newest is not None:
            recent = self.session.feeds.appearances(slug, window_start(local(newest, zone)))
            seen = [one._replace(published=local(one.published, zone)) for one in recent]
            found = count_statistics(seen, total=total, first=local(oldest, zone))
        self.statistics[slug] = found
        return found


def _as_related(entry: Entry) -> Related:
    article = entry.article
    return Related(
        title=article.title,
        link=article.link,
        canonical_link=article.canonical_link,
        provider=publisher_name(article),
        published=article.published,
        quality=article.quality,
    )
