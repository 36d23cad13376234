"""What is to be announced where, decided step by step (pure).

    changes -> judged for each route -> silenced -> grouped by story -> dedup -> decisions

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
from syndicator.models import Change, Entry, Visibility, rank
from syndicator.notify.coverage import count_publishers
from syndicator.notify.rules import Keys, TopicNames, judge_match, judge_route, keys_of
from syndicator.settings.models import Route

LedgerView = Mapping[tuple[str, str], LedgerKind]
"""What the ledger says, by (channel, story) and by (channel, guid)."""

TAKEN = (RouteReason.OWED, RouteReason.RISING)
BELOW = (RouteReason.BELOW_MINIMUM, RouteReason.TOO_COOL)


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


Judging = Iterable[tuple[Collection[str], Sequence[Route]]]
"""Stories, with the routes as they judge these (`minimums.split_by_minimum`). No story stands twice."""


def announce(
    changes: Sequence[Change],
    judging: Judging,
    *,
    others: Sequence[Entry],
    now: datetime,
    ledger: LedgerView,
    topic_names: TopicNames,
    silent: bool = False,
) -> list[Decision]:
    """A decision for each entry and route that judges it, by channel and story; at most one per story writes.

    `others` are the other entries of the changes' stories, where a route asks for several publishers.
    Routes are in the order of the settings: of several with one channel, the first that takes a story has
    it. With `silent`, as a route or source begins, what would be announced becomes baseline. A story too old
    when it qualifies becomes baseline too, so that a later edit of its date announces nothing.
    """
    changed = [_Subject.of(change, topic_names) for change in changes]
    unchanged = [_Subject.of(Change(entry=entry, before=entry), topic_names) for entry in others]
    decisions: list[Decision] = []
    for stories, routes in judging:
        some = [one for one in changed if one.entry.story in stories]
        more = [one for one in unchanged if one.entry.story in stories]
        for route in routes:
            subjects = some if route.min_publishers == 1 else some + more
            publishers = _count_publishers(subjects, route, topic_names)
            decisions += [_judge_one(one, route, publishers, now=now, ledger=ledger) for one in subjects]
    if silent:
        decisions = [_silenced(one) for one in decisions]
    grouped = groupby(sorted(decisions, key=_channel_and_story), _channel_and_story)
    return [decision for _, story in grouped for decision in dedup([*story])]


def no_longer_public(changes: Iterable[Change]) -> list[Entry]:
    """The entries that are public no longer."""
    return [one.entry for one in changes if one.was_public and not one.is_public]


def remaining(entries: Iterable[Entry], changes: Iterable[Change]) -> list[Change]:
    """The public ones among stories' entries that did not change: to be judged in place of one that left."""
    changed = {change.entry.guid for change in changes}
    unchanged = (one for one in entries if one.guid not in changed)
    return [Change(entry=one, before=one) for one in unchanged if one.visibility is Visibility.PUBLIC]


def _channel_and_story(decision: Decision) -> tuple[str, str]:
    return decision.channel, decision.entry.story


def _silenced(decision: Decision) -> Decision:
    """What would be owed is baseline."""
    if decision.write is not LedgerKind.OWED:
        return decision
    return replace(decision, reason=RouteReason.BASELINE, write=LedgerKind.BASELINE)


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


def _count_publishers(subjects: Iterable[_Subject], route: Route, topic_names: TopicNames) -> dict[str, int]:
    """How many publishers each story has for the route, where it asks for several."""
    stories: dict[str, list[Entry]] = {}
    for subject in subjects if route.min_publishers > 1 else ():
        stories.setdefault(subject.entry.story, []).append(subject.entry)
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
