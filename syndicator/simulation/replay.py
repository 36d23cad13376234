"""One set of routes before what happened: the service's decisions, with the events' times as `now` (pure).

    events -> announce -> ledger -> select_due -> posts

As in the service, but that ledger and messages are kept in memory, that a message is in the channel at once,
and that nobody mutes a route. Routes begin silently at the start, over what their channels had been told.
With `about`, a story that began before is judged by the first day's minimum.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import groupby

from syndicator.alerts import DailyMinimum, LedgerKind, LedgerRow, RouteReason, Slot
from syndicator.models import Change, Entry
from syndicator.notify.coverage import Coverage, cover
from syndicator.notify.due import HOUR, Draft, Plan, RouteState, select_due
from syndicator.notify.minimums import Course, judging, minimum_at, split_by_minimum
from syndicator.notify.recorded import EntryEvent, Recorded, day_of
from syndicator.notify.routing import Decision, announce, no_longer_public, remaining
from syndicator.notify.rules import RouteIndex
from syndicator.progress import Progress, no_progress
from syndicator.schedule import next_slot
from syndicator.settings.models import Digest, Route

StoryKey = tuple[str, str]
"""Channel and story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    at: datetime
    draft: Draft


def replay(recorded: Recorded, routes: Sequence[Route], show: Progress = no_progress) -> Replayed:
    """Plays what was recorded before these routes, in the order of the settings. Shows hours."""
    run = Replayed(recorded, routes)
    events = {at: list(some) for at, some in groupby(recorded.events, key=lambda one: one.at)}
    slots = _slots(routes, recorded)
    moments = [*events, *slots]
    heapify(moments)
    last = None
    while moments:
        now = heappop(moments)
        if now == last:
            continue
        last = now
        show((now - recorded.since) // HOUR, (recorded.until - recorded.since) // HOUR)
        run.take(events.get(now, ()), now)
        for wake in run.send(slots.get(now, {}), now):
            if now < wake <= recorded.until:
                heappush(moments, wake)
    run.course.advance(recorded.until)  # the days after the last event have their minimums, too
    return run


def taken_by(recorded: Recorded, routes: Sequence[Route]) -> Mapping[StoryKey, LedgerRow]:
    """The stories that these routes take of what was recorded, as if each left at once."""
    run = Replayed(recorded, routes)
    for at, some in groupby(recorded.events, key=lambda one: one.at):
        run.take(list(some), at)
        run.owed.clear()
    return run.taken


def _slots(routes: Iterable[Route], recorded: Recorded) -> Mapping[datetime, dict[str, Slot]]:
    """The times of digests, each with the routes for which it is one."""
    found: dict[datetime, dict[str, Slot]] = defaultdict(dict)
    for route in routes:
        if isinstance(route.deliver, Digest):
            slot = next_slot(route.deliver, recorded.since)
            while slot is not None and slot.at <= recorded.until:
                found[slot.at][route.name] = slot
                slot = next_slot(route.deliver, slot.at)
    return found


class Replayed:
    """What the routes would have done, up to the moment that the replay is at."""

    def __init__(self, recorded: Recorded, routes: Sequence[Route]) -> None:
        self.routes = routes
        self.posts: list[Post] = []
        """The messages in their order."""
        self.taken: dict[StoryKey, LedgerRow] = {}
        """The stories taken."""
        self.reasons: dict[tuple[str, str], RouteReason] = {}
        """The last word on each entry, by route and guid."""
        self._index, self._names = RouteIndex(routes), recorded.topic_names
        self.course = Course(routes, recorded.before, day_of(recorded.since))
        self.course.advance(recorded.since)
        self.minimums: Mapping[str, Sequence[DailyMinimum]] = self.course.minimums
        """Of each route with `about`, day by day."""
        self._stories: dict[str, dict[str, Entry]] = defaultdict(dict)
        """Their entries as they are now, by guid."""
        self._kinds: dict[tuple[str, str], LedgerKind] = {}
        self.owed: dict[str, dict[StoryKey, LedgerRow]] = defaultdict(dict)
        """By route."""
        self._due: dict[str, Slot] = {}
        self._times: dict[str, list[datetime]] = defaultdict(list)
        """When each route took stories, in order."""
        self._sent: dict[str, list[datetime]] = defaultdict(list)
        """By channel."""
        for row in recorded.ledger:
            self._note(row)
        known = [EntryEvent(at=recorded.since, entry=entry, silent=True) for entry in recorded.at_start]
        self.take(known, recorded.since)

    def take(self, events: Sequence[EntryEvent], now: datetime) -> None:
        """Judges what happened, as the service does in the transaction that stores it."""
        self.course.take(events, now)
        for silent in (True, False):
            some = [one for one in events if one.silent is silent]
            for one in some:
                self._stories[one.entry.story][one.entry.guid] = one.entry
            changes = [Change(entry=one.entry, before=one.before) for one in some]
            self._decide([*changes, *self._remaining(changes)], now, silent=silent)

    def _decide(self, changes: Sequence[Change], now: datetime, *, silent: bool) -> None:
        changed = {change.entry.guid: change.entry for change in changes}
        others = self._others_of(changed) if self._index.counts_publishers else []
        routes = self._index.may_take((*changed.values(), *others), self._names)
        stories, course = {entry.story for entry in changed.values()}, self.course
        decisions = announce(
            changes,
            split_by_minimum(routes, stories, course.minimums, course.began),
            others=others,
            now=now,
            ledger=self._kinds,
            topic_names=self._names,
            silent=silent,
        )
        self._write_down(decisions, now)

    def _write_down(self, decisions: Iterable[Decision], now: datetime) -> None:
        for one in decisions:
            self.reasons[one.route, one.entry.guid] = one.reason
            if (row := one.row) is not None and (row.channel, row.story) not in self._kinds:
                self._note(row)
                if row.kind is LedgerKind.OWED:
                    self.owed[row.route][row.channel, row.story] = row
                    self.taken[row.channel, row.story] = row
                    self._times[row.route].append(now)

    def _remaining(self, changes: Sequence[Change]) -> list[Change]:
        """As the service."""
        left = {one.guid: one for one in no_longer_public(changes)}
        for route in self.routes if left else ():
            for row in [*self.owed[route.name].values()]:
                if row.guid in left and not self._cover([row], route):
                    self._forget(row)
        return remaining(self._others_of(left), changes)

    def send(self, slots: Mapping[str, Slot], now: datetime) -> Iterator[datetime]:
        """Sends what is due; gives when to ask again."""
        self._due |= slots
        for route in self.routes:
            owed, slot = self.owed[route.name], self._due.get(route.name)
            if slot is None and (not owed or route.deliver != "immediate"):
                continue
            rows = list(owed.values())
            state = self._state(route, rows, now)
            plan = select_due(rows, self._cover(rows, route), route, state, now=now, slot=slot)
            self._obey(plan, route, now)
            if plan.wake is not None:
                yield plan.wake

    def _others_of(self, changed: Mapping[str, Entry]) -> list[Entry]:
        stories = {entry.story for entry in changed.values()}
        return [one for story in stories for guid, one in self._stories[story].items() if guid not in changed]

    def _cover(self, rows: Iterable[LedgerRow], route: Route) -> dict[str, Coverage]:
        """What a message would show of these stories; those of which an entry may lead."""
        minimums, began = self.minimums.get(route.name, ()), self.course.began
        found: dict[str, Coverage] = {}
        for story, row in ((row.story, row) for row in rows):
            as_judged = judging(route, minimum_at(minimums, began.get(story)))
            coverage = cover(row, list(self._stories[story].values()), as_judged, self._names)
            found |= {story: coverage} if coverage is not None else {}
        return found

    def _obey(self, plan: Plan, route: Route, now: datetime) -> None:
        for row in plan.withdrawn:
            self._forget(row)
        for draft in plan.drafts:
            self.posts.append(Post(at=now, draft=draft))
            insort(self._sent[route.channel], now)
            for row in draft.stories:
                del self.owed[route.name][row.channel, row.story]
                self.taken[row.channel, row.story] = row
                self._note(replace(row, kind=LedgerKind.ANNOUNCED))
        if plan.finished:
            self._due.pop(route.name, None)

    def _forget(self, row: LedgerRow) -> None:
        """What was withdrawn before it was sent counts anew should it return."""
        del self.owed[row.route][row.channel, row.story]
        del self._kinds[row.channel, row.story]
        self._kinds.pop((row.channel, row.guid), None)
        del self.taken[row.channel, row.story]

    def _state(self, route: Route, owed: Sequence[LedgerRow], now: datetime) -> RouteState:
        sent = self._sent[route.channel]
        lately = sent[bisect_right(sent, now - HOUR) :]
        if route.deliver != "immediate" or not owed:
            return RouteState(sent=lately)
        oldest = min(row.at for row in owed)
        taken = self._times[route.name]
        recent = taken[bisect_right(taken, oldest - 2 * route.flood_window) :]
        arrivals = [(at, len(list(some))) for at, some in groupby(recent)]
        return RouteState(sent=lately, arrivals=arrivals, oldest=oldest)

    def _note(self, row: LedgerRow) -> None:
        self._kinds[row.channel, row.story] = self._kinds[row.channel, row.guid] = row.kind
