"""What a route would send now, composed and not written."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from syndicator.alerts import Delivery, LedgerRow, RouteReason
from syndicator.models import ALL
from syndicator.notify.backfill import judge_anew
from syndicator.notify.compose import compose
from syndicator.notify.due import DueReason, alerts, rank_stories, summarise
from syndicator.notify.enqueue import Enqueuer, KnownTopics, cover_stories
from syndicator.settings.models import Digest, Route
from syndicator.store.session import Session
from syndicator.text import say_count

LOOKED_AT = 500
"""How many of the newest entries are looked at for some that match."""


def preview(
    session: Session, route: Route, enqueuer: Enqueuer, *, now: datetime
) -> tuple[str, Delivery | None]:
    """What is owed, whatever it waits for; where nothing is, the newest entries that match stand in.

    What it shows, in words, and the message; none where no entry matches.
    Reads the store and nothing else.
    """
    topics = KnownTopics(session)
    owed = session.outbox.ledger.owed(route.name)
    stories = cover_stories(session, owed, route, topics)
    note = f"{say_count(len(stories), 'story is', 'stories are')} owed"
    if len(stories) > 1 and not isinstance(route.deliver, Digest):
        note += ", and one of them is shown"
    if not stories:
        owed = _matching(session, route, now)
        most = route.deliver.maximum if isinstance(route.deliver, Digest) else 1
        stories = dict(islice(cover_stories(session, owed, route, topics).items(), most))
        note = "nothing is owed; these are the newest entries that match"
    if not stories:
        return "no entry matches it", None
    ranked = rank_stories(owed, stories)
    if isinstance(route.deliver, Digest):
        draft = summarise(ranked, route, DueReason.DIGEST, route.deliver)
    else:
        (draft,) = alerts(ranked[:1], route)
    delivery = compose(draft, now=now, topics=topics.words, page=enqueuer.page(topics.stored, route))
    return note, delivery


def _matching(session: Session, route: Route, now: datetime) -> list[LedgerRow]:
    """The stories of the newest entries that match, however old, newest first."""
    newest, ever = session.feeds.newest(ALL, limit=LOOKED_AT), datetime.min.replace(tzinfo=UTC)
    decisions = judge_anew(session, route, newest, {}, ever, now)
    newest_first = sorted(decisions, key=lambda one: one.entry.article.published, reverse=True)
    return [row for one in newest_first if one.reason is RouteReason.OWED and (row := one.row)]
