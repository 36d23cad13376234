"""One description of a feed, from which every format is rendered (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from syndicator.models import ALL, Article, Entry, Format, Image, Provider, Related, Tombstone, Topic
from syndicator.publish.addresses import feed_url, page_url
from syndicator.publish.archive import ArchivePage
from syndicator.settings.models import Site
from syndicator.text import language_tag
from syndicator.urls import document_id, home_of, site_of

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed without entries was last changed. Atom requires a date and the clock is no fact of the feed;
validators hold dates before 1990 for a mistake."""
MOST_RELATED = 10
"""A story may have hundreds of copies; a reader wants a handful."""

Publisher = tuple[str, str | None]
"""A name, and the address of its site where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry with what a feed says of it beyond itself: its topics' names, in their order, and the other
    entries of its story. Equal items give equal bytes. Times are to the second."""

    entry: Entry
    labels: tuple[str, ...] = ()
    coverage: tuple[Related, ...] = ()

    @property
    def id(self) -> str:
        return document_id(self.entry.guid)

    @property
    def published(self) -> datetime:
        return self.entry.article.published.replace(microsecond=0)

    @property
    def updated(self) -> datetime:
        """Never before it was published."""
        return max(self.published, self.entry.updated.replace(microsecond=0))

    @property
    def image(self) -> Image | None:
        return next(iter(self.entry.article.images), None)

    @property
    def publisher(self) -> Publisher | None:
        provider = self.entry.article.provider
        return _source(provider) if provider else None

    @property
    def authors(self) -> tuple[Publisher, ...]:
        """The article's own, else its publisher."""
        if self.entry.article.authors:
            return tuple((name, None) for name in self.entry.article.authors)
        return (self.publisher,) if self.publisher else ()

    @property
    def publishers(self) -> int:
        """How many have the story, this one included."""
        names = {other.provider.casefold() for other in self.coverage if other.provider}
        return len(names | {publisher_name(self.entry.article).casefold()})

    @property
    def related(self) -> Sequence[Related]:
        """The story's other entries first, then what the article itself names."""
        return beside(self.entry.article, (*self.coverage, *self.entry.article.related))

    def origin(self, site: Site) -> Publisher | None:
        """Who published the article first; None where it is the site's own.

        RSS asks for the address of the source's feed; what an article tells is the publisher's site.
        """
        parts = urlsplit(self.entry.article.link)
        if parts.hostname == urlsplit(site.base_url).hostname:
            return None
        name, url = self.publisher or ((parts.hostname or "").removeprefix("www."), None)
        return name, url or f"{parts.scheme}://{parts.netloc}/"

    @property
    def content(self) -> str:
        """HTML, never empty: the image, where the body does not show it; the body, else the summary, else
        the title as a link; the story's other entries; what the article names."""
        return "\n".join(self._content())

    def _content(self) -> Iterator[str]:
        article, image = self.entry.article, self.image
        shown = escape(article.summary) or f'<a href="{escape(article.link)}">{escape(article.title)}</a>'
        body = article.body or f"<p>{shown}</p>"
        if image is not None and image.url not in body and escape(image.url) not in body:
            sizes = "".join(f' {name}="{size}"' for name, size in sizes_of(image).items())
            yield f'<p><img src="{escape(image.url)}" alt=""{sizes}></p>'
        yield body
        related, of_story = self.related, len(beside(article, self.coverage))
        for heading, some in (
            ("Also on this story", related[:of_story]),
            ("Related coverage", related[of_story:]),
        ):
            if some:
                yield f"<p>{heading}:</p>\n<ul>{''.join(map(_line, some))}</ul>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed document before it has a format. Items stand newest first; no two have one id.

    `page` is set where the document is an archive page, `previous` and `following` are its neighbours (of the
    feed itself: the newest page). Archive pages are Atom alone: the feeds of the other formats have none of
    their own and name these.
    """

    site: Site
    topic: Topic | None
    """None: of all topics together."""
    level: str | None
    items: tuple[Item, ...]
    updated: datetime
    """The newest change among the items, or `BEGINNING`."""
    tombstones: tuple[Tombstone, ...] = ()
    hub: str | None = None
    page: ArchivePage | None = None
    previous: ArchivePage | None = None
    following: ArchivePage | None = None

    @property
    def slug(self) -> str:
        return self.topic.slug if self.topic else ALL

    @property
    def title(self) -> str:
        """`Azure (top) – Cloud News`; of everything `Azure – Cloud News`, of all topics `Cloud News`."""
        name = self.topic.name if self.topic else self.site.title
        if self.level is not None:
            name = f"{name} ({self.level})"
        return f"{name} – {self.site.title}" if self.topic else name

    @property
    def description(self) -> str:
        """Never empty: Atom and RSS require one."""
        return (self.topic.description if self.topic else "") or self.site.description or self.title

    @property
    def language(self) -> str:
        own = language_tag(self.topic.language) if self.topic else None
        return own or language_tag(self.site.language) or "en"

    @property
    def home(self) -> str:
        """The topic's page, for people."""
        return page_url(self.site, self.slug)

    def self_url(self, form: Format) -> str:
        """The document's own address, without any marker."""
        page = self.page.number if self.page else None
        return feed_url(self.site, self.slug, form, level=self.level, page=page)

    def current_url(self, form: Format) -> str:
        """The address that people subscribe to. Atom's is the id of the feed and of all its archive pages, as
        they are one feed (RFC 5005 1)."""
        return feed_url(self.site, self.slug, form, level=self.level)

    @property
    def archive_links(self) -> list[tuple[str, str]]:
        """The relations of RFC 5005 4 with the addresses of Atom documents, in the order of writing."""
        links = [("current", self.current_url(Format.ATOM))] if self.page else []
        for rel, page in (("prev-archive", self.previous), ("next-archive", self.following)):
            if page is not None:
                url = feed_url(self.site, self.slug, Format.ATOM, page=page.number)
                links.append((rel, url + page.marker))
        return links


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
    shown, others = newest_first(entries), coverage or {}
    items = tuple(
        Item(
            entry=entry,
            labels=tuple(labels.get(slug, slug) for slug in entry.topics),
            coverage=tuple(others.get(entry.guid, ())),
        )
        for entry in shown
    )
    place = page.number if page else len(pages)
    following = pages[place + 1] if page and place + 1 < len(pages) else None
    return Feed(
        site=site,
        topic=topic,
        level=level,
        items=items,
        updated=max(
            (max(entry.article.published, entry.updated) for entry in shown), default=BEGINNING
        ).replace(microsecond=0),
        tombstones=tuple(tombstones),
        hub=hub,
        page=page,
        previous=pages[place - 1] if place > 0 else None,
        # Not the page that is still filling: each new entry would write this one anew.
        following=following if following and following.full else None,
    )


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """The entries by published time, newest first; equal times by guid, so that the order is always one."""
    return sorted(entries, key=lambda entry: (BEGINNING - entry.article.published, entry.guid))


def beside(article: Article, others: Iterable[Related], most: int | None = MOST_RELATED) -> Sequence[Related]:
    """What of the others is to be shown with the article: each address once, at most so many."""
    found: dict[str, Related] = {}
    for other in others:
        if other.canonical_link != article.canonical_link and other.link != article.link:
            found.setdefault(other.canonical_link, other)
    return [*{other.link: other for other in found.values()}.values()][:most]


def publisher_name(article: Article) -> str:
    """The publisher's name, else the site's."""
    return article.provider.name if article.provider else site_of(article.link)


def sizes_of(image: Image) -> dict[str, int]:
    """What is known of width and height, as attributes."""
    return {name: size for name, size in (("width", image.width), ("height", image.height)) if size}


def _source(provider: Provider) -> Publisher:
    return provider.name, home_of(provider.domain) if provider.domain else None


def _line(other: Related) -> str:
    publisher = f" ({escape(other.provider)})" if other.provider else ""
    return f'<li><a href="{escape(other.link)}">{escape(other.title)}</a>{publisher}</li>'
