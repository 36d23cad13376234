"""What is to be announced where, decided step by step (pure).

    changes -> judge -> silence -> group -> dedup -> decisions

Each change is judged for each route, and what the ledger holds is left alone; where a route asks for several
publishers, so are the other entries of its story, which may have been short of one. During a silent beginning
a story becomes baseline instead of owed, and so does one too old when it qualifies; a story's entries are
grouped per channel, and one of them may take it. Every decision says why. When a story owed is sent is
decided in `due`, and what is written down is the caller's to write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Self

from syndicator.alerts import LedgerKind, LedgerRow, RouteReason
from syndicator.models import Entry, rank
from syndicator.notify.coverage import count_publishers
from syndicator.notify.rules import Keys, TopicNames, judge_match, judge_route, keys_of
from syndicator.settings.models import Route

LedgerView = Mapping[tuple[str, str], LedgerKind]
"""What the ledger says, by (channel, story) and by (channel, guid)."""

TAKEN = (RouteReason.OWED, RouteReason.RISING)
BELOW = (RouteReason.BELOW_MINIMUM, RouteReason.TOO_COOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry as it is now and, where it was known, as it was before."""

    entry: Entry
    before: Entry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry and one route: why, and what is to be written into the ledger, if anything."""

    route: str
    channel: str
    entry: Entry
    reason: RouteReason
    write: LedgerKind | None
    at: datetime

    @property
    def row(self) -> LedgerRow | None:
        """What is to be written."""
        if self.write is None:
            return None
        return LedgerRow(
            channel=self.channel,
            story=self.entry.story,
            guid=self.entry.guid,
            route=self.route,
            kind=self.write,
            reason=self.reason,
            at=self.at,
        )


def announce(
    changes: Sequence[Change],
    routes: Sequence[Route],
    *,
    others: Sequence[Entry],
    now: datetime,
    ledger: LedgerView,
    topic_names: TopicNames,
    silent_routes: Collection[str] = (),
    silent_sources: Collection[str] = (),
) -> list[Decision]:
    """A decision for each entry and route that judges it, by channel and story; at most one per story writes.

    `others` are the other entries of the changes' stories, where a route asks for several publishers.
    `routes` are in the order of the settings: of several with one channel, the first that takes a story has
    it. While a route or an entry's source begins, silently, what would be announced becomes baseline. A story
    too old when it qualifies becomes baseline too, so that a later edit of its date announces nothing.
    """
    judged = judge(changes, routes, others=others, now=now, ledger=ledger, topic_names=topic_names)
    quiet = silence(judged, silent_routes=silent_routes, silent_sources=silent_sources)
    return [decision for story in group(quiet) for decision in dedup(story)]


def judge(
    changes: Iterable[Change],
    routes: Iterable[Route],
    *,
    others: Iterable[Entry],
    now: datetime,
    ledger: LedgerView,
    topic_names: TopicNames,
) -> list[Decision]:
    """Each change before each route, on its own; a story too old when it qualifies is baseline."""
    changed = [_Subject.of(change, topic_names) for change in changes]
    unchanged = [_Subject.of(Change(entry=entry, before=entry), topic_names) for entry in others]
    decisions: list[Decision] = []
    for route in routes:
        subjects, publishers = changed, dict[str, int]()
        if route.min_publishers > 1:
            subjects = changed + unchanged
            publishers = _count_publishers((one.entry for one in subjects), route, topic_names)
        decisions += [_judge_one(one, route, publishers, now=now, ledger=ledger) for one in subjects]
    return decisions


def silence(
    decisions: Iterable[Decision], *, silent_routes: Collection[str], silent_sources: Collection[str]
) -> list[Decision]:
    """What would be owed while its route or source begins is baseline."""
    return [
        replace(decision, reason=RouteReason.BASELINE, write=LedgerKind.BASELINE)
        if decision.write is LedgerKind.OWED
        and (decision.route in silent_routes or decision.entry.article.source in silent_sources)
        else decision
        for decision in decisions
    ]


def group(decisions: Iterable[Decision]) -> list[list[Decision]]:
    """The decisions on one story in one channel together, in the order of the routes."""

    def key(decision: Decision) -> tuple[str, str]:
        return decision.channel, decision.entry.story

    return [list(story) for _, story in groupby(sorted(decisions, key=key), key)]


def dedup(story: Sequence[Decision]) -> list[Decision]:
    """Lets one decision of a story write: the first route that owes it, with its best entry; else baseline.

    The others say that another entry of their story is announced, or that another route has announced it.
    """
    writers = [decision for decision in story if decision.write is not None]
    owing = [decision for decision in writers if decision.write is LedgerKind.OWED]
    if not writers:
        return list(story)
    first = (owing or writers)[0]
    rivals = [d for d in (owing or writers) if d.route == first.route and d.write is first.write]
    winner = min(rivals, key=lambda decision: rank(decision.entry))
    return [decision if decision is winner else _beaten(decision, winner) for decision in story]


class _Subject(NamedTuple):
    """A change, with what routes match it by as it is and as it was."""

    entry: Entry
    keys: Keys
    before: tuple[Entry, Keys] | None

    @classmethod
    def of(cls, change: Change, names: TopicNames) -> Self:
        before = change.before
        was = None if before is None else (before, keys_of(before, names))
        return cls(change.entry, keys_of(change.entry, names), was)


def _count_publishers(entries: Iterable[Entry], route: Route, topic_names: TopicNames) -> dict[str, int]:
    """How many publishers each story has for the route."""
    stories: dict[str, list[Entry]] = {}
    for entry in entries:
        stories.setdefault(entry.story, []).append(entry)
    return {story: count_publishers(some, route, topic_names) for story, some in stories.items()}


def _judge_one(
    subject: _Subject, route: Route, publishers: Mapping[str, int], *, now: datetime, ledger: LedgerView
) -> Decision:
    entry, keys, before = subject
    known = ledger.get((route.channel, entry.guid)) or ledger.get((route.channel, entry.story))
    count = publishers.get(entry.story, 1)
    reason = judge_route(entry, route, now=now, keys=keys, publishers=count, ledger=known)
    if (
        reason is RouteReason.OWED
        and before is not None
        and judge_match(before[0], route, before[1]) in BELOW
    ):
        reason = RouteReason.RISING
    write: LedgerKind | None = None
    if reason in TAKEN:
        write = LedgerKind.OWED
    elif reason is RouteReason.TOO_OLD:
        write = LedgerKind.BASELINE
    return Decision(route=route.name, channel=route.channel, entry=entry, reason=reason, write=write, at=now)


def _beaten(decision: Decision, winner: Decision) -> Decision:
    if decision.write is None:
        return decision
    if winner.write is LedgerKind.BASELINE:
        return replace(decision, write=None)
    same_entry = decision.entry.guid == winner.entry.guid
    reason = RouteReason.ANNOUNCED if same_entry else RouteReason.SAME_STORY
    return replace(decision, reason=reason, write=None)
