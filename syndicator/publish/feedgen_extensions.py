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
from urllib.parse import urlsplit

from lxml import etree

from syndicator.models import Format
from syndicator.publish.addresses import MEDIA_TYPES
from syndicator.publish.feed import Feed, Tombstone
from syndicator.publish.item import Item, Person, Picture
from syndicator.urls import document_id

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
XML = "http://www.w3.org/XML/1998/namespace"

COMMON = {"dc": DC, "fh": HISTORY, "media": MEDIA}
RSS_NAMESPACES = {**COMMON, "atom": ATOM, "content": CONTENT}
ATOM_NAMESPACES = COMMON

_MARKUP = re.compile("([&<])")


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
        for name in ("title", "description"):
            set_plain(channel, name)
        link = f"{{{ATOM}}}link"
        if self.feed.hub:
            etree.SubElement(channel, link, rel="hub", href=self.feed.hub)
        for rel, href in archive_links(self.feed):
            etree.SubElement(channel, link, rel=rel, href=href, type=MEDIA_TYPES[Format.ATOM])
        return rss

    def extend_atom(self, atom: etree._Element) -> etree._Element:
        if self.feed.page is not None:
            etree.SubElement(atom, f"{{{HISTORY}}}archive")
        for stone in self.feed.tombstones:
            atom.append(_tombstone(stone))
        return atom


class EntryExtension:
    """Works on one finished entry; `item` is set after feedgen has made the object."""

    item: Item
    home_host: str

    def extend_rss(self, entry: etree._Element) -> etree._Element:
        for name in ("title", "category"):
            set_plain(entry, name)
        for author in self.item.authors:
            add_text(entry, f"{{{DC}}}creator", author.name)
        if self.item.language:
            add_text(entry, f"{{{DC}}}language", self.item.language)
        source = source_of(self.item, self.home_host)
        if source is not None and source.url:
            element = etree.SubElement(entry, "source", url=source.url)
            element.text = source.name
            _set_plain(element)
        _add_pictures(entry, self.item.picture)
        return entry

    def extend_atom(self, entry: etree._Element) -> etree._Element:
        for link in entry.findall("link"):
            entry.remove(link)
        etree.SubElement(entry, "link", rel="alternate", type="text/html", href=self.item.link)
        for other in self.item.related:
            etree.SubElement(entry, "link", rel="related", href=other.link, title=other.title)
        if self.item.publisher is not None:
            etree.SubElement(entry, f"{{{DC}}}publisher").text = self.item.publisher.name
        if self.item.language:
            entry.set(f"{{{XML}}}lang", self.item.language)
        _add_pictures(entry, self.item.picture)
        return entry


def archive_links(feed: Feed) -> list[tuple[str, str]]:
    """The relations of RFC 5005 4 with the addresses of Atom documents, in the order of writing."""
    current = feed.current_url(Format.ATOM) if feed.page is not None else None
    links = (
        ("current", current),
        ("prev-archive", feed.archive_url(feed.previous)),
        ("next-archive", feed.archive_url(feed.following)),
    )
    return [(rel, href) for rel, href in links if href is not None]


def source_of(item: Item, home_host: str) -> Person | None:
    """Who published the article first, None where it is the site's own.

    RSS asks for the address of the source's feed; what an article tells is the publisher's site.
    """
    parts = urlsplit(item.link)
    if (parts.hostname or "") == home_host:
        return None
    url = item.publisher.url if item.publisher else None
    name = item.publisher.name if item.publisher else (parts.hostname or "").removeprefix("www.")
    return Person(name=name, url=url or f"{parts.scheme}://{parts.netloc}/")


def add_text(parent: etree._Element, tag: str, text: str) -> None:
    """Adds an element with plain text as RSS wants it."""
    element = etree.SubElement(parent, tag)
    element.text = text
    _set_plain(element)


def set_plain(parent: etree._Element, tag: str) -> None:
    """Writes `&` and `<` of the children with this tag as hexadecimal references."""
    for element in parent.findall(tag):
        _set_plain(element)


def _set_plain(element: etree._Element) -> None:
    parts = _MARKUP.split(element.text or "")
    if len(parts) == 1:
        return
    element.text = parts[0]
    for mark, after in zip(parts[1::2], parts[2::2], strict=True):
        reference = etree.Entity(f"#x{ord(mark):X}")
        reference.tail = after
        element.append(reference)


def _add_pictures(parent: etree._Element, picture: Picture | None) -> None:
    """`media:content` with what is known, and `media:thumbnail` (Media RSS 1.5.1).

    An enclosure would need the file's length in bytes, which only fetching it could tell; readers would offer
    it as a download as well.
    """
    if picture is None:
        return
    sizes = {name: str(size) for name, size in _sizes(picture)}
    known = {"type": picture.media_type} if picture.media_type else {}
    etree.SubElement(parent, f"{{{MEDIA}}}content", {"url": picture.url, **known, "medium": "image", **sizes})
    etree.SubElement(parent, f"{{{MEDIA}}}thumbnail", {"url": picture.url, **sizes})


def _sizes(picture: Picture) -> list[tuple[str, int]]:
    return [(name, size) for name, size in (("width", picture.width), ("height", picture.height)) if size]


def _tombstone(stone: Tombstone) -> etree._Element:
    """Without the link that RFC 6721 allows in it: feedparser takes that for the feed's own."""
    when = stone.removed.replace(microsecond=0).isoformat()
    return etree.Element(f"{{{TOMBSTONES}}}deleted-entry", {"ref": document_id(stone.guid), "when": when})
