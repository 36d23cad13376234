"""A file of the output folder made ready to be sent: its type, its tags, its compressed form (pure).

All that can be known before a request comes is worked out here, once per change of the file.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote

from syndicator.serve.conditions import http_date
from syndicator.serve.messages import Response

FEED_TYPES = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}
"""By whole file name: `.xml` alone does not tell RSS from Atom."""

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "opml": "text/x-opml; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "ico": "image/x-icon",
}

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' http: https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Pages bring no script, no frame and no form; their style is a file beside them, their pictures anyone's."""

_BARE_POLICY = "default-src 'none'; frame-ancestors 'none'"
_SHORTEST_COMPRESSED = 256
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say of every answer. `base_url` ends in a slash; nothing is taken from Host."""

    base_url: str
    cache_seconds: int = 300
    hub: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One encoding of a document, with both answers that it can get; the etag is quoted."""

    etag: str
    whole: Response
    unchanged: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as it was at one moment. `modified` is in Unix seconds; `compressed` is there where it pays."""

    modified: int
    plain: Form
    compressed: Form | None

    @property
    def size_bytes(self) -> int:
        return sum(len(form.whole.body) for form in (self.plain, self.compressed) if form)

    @property
    def tags(self) -> Tags:
        """The document without its bodies."""
        packed = self.compressed
        return Tags(
            modified=self.modified,
            plain=Tag(etag=self.plain.etag, unchanged=self.plain.unchanged),
            compressed=Tag(etag=packed.etag, unchanged=packed.unchanged) if packed else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What is left of a form without its body: enough for those who have it already."""

    etag: str
    unchanged: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What is left of a document without its bodies."""

    modified: int
    plain: Tag
    compressed: Tag | None


def content_type(file: str) -> str:
    """The media type with its charset, by the file's name; bytes without meaning where it says nothing.

    >>> content_type("feeds/ai/rss.xml"), content_type("feeds.opml"), content_type("x.bin")
    ('application/rss+xml; charset=utf-8', 'text/x-opml; charset=utf-8', 'application/octet-stream')
    """
    name = file.rpartition("/")[2]
    return FEED_TYPES.get(name) or _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def make_document(file: str, body: bytes, *, modified: int, rules: Rules) -> Document:
    """The document that `file` (relative, with `/`) is with these bytes."""
    kind = content_type(file)
    shared = _shared_headers(file, modified, rules, varies=_is_text(kind))
    packed = gzip.compress(body, 6, mtime=0) if _is_text(kind) and len(body) >= _SHORTEST_COMPRESSED else body
    always = (("content-type", kind), *_policy(kind), *COMMON[1:], ("accept-ranges", "none"))
    return Document(
        modified=modified,
        plain=_make_form(body, shared, always),
        compressed=(
            _make_form(packed, shared, (*always, ("content-encoding", "gzip")))
            if len(packed) < len(body)
            else None
        ),
    )


COMMON: Headers = (
    ("server", "syndicator"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
)


def _make_form(body: bytes, shared: Headers, always: Headers) -> Form:
    # A strong tag is of the bytes as sent, so each encoding has its own (RFC 9110 8.8.3.3).
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    short = (("etag", etag), *shared)
    return Form(
        etag=etag,
        whole=Response(status=200, headers=(*short, *always), body=body),
        unchanged=Response(status=304, headers=short),
    )


def _shared_headers(file: str, modified: int, rules: Rules, *, varies: bool) -> Headers:
    """What 200 and 304 have in common (RFC 9110 15.4.5), and the links that WebSub discovery wants."""
    headers = [
        COMMON[0],
        ("cache-control", f"public, max-age={rules.cache_seconds}"),
        ("last-modified", http_date(modified)),
    ]
    if varies:
        headers.append(("vary", "accept-encoding"))
    if file.rpartition("/")[2] in FEED_TYPES:
        headers.append(("link", _links(file, rules)))
        headers.append(("access-control-allow-origin", "*"))
    return tuple(headers)


def _links(file: str, rules: Rules) -> str:
    own = f'<{rules.base_url}{quote(file)}>; rel="self"'
    return f'{own}, <{rules.hub}>; rel="hub"' if rules.hub else own


def _policy(kind: str) -> Headers:
    policy = PAGE_POLICY if kind.startswith("text/html") else _BARE_POLICY
    return (("content-security-policy", policy),)


def _is_text(kind: str) -> bool:
    return "charset" in kind
