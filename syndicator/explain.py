"""Why: what an entry is, where it stands or does not, and what each route has decided (behaviour 13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicator.alerts import Delivery, DeliveryState, LedgerRow, RouteReason
from syndicator.models import ALL, Entry, FeedReason, Problem, Visibility
from syndicator.notify.due import Hold
from syndicator.notify.enqueue import Enqueuer
from syndicator.notify.rules import judge_route, names_with_ancestors
from syndicator.parse.identity import canonical_link
from syndicator.settings.models import Route
from syndicator.store.session import Session
from syndicator.store.types import Membership, TopicStatus

ENDED = {DeliveryState.DROPPED: RouteReason.DROPPED, DeliveryState.FAILED: RouteReason.FAILED}
"""What is so of a story that the ledger holds as owed, where its message has come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWord:
    """One feed (a topic at a level; level None: everything) and why the entry stands there or does not."""

    topic: str
    level: str | None
    reason: FeedReason
    instead: Entry | None = None
    """The copy that is shown in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteWord:
    """One route's decision, with the ledger's line, the message and the wait where there are any.

    What is held is a story that is in no message yet, or the route with the message that it is in.
    """

    route: str
    channel: str
    reason: RouteReason
    ledger: LedgerRow | None = None
    delivery: Delivery | None = None
    held: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All there is to say of one entry. `problem` is what is wrong with its file as it is now."""

    entry: Entry
    withdrawn: datetime | None
    problem: Problem | None
    feeds: tuple[FeedWord, ...]
    routes: tuple[RouteWord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known by a path, link or guid: entries, and problems of files that never were entries."""

    explanations: tuple[Explanation, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Reads the store and nothing else, so it can be asked while the service runs."""

    routes: Sequence[Route]
    levels: Mapping[str, float]
    limit: int
    enqueuer: Enqueuer

    def explain(self, session: Session, text: str, *, now: datetime) -> Answer:
        """What there is to say of the entries that `text` names: a path (or its end), a link or a guid."""
        found = session.search(text)
        if not found and text.startswith(("http://", "https://")):
            found = session.copies([canonical_link(text)])
        problems = session.problems.all()
        held = self.enqueuer.held(session, now=now)
        explanations = tuple(
            Explanation(
                entry=stored.entry,
                withdrawn=stored.withdrawn,
                problem=_problem_of(stored.entry, problems),
                feeds=tuple(self._feeds(session, stored.entry)),
                routes=tuple(self._routes(session, stored.entry, held, now)),
            )
            for stored in found
        )
        known = {(one.entry.article.source, one.entry.article.path) for one in explanations}
        others = (p for p in problems if (p.source, p.path) not in known and _is_at(p.path, text))
        return Answer(explanations=explanations, problems=tuple(others))

    def _feeds(self, session: Session, entry: Entry) -> list[FeedWord]:
        memberships = {membership.topic: membership for membership in session.feeds.memberships([entry.guid])}
        live = [stored.topic.slug for stored in session.topics() if stored.status is TopicStatus.LIVE]
        return [
            self._feed(session, entry, topic, level, minimum, memberships.get(topic))
            for topic in (ALL, *live)
            for level, minimum in ((None, None), *self.levels.items())
        ]

    def _feed(
        self,
        session: Session,
        entry: Entry,
        topic: str,
        level: str | None,
        minimum: float | None,
        membership: Membership | None,
    ) -> FeedWord:
        quality = entry.article.quality
        reason, instead = FeedReason.IN, None
        if topic != ALL and topic not in entry.topics:
            reason = FeedReason.OTHER_TOPIC
        elif entry.visibility is not Visibility.PUBLIC:
            reason = FeedReason.NOT_PUBLIC
        elif membership is None or not membership.shown:
            reason, instead = FeedReason.OTHER_COPY, _shown_copy(session, entry, topic)
        elif minimum is not None and (quality is None or quality < minimum):
            reason = FeedReason.BELOW_LEVEL
        elif entry.guid not in {
            one.guid for one in session.feeds.newest(topic, limit=self.limit, minimum=minimum)
        }:
            reason = FeedReason.ARCHIVED if level is None else FeedReason.CROWDED_OUT
        return FeedWord(topic=topic, level=level, reason=reason, instead=instead)

    def _routes(
        self, session: Session, entry: Entry, held: Sequence[tuple[LedgerRow, Hold]], now: datetime
    ) -> list[RouteWord]:
        names = names_with_ancestors(stored.topic for stored in session.topics())
        lines = {
            line.channel: line
            for line in session.outbox.ledger.rows(stories=[entry.story], guids=[entry.guid])
        }
        waits = {(story.route, story.story): hold for story, hold in held}
        return [
            self._route_word(session, entry, route, lines.get(route.channel), waits, names, now)
            for route in self.routes
        ]

    def _route_word(
        self,
        session: Session,
        entry: Entry,
        route: Route,
        line: LedgerRow | None,
        waits: Mapping[tuple[str, str], Hold],
        names: Mapping[str, frozenset[str]],
        now: datetime,
    ) -> RouteWord:
        reason = judge_route(entry, route, now=now, topic_names=names, ledger=line.kind if line else None)
        delivery = session.outbox.find(line.delivery) if line and line.delivery else None
        held = waits.get((route.name, line.story)) if line else None
        if delivery is not None and reason is RouteReason.WAITING:
            reason = ENDED.get(delivery.state, reason)
        if delivery is not None and delivery.state is DeliveryState.OWED:
            held = self.enqueuer.holds(session.outbox, [route.name], now).get(route.name)
        return RouteWord(
            route=route.name,
            channel=route.channel,
            reason=reason,
            ledger=line,
            delivery=delivery,
            held=held,
        )


def _shown_copy(session: Session, entry: Entry, topic: str) -> Entry | None:
    copies = {one.entry.guid: one.entry for one in session.copies([entry.article.canonical_link])}
    shown = (s.guid for s in session.feeds.memberships(copies) if s.topic == topic and s.shown)
    return next((copies[guid] for guid in shown), None)


def _problem_of(entry: Entry, problems: Sequence[Problem]) -> Problem | None:
    article = entry.article
    return next((p for p in problems if (p.source, p.path) == (article.source, article.path)), None)


def _is_at(path: str, text: str) -> bool:
    return path == text or path.endswith(f"/{text}") or text.endswith(f"/{path}")
