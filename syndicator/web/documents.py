"""A file of the output folder made ready to be sent: its type, its headers, its tags (pure).

All that can be known before a request comes is worked out here, once per change of the file.
"""

from __future__ import annotations

from email.utils import formatdate
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import quote

from syndicator.web.options import WebOptions

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
BARE_POLICY = "default-src 'none'; frame-ancestors 'none'"

Headers = tuple[tuple[str, str], ...]
SERVER: Headers = (("server", "syndicator"),)
COMMON: Headers = (
    *SERVER,
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
)


class Form(NamedTuple):
    """One encoding of a document, with the headers of both its answers: 200 and 304. The etag is quoted."""

    etag: str
    whole: Headers
    unchanged: Headers
    body: bytes


class Document(NamedTuple):
    """A file as it was at one moment. `modified` is in Unix seconds; `packed` is gzip, if it is shorter."""

    modified: int
    plain: Form
    packed: Form | None

    @property
    def size_bytes(self) -> int:
        return len(self.plain.body) + (len(self.packed.body) if self.packed else 0)


def content_type(file: str) -> str:
    """The media type with its charset, by the file's name; bytes without meaning where it says nothing.

    >>> content_type("feeds/ai/rss.xml"), content_type("feeds.opml"), content_type("x.bin")
    ('application/rss+xml; charset=utf-8', 'text/x-opml; charset=utf-8', 'application/octet-stream')
    """
    name = file.rpartition("/")[2]
    return FEED_TYPES.get(name) or _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def is_text(file: str) -> bool:
    """Whether compressing the file can pay."""
    return "charset" in content_type(file)


def make_document(
    file: str, body: bytes, packed: bytes | None, *, modified: int, options: WebOptions
) -> Document:
    """The document that `file` (relative, with `/`) is with these bytes; `packed` are the same in gzip."""
    kind, shared = content_type(file), _shared_headers(file, modified, options)
    policy = PAGE_POLICY if kind.startswith("text/html") else BARE_POLICY
    always: Headers = (
        ("content-type", kind),
        ("content-security-policy", policy),
        ("accept-ranges", "none"),
        *COMMON[1:],
    )
    shorter = packed is not None and len(packed) < len(body)
    return Document(
        modified=modified,
        plain=_make_form(body, shared, always),
        packed=_make_form(packed, shared, (*always, ("content-encoding", "gzip")))
        if packed and shorter
        else None,
    )


def _make_form(body: bytes, shared: Headers, always: Headers) -> Form:
    # A strong tag is of the bytes as sent, so each encoding has its own (RFC 9110 8.8.3.3).
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    unchanged = (("etag", etag), *shared)
    return Form(etag=etag, whole=(*unchanged, *always), unchanged=unchanged, body=body)


def _shared_headers(file: str, modified: int, options: WebOptions) -> Headers:
    """What 200 and 304 have in common (RFC 9110 15.4.5), and the links that WebSub discovery wants."""
    headers = [
        *SERVER,
        ("cache-control", f"public, max-age={options.cache_seconds}"),
        ("last-modified", formatdate(modified, usegmt=True)),
    ]
    if is_text(file):
        headers.append(("vary", "accept-encoding"))
    if file.rpartition("/")[2] in FEED_TYPES:
        links = f'<{options.base_url}{quote(file)}>; rel="self"'
        links += f', <{options.hub}>; rel="hub"' if options.hub else ""
        headers += [("link", links), ("access-control-allow-origin", "*")]
    return tuple(headers)
