"""Where every document stands, its path in the output folder and its public address; and where topics that
moved have gone (pure).

Addresses come from the site's base address alone, never from a request. All paths use `/` and are relative
to the output folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from syndicator.models import ALL, FILE_NAMES, Format, Topic, TopicStatus
from syndicator.settings.models import Site

MEDIA_TYPES = {
    Format.RSS: "application/rss+xml",
    Format.ATOM: "application/atom+xml",
    Format.JSON: "application/feed+json",
}
OPML_PATH = "feeds.opml"
_IMAGE_TYPES = {kind: f"image/{kind}" for kind in ("avif", "gif", "jpeg", "png", "webp")}
_IMAGE_TYPES |= {"jpg": "image/jpeg", "svg": "image/svg+xml"}
GONE = "-"
"""Stands where a new slug would for a topic that is gone; no slug is a hyphen."""

_NGINX_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")  # nginx compares without case
_NGINX_WORDS = frozenset({"default", "hostnames", "include", "volatile"})
"""What these lines would mean to nginx itself; a backslash before them makes them keys."""


def image_type(url: str) -> str | None:
    """The media type of an image, from its address's suffix; None where that tells nothing."""
    return _IMAGE_TYPES.get(urlsplit(url).path.rpartition(".")[2].lower())


def feed_path(slug: str, form: Format, *, level: str | None = None, page: int | None = None) -> str:
    """The path of one feed document; `page` counts archive pages from 0.

    >>> feed_path("azure", Format.RSS, level="top"), feed_path("all", Format.ATOM, page=3)
    ('feeds/azure/top/rss.xml', 'feeds/all/archive/3/atom.xml')
    """
    folders = ["feeds", slug]
    if level is not None:
        folders.append(level)
    if page is not None:
        folders += ["archive", str(page)]
    return "/".join([*folders, FILE_NAMES[form]])


def feed_url(
    site: Site, slug: str, form: Format, *, level: str | None = None, page: int | None = None
) -> str:
    """The public address of one feed document."""
    return site.base_url + feed_path(slug, form, level=level, page=page)


def page_path(slug: str) -> str:
    """The path of a topic's page; that of all topics together is the front page."""
    return "index.html" if slug == ALL else f"topics/{slug}/index.html"


def page_url(site: Site, slug: str) -> str:
    """The public address of a topic's page, in the form without `index.html`."""
    return site.base_url + page_path(slug).removesuffix("index.html")


def digest_folder(id: str) -> str:
    """The folder of the page that lists all stories of a digest, by the message's id."""
    return f"digests/{id}"


def digest_path(id: str) -> str:
    """The path of that page."""
    return f"{digest_folder(id)}/index.html"


def digest_url(site: Site, id: str) -> str:
    """The public address of that page."""
    return f"{site.base_url}{digest_folder(id)}/"


def has_ended(topic: Topic) -> bool:
    """Whether the topic had feeds and has none any more."""
    return topic.status in (TopicStatus.MOVED, TopicStatus.GONE)


def render_nginx_map(moves: Mapping[str, str]) -> bytes:
    """Lines `old new;` for renamed topics and `old -;` for gone ones, by old slug; one that was renamed again
    leads on from there.

    For nginx's `map` (https://nginx.org/en/docs/http/ngx_http_map_module.html). Names of its parameters are
    escaped; a name that could still be read as anything else there is left out.
    """
    return "".join(
        ("\\" if old in _NGINX_WORDS else "") + f"{old} {new};\n"
        for old, new in sorted(moves.items())
        if _NGINX_KEY.fullmatch(old) and (new == GONE or _NGINX_KEY.fullmatch(new))
    ).encode()
