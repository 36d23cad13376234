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
"""What an entry takes in memory beside its body and its fragments."""

_FORMATS: Mapping[Format, tuple[Callable[[Item, Site], bytes], Callable[[Feed, Iterable[bytes]], bytes]]] = {
    Format.RSS: (rss_item, rss_document),
    Format.ATOM: (atom_entry, atom_document),
    Format.JSON: (json_item, json_document),
}

log = structlog.get_logger()


@dataclass(slots=True)
class _Kept:
    item: Item
    size: int
    data: dict[Format, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Fragments:
    """The rendered entries of one site, the least recently used first. One thread uses it."""

    most_bytes: int = MOST_BYTES
    _kept: dict[str, _Kept] = field(default_factory=dict)
    """By guid."""
    _size: int = 0

    def render(self, feed: Feed, form: Format) -> bytes:
        """The whole document; the same feed gives the same bytes."""
        _, document = _FORMATS[form]
        return document(feed, filter(None, [self._fragment(item, form, feed.site) for item in feed.items]))

    def _fragment(self, item: Item, form: Format, site: Site) -> bytes:
        guid = item.entry.guid
        kept = self._kept.pop(guid, None)
        if kept is None or (kept.item is not item and kept.item != item):
            self._size -= kept.size if kept else 0
            kept = _Kept(item, 0)
            self._grow(kept, len(item.entry.article.body) + _OVERHEAD)
        kept.item = item  # the same for the next format
        self._kept[guid] = kept
        if form not in kept.data:
            kept.data[form] = _made(item, form, site)
            self._grow(kept, len(kept.data[form]))
        while self._size > self.most_bytes and len(self._kept) > 1:
            self._size -= self._kept.pop(next(iter(self._kept))).size
        return kept.data[form]

    def _grow(self, kept: _Kept, size: int) -> None:
        kept.size += size
        self._size += size


def _made(item: Item, form: Format, site: Site) -> bytes:
    """The fragment; nothing where it cannot be rendered."""
    try:
        return _FORMATS[form][0](item, site)
    except (ValueError, TypeError) as error:
        log.warning("entry left out of a feed", format=form.value, guid=item.entry.guid, why=str(error))
        return b""
