"""What a route would send now, composed and not written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicator.alerts import Delivery, LedgerKind, LedgerRow, RouteReason
from syndicator.models import ALL, Entry, rank
from syndicator.notify.compose import compose
from syndicator.notify.due import Draft, DueReason, summarise
from syndicator.notify.enqueue import Enqueuer, known_entries, labels_of
from syndicator.notify.rules import judge_match, keys_of, names_with_ancestors
from syndicator.settings.models import Digest, Route
from syndicator.store.session import Session
from syndicator.store.types import StoredTopic
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
    owed: Sequence[LedgerRow] = session.outbox.ledger.owed(route.name)
    entries = known_entries(session, [story.guid for story in owed])
    owed = [story for story in owed if story.guid in entries]
    topics = session.topics()
    note = f"{say_count(len(owed), 'story is', 'stories are')} owed"
    if not owed:
        entries = _matching(session, route, topics)
        owed = [_as_owed(route, entry, now) for entry in entries.values()]
        note = "nothing is owed; these are the newest entries that match"
    if not owed:
        return Preview(route=route.name, channel=route.channel, note="no entry matches it", delivery=None)
    draft, page = _draft(route, owed, entries), enqueuer.page(topics, route)
    delivery = compose(draft, entries, now=now, topic_names=labels_of(topics), page=page)
    return Preview(route=route.name, channel=route.channel, note=note, delivery=delivery)


def _matching(session: Session, route: Route, topics: Sequence[StoredTopic]) -> dict[str, Entry]:
    names = names_with_ancestors(stored.topic for stored in topics)
    newest = session.feeds.newest(ALL, limit=LOOKED_AT)
    matching = [entry for entry in newest if judge_match(entry, route, keys_of(entry, names)) is None]
    wanted = route.deliver.maximum if isinstance(route.deliver, Digest) else 1
    return {entry.guid: entry for entry in matching[:wanted]}


def _draft(route: Route, owed: Sequence[LedgerRow], entries: Mapping[str, Entry]) -> Draft:
    ranked = sorted(owed, key=lambda story: rank(entries[story.guid]))
    if isinstance(route.deliver, Digest):
        return summarise(ranked, entries, route, DueReason.DIGEST, digest=route.deliver)
    return Draft(route=route, kind="alert", shown=(ranked[0],), reason=DueReason.AT_ONCE)


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
