"""What decorates an article: pictures, its publisher, related articles. What is malformed is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from syndicator.models import Image, Provider, Related
from syndicator.parse.fields import LONGEST_NAME, as_name, as_number, as_text, read_moment
from syndicator.parse.identity import canonical_link
from syndicator.text import plain_line, visible
from syndicator.urls import encoded, http_link, joined
from syndicator.yaml_reader.scalars import Value

T = TypeVar("T")
MOST_IMAGES = 20
MOST_RELATED = 50
MOST_TRIED = 100
"""Of a longer list the rest is left out unread: an address takes up to a millisecond to check."""
MOST_PARAMETERS = 30
"""Of the query of a related link; each is taken apart, sorted and written anew."""
_LARGEST_SIDE = 20_000
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")


def read_images(values: Iterator[Value], base: str, below: str = "") -> tuple[Image, ...]:
    """The pictures among `values`, each once, 20 at most: addresses, mappings with one, or lists of both.

    Relative ones are so to `base`; those from the top are `below` this path on its host."""
    images: dict[str, Image] = {}
    items = (item for value in values for item in (value if isinstance(value, list) else [value]))
    for item in islice(items, MOST_TRIED):
        image = _image(item, base, below)
        if image is not None:
            images.setdefault(image.url, image)
        if len(images) == MOST_IMAGES:
            break
    return tuple(images.values())


def _image(value: Value, base: str, below: str) -> Image | None:
    given = value if isinstance(value, dict) else {"url": value}
    address = next((given[key] for key in ("url", "src", "path", "image") if given.get(key)), None)
    if not isinstance(address, str):
        return None
    if address.startswith("/") and not address.startswith(("//", f"{below}/")):
        address = below + address
    with suppress(ValueError):
        return Image(
            url=joined(base, address), width=_side(given.get("width")), height=_side(given.get("height"))
        )
    return None


def encoded_image(image: Image) -> Image:
    """The image by an address that any document may carry."""
    return replace(image, url=encoded(image.url)) if "%" in image.url else image


def _side(value: Value) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and 1 <= number <= _LARGEST_SIDE else None


def read_provider(value: Value, base: str) -> Provider | None:
    """The publisher from a mapping with `name`, `domain` and `images`, or from a name alone."""
    name = as_name(value)
    if not isinstance(value, dict):
        return Provider(name=name) if name else None
    domain = (as_text(value.get("domain")) or "").strip().lower()
    domain = domain if len(domain) <= LONGEST_NAME and _DOMAIN.fullmatch(domain) else ""
    if not name and not domain:
        return None
    logos = map(encoded_image, read_images(iter([value.get("images"), value.get("logo")]), base))
    return Provider(name=name or domain, domain=domain or None, logo=next(logos, None))


def read_related(value: Value, zone: ZoneInfo, title_limit: int) -> tuple[Related, ...]:
    """The related articles of a list of mappings, each link once, 50 at most."""
    related: dict[str, Related] = {}
    for item in value[:MOST_TRIED] if isinstance(value, list) else []:
        one = _related(item, zone, title_limit) if isinstance(item, dict) else None
        if one is not None:
            related.setdefault(one.canonical_link, one)
        if len(related) == MOST_RELATED:
            break
    return tuple(related.values())


def _related(item: dict[str, Value], zone: ZoneInfo, title_limit: int) -> Related | None:
    link = _first(item, ("webUrl", "originalUrl", "sourceUrl", "url", "link"), http_link)
    title = plain_line(as_text(item.get("title")) or "", title_limit)
    if link is None or link.count("&") > MOST_PARAMETERS or not visible(title):
        return None
    return Related(
        title=title,
        link=encoded(link),
        canonical_link=canonical_link(link),
        provider=as_name(item.get("provider")),
        published=_first(item, ("publishedDateTime", "date"), lambda text: read_moment(text, zone)),
        quality=as_number(item.get("quality")),
    )


def _first(item: dict[str, Value], keys: tuple[str, ...], read: Callable[[str], T]) -> T | None:
    """What is read from the first of the keys that can be."""
    for key in keys:
        with suppress(ValueError):
            if text := as_text(item.get(key)):
                return read(text)
    return None
