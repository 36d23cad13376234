"""A feed's description as JSON Feed 1.1 (pure). https://www.jsonfeed.org/version/1.1/

What JSON Feed has no word for stands under `_syndicator`, as extensions do. Of the feed:

    topic       slug of the topic, `all` for all of them
    level       quality level, null for everything

Of an item:

    type        what kind of thing it is: article, video, event ...
    quality     the source's own rating, or null; has no upper bound
    heat        how much it is talked about, or null; -1 where the source does not know
    publisher   {name, url} of who published it, or null
    story       id of the story: the same for all entries on one event, and never another
    publishers  how many publishers have the story, this one included; at least 1
    related     the story's other entries, then what the article names:
                [{title, url, publisher, date_published, quality}]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from syndicator.models import Format, Related
from syndicator.publish.feed import Feed, Item, Publisher
from syndicator.settings.models import Site
from syndicator.text import language_tag

VERSION = "https://jsonfeed.org/version/1.1"


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
    extension = {
        "type": article.type,
        "quality": _number(article.quality),
        "heat": _number(article.heat),
        "publisher": _source(item.publisher) if item.publisher else None,
        "story": item.entry.story,
        "publishers": item.publishers,
        "related": [_related(other) for other in item.related],
    }
    return _encode(_present(shown) | {"_syndicator": extension})


def _head(feed: Feed) -> dict[str, object]:
    return {
        "version": VERSION,
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
        "date_published": _moment(other.published),
        "quality": _number(other.quality),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.replace(microsecond=0).isoformat() if moment else None


def _number(value: float | None) -> float | None:
    """Whole where it is whole."""
    return int(value) if value is not None and float(value).is_integer() else value


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that have a value: JSON Feed knows no null."""
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
