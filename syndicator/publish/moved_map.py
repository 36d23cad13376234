"""The topics that moved, in one small file that nginx (`deploy/nginx.conf`) and our server read (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from syndicator.store.types import StoredTopic, TopicStatus

GONE = "-"
"""Stands where a new slug would for a topic that is gone; no slug is a hyphen."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")  # nginx compares without case
_PARAMETERS = frozenset({"default", "hostnames", "include", "volatile"})
"""What these lines would mean to nginx itself; a backslash before them makes them keys."""


def has_ended(stored: StoredTopic) -> bool:
    """Whether the topic had feeds and has none any more."""
    return stored.status in (TopicStatus.MOVED, TopicStatus.GONE)


def moves_of(topics: Iterable[StoredTopic]) -> dict[str, str]:
    """The topics that have ended: old slug to new one, or to GONE."""
    return {stored.topic.slug: stored.moved_to or GONE for stored in topics if has_ended(stored)}


def render_nginx_map(moves: Mapping[str, str]) -> bytes:
    """Lines `old new;` for renamed topics and `old -;` for gone ones, by old slug; chains are followed.

    For nginx's `map` (https://nginx.org/en/docs/http/ngx_http_map_module.html). Names of its parameters are
    escaped; a name that could still be read as anything else there is left out.
    """
    latest = {old: _latest(old, moves) for old in sorted(moves)}
    return "".join(
        ("\\" if old in _PARAMETERS else "") + f"{old} {new};\n"
        for old, new in latest.items()
        if old != new and _SLUG.fullmatch(old) and (new == GONE or _SLUG.fullmatch(new))
    ).encode()


def _latest(slug: str, moves: Mapping[str, str]) -> str:
    """What a topic is called now that was renamed again and again; itself where names go in a circle."""
    latest, passed = slug, {slug}
    while latest != GONE and (after := moves.get(latest)) is not None:
        if after in passed:
            return slug
        latest = after
        passed.add(after)
    return latest
