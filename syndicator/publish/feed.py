"""One description of a feed, from which every format is rendered (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from html import escape
from urllib.parse import urlsplit

from syndicator.models import ALL, Article, Entry, Format, Image, Related, Tombstone, Topic
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
        if (provider := self.entry.article.provider) is None:
            return None
        return provider.name, home_of(provider.domain) if provider.domain else None

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


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A feed document before it has a format. Items stand newest first; no two have one id.

    `pages` are its archive pages, oldest first, which only the level of everything has, and `page` is the one
    that the document is, if it is one. They are Atom alone: the feeds of the other formats name them.
    """

    site: Site
    items: tuple[Item, ...]
    topic: Topic | None = None
    """None: of all topics together."""
    level: str | None = None
    """None: everything."""
    tombstones: Sequence[Tombstone] = ()
    hub: str | None = None
    pages: Sequence[ArchivePage] = ()
    page: ArchivePage | None = None

    @cached_property
    def updated(self) -> datetime:
        """The newest change among the items, or `BEGINNING`."""
        entries = (item.entry for item in self.items)
        newest = max((max(one.article.published, one.updated) for one in entries), default=BEGINNING)
        return newest.replace(microsecond=0)

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

    @cached_property
    def archive_links(self) -> list[tuple[str, str]]:
        """The relations of RFC 5005 4 with the addresses of Atom documents, in the order of writing."""
        links = [("current", self.current_url(Format.ATOM))] if self.page else []
        place = self.page.number if self.page else len(self.pages)
        beside = [("prev-archive", page) for page in self.pages[max(0, place - 1) : place]]
        # Not the page that is still filling: each new entry would write this one anew.
        beside += [("next-archive", page) for page in self.pages[place + 1 : place + 2] if page.full]
        urls = (feed_url(self.site, self.slug, Format.ATOM, page=page.number) for _, page in beside)
        return links + [(rel, url + page.marker) for (rel, page), url in zip(beside, urls, strict=True)]


def items_of(
    entries: Iterable[Entry], labels: Mapping[str, str], coverage: Mapping[str, Sequence[Related]]
) -> tuple[Item, ...]:
    """The items of a feed, newest first, of equal times by guid. `labels` gives topics' names by slug;
    `coverage`, by guid, what the story's other publishers wrote."""
    return tuple(
        Item(
            entry=entry,
            labels=tuple(labels.get(slug, slug) for slug in entry.topics),
            coverage=tuple(coverage.get(entry.guid, ())),
        )
        for entry in sorted(entries, key=lambda one: (BEGINNING - one.article.published, one.guid))
    )


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


def _line(other: Related) -> str:
    publisher = f" ({escape(other.provider)})" if other.provider else ""
    return f'<li><a href="{escape(other.link)}">{escape(other.title)}</a>{publisher}</li>'
