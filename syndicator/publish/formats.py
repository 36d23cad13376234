"""A feed in each of its formats, as bytes (pure).

    Feed -> head + one fragment per item -> document

RSS 2.0 and Atom 1.0 are made by feedgen. Every date is set, so that nothing reads the clock. It sets the
process's locale while it writes a date: render in one thread at a time.

A fragment is made once for each format and used again wherever a feed or an archive page shows an equal item.
One that feedgen, lxml or JSON refuses is left out alone, and said: what they take is well-formed, so nothing
reads a finished document again.

What JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) has no word for stands under `_syndicator`, as
extensions do; docs/feeds.md says what each key means.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

import structlog
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from syndicator.models import Format, Related
from syndicator.publish.addresses import MEDIA_TYPES
from syndicator.publish.feed import Feed, Item, Publisher
from syndicator.publish.feedgen_extensions import (
    ATOM_NAMESPACES,
    RSS_NAMESPACES,
    EntryExtension,
    FeedExtension,
)
from syndicator.settings.models import Site
from syndicator.text import language_tag

TTL_MINUTES = 60
"""How long a reader may keep an RSS feed before it asks again."""
MOST_BYTES = 32 * 1024 * 1024
"""Of kept fragments: all of about 5,000 entries in three formats. Beyond it, those unused longest go."""
_OVERHEAD = 3_000
"""What an entry takes in memory beside its body and its fragments."""

log = structlog.get_logger()


def rss_document(feed: Feed, items: Iterable[bytes]) -> bytes:
    """The feed as RSS 2.0 by the RSS Advisory Board's profile, UTF-8, with these items in it."""
    generator = _generator(feed, Format.RSS)
    generator.ttl(TTL_MINUTES)
    return _inserted(generator.rss_str(pretty=True), b"  </channel>", items)


def atom_document(feed: Feed, entries: Iterable[bytes]) -> bytes:
    """The feed as Atom 1.0 (RFC 4287), UTF-8, with these entries in it."""
    generator = _generator(feed, Format.ATOM)
    generator.id(feed.current_url(Format.ATOM))
    generator.author({"name": feed.site.title, "uri": feed.site.base_url})
    return _inserted(generator.atom_str(pretty=True), b"</feed>", entries)


def rss_item(item: Item, site: Site) -> bytes:
    """One `<item>` as it stands in the channel. Raises ValueError for what feedgen or XML refuse."""
    entry, link = _entry(item, site), item.entry.article.link
    entry.guid(item.id, permalink=item.id == link)
    entry.link(href=link)
    entry.content(item.content)
    if item.entry.article.summary:
        entry.description(escape(item.entry.article.summary, quote=False))
    rss = etree.Element("rss", nsmap=RSS_NAMESPACES)
    etree.SubElement(rss, "channel").append(entry.rss_entry())
    return b"    " + _cut(rss, b"<item>", b"</item>")


def atom_entry(item: Item, site: Site) -> bytes:
    """One `<entry>` as it stands in the feed. Raises ValueError for what feedgen or XML refuse."""
    entry = _entry(item, site)
    entry.id(item.id)
    entry.content(item.content, type="html")
    if item.entry.article.summary:
        entry.summary(item.entry.article.summary)
    for name, url in item.authors:
        entry.author({"name": name} | ({"uri": url} if url else {}))
    feed = etree.Element("feed", nsmap=ATOM_NAMESPACES)
    feed.append(entry.atom_entry())
    return b"  " + _cut(feed, b"<entry", b"</entry>")


def _generator(feed: Feed, form: Format) -> FeedGenerator:
    """feedgen's head of the feed. Of its links RSS takes the last, so that is the page for people."""
    generator = FeedGenerator()
    generator.register_extension("syndicator", FeedExtension)
    generator.syndicator.feed, generator.syndicator.form = feed, form
    generator.title(feed.title)
    generator.description(feed.description)
    generator.language(feed.language)
    generator.updated(feed.updated)
    generator.generator("syndicator")
    generator.link(href=feed.self_url(form), rel="self", type=MEDIA_TYPES[form])
    if feed.hub:
        generator.link(href=feed.hub, rel="hub")
    for rel, href in feed.archive_links:
        generator.link(href=href, rel=rel, type=MEDIA_TYPES[Format.ATOM])
    generator.link(href=feed.home, rel="alternate", type="text/html")
    return generator


def _entry(item: Item, site: Site) -> FeedEntry:
    """feedgen's entry with what both formats share.

    A topic's name and not its slug is Atom's term: half of the readers show that and no label.
    """
    entry = FeedEntry()
    entry.register_extension("syndicator", EntryExtension)
    entry.syndicator.item, entry.syndicator.site = item, site
    entry.title(item.entry.article.title)
    entry.published(item.published)
    entry.updated(item.updated)
    scheme = f"{site.base_url}topics/"
    entry.category([{"term": label, "label": label, "scheme": scheme} for label in item.labels])
    return entry


def _cut(document: etree._Element, start: bytes, end: bytes) -> bytes:
    """The one element of a document that was made to hold it: namespaces stay declared outside."""
    data = etree.tostring(document, pretty_print=True, encoding="UTF-8", xml_declaration=False)
    return data[data.index(start) : data.rindex(end) + len(end)] + b"\n"


def _inserted(head: bytes, end: bytes, fragments: Iterable[bytes]) -> bytes:
    place = head.rindex(end)
    return b"".join((head[:place], *fragments, head[place:]))


def json_document(feed: Feed, items: Iterable[bytes]) -> bytes:
    """The feed as JSON Feed 1.1, UTF-8, with these items in it, one a line."""
    head, lines = _encode(_present(_head(feed)))[:-1], b",\n".join(items)
    return head + (b',\n"items": [\n%b\n]}\n' % lines if lines else b',\n"items": []}\n')


def json_item(item: Item, site: Site) -> bytes:
    """One item as an object on one line. Raises ValueError for what JSON cannot hold."""
    article = item.entry.article
    shown = {
        "id": item.id,
        "url": article.link,
        "title": article.title,
        "content_html": item.content,
        "summary": article.summary or None,
        "image": item.image.url if item.image else None,
        "date_published": item.published.isoformat(),
        "date_modified": item.updated.isoformat(),
        "authors": [_source(author) for author in item.authors],
        "tags": list(dict.fromkeys(item.labels)),
        "language": language_tag(article.language),
    }
    return _encode(_present(shown) | {"_syndicator": _extension(item)})


def _extension(item: Item) -> dict[str, object]:
    article = item.entry.article
    return {
        "type": article.type,
        "quality": _number(article.quality),
        "heat": _number(article.heat),
        "publisher": _source(item.publisher) if item.publisher else None,
        "story": item.entry.story,
        "publishers": item.publishers,
        "related": [_related(other) for other in item.related],
    }


def _head(feed: Feed) -> dict[str, object]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.self_url(Format.JSON),
        "description": feed.description,
        "authors": [{"name": feed.site.title, "url": feed.site.base_url}],
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub else None,
        "_syndicator": {"topic": feed.slug, "level": feed.level},
    }


def _source(source: Publisher) -> dict[str, object]:
    name, url = source
    return _present({"name": name, "url": url})


def _related(other: Related) -> dict[str, object]:
    return {
        "title": other.title,
        "url": other.link,
        "publisher": other.provider,
        "date_published": other.published.replace(microsecond=0).isoformat() if other.published else None,
        "quality": _number(other.quality),
    }


def _number(value: float | None) -> float | None:
    """Whole where it is whole."""
    return int(value) if value is not None and float(value).is_integer() else value


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that have a value: JSON Feed knows no null."""
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")


_FORMATS: Mapping[Format, tuple[Callable[[Item, Site], bytes], Callable[[Feed, Iterable[bytes]], bytes]]] = {
    Format.RSS: (rss_item, rss_document),
    Format.ATOM: (atom_entry, atom_document),
    Format.JSON: (json_item, json_document),
}


@dataclass(slots=True)
class _Kept:
    item: Item
    size: int
    data: dict[Format, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Fragments:
    """The rendered entries of one site, the least recently used first. One thread uses it."""

    most_bytes: int = MOST_BYTES
    _kept: dict[str, _Kept] = field(default_factory=dict)
    """By guid."""
    _size: int = 0

    def render(self, feed: Feed, form: Format) -> bytes:
        """The whole document; the same feed gives the same bytes."""
        _, document = _FORMATS[form]
        return document(feed, filter(None, [self._fragment(item, form, feed.site) for item in feed.items]))

    def _fragment(self, item: Item, form: Format, site: Site) -> bytes:
        guid = item.entry.guid
        kept = self._kept.pop(guid, None)
        if kept is None or (kept.item is not item and kept.item != item):
            self._size -= kept.size if kept else 0
            kept = _Kept(item, 0)
            self._grow(kept, len(item.entry.article.body) + _OVERHEAD)
        kept.item = item  # the same for the next format
        self._kept[guid] = kept
        if form not in kept.data:
            kept.data[form] = _made(item, form, site)
            self._grow(kept, len(kept.data[form]))
        while self._size > self.most_bytes and len(self._kept) > 1:
            self._size -= self._kept.pop(next(iter(self._kept))).size
        return kept.data[form]

    def _grow(self, kept: _Kept, size: int) -> None:
        kept.size += size
        self._size += size


def _made(item: Item, form: Format, site: Site) -> bytes:
    """The fragment; nothing where it cannot be rendered."""
    try:
        return _FORMATS[form][0](item, site)
    except (ValueError, TypeError) as error:
        log.warning("entry left out of a feed", format=form.value, guid=item.entry.guid, why=str(error))
        return b""
