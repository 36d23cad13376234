"""The topics that moved, in one small file that nginx (`deploy/nginx.conf`) and our server read (pure)."""

from __future__ import annotations

import re

from syndicator.serve.addresses import Moved, latest_name

GONE = "-"
"""Stands where a new slug would for a topic that is gone; no slug is a hyphen."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")  # nginx compares without case
_LINE = re.compile(rf"^\\?({_SLUG.pattern}) ({GONE}|{_SLUG.pattern});$", re.MULTILINE)
_PARAMETERS = frozenset({"default", "hostnames", "include", "volatile"})
"""What these lines would mean to nginx itself; a backslash before them makes them keys."""


def render_nginx_map(moved: Moved) -> bytes:
    """Lines `old new;` for renamed topics and `old -;` for gone ones, by old slug; chains are followed.

    For nginx's `map` (https://nginx.org/en/docs/http/ngx_http_map_module.html). Names of its parameters are
    escaped; a name that could still be read as anything else there is left out.
    """
    targets = {slug: latest_name(slug, moved) for slug in moved.renamed}
    lines = {slug: GONE if target in moved.gone else target for slug, target in targets.items()}
    lines |= dict.fromkeys(moved.gone, GONE)
    return "".join(
        f"{_escape(old)} {new};\n"
        for old, new in sorted(lines.items())
        if old != new and _SLUG.fullmatch(old) and (new == GONE or _SLUG.fullmatch(new))
    ).encode()


def read_nginx_map(data: bytes) -> Moved:
    """What `render_nginx_map` wrote; lines that it cannot have written are passed over.

    >>> read_nginx_map(b"ml ai;\\nfax -;\\n")
    Moved(renamed={'ml': 'ai'}, gone=frozenset({'fax'}))
    """
    targets = dict(_LINE.findall(data.decode("ascii", "replace")))
    return Moved(
        renamed={old: new for old, new in targets.items() if new != GONE},
        gone=frozenset(old for old, new in targets.items() if new == GONE),
    )


def _escape(slug: str) -> str:
    return f"\\{slug}" if slug in _PARAMETERS else slug
