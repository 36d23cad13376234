"""What a request gets, from what was found for it (pure)."""

from __future__ import annotations

from enum import StrEnum
from html import escape
from typing import TypeVar, assert_never
from urllib.parse import quote

from syndicator.serve.addresses import Elsewhere, Gone, Refusal, way_home
from syndicator.serve.conditions import accepts_gzip, is_unchanged
from syndicator.serve.documents import COMMON, Document, Form, Rules, Tag, Tags
from syndicator.serve.messages import Request, Response

METHODS = ("GET", "HEAD")
AnyForm = TypeVar("AnyForm", Form, Tag)
_QUERY = "%!$&'()*+,;=:@/?[]|~"  # stays as it came; the rest is quoted
_BARE_POLICY = ("content-security-policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")


def _say(status: int, text: str) -> Response:
    kind, cache = ("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-cache")
    return Response(status=status, headers=(kind, cache, _BARE_POLICY, *COMMON), body=f"{text}\n".encode())


FAILURE = _say(500, "Error")
"""For a request that nobody foresaw; it tells nothing of the reason."""

NO_HOST = _say(400, "A request needs one Host header")
"""RFC 9112 3.2: for HTTP/1.1 without one, and for any request with two."""


class Absence(StrEnum):
    """Why there is no document. `not there` and `could not look` are different answers."""

    MISSING = "nothing is there"
    UNREADABLE = "it cannot be read now"
    METHOD = "only GET and HEAD are answered"


Found = Document | Tags | Elsewhere | Gone | Refusal | Absence


def decide_response(request: Request, found: Found, rules: Rules) -> Response:
    """The whole answer; for HEAD the same as for GET, whose body the server leaves out.

    Tags are found only where `has_it` is true of them.
    """
    match found:
        case Document():
            form = _choose_form(request, found.plain, found.compressed)
            return form.unchanged if _has(request, form, found.modified) else form.whole
        case Tags():
            return _choose_form(request, found.plain, found.compressed).unchanged
        case Elsewhere():
            return _move(found, request.query, rules)
        case Gone():
            return _explain(request, 410, "This topic is gone", "Its feeds and its page have ended.", rules)
        case Refusal.MALFORMED:
            return _explain(request, 400, "Bad address", "The address is malformed.", rules)
        case Refusal.HIDDEN | Absence.MISSING:
            text = "There is nothing at this address. The front page lists all topics and their feeds."
            return _explain(request, 404, "Not found", text, rules)
        case Absence.UNREADABLE:
            text = "This cannot be read just now. Please try again in a minute."
            return _explain(request, 503, "Try again", text, rules, ("retry-after", "60"))
        case Absence.METHOD:
            allow = ("allow", ", ".join(METHODS))
            return _explain(request, 405, "Not allowed", "Feeds and pages can be read only.", rules, allow)
        case _:
            assert_never(found)


def has_it(request: Request, tags: Tags) -> bool:
    """Whether the client has the document already, so that its bodies are not needed."""
    return _has(request, _choose_form(request, tags.plain, tags.compressed), tags.modified)


def _has(request: Request, form: Form | Tag, modified: int) -> bool:
    return is_unchanged(
        etag=form.etag,
        modified=modified,
        if_none_match=request.headers.get("if-none-match"),
        if_modified_since=request.headers.get("if-modified-since"),
    )


def _choose_form(request: Request, plain: AnyForm, compressed: AnyForm | None) -> AnyForm:
    if compressed is not None:
        accept_encoding = request.headers.get("accept-encoding")
        if accept_encoding and accepts_gzip(accept_encoding):
            return compressed
    return plain


def _move(to: Elsewhere, query: str, rules: Rules) -> Response:
    location = f"{to.location}?{quote(query, safe=_QUERY)}" if query else to.location
    cache = ("cache-control", f"public, max-age={rules.cache_seconds}")
    return Response(status=301, headers=(("location", location), cache, *COMMON))


def _explain(
    request: Request, status: int, title: str, text: str, rules: Rules, *more: tuple[str, str]
) -> Response:
    """A plain page that a person understands, with the way to the front page."""
    home = escape(way_home(request.path)) if request.path.startswith("/") else "/"
    body = (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f'<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n"
        f'<p><a href="{home}">To the front page</a></p>\n</main>\n</html>\n'
    )
    # A topic that is gone stays gone; anything else may be mended at any moment.
    cache = f"public, max-age={rules.cache_seconds}" if status == 410 else "no-cache"
    headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", cache),
        _BARE_POLICY,
        *COMMON,
        *more,
    )
    return Response(status=status, headers=headers, body=body.encode())
