"""Why: what an entry is, where it stands or does not, and what each route has decided (behaviour 13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from syndicator.alerts import ENDED, DailyMinimum, Delivery, DeliveryState, LedgerKind, LedgerRow, RouteReason
from syndicator.entries.joining import words_joining
from syndicator.models import ALL, Entry, FeedReason, Problem, TopicStatus, Visibility, rank
from syndicator.notify import rules
from syndicator.notify.coverage import count_publishers, cover
from syndicator.notify.due import DueReason, Hold
from syndicator.notify.enqueue import Enqueuer
from syndicator.notify.minimums import judging, minimum_at
from syndicator.parse.identity import canonical_link
from syndicator.schedule import latest_slot, next_digest
from syndicator.settings.models import Digest, Route
from syndicator.store.ledger import STRONGER
from syndicator.store.session import Session
from syndicator.urls import http_link

FROM_THE_LEDGER = frozenset({*rules.FROM_LEDGER.values(), *ENDED.values()})
"""Reasons that were decided when the ledger says; any other is how it stands now."""


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

    What is held is a story that is in no message yet, or the route with the message that it is in. The
    ledger's line may be of another entry of the story, which then is announced for both.
    """

    route: Route
    """As it judges the story."""
    reason: RouteReason
    minimum: DailyMinimum | None = None
    """Where the route has `about`: by which the story is judged."""
    ledger: LedgerRow | None = None
    delivery: Delivery | None = None
    edits: tuple[Delivery, ...] = ()
    """Those of the message that were made, are owed or came to nothing, oldest first."""
    held: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All there is to say of one entry. `problem` is what is wrong with its file as it is now; `others` are
    the other entries of its story, best first; `words`, by guid, those by which it was joined to one of
    them, or one of them to it."""

    entry: Entry
    others: tuple[Entry, ...]
    words: Mapping[str, Sequence[str]]
    problem: Problem | None
    feeds: tuple[FeedWord, ...]
    routes: tuple[RouteWord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResult:
    """What is known by a path, link or guid: entries, problems of files that never were entries, and files
    that are no articles, as source and path."""

    explanations: tuple[Explanation, ...]
    problems: tuple[Problem, ...]
    no_articles: tuple[tuple[str, str], ...] = ()


def explain(
    session: Session,
    text: str,
    *,
    routes: Sequence[Route],
    levels: Mapping[str, float],
    limit: int,
    enqueuer: Enqueuer,
    now: datetime,
) -> ExplainResult:
    """What there is to say of the entries that `text` names: a path (or its end), a link or a guid.

    Reads the store and nothing else, so it can be asked while the service runs. `routes` are the settings',
    with the ids of their channels; `limit` is how many entries a feed has.
    """
    found = session.search(text)
    if not found:
        with suppress(ValueError):
            found = session.copies([canonical_link(http_link(text))])
    problems = session.problems.all()
    by_file = {(problem.source, problem.path): problem for problem in reversed(problems)}
    held = {(story.route, story.story): hold for story, hold in enqueuer.held(session, now=now)}
    topics = session.topics()
    slugs = [ALL, *(topic.slug for topic in topics if topic.status is TopicStatus.LIVE)]
    names = rules.names_with_ancestors(topics)
    stories = [sorted(session.others_of([stored]), key=rank) for stored in found]
    explanations = tuple(
        Explanation(
            entry=stored,
            others=tuple(others),
            words=words_joining(session, stored, others),
            problem=by_file.get((stored.article.source, stored.article.path)),
            feeds=tuple(_feeds(session, stored, slugs, levels, limit)),
            routes=tuple(_routes(session, stored, others, routes, names, held, enqueuer, now)),
        )
        for stored, others in zip(found, stories, strict=True)
    )
    known = {(one.entry.article.source, one.entry.article.path) for one in explanations}
    bad = tuple(p for p in problems if (p.source, p.path) not in known and _is_at(p.path, text))
    none = () if explanations or bad else tuple(at for at in session.no_articles() if _is_at(at[1], text))
    return ExplainResult(explanations=explanations, problems=bad, no_articles=none)


def _feeds(
    session: Session, entry: Entry, slugs: Sequence[str], levels: Mapping[str, float], limit: int
) -> Iterator[FeedWord]:
    """Each topic's feeds: the one of everything, then the better ones."""
    shown = {membership.topic for membership in session.feeds.memberships([entry.guid]) if membership.shown}
    for topic in slugs:
        for level, minimum in ((None, None), *levels.items()):
            reason = _feed_reason(entry, topic, minimum, shown)
            instead = _shown_copy(session, entry, topic) if reason is FeedReason.OTHER_COPY else None
            if reason is FeedReason.IN:
                newest = session.feeds.newest(topic, limit=limit, minimum=minimum)
                if entry.guid not in {one.guid for one in newest}:
                    reason = FeedReason.ARCHIVED if level is None else FeedReason.CROWDED_OUT
            yield FeedWord(topic=topic, level=level, reason=reason, instead=instead)


def _feed_reason(entry: Entry, topic: str, minimum: float | None, shown: Set[str]) -> FeedReason:
    quality = entry.article.quality
    if topic != ALL and topic not in entry.topics:
        return FeedReason.OTHER_TOPIC
    if entry.visibility is not Visibility.PUBLIC:
        return FeedReason.NOT_PUBLIC
    if topic not in shown:
        return FeedReason.OTHER_COPY
    below = minimum is not None and (quality is None or quality < minimum)
    return FeedReason.BELOW_LEVEL if below else FeedReason.IN


def _routes(
    session: Session,
    entry: Entry,
    others: Sequence[Entry],
    routes: Sequence[Route],
    names: rules.TopicNames,
    held: Mapping[tuple[str, str], Hold],
    enqueuer: Enqueuer,
    now: datetime,
) -> Iterator[RouteWord]:
    rows = session.outbox.ledger.rows(stories=[entry.story], guids=[entry.guid])
    by_channel = {row.channel: row for row in sorted(rows, key=lambda row: STRONGER.index(row.kind))}
    keys = rules.keys_of(entry, names)
    minimums = session.outbox.ledger.minimums(route.name for route in routes if route.about is not None)
    began = session.stories.began([entry.story]).get(entry.story)
    begun = session.outbox.ledger.route_fingerprints()
    for plain in routes:
        minimum = minimum_at(minimums.get(plain.name, ()), began)
        route = judging(plain, minimum)
        row = by_channel.get(route.channel)
        count, kind = count_publishers((entry, *others), route, names), row.kind if row else None
        reason = rules.judge_route(entry, route, now=now, keys=keys, publishers=count, ledger=kind)
        if reason is RouteReason.OWED and begun.get(plain.name) != rules.fingerprint(plain):
            reason = RouteReason.BASELINE  # as soon as the route begins, silently
        if row and row.kind is LedgerKind.OWED and row.route == route.name:
            # It was judged once, and leads its message also where the route would not take it now.
            coverage = cover(row, (entry, *others), route, names)
            reason = RouteReason.WAITING if coverage and coverage.lead.guid == entry.guid else reason
        delivery = session.outbox.find(row.delivery) if row and row.delivery else None
        edits = session.outbox.edits.of(delivery.id) if delivery else ()
        if row and reason is RouteReason.BASELINE:
            reason = row.reason
        hold = held.get((route.name, row.story)) if row else None
        if hold and row and isinstance(route.deliver, Digest):
            hold = _until_next(hold, row, route.deliver, now)
        if delivery is not None and reason is RouteReason.WAITING:
            reason = ENDED.get(delivery.state, reason)
        if delivery is not None and delivery.state is DeliveryState.OWED:
            hold = enqueuer.holds(session.outbox, [route.name], now).get(route.name)
        yield RouteWord(
            route=route,
            reason=reason,
            minimum=minimum,
            ledger=row,
            delivery=delivery,
            edits=tuple(one for one in edits if one.state is not DeliveryState.RELEASED),
            held=hold,
        )


def _until_next(hold: Hold, row: LedgerRow, digest: Digest, now: datetime) -> Hold:
    """What waits for a digest, with its next time, and whether one was dealt with since, without it."""
    if hold.reason not in (DueReason.SLOT, DueReason.CARRIED):
        return hold
    last = latest_slot(digest, now)
    if digest.minimum > 1 and last is not None and row.at <= last.at:
        hold = replace(hold, reason=DueReason.CARRIED)
    return replace(hold, until=next_digest(digest, now))


def _shown_copy(session: Session, entry: Entry, topic: str) -> Entry | None:
    copies = {one.guid: one for one in session.copies([entry.article.canonical_link])}
    shown = (s.guid for s in session.feeds.memberships(copies) if s.topic == topic and s.shown)
    return next((copies[guid] for guid in shown), None)


def _is_at(path: str, text: str) -> bool:
    return path == text or path.endswith(f"/{text}") or text.endswith(f"/{path}")
