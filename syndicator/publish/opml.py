"""All feeds as OPML 2.0, to be taken over into a reader at once (pure). http://opml.org/spec2.opml

A topic with children is a group that holds its own feeds and theirs. Feeds are the RSS ones, as the outline
type is `rss`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from syndicator.models import ALL, Format, Topic
from syndicator.publish.addresses import feed_url, page_url
from syndicator.publish.topics import TopicIndex
from syndicator.settings.models import Site
from syndicator.text import language_tag, one_line

DEEPEST = 8
"""Groups within groups; topics further down stand in the last. Readers nest two or three at most, and XML
parsers refuse a document that nests without end."""


def render_opml(
    site: Site, index: TopicIndex, *, levels: Sequence[str] = (), updated: datetime | None = None
) -> bytes:
    """The feeds of all topics together and of each topic, each followed by its better levels.

    Topics stand in the order of their slugs; `updated` is the newest change of any feed. UTF-8; the same
    input gives the same bytes.
    """
    opml = etree.Element("opml", version="2.0")
    head = etree.SubElement(opml, "head")
    etree.SubElement(head, "title").text = one_line(site.title) or "News"
    if updated is not None:
        etree.SubElement(head, "dateModified").text = format_datetime(updated.replace(microsecond=0))
    body = etree.SubElement(opml, "body")
    _add_feeds(body, site, ALL, one_line(site.title) or "News", site.language, levels)
    _add_topics(body, site, index, levels)
    return etree.tostring(opml, pretty_print=True, encoding="UTF-8", xml_declaration=True)


def _add_topics(body: etree._Element, site: Site, index: TopicIndex, levels: Sequence[str]) -> None:
    """All topics under their parents; a stack, as a chain of parents may be longer than Python's."""
    roots = [topic for topic in index.topics.values() if topic.parent is None]
    waiting = [(topic, body, 0) for topic in reversed(roots)]
    while waiting:
        topic, parent, depth = waiting.pop()
        below = [index.topics[slug] for slug in index.children(topic.slug)]
        group = parent
        if below and depth < DEEPEST:
            group = etree.SubElement(parent, "outline", text=_name(topic))
        _add_feeds(group, site, topic.slug, _name(topic), topic.language, levels)
        waiting += [(child, group, depth + 1) for child in reversed(below)]


def _add_feeds(
    parent: etree._Element, site: Site, slug: str, name: str, language: str | None, levels: Sequence[str]
) -> None:
    for level in (None, *levels):
        text = name if level is None else f"{name} ({level})"
        outline = etree.SubElement(
            parent,
            "outline",
            type="rss",
            text=text,
            title=text,
            xmlUrl=feed_url(site, slug, Format.ATOM, level=level),
            htmlUrl=page_url(site, slug),
        )
        if tag := language_tag(language):
            outline.set("language", tag)


def _name(topic: Topic) -> str:
    return one_line(topic.name) or topic.slug
