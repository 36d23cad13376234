"""What changes cause in Slack: decided by notify, written down in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import structlog

from syndicator.models import Change
from syndicator.notify.enqueue import KnownTopics, cover_stories
from syndicator.notify.minimums import minimums_of, routes_by_story
from syndicator.notify.recorded import day_of
from syndicator.notify.routing import announce, no_longer_public, remaining
from syndicator.notify.rules import RouteIndex, TopicNames, fingerprint, names_with_ancestors
from syndicator.progress import Progress, no_progress
from syndicator.settings.models import Route
from syndicator.store.database import Store
from syndicator.store.session import Session

log = structlog.get_logger()

SOME = 1_000
"""Entries judged per transaction, where all are."""


class StoryRouter:
    """Judges changes for all routes. One thread uses it."""

    def __init__(self, session: Session, routes: Sequence[Route]) -> None:
        self._day: datetime | None = None
        """Of which the minimums are known to be written down."""
        self.use(session, routes)

    def use(self, session: Session, routes: Sequence[Route]) -> None:
        """Goes on with these routes, of which those that are new or changed judge nothing until `begin`."""
        fingerprints = session.outbox.ledger.route_fingerprints()
        new = {route.name for route in routes if fingerprints.get(route.name) != fingerprint(route)}
        self.routes = tuple(routes)
        self._begun = RouteIndex([route for route in routes if route.name not in new])
        self._new = tuple(route for route in routes if route.name in new)

    def update_minimums(self, store: Store, now: datetime) -> None:
        """Once a day writes down the minimums of routes with `about` that have begun; to be called before
        entries change, so that it costs a look at the time in between."""
        day, new = day_of(now), {route.name for route in self._new}
        if day == self._day:
            return
        if about := [route for route in self.routes if route.about is not None and route.name not in new]:
            with store.transaction() as session:
                known = session.outbox.ledger.minimums((route.name for route in about), since=day)
                done = {name for name, some in known.items() if any(one.day == day for one in some)}
                self._set_minimums(session, [one for one in about if one.name not in done], now)
        self._day = day

    def _set_minimums(self, session: Session, routes: Sequence[Route], now: datetime) -> None:
        found = minimums_of(session, routes, now) if routes else []
        session.outbox.ledger.put_minimums(found)
        for one in found:
            facts = {"minimum": one.quality, "stories": one.stories, "days": one.days}
            log.info("minimum quality worked out", route=one.route, **facts)

    def judge(
        self,
        session: Session,
        changes: Sequence[Change],
        topic_names: TopicNames,
        *,
        now: datetime,
        silent: bool,
    ) -> None:
        """Writes what the changes cause by the routes that have begun; with `silent`, as baseline."""
        judged = [*changes, *self._remaining(session, changes)]
        self._decide(session, judged, self._begun, topic_names, now=now, silent=silent)

    def begin(self, store: Store, *, now: datetime, progress: Progress = no_progress) -> None:
        """Ends the silence of new and changed routes; to be called once all sources have been scanned.

        What they would announce of the entries that are there becomes their baseline. Cut off, it is begun
        again by the next start: until all the baseline is laid, no route has begun.
        """
        if self._new:
            self._lay_baseline(store, now, progress)
        with store.transaction() as session:
            for route in self._new:
                session.outbox.ledger.begin_route(route, fingerprint(route), now)
        for route in self._new:
            log.info("route begun, silently", route=route.name)
        self._begun, self._new = RouteIndex(self.routes), ()

    def _lay_baseline(self, store: Store, now: datetime, progress: Progress) -> None:
        about, index = [route for route in self._new if route.about is not None], RouteIndex(self._new)
        with store.transaction() as session:
            for route in about:
                session.outbox.ledger.forget_minimums(route.name)
            self._set_minimums(session, about, now)
            guids = session.guids()
            topic_names = names_with_ancestors(session.topics())
        for start in range(0, len(guids), SOME):
            progress(start, len(guids))
            with store.transaction() as session:
                entries = session.entries(guids[start : start + SOME]).values()
                found = [Change(entry=entry) for entry in entries]
                self._decide(session, found, index, topic_names, now=now, silent=True)

    def _decide(
        self,
        session: Session,
        changes: Sequence[Change],
        index: RouteIndex,
        topic_names: TopicNames,
        *,
        now: datetime,
        silent: bool,
    ) -> None:
        changed = [change.entry for change in changes]
        others = session.others_of(changed) if index.counts_publishers else []
        entries = changed + others
        routes = index.may_take(entries, topic_names)
        if not routes or not changes:
            return
        ledger = session.outbox.ledger
        stories, channels = {entry.story for entry in changed}, {route.channel for route in routes}
        decisions = announce(
            changes,
            routes_by_story(session, routes, stories),
            others=others,
            now=now,
            ledger=ledger.kinds(stories, [entry.guid for entry in entries], channels),
            topic_names=topic_names,
            silent=silent,
        )
        ledger.add(row for one in decisions if (row := one.row) is not None)
        for reason, count in Counter(one.reason for one in decisions).items():
            log.debug("decided", reason=reason.value, count=count)

    def _remaining(self, session: Session, changes: Sequence[Change]) -> list[Change]:
        """The other public entries of the stories of entries that are public no longer, to be judged in their
        place: what is owed for one of these, in no message yet and led by no other, is forgotten."""
        left, ledger = no_longer_public(changes), session.outbox.ledger
        routes, topics = {route.name: route for route in self.routes}, KnownTopics(session)
        for row in ledger.owed(guids=[one.guid for one in left]) if left else ():
            if row.route not in routes or not cover_stories(session, [row], routes[row.route], topics):
                ledger.forget([row])
        return remaining(session.others_of(left), changes)
