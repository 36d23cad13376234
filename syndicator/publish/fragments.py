"""Feeds as bytes: a head, and a fragment for each entry.

    Feed -> head + one fragment per item -> document

A fragment is made once for each format and used again wherever a feed or an archive page shows an equal item.
One that feedgen, lxml or JSON refuses is left out alone, and said: what they take is well-formed, so nothing
reads a finished document again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from syndicator.models import Format
from syndicator.publish.feed import Feed, Item
from syndicator.publish.json_feed import json_document, json_item
from syndicator.publish.rss_atom import atom_document, atom_entry, rss_document, rss_item
from syndicator.settings.models import Site

MOST_BYTES = 32 * 1024 * 1024
"""Of kept fragments: all of about 5,000 entries in three formats. Beyond it, those unused longest go."""
_OVERHEAD = 3_000
"""What an entry takes in memory beside its body and its fragment."""

_FORMATS: Mapping[Format, tuple[Callable[[Item, Site], bytes], Callable[[Feed, Iterable[bytes]], bytes]]] = {
    Format.RSS: (rss_item, rss_document),
    Format.ATOM: (atom_entry, atom_document),
    Format.JSON: (json_item, json_document),
}

log = structlog.get_logger()


@dataclass(slots=True)
class Fragments:
    """The rendered entries of one site, the least recently used first. One thread uses it."""

    most_bytes: int = MOST_BYTES
    _kept: dict[tuple[str, Format], tuple[Item, bytes]] = field(default_factory=dict)
    _size: int = 0

    def render(self, feed: Feed, form: Format) -> bytes:
        """The whole document; the same feed gives the same bytes."""
        _, document = _FORMATS[form]
        return document(feed, filter(None, [self._fragment(item, form, feed.site) for item in feed.items]))

    def _fragment(self, item: Item, form: Format, site: Site) -> bytes:
        key = item.entry.guid, form
        kept = self._kept.pop(key, None)
        if kept is not None and kept[0] == item:
            self._kept[key] = kept
            return kept[1]
        data = _made(item, form, site)
        self._size += _size(item, data) - (_size(*kept) if kept else 0)
        self._kept[key] = item, data
        while self._size > self.most_bytes:
            self._size -= _size(*self._kept.pop(next(iter(self._kept))))
        return data


def _made(item: Item, form: Format, site: Site) -> bytes:
    """The fragment; nothing where it cannot be rendered."""
    try:
        return _FORMATS[form][0](item, site)
    except (ValueError, TypeError) as error:
        log.warning("entry left out of a feed", format=form.value, guid=item.entry.guid, why=str(error))
        return b""


def _size(item: Item, data: bytes) -> int:
    return len(data) + len(item.entry.article.body) + _OVERHEAD
