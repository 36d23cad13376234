"""What a request gets, from what was found for it (pure)."""

from __future__ import annotations

from html import escape
from typing import NamedTuple, Protocol, assert_never
from urllib.parse import quote

from syndicator.web.addresses import Elsewhere, Refusal, way_home
from syndicator.web.conditions import accepts_gzip, is_unchanged
from syndicator.web.documents import BARE_POLICY, COMMON, Document, Headers
from syndicator.web.options import WebOptions

_QUERY = "%!$&'()*+,;=:@/?[]|~"  # stays as it came; the rest is quoted
_NOTHING = "There is nothing at this address. The front page lists all topics and their feeds."
_PAGES: dict[Refusal, tuple[int, str, str, Headers]] = {
    Refusal.MALFORMED: (400, "Bad address", "The address is malformed.", ()),
    Refusal.HOST: (400, "Bad request", "A request needs one Host header.", ()),
    Refusal.MISSING: (404, "Not found", _NOTHING, ()),
    Refusal.METHOD: (405, "Not allowed", "Feeds and pages can be read only.", (("allow", "GET, HEAD"),)),
    Refusal.GONE: (410, "This topic is gone", "Its feeds and its page have ended.", ()),
    Refusal.FAILED: (500, "Error", "This is a defect of the server.", ()),
    Refusal.UNREADABLE: (503, "Try again", "This cannot be read just now.", (("retry-after", "60"),)),
}


class RequestHeaders(Protocol):
    def get_all(self, name: str, /) -> list[str]: ...


class Request(Protocol):
    """An RSGI scope: `path` is percent-decoded once, headers are found by lower-case name."""

    method: str
    path: str
    query_string: str
    http_version: str
    headers: RequestHeaders


class Response(NamedTuple):
    """The whole answer. For HEAD the body is what GET would get: the server sends its length alone."""

    status: int
    headers: Headers
    body: bytes = b""


Found = Document | Elsewhere | Refusal


def decide_response(request: Request, found: Found, options: WebOptions) -> Response:
    """The whole answer; for HEAD the same as for GET."""
    match found:
        case Document():
            return _send(request, found)
        case Elsewhere():
            query = f"?{quote(request.query_string, safe=_QUERY)}" if request.query_string else ""
            return Response(301, (("location", found.location + query), _keep_for(options), *COMMON))
        case Refusal():
            return _explain(request, found, options)
        case _:
            assert_never(found)


def _send(request: Request, document: Document) -> Response:
    form = document.plain
    if document.packed is not None and accepts_gzip(_header(request, "accept-encoding") or ""):
        form = document.packed
    known = _header(request, "if-none-match")
    since = _header(request, "if-modified-since") if known is None else None
    unchanged = is_unchanged(
        etag=form.etag, modified=document.modified, if_none_match=known, if_modified_since=since
    )
    return Response(304, form.unchanged) if unchanged else Response(200, form.whole, form.body)


def _header(request: Request, name: str) -> str | None:
    """A header that stands more than once has its values joined (RFC 9110 5.3)."""
    values = request.headers.get_all(name)
    return ", ".join(values) if values else None


def _keep_for(options: WebOptions) -> tuple[str, str]:
    return "cache-control", f"public, max-age={options.cache_seconds}"


def _explain(request: Request, refusal: Refusal, options: WebOptions) -> Response:
    """A plain page that a person understands, with the way to the front page."""
    status, title, text, more = _PAGES[refusal]
    home = escape(way_home(request.path)) if request.path.startswith("/") else "/"
    body = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n"
        f'<p><a href="{home}">To the front page</a></p>\n</main>\n</html>\n'
    )
    # A topic that is gone stays gone; anything else may be mended at any moment.
    cache = _keep_for(options) if refusal is Refusal.GONE else ("cache-control", "no-cache")
    kind = ("content-type", "text/html; charset=utf-8")
    return Response(
        status, (kind, cache, ("content-security-policy", BARE_POLICY), *COMMON, *more), body.encode()
    )
