"""One description of a feed, from which every format is rendered (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from syndicator.models import ALL, Entry, Format, Related, Topic
from syndicator.publish.addresses import feed_url, page_url
from syndicator.publish.archive import ArchivePage
from syndicator.publish.item import Item, LeftOut, describe_item
from syndicator.publish.membership import newest_first
from syndicator.settings.models import Site
from syndicator.text import language_tag, one_line
from syndicator.urls import document_id

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed without entries was last changed. Atom requires a date and the clock is no fact of the feed;
validators hold dates before 1990 for a mistake."""


Fragment = Callable[[Item, str], bytes]
"""Renders one item of a site, named by its host. It may be wrapped in a cache: equal items, equal bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that has left the feed, and when (RFC 6721)."""

    guid: str
    removed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A document's bytes, and the entries that are not in it."""

    data: bytes
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed document before it has a format. Items stand newest first; no two have one id.

    `updated` is the newest change among the items, or `BEGINNING`; `page` is set where the document is an
    archive page, `previous` and `following` are its neighbours (of the feed itself: the newest page). Archive
    pages are Atom alone: the feeds of the other formats have none of their own and name these.
    """

    site: Site
    slug: str
    level: str | None
    title: str
    description: str
    language: str
    updated: datetime
    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    hub: str | None = None
    page: ArchivePage | None = None
    previous: ArchivePage | None = None
    following: ArchivePage | None = None

    @property
    def home(self) -> str:
        """The topic's page, for people."""
        return page_url(self.site, self.slug)

    @property
    def author(self) -> str:
        """Who publishes the feed, for the entries that name nobody."""
        return one_line(self.site.title) or self.title

    @property
    def host(self) -> str:
        """The host under which the site's own articles stand."""
        return urlsplit(self.site.base_url).hostname or ""

    @property
    def id(self) -> str:
        """The same for the feed and all its archive pages, as they are one feed (RFC 5005 1)."""
        return self.current_url(Format.ATOM)

    def self_url(self, form: Format) -> str:
        """The document's own address, without any marker."""
        page = self.page.number if self.page else None
        return feed_url(self.site, self.slug, form, level=self.level, page=page)

    def current_url(self, form: Format) -> str:
        """The address that people subscribe to."""
        return feed_url(self.site, self.slug, form, level=self.level)

    def archive_url(self, page: ArchivePage | None) -> str | None:
        """The address by which an archive page is linked to, None for no page."""
        if page is None:
            return None
        return feed_url(self.site, self.slug, Format.ATOM, page=page.number) + page.marker


def describe_feed(
    *,
    site: Site,
    entries: Iterable[Entry],
    labels: Mapping[str, str],
    topic: Topic | None = None,
    level: str | None = None,
    coverage: Mapping[str, Sequence[Related]] | None = None,
    tombstones: Iterable[Tombstone] = (),
    hub: str | None = None,
    pages: Sequence[ArchivePage] = (),
    page: ArchivePage | None = None,
) -> Feed:
    """Describes a topic's feed (`topic` None: of all topics) at one level (None: everything), or one of its
    archive pages.

    `entries` are the ones that stand in it, in any order; `labels` gives topics' names by slug; `coverage`
    gives, by guid, what the story's other publishers wrote; `pages` are the feed's archive pages, oldest
    first (only the level of everything has any), and `page` is the one described, if it is one.
    """
    items, left_out = _describe_items(newest_first(entries), site, labels, coverage or {})
    present = {item.id for item in items}
    title = _title(site, topic, level)
    description = topic.description if topic and topic.description else site.description
    language = topic.language if topic else None
    place = page.number if page else len(pages)
    following = pages[place + 1] if page and place + 1 < len(pages) else None
    return Feed(
        site=site,
        slug=topic.slug if topic else ALL,
        level=level,
        title=title,
        description=one_line(description) or title,
        language=language_tag(language) or language_tag(site.language) or "en",
        updated=max((item.updated for item in items), default=BEGINNING),
        items=items,
        left_out=left_out,
        tombstones=_order_tombstones(tombstones, present),
        hub=hub,
        page=page,
        previous=pages[place - 1] if place > 0 else None,
        # Not the page that is still filling: each new entry would write this one anew.
        following=following if following and following.full else None,
    )


def render_items(feed: Feed, fragment: Fragment) -> tuple[list[bytes], tuple[LeftOut, ...]]:
    """The fragments of the feed's items in their order, and all entries that are not among them, with why."""
    fragments: list[bytes] = []
    left_out = list(feed.left_out)
    for item in feed.items:
        try:
            fragments.append(fragment(item, feed.host))
        except (ValueError, TypeError) as error:
            left_out.append(LeftOut(guid=item.guid, why=f"it cannot be rendered: {error}"))
    return fragments, tuple(left_out)


def _title(site: Site, topic: Topic | None, level: str | None) -> str:
    """`Azure – Cloud News`, `Azure (top) – Cloud News`; of all topics `Cloud News`, `Cloud News (top)`."""
    name = one_line(topic.name if topic else site.title) or "News"
    if level is not None:
        name = f"{name} ({one_line(level)})"
    return f"{name} – {one_line(site.title)}" if topic and one_line(site.title) else name


def _describe_items(
    entries: Sequence[Entry],
    site: Site,
    labels: Mapping[str, str],
    coverage: Mapping[str, Sequence[Related]],
) -> tuple[tuple[Item, ...], tuple[LeftOut, ...]]:
    items: dict[str, Item] = {}
    left_out: list[LeftOut] = []
    for entry in entries:
        item = describe_item(entry, site=site, labels=labels, coverage=coverage.get(entry.guid, ()))
        if isinstance(item, LeftOut):
            left_out.append(item)
        elif item.id in items:
            left_out.append(LeftOut(guid=entry.guid, why="another entry of the feed has the same id"))
        else:
            items[item.id] = item
    return tuple(items.values()), tuple(left_out)


def _order_tombstones(tombstones: Iterable[Tombstone], present: set[str]) -> tuple[Tombstone, ...]:
    """The latest first, each id once, none for an entry that is in the feed again."""
    latest: dict[str, Tombstone] = {}
    for stone in sorted(tombstones, key=lambda stone: (stone.removed, stone.guid), reverse=True):
        if document_id(stone.guid) not in present:
            latest.setdefault(document_id(stone.guid), stone)
    return tuple(latest.values())
