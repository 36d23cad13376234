"""The topics that moved, in one small file that nginx (`deploy/nginx.conf`) and our server read (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syndicator.store.types import StoredTopic, TopicStatus

GONE = "-"
"""Stands where a new slug would for a topic that is gone; no slug is a hyphen."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")  # nginx compares without case
_PARAMETERS = frozenset({"default", "hostnames", "include", "volatile"})
"""What these lines would mean to nginx itself; a backslash before them makes them keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Topics that had feeds: `renamed` from old to new slug, `gone` for good. A slug in use is in neither."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def has_ended(stored: StoredTopic) -> bool:
    """Whether the topic had feeds and has none any more."""
    return stored.status in (TopicStatus.MOVED, TopicStatus.GONE)


def moves_of(topics: Iterable[StoredTopic]) -> Moved:
    """Which topics have another slug now, and which are gone."""
    ended = [stored for stored in topics if has_ended(stored)]
    return Moved(
        renamed={stored.topic.slug: stored.moved_to for stored in ended if stored.moved_to is not None},
        gone=frozenset(stored.topic.slug for stored in ended if stored.status is TopicStatus.GONE),
    )


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


def latest_name(slug: str, moved: Moved) -> str:
    """What a topic is called now that was renamed again and again; itself where names go in a circle."""
    latest, passed = slug, {slug}
    while (after := moved.renamed.get(latest)) is not None:
        if after in passed:
            return slug
        latest = after
        passed.add(after)
    return latest


def _escape(slug: str) -> str:
    return f"\\{slug}" if slug in _PARAMETERS else slug
