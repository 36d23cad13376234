"""RSS 2.0 and Atom 1.0 through feedgen: heads of feeds, and entries one by one (pure).

Every date is set, so that nothing reads the clock. feedgen sets the process's locale while it writes a date:
render in one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from syndicator.models import Format
from syndicator.publish.addresses import MEDIA_TYPES, topic_scheme
from syndicator.publish.feed import Feed, Item
from syndicator.publish.feedgen_extensions import (
    ATOM_NAMESPACES,
    RSS_NAMESPACES,
    EntryExtension,
    FeedExtension,
)
from syndicator.settings.models import Site

TTL_MINUTES = 60
"""How long a reader may keep the feed before it asks again."""


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
    scheme = topic_scheme(site)
    entry.category([{"term": label, "label": label, "scheme": scheme} for label in item.labels])
    return entry


def _cut(document: etree._Element, start: bytes, end: bytes) -> bytes:
    """The one element of a document that was made to hold it: namespaces stay declared outside."""
    data = etree.tostring(document, pretty_print=True, encoding="UTF-8", xml_declaration=False)
    return data[data.index(start) : data.rindex(end) + len(end)] + b"\n"


def _inserted(head: bytes, end: bytes, fragments: Iterable[bytes]) -> bytes:
    place = head.rindex(end)
    return b"".join((head[:place], *fragments, head[place:]))
