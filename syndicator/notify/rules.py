"""Does this entry belong on this route, and why (pure).

The tests run in one order, and the first that fails is the reason: public, topic, provider, type, excluded,
quality, heat, already in the channel's ledger, age. So an announced entry says "announced" however old it has
grown, and one that was never wanted says why it was not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from syndicator.alerts import LedgerKind, RouteReason, Way
from syndicator.models import Entry, Topic, Visibility
from syndicator.settings.models import Route

FROM_LEDGER = {
    LedgerKind.BASELINE: RouteReason.BASELINE,
    LedgerKind.OWED: RouteReason.WAITING,
    LedgerKind.ANNOUNCED: RouteReason.ANNOUNCED,
    LedgerKind.SHOWN: RouteReason.SHOWN,
}

TopicNames = Mapping[str, frozenset[str]]
"""By topic slug: all names a pattern may match it by, its own and those of its ancestors, folded."""


def judge_route(
    entry: Entry,
    route: Route,
    *,
    now: datetime,
    topic_names: TopicNames,
    ledger: LedgerKind | None = None,
    rising: bool = False,
) -> RouteReason:
    """Why the route takes the entry (OWED, RISING) or does not, at `now`.

    `ledger` is what the channel's ledger says of the entry's story; `rising` says that the entry was public
    before and below the route's minimum. A topic that `topic_names` does not know is matched by its slug.
    """
    reason = judge_match(entry, route, topic_names=topic_names)
    if reason is not None:
        return reason
    if ledger is not None:
        return FROM_LEDGER[ledger]
    if entry.article.published < now - route.max_age:
        return RouteReason.TOO_OLD
    return RouteReason.RISING if rising else RouteReason.OWED


def judge_match(entry: Entry, route: Route, *, topic_names: TopicNames) -> RouteReason | None:
    """Why the entry is none of the route's, whatever its age and history; None if it is."""
    article = entry.article
    if entry.visibility is not Visibility.PUBLIC:
        return RouteReason.NOT_PUBLIC
    topics = _topic_keys(entry, topic_names)
    if route.topics and not _matches(route.topics, topics):
        return RouteReason.OTHER_TOPIC
    providers = _provider_keys(entry)
    if route.providers and not _matches(route.providers, providers):
        return RouteReason.OTHER_PROVIDER
    types = {article.type.casefold()}
    if route.types and not _matches(route.types, types):
        return RouteReason.OTHER_TYPE
    excluded = ((route.exclude.topics, topics), (route.exclude.providers, providers))
    if any(_matches(patterns, keys) for patterns, keys in (*excluded, (route.exclude.types, types))):
        return RouteReason.EXCLUDED
    if _below(article.quality, route.min_quality):
        return RouteReason.BELOW_MINIMUM
    return RouteReason.TOO_COOL if _below(article.heat, route.min_heat) else None


def names_with_ancestors(topics: Iterable[Topic]) -> dict[str, frozenset[str]]:
    """What patterns match each topic by: its folded names and those of all its ancestors, by slug."""
    by_slug = {topic.slug: topic for topic in topics}
    return {slug: frozenset(_lineage(slug, by_slug)) for slug in by_slug}


def fingerprint(route: Route) -> str:
    """What makes a route begin anew when it changes: its channel, filters and age; not its schedule."""
    kinds = ("topics", "providers", "types")
    patterns = {name: _folded(getattr(route, name)) for name in kinds}
    patterns |= {f"exclude_{name}": _folded(getattr(route.exclude, name)) for name in kinds}
    facts = {
        "channel": route.channel,
        "min_quality": None if route.min_quality is None else float(route.min_quality),
        "min_heat": None if route.min_heat is None else float(route.min_heat),
        "max_age_s": route.max_age.total_seconds(),
    }
    return hashlib.sha256(json.dumps(patterns | facts, sort_keys=True).encode()).hexdigest()


def _folded(patterns: Iterable[str]) -> list[str]:
    return sorted(pattern.casefold() for pattern in patterns)


def left_behind(
    ways: Iterable[Way], routes: Sequence[Route], has_way: Callable[[str, str], bool]
) -> list[Way]:
    """Of the ways for which messages wait, those that no route leads to any more and nothing opens again."""
    known = {(route.name, route.channel) for route in routes}
    return [way for way in ways if way not in known and not has_way(*way)]


def _topic_keys(entry: Entry, topic_names: TopicNames) -> set[str]:
    keys: set[str] = set()
    for slug in entry.topics:
        keys |= topic_names.get(slug, frozenset()) | {slug.casefold()}
    return keys


def _provider_keys(entry: Entry) -> set[str]:
    provider = entry.article.provider
    if provider is None:
        return set()
    return {key.casefold() for key in (provider.name, provider.domain) if key}


def _matches(patterns: Iterable[str], keys: Iterable[str]) -> bool:
    keys = list(keys)
    return any(fnmatchcase(key, pattern.casefold()) for pattern in patterns for key in keys)


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
