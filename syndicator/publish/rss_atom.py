"""A feed's description as RSS 2.0 and Atom 1.0, through feedgen (pure).

    Feed -> head (feedgen, no entries) + one fragment per item (feedgen, alone) -> document

Each entry is rendered by itself: one that feedgen refuses is left out alone and reported, and a fragment may
be kept and used again for as long as its item is equal. Every date is set, so that nothing reads the clock.
feedgen sets the process's locale while it writes a date: render in one thread at a time.
"""

from __future__ import annotations

from html import escape

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from syndicator.models import Format
from syndicator.publish.addresses import MEDIA_TYPES
from syndicator.publish.feed import Feed, Fragment, Rendered, render_items
from syndicator.publish.feedgen_extensions import (
    ATOM_NAMESPACES,
    RSS_NAMESPACES,
    EntryExtension,
    FeedExtension,
    archive_links,
)
from syndicator.publish.item import Item

TTL_MINUTES = 60
"""How long a reader may keep the feed before it asks again."""


def render_rss(feed: Feed, fragment: Fragment | None = None) -> Rendered:
    """The feed as RSS 2.0 by the RSS Advisory Board's profile, UTF-8; the same feed gives the same bytes."""
    generator = _generator(feed, Format.RSS)
    generator.ttl(TTL_MINUTES)
    return _assemble(feed, generator.rss_str(pretty=True), b"  </channel>", fragment or render_rss_item)


def render_atom(feed: Feed, fragment: Fragment | None = None) -> Rendered:
    """The feed as Atom 1.0 (RFC 4287), UTF-8; the same feed gives the same bytes."""
    generator = _generator(feed, Format.ATOM)
    generator.id(feed.id)
    generator.author({"name": feed.author, "uri": feed.site.base_url})
    return _assemble(feed, generator.atom_str(pretty=True), b"</feed>", fragment or render_atom_item)


def render_rss_item(item: Item, home_host: str) -> bytes:
    """One `<item>` as it stands in the channel. Raises ValueError for what feedgen or XML refuse."""
    entry = _entry(item, home_host)
    entry.guid(item.id, permalink=item.id == item.link)
    entry.link(href=item.link)
    entry.content(item.content)
    if item.summary:
        entry.description(escape(item.summary, quote=False))
    rss = etree.Element("rss", nsmap=RSS_NAMESPACES)
    etree.SubElement(rss, "channel").append(entry.rss_entry())
    return _cut(rss, b"<item>", b"</item>")


def render_atom_item(item: Item, home_host: str) -> bytes:
    """One `<entry>` as it stands in the feed. Raises ValueError for what feedgen or XML refuse."""
    entry = _entry(item, home_host)
    entry.id(item.id)
    entry.content(item.content, type="html")
    entry.link(href=item.link, rel="alternate")
    if item.summary:
        entry.summary(item.summary)
    for author in item.authors:
        entry.author({"name": author.name} | ({"uri": author.url} if author.url else {}))
    feed = etree.Element("feed", nsmap=ATOM_NAMESPACES)
    feed.append(entry.atom_entry())
    return _cut(feed, b"<entry", b"</entry>")


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
    for rel, href in archive_links(feed):
        generator.link(href=href, rel=rel, type=MEDIA_TYPES[Format.ATOM])
    generator.link(href=feed.home, rel="alternate", type="text/html")
    return generator


def _entry(item: Item, home_host: str) -> FeedEntry:
    """feedgen's entry with what both formats share."""
    entry = FeedEntry()
    entry.register_extension("syndicator", EntryExtension)
    entry.syndicator.item, entry.syndicator.home_host = item, home_host
    entry.title(item.title)
    entry.published(item.published)
    entry.updated(item.updated)
    for topic in item.categories:
        entry.category(term=topic.label, label=topic.label, scheme=topic.scheme)
    return entry


def _cut(document: etree._Element, start: bytes, end: bytes) -> bytes:
    """The one element of a document that was made to hold it: namespaces stay declared outside."""
    data = etree.tostring(document, pretty_print=True, encoding="UTF-8", xml_declaration=False)
    return data[data.index(start) : data.rindex(end) + len(end)]


def _assemble(feed: Feed, head: bytes, end: bytes, fragment: Fragment) -> Rendered:
    fragments, left_out = render_items(feed, fragment)
    place = head.rindex(end)
    indent = b"    " if end.startswith(b" ") else b"  "
    body = b"".join(indent + part + b"\n" for part in fragments)
    return Rendered(data=head[:place] + body + head[place:], left_out=left_out)
