"""All feeds as OPML 2.0, to be taken over into a reader at once (pure). http://opml.org/spec2.opml

A topic with children is a group that holds its own feeds and theirs. Feeds are the Atom ones, which outlines
of type `rss` may be as well.
"""

from __future__ import annotations

from functools import lru_cache

from lxml import etree

from syndicator.models import ALL, Format, Topic
from syndicator.publish.addresses import feed_url, page_url
from syndicator.publish.topics import TopicIndex
from syndicator.settings.models import Site
from syndicator.text import language_tag

DEEPEST = 8
"""Groups within groups; topics further down stand in the last. Readers nest two or three at most, and XML
parsers refuse a document that nests without end."""


@lru_cache(maxsize=1)  # each new article asks for it, and it says nothing of articles
def render_opml(site: Site, topics: tuple[Topic, ...], *, levels: tuple[str, ...] = ()) -> bytes:
    """The feeds of all topics together and of each of these, in their order, each followed by its better
    levels. UTF-8; the same input gives the same bytes."""
    index = TopicIndex(topics={topic.slug: topic for topic in topics})
    opml = etree.Element("opml", version="2.0")
    head = etree.SubElement(opml, "head")
    etree.SubElement(head, "title").text = site.title
    body = etree.SubElement(opml, "body")

    def add_feeds(parent: etree._Element, slug: str, name: str, language: str | None) -> None:
        for level in (None, *levels):
            text = f"{name} ({level})" if level else name
            address = feed_url(site, slug, Format.ATOM, level=level)
            outline = etree.SubElement(parent, "outline", type="rss", text=text, title=text, xmlUrl=address)
            outline.set("htmlUrl", page_url(site, slug))
            if tag := language_tag(language):
                outline.set("language", tag)

    add_feeds(body, ALL, site.title, site.language)
    # A stack, as a chain of parents may be longer than Python's.
    tops = [slug for slug, topic in index.topics.items() if topic.parent is None]
    waiting = [(slug, body, 0) for slug in reversed(tops)]
    while waiting:
        slug, group, depth = waiting.pop()
        topic, below = index.topics[slug], index.children(slug)
        if below and depth < DEEPEST:
            group = etree.SubElement(group, "outline", text=topic.name)
        add_feeds(group, slug, topic.name, topic.language)
        waiting += [(child, group, depth + 1) for child in reversed(below)]
    return etree.tostring(opml, pretty_print=True, encoding="UTF-8", xml_declaration=True)
