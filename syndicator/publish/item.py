"""What a reader sees of one entry, before any format is chosen (pure).

The three renderers take an `Item` and nothing else of the entry, so they cannot disagree, and what they make
of it may be kept for as long as the item is equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from syndicator.models import Article, Entry, Image, Related
from syndicator.publish.addresses import topic_scheme
from syndicator.settings.models import Site
from syndicator.text import clean, language_tag, one_line
from syndicator.urls import document_id, encoded, http_link

MOST_RELATED = 10
"""A story may have hundreds of copies; a reader wants a handful."""

_IMAGE_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}


def web_link(link: str) -> str | None:
    """The address, None where it is none."""
    try:
        return encoded(http_link(link))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An entry that is not in a document, and why; the others are."""

    guid: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author or publisher with the address of their site, where it is known."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A topic by its name; `scheme` is the address that the pages of all topics are below.

    Its name and not its slug is Atom's term: half of the readers show that and no label.
    """

    label: str
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image; its media type is known from the address's suffix or not at all."""

    url: str
    width: int | None = None
    height: int | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Another publisher's article on the same story."""

    title: str
    link: str
    publisher: str | None = None
    published: datetime | None = None
    quality: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry as readers see it: texts clean, links absolute and http(s), times to the second.

    `content` is HTML and never empty; `authors` are the article's, else its publisher; `publishers` counts
    how many have the story, this one included.
    """

    guid: str
    id: str
    title: str
    link: str
    summary: str
    content: str
    picture: Picture | None
    publisher: Person | None
    authors: tuple[Person, ...]
    categories: tuple[Category, ...]
    published: datetime
    updated: datetime
    type: str
    language: str | None
    quality: float | None
    heat: float | None
    publishers: int
    related: tuple[Mention, ...]


def describe_item(
    entry: Entry, *, site: Site, labels: Mapping[str, str], coverage: Sequence[Related] = ()
) -> Item | LeftOut:
    """The entry as readers see it, or why it cannot be shown: it has no title or no web address left.

    `labels` gives the topics' names by slug; `coverage` is what the story's other publishers wrote.
    """
    article = entry.article
    title, link = one_line(article.title), web_link(article.link)
    if not title:
        return LeftOut(guid=entry.guid, why="its title has no character that may stand in a feed")
    if link is None:
        return LeftOut(guid=entry.guid, why="its link is no absolute http or https address")
    publisher = _publisher(article)
    related = _related(article, link, coverage)
    picture = next(filter(None, map(_picture, article.images)), None)
    published = article.published.replace(microsecond=0)
    return Item(
        guid=entry.guid,
        id=document_id(entry.guid),
        title=title,
        link=link,
        summary=one_line(article.summary),
        content=_content(article, title, link, picture, related),
        picture=picture,
        publisher=publisher,
        authors=_authors(article) or ((publisher,) if publisher else ()),
        categories=_categories(entry.topics, labels, site),
        published=published,
        updated=max(published, entry.updated.replace(microsecond=0)),
        type=one_line(article.type) or "article",
        language=language_tag(article.language),
        quality=_finite(article.quality),
        heat=_finite(article.heat),
        publishers=_count_publishers(publisher, coverage),
        related=related,
    )


def _publisher(article: Article) -> Person | None:
    provider = article.provider
    name = one_line(provider.name) if provider else ""
    if provider is None or not name:
        return None
    return Person(name=name, url=web_link(f"https://{provider.domain}/") if provider.domain else None)


def _authors(article: Article) -> tuple[Person, ...]:
    names = dict.fromkeys(filter(None, map(one_line, article.authors)))
    return tuple(Person(name=name) for name in names)


def _categories(slugs: Sequence[str], labels: Mapping[str, str], site: Site) -> tuple[Category, ...]:
    scheme = topic_scheme(site)
    return tuple(Category(label=one_line(labels.get(slug, slug)) or slug, scheme=scheme) for slug in slugs)


def _picture(image: Image) -> Picture | None:
    url = web_link(image.url)
    if url is None:
        return None
    suffix = urlsplit(url).path.rpartition(".")[2].lower()
    return Picture(
        url=url,
        width=image.width if image.width and image.width > 0 else None,
        height=image.height if image.height and image.height > 0 else None,
        media_type=_IMAGE_TYPES.get(suffix),
    )


def _related(article: Article, link: str, coverage: Sequence[Related]) -> tuple[Mention, ...]:
    """The story's other publishers first, then what the article itself names; each address once."""
    found: dict[str, Mention] = {}
    for other in (*coverage, *article.related):
        address, title = web_link(other.link), one_line(other.title)
        own = other.canonical_link == article.canonical_link or address == link
        if address is None or not title or own or other.canonical_link in found:
            continue
        found[other.canonical_link] = Mention(
            title=title,
            link=address,
            publisher=one_line(other.provider or "") or None,
            published=other.published.replace(microsecond=0) if other.published else None,
            quality=_finite(other.quality),
        )
    return tuple({mention.link: mention for mention in found.values()}.values())[:MOST_RELATED]


def _count_publishers(publisher: Person | None, coverage: Sequence[Related]) -> int:
    names = {one_line(other.provider).casefold() for other in coverage if other.provider}
    return len(names - {publisher.name.casefold() if publisher else ""}) + 1


def _finite(value: float | None) -> float | None:
    """A number as JSON knows it, whole where it is whole."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else value


def _content(
    article: Article, title: str, link: str, picture: Picture | None, related: Sequence[Mention]
) -> str:
    """The text as HTML: the body, else the summary; the image once, before it; other coverage after it.

    The body was sanitised when it was read. An article without any text shows its title as a link.
    """
    body = clean(article.body).strip()
    if not body:
        summary = one_line(article.summary)
        shown = escape(summary) if summary else f'<a href="{escape(link)}">{escape(title)}</a>'
        body = f"<p>{shown}</p>"
    parts = [body]
    if picture is not None and not _shows(body, picture.url):
        parts.insert(0, _figure(picture))
    if related:
        parts.append(_coverage_list(related))
    return "\n".join(parts)


def _shows(body: str, url: str) -> bool:
    return url in body or escape(url) in body


def _figure(picture: Picture) -> str:
    sizes = "".join(
        f' {name}="{size}"' for name, size in (("width", picture.width), ("height", picture.height)) if size
    )
    return f'<p><img src="{escape(picture.url)}" alt=""{sizes}></p>'


def _coverage_list(related: Sequence[Mention]) -> str:
    lines = "".join(
        f'<li><a href="{escape(other.link)}">{escape(other.title)}</a>'
        f"{f' ({escape(other.publisher)})' if other.publisher else ''}</li>"
        for other in related
    )
    return f"<p>Related coverage:</p>\n<ul>{lines}</ul>"
