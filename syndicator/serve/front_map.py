"""The topics that moved, as a front server reads them: what `deploy/nginx.conf` includes (pure)."""

from __future__ import annotations

import re

from syndicator.serve.addresses import Moved, latest_name

GONE = "-"
"""Stands where a new slug would for a topic that is gone; no slug is a hyphen."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")  # nginx compares without case
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


def _escape(slug: str) -> str:
    return f"\\{slug}" if slug in _PARAMETERS else slug
