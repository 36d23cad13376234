"""Does this entry belong on this route, and why (pure).

The tests run in one order, and the first that fails is the reason: public, topic, provider, type, excluded,
quality, heat, number of publishers, already in the channel's ledger, age. So an announced entry says
"announced" however old it has grown, and one that was never wanted says why it was not.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from syndicator.alerts import LedgerKind, RouteReason
from syndicator.models import Entry, Topic, Visibility
from syndicator.settings.models import Route

FROM_LEDGER = {
    LedgerKind.BASELINE: RouteReason.BASELINE,
    LedgerKind.OWED: RouteReason.WAITING,
    LedgerKind.ANNOUNCED: RouteReason.ANNOUNCED,
    LedgerKind.SHOWN: RouteReason.SHOWN,
}

WILD = frozenset("*?[")

TopicNames = Mapping[str, frozenset[str]]
"""By topic slug: all names a pattern may match it by, its own and those of its ancestors, folded."""


class Keys(NamedTuple):
    """What patterns match an entry by, folded."""

    topics: frozenset[str]
    providers: frozenset[str]
    types: frozenset[str]


def keys_of(entry: Entry, topic_names: TopicNames) -> Keys:
    """The entry's keys, made once for all routes. A topic that is not known is matched by its slug."""
    article, provider = entry.article, entry.article.provider
    topics = (topic_names.get(slug, frozenset()) | {slug.casefold()} for slug in entry.topics)
    names = (provider.name, provider.domain) if provider is not None else ()
    return Keys(
        topics=frozenset(key for keys in topics for key in keys),
        providers=frozenset(name.casefold() for name in names if name),
        types=frozenset({article.type.casefold()}),
    )


def judge_route(
    entry: Entry,
    route: Route,
    *,
    now: datetime,
    keys: Keys,
    publishers: int,
    ledger: LedgerKind | None = None,
) -> RouteReason:
    """Why the route takes the entry (OWED) or does not, at `now`.

    `publishers` is how many have the entry's story, `ledger` what the channel's ledger says of it.
    """
    if (reason := judge_match(entry, route, keys)) is not None:
        return reason
    if publishers < route.min_publishers:
        return RouteReason.FEW_PUBLISHERS
    if ledger is not None:
        return FROM_LEDGER[ledger]
    is_old = entry.article.published < now - route.max_age
    return RouteReason.TOO_OLD if is_old else RouteReason.OWED


def judge_match(entry: Entry, route: Route, keys: Keys) -> RouteReason | None:
    """Why the entry is none of the route's, whatever its age and history; None if it is."""
    article = entry.article
    if entry.visibility is not Visibility.PUBLIC:
        return RouteReason.NOT_PUBLIC
    if route.topics and not _matches(route.topics, keys.topics):
        return RouteReason.OTHER_TOPIC
    if route.providers and not _matches(route.providers, keys.providers):
        return RouteReason.OTHER_PROVIDER
    if route.types and not _matches(route.types, keys.types):
        return RouteReason.OTHER_TYPE
    if is_excluded(route, keys):
        return RouteReason.EXCLUDED
    if _below(article.quality, route.min_quality):
        return RouteReason.BELOW_MINIMUM
    return RouteReason.TOO_COOL if _below(article.heat, route.min_heat) else None


def is_excluded(route: Route, keys: Keys) -> bool:
    """Whether the route's `exclude` has one of the entry's topics, its publisher or its type."""
    exclude = route.exclude
    excluded = zip((exclude.topics, exclude.providers, exclude.types), keys, strict=True)
    return any(patterns and _matches(patterns, some) for patterns, some in excluded)


def main_topic(entry: Entry, route: Route, topic_names: TopicNames) -> str | None:
    """The slug of the entry's topic that the route names first, else of its first; None where it has none."""
    names = {slug: topic_names.get(slug, frozenset()) | {slug.casefold()} for slug in entry.topics}
    named = (slug for pattern in route.topics for slug in names if _matches((pattern,), names[slug]))
    return next(named, next(iter(names), None))


class RouteIndex:
    """Routes by the topics that they name, so that an entry is judged for those alone that may take it."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self.counts_publishers = any(route.min_publishers > 1 for route in routes)
        """Whether an entry may decide for the others of its story."""
        self._anywhere: list[int] = []
        """The places of the routes that name no topic, or a pattern."""
        self._naming: dict[str, list[int]] = {}
        for place, route in enumerate(self.routes):
            names, glob = _compiled(route.topics)
            if glob is not None or not names:
                self._anywhere.append(place)
            for name in names:
                self._naming.setdefault(name, []).append(place)

    def may_take(self, entries: Iterable[Entry], topic_names: TopicNames) -> list[Route]:
        """The routes that may take one of the entries, in the order of the settings."""
        keys = {key for entry in entries for key in keys_of(entry, topic_names).topics}
        places = {*self._anywhere, *(place for key in keys for place in self._naming.get(key, ()))}
        return [self.routes[place] for place in sorted(places)]


def names_with_ancestors(topics: Iterable[Topic]) -> dict[str, frozenset[str]]:
    """What patterns match each topic by: its folded names and those of all its ancestors, by slug."""
    by_slug = {topic.slug: topic for topic in topics}
    return {slug: frozenset(_lineage(slug, by_slug)) for slug in by_slug}


def fingerprint(route: Route) -> str:
    """What resets a route when it changes: its channel, filters and age; not its schedule."""
    kinds = ("topics", "providers", "types")
    patterns = {name: _folded(getattr(route, name)) for name in kinds}
    patterns |= {f"exclude_{name}": _folded(getattr(route.exclude, name)) for name in kinds}
    facts = {
        "channel": route.channel,
        "min_quality": None if route.min_quality is None else float(route.min_quality),
        "min_heat": None if route.min_heat is None else float(route.min_heat),
        "max_age_s": route.max_age.total_seconds(),
    }
    if route.min_publishers > 1:  # else as it was before there was such a setting, so that no route is new
        facts["min_publishers"] = route.min_publishers
    if route.about is not None:
        facts["about"] = route.about
    return hashlib.sha256(json.dumps(patterns | facts, sort_keys=True).encode()).hexdigest()


def _folded(patterns: Iterable[str]) -> list[str]:
    return sorted(pattern.casefold() for pattern in patterns)


def _matches(patterns: tuple[str, ...], keys: frozenset[str]) -> bool:
    names, glob = _compiled(patterns)
    return not names.isdisjoint(keys) or (glob is not None and any(map(glob.match, keys)))


@lru_cache(maxsize=100_000)
def _compiled(patterns: tuple[str, ...]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """Plain names, and one expression for the patterns among them; fnmatch itself remembers only 256."""
    folded = {pattern.casefold() for pattern in patterns}
    globs = sorted(pattern for pattern in folded if not WILD.isdisjoint(pattern))
    return frozenset(folded.difference(globs)), re.compile("|".join(map(translate, globs))) if globs else None


def _below(value: float | None, minimum: float | None) -> bool:
    """An unrated entry is below any minimum."""
    return minimum is not None and (value is None or value < minimum)


def _lineage(slug: str, by_slug: Mapping[str, Topic]) -> Iterable[str]:
    seen: set[str] = set()
    current: str | None = slug
    while current is not None and current in by_slug and current not in seen:
        seen.add(current)
        topic = by_slug[current]
        yield from {name.casefold() for name in topic.names} | {topic.name.casefold(), current.casefold()}
        current = topic.parent
