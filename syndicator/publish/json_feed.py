"""A feed's description as JSON Feed 1.1 (pure). https://www.jsonfeed.org/version/1.1/

What JSON Feed has no word for stands under `_syndicator`, as extensions do. Of the feed:

    topic       slug of the topic, `all` for all of them
    level       quality level, null for everything

Of an item:

    type        what kind of thing it is: article, video, event ...
    quality     the source's own rating, or null; has no upper bound
    heat        how much it is talked about, or null; -1 where the source does not know
    publisher   {name, url} of who published it, or null
    publishers  how many publishers have the story, this one included; at least 1
    related     their articles: [{title, url, publisher, date_published, quality}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from syndicator.models import Format
from syndicator.publish.feed import Feed, Fragment, Rendered, render_items
from syndicator.publish.item import Item, Mention, Person

VERSION = "https://jsonfeed.org/version/1.1"


def render_json(feed: Feed, fragment: Fragment | None = None) -> Rendered:
    """The feed as JSON Feed 1.1, UTF-8, one item a line; the same feed gives the same bytes."""
    fragments, left_out = render_items(feed, fragment or render_json_item)
    head = _encode(_present(_head(feed)))
    items = b",\n".join(fragments)
    data = head[:-1] + b',\n"items": [\n' + items + b"\n]}\n" if items else head[:-1] + b',\n"items": []}\n'
    return Rendered(data=data, left_out=left_out)


def render_json_item(item: Item, home_host: str = "") -> bytes:
    """One item as an object on one line. Raises ValueError for what JSON cannot hold."""
    return _encode(
        _present(
            {
                "id": item.id,
                "url": item.link,
                "title": item.title,
                "content_html": item.content,
                "summary": item.summary or None,
                "image": item.picture.url if item.picture else None,
                "date_published": item.published.isoformat(),
                "date_modified": item.updated.isoformat(),
                "authors": [_present({"name": author.name, "url": author.url}) for author in item.authors],
                "tags": list(dict.fromkeys(topic.label for topic in item.categories)),
                "language": item.language,
            }
        )
        | {"_syndicator": _extension(item)}
    )


def _head(feed: Feed) -> dict[str, object]:
    form = Format.JSON
    return {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.self_url(form),
        "description": feed.description,
        "authors": [{"name": feed.author, "url": feed.site.base_url}],
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub else None,
        "_syndicator": {"topic": feed.slug, "level": feed.level},
    }


def _extension(item: Item) -> dict[str, object]:
    return {
        "type": item.type,
        "quality": item.quality,
        "heat": item.heat,
        "publisher": _person(item.publisher),
        "publishers": item.publishers,
        "related": [_mention(other) for other in item.related],
    }


def _person(person: Person | None) -> dict[str, object] | None:
    return _present({"name": person.name, "url": person.url}) if person else None


def _mention(other: Mention) -> dict[str, object]:
    return {
        "title": other.title,
        "url": other.link,
        "publisher": other.publisher,
        "date_published": _moment(other.published),
        "quality": other.quality,
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that have a value: JSON Feed knows no null."""
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
