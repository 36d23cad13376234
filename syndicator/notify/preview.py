"""What a route would send now, composed and not written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from syndicator.alerts import Delivery, LedgerKind, LedgerRow, RouteReason
from syndicator.models import ALL, Entry
from syndicator.notify.compose import compose
from syndicator.notify.due import DueReason, alerts, rank_stories, summarise
from syndicator.notify.enqueue import Enqueuer, KnownTopics, cover_stories
from syndicator.notify.minimums import routes_by_story
from syndicator.notify.rules import judge_match, keys_of
from syndicator.settings.models import Digest, Route
from syndicator.store.session import Session
from syndicator.text import say_count

LOOKED_AT = 500
"""How many of the newest entries are looked at for some that match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One route's message, or none where no entry matches; `note` says what it shows."""

    route: str
    channel: str
    note: str
    delivery: Delivery | None


def preview(session: Session, route: Route, enqueuer: Enqueuer, *, now: datetime) -> Preview:
    """What is owed, whatever it waits for; where nothing is, the newest entries that match stand in.

    Reads the store and nothing else.
    """
    topics = KnownTopics(session)
    owed = session.outbox.ledger.owed(route.name)
    stories = cover_stories(session, owed, route, topics)
    note = f"{say_count(len(stories), 'story is', 'stories are')} owed"
    if not stories:
        owed = _matching(session, route, topics, now)
        found = cover_stories(session, owed, route, topics).items()
        enough = (one for one in found if len(one[1].publishers) >= route.min_publishers)
        stories = dict(islice(enough, route.deliver.maximum if isinstance(route.deliver, Digest) else 1))
        note = "nothing is owed; these are the newest entries that match"
    if not stories:
        return Preview(route=route.name, channel=route.channel, note="no entry matches it", delivery=None)
    ranked = rank_stories(owed, stories)
    if isinstance(route.deliver, Digest):
        draft = summarise(ranked, route, DueReason.DIGEST, route.deliver)
    else:
        (draft,) = alerts(ranked[:1], route)
    delivery = compose(draft, now=now, topics=topics.words, page=enqueuer.page(topics.stored, route))
    return Preview(route=route.name, channel=route.channel, note=note, delivery=delivery)


def _matching(session: Session, route: Route, topics: KnownTopics, now: datetime) -> list[LedgerRow]:
    """The stories of the newest entries that match, each once, newest first."""
    newest, names = session.feeds.newest(ALL, limit=LOOKED_AT), topics.words.names
    split = routes_by_story(session, [route], {one.story for one in newest})
    judging = {story: one for some, routes in split for one in routes for story in some}
    matching = (
        one
        for one in newest
        if one.story in judging and judge_match(one, judging[one.story], keys_of(one, names)) is None
    )
    rows: dict[str, LedgerRow] = {}
    for entry in matching:
        rows.setdefault(entry.story, _as_owed(route, entry, now))
    return list(rows.values())


def _as_owed(route: Route, entry: Entry, now: datetime) -> LedgerRow:
    return LedgerRow(
        route=route.name,
        channel=route.channel,
        story=entry.story,
        guid=entry.guid,
        kind=LedgerKind.OWED,
        reason=RouteReason.OWED,
        at=now,
    )
