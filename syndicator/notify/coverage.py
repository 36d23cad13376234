"""A story as its publishers cover it: which of its entries leads a message, and who else has it (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from syndicator.alerts import LedgerKind, LedgerRow, RouteReason
from syndicator.models import Entry, Visibility, rank
from syndicator.notify.rules import Keys, TopicNames, is_excluded, judge_match, keys_of
from syndicator.settings.models import Route
from syndicator.text import visible_line
from syndicator.urls import site_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a message shows of one story."""

    lead: Entry
    others: tuple[Entry, ...] = ()
    """The first entry of each other publisher, in the order in which they came."""
    rising: bool = False
    """The route took it since its quality rose."""

    @property
    def publishers(self) -> list[str]:
        """Their names, the lead's first; none stands twice."""
        return [publisher_of(entry) for entry in (self.lead, *self.others)]


def cover(row: LedgerRow, entries: Sequence[Entry], route: Route, topic_names: TopicNames) -> Coverage | None:
    """What the route's message shows of a story that it owes; None where none of its entries may lead.

    The best of those that the route takes leads; where it takes none any more, the one for which it was
    owed, since that was judged once. Once posted, the lead stays while it is public: neither a quality that
    flips nor a copy changes what a headline leads to, and no quality changes who stands beside it.
    `topic_names` matter only where there are several `entries`.
    """
    named = _named(entries, route, topic_names)
    taken = (one for one, keys in named if judge_match(one, route, keys) is None)
    owed = (one for one in entries if one.guid == row.guid and one.visibility is Visibility.PUBLIC)
    is_there = row.kind in (LedgerKind.ANNOUNCED, LedgerKind.SHOWN)
    lead = next(chain(owed, taken) if is_there else chain(taken, owed), None)
    if lead is None:
        return None
    by_name: dict[str, Entry] = {}
    came = sorted((one for one, _ in named), key=lambda one: (one.seen, one.article.published, one.guid))
    for entry in (lead, *came):
        by_name.setdefault(publisher_of(entry).casefold(), entry)
    _, *others = by_name.values()
    return Coverage(lead=lead, others=tuple(others), rising=row.reason is RouteReason.RISING)


def count_publishers(entries: Iterable[Entry], route: Route, topic_names: TopicNames) -> int:
    """How many publishers a story has for the route: those of its public entries, but for excluded ones."""
    return len({publisher_of(one).casefold() for one, _ in _named(entries, route, topic_names)})


def publisher_of(entry: Entry) -> str:
    """The publisher's name for showing, else the site's; never empty."""
    provider, link = entry.article.provider, entry.article.link
    return visible_line(provider.name if provider else "") or site_of(link) or link


def _named(entries: Iterable[Entry], route: Route, topic_names: TopicNames) -> list[tuple[Entry, Keys]]:
    """Those of a story's entries that the route may name, public and not excluded by it; best first."""
    public = sorted((one for one in entries if one.visibility is Visibility.PUBLIC), key=rank)
    keyed = ((one, keys_of(one, topic_names)) for one in public)
    return [(one, keys) for one, keys in keyed if not is_excluded(route, keys)]
