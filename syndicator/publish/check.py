"""A last look at a finished feed before it replaces the old one (pure).

It asks what every reader needs: that the document can be parsed, and that its entries have ids of their own,
titles, dates and web addresses. It is no validator; the tests run those. A fault found here is one of the
program: the old document should stay, and the fault be reported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

from lxml import etree

from syndicator.models import Format
from syndicator.publish.item import web_link

_ATOM = "{http://www.w3.org/2005/Atom}"

Row = tuple[str | None, str | None, str | None]
"""Id, title and link of one entry; its dates were parsed on the way."""


def find_faults(form: Format, data: bytes) -> tuple[str, ...]:
    """What is wrong with the document, in its own order; empty when it may be published."""
    try:
        match form:
            case Format.RSS:
                rows = list(_rss_rows(_parse(data)))
            case Format.ATOM:
                rows = list(_atom_rows(_parse(data)))
            case Format.JSON:
                rows = list(_json_rows(json.loads(data.decode("utf-8"))))
            case _:
                assert_never(form)
    except (etree.XMLSyntaxError, ValueError, LookupError, TypeError, AttributeError) as error:
        return (f"it cannot be read: {error}",)
    counts = Counter(row[0] for row in rows)
    repeated = [f"{guid} stands {count} times" for guid, count in counts.items() if count > 1]
    return (*(fault for row in rows for fault in _row_faults(*row)), *repeated)


def _row_faults(guid: str | None, title: str | None, link: str | None) -> Iterator[str]:
    if not guid:
        yield f"an entry without an id: {title}"
    if not title:
        yield f"{guid} has no title"
    if not link or web_link(link) != link:
        yield f"{guid} has no web address: {link}"


def _parse(data: bytes) -> etree._Element:
    """The document; `huge_tree` as a text of 10 million characters is long but no attack of ours on us."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def _rss_rows(rss: etree._Element) -> Iterator[Row]:
    channel = rss[0]
    parsedate_to_datetime(channel.findtext("lastBuildDate") or "")
    yield "the feed", channel.findtext("title"), channel.findtext("link")
    for item in channel.iterfind("item"):
        parsedate_to_datetime(item.findtext("pubDate") or "")
        yield item.findtext("guid"), item.findtext("title"), item.findtext("link")


def _atom_rows(feed: etree._Element) -> Iterator[Row]:
    datetime.fromisoformat(feed.findtext(f"{_ATOM}updated") or "")
    yield feed.findtext(f"{_ATOM}id"), feed.findtext(f"{_ATOM}title"), _alternate(feed)
    for entry in feed.iterfind(f"{_ATOM}entry"):
        datetime.fromisoformat(entry.findtext(f"{_ATOM}updated") or "")
        datetime.fromisoformat(entry.findtext(f"{_ATOM}published") or "")
        yield entry.findtext(f"{_ATOM}id"), entry.findtext(f"{_ATOM}title"), _alternate(entry)


def _alternate(parent: etree._Element) -> str | None:
    links = [link.get("href") for link in parent.iterfind(f"{_ATOM}link") if link.get("rel") == "alternate"]
    return links[0] if len(links) == 1 else None


def _json_rows(feed: Any) -> Iterator[Row]:
    yield feed["feed_url"], feed["title"], feed["home_page_url"]
    for item in feed["items"]:
        datetime.fromisoformat(item["date_published"])
        datetime.fromisoformat(item["date_modified"])
        yield item["id"], item["title"], item["url"]
