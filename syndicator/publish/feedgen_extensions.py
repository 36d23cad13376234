"""What feedgen 1.0.0 leaves out or gets wrong, put right on the finished elements (pure).

feedgen calls an extension after it has built an element; these work on that element:

- `FeedEntry.atom_entry` shadows its loop variable and drops `rel`, `type` and `length` of every link of an
  entry; the links are set here.
- RSS knows one link of the feed and none of the hub or the archive; authors need an e-mail address.
- Plain text in RSS is written as the RSS profile asks, `&` and `<` as hexadecimal references; feedgen writes
  `&amp;`, which half of the readers take for HTML (https://www.rssboard.org/rss-profile#data-types-characterdata).
- Media RSS, feed history (RFC 5005) and tombstones (RFC 6721) are not among feedgen's own extensions, or
  (media) need their whole tree imported by name.

`tests/publish/test_feedgen_defects.py` tells when feedgen mends one of them, so that it can go here.
"""

from __future__ import annotations

import re

from lxml import etree

from syndicator.models import Format
from syndicator.publish.addresses import MEDIA_TYPES, image_type
from syndicator.publish.feed import Feed, Item, sizes_of
from syndicator.settings.models import Site
from syndicator.text import language_tag
from syndicator.urls import document_id

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
XML = "http://www.w3.org/XML/1998/namespace"

ATOM_NAMESPACES = {"dc": DC, "fh": HISTORY, "media": MEDIA}
RSS_NAMESPACES = {**ATOM_NAMESPACES, "atom": ATOM, "content": CONTENT}

_MARKUP = re.compile("([&<])")
_PLAIN = frozenset({"title", "description", "category"})


class FeedExtension:
    """Works on the head of a feed; `feed` and `form` are set after feedgen has made the object."""

    feed: Feed
    form: Format

    def extend_ns(self) -> dict[str, str]:
        """Declares only what the feed may use: a namespace that a validator does not know is a warning."""
        if self.form is Format.RSS:
            return RSS_NAMESPACES
        return ATOM_NAMESPACES | ({"at": TOMBSTONES} if self.feed.tombstones else {})

    def extend_rss(self, rss: etree._Element) -> etree._Element:
        channel = rss[0]
        for element in channel:
            if element.tag in _PLAIN:
                _set_plain(element)
        link = f"{{{ATOM}}}link"
        if self.feed.hub:
            etree.SubElement(channel, link, rel="hub", href=self.feed.hub)
        for rel, href in self.feed.archive_links:
            etree.SubElement(channel, link, rel=rel, href=href, type=MEDIA_TYPES[Format.ATOM])
        return rss

    def extend_atom(self, atom: etree._Element) -> etree._Element:
        if self.feed.page is not None:
            etree.SubElement(atom, f"{{{HISTORY}}}archive")
        for stone in self.feed.tombstones:
            # Without the link that RFC 6721 allows in it: feedparser takes that for the feed's own.
            when = stone.removed.replace(microsecond=0).isoformat()
            etree.SubElement(atom, f"{{{TOMBSTONES}}}deleted-entry", ref=document_id(stone.guid), when=when)
        return atom


class EntryExtension:
    """Works on one finished entry; `item` and `site` are set after feedgen has made the object."""

    item: Item
    site: Site

    def extend_rss(self, entry: etree._Element) -> etree._Element:
        for element in entry:
            # The description of an entry is HTML.
            if element.tag in ("title", "category"):
                _set_plain(element)
        for name, _ in self.item.authors:
            _add_plain(entry, f"{{{DC}}}creator", name)
        if language := language_tag(self.item.entry.article.language):
            _add_plain(entry, f"{{{DC}}}language", language)
        if (origin := self.item.origin(self.site)) and origin[1]:
            _add_plain(entry, "source", origin[0], url=origin[1])
        _add_related(entry, f"{{{ATOM}}}link", self.item)
        _add_image(entry, self.item)
        return entry

    def extend_atom(self, entry: etree._Element) -> etree._Element:
        for link in entry.findall("link"):
            entry.remove(link)
        etree.SubElement(entry, "link", rel="alternate", type="text/html", href=self.item.entry.article.link)
        _add_related(entry, "link", self.item)
        if self.item.publisher is not None:
            etree.SubElement(entry, f"{{{DC}}}publisher").text = self.item.publisher[0]
        if language := language_tag(self.item.entry.article.language):
            entry.set(f"{{{XML}}}lang", language)
        _add_image(entry, self.item)
        return entry


def _add_plain(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    _set_plain(element)


def _set_plain(element: etree._Element) -> None:
    """Writes `&` and `<` of the text as hexadecimal references."""
    parts = _MARKUP.split(element.text or "")
    if len(parts) == 1:
        return
    element.text = parts[0]
    for mark, after in zip(parts[1::2], parts[2::2], strict=True):
        reference = etree.Entity(f"#x{ord(mark):X}")
        reference.tail = after
        element.append(reference)


def _add_related(parent: etree._Element, tag: str, item: Item) -> None:
    """Atom's links (RFC 4287 4.2.7.2), which may stand in an RSS item as well."""
    for other in item.related:
        etree.SubElement(parent, tag, rel="related", href=other.link, title=other.title)


def _add_image(parent: etree._Element, item: Item) -> None:
    """`media:content` with what is known, and `media:thumbnail` (Media RSS 1.5.1).

    An enclosure would need the file's length in bytes, which only fetching it could tell; readers would offer
    it as a download as well.
    """
    if (image := item.image) is None:
        return
    sizes = {name: str(size) for name, size in sizes_of(image).items()}
    known = {"type": kind} if (kind := image_type(image.url)) else {}
    etree.SubElement(parent, f"{{{MEDIA}}}content", {"url": image.url, **known, "medium": "image", **sizes})
    etree.SubElement(parent, f"{{{MEDIA}}}thumbnail", {"url": image.url, **sizes})
