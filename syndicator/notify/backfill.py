"""What a person asks a route to announce after all: older stories that its channel has never had.

Decided as for new entries (`routing.announce`), but that what is baseline counts as new, and that the time
asked for stands in the place of `max_age`. What comes of it is sent as whatever else the route owes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syndicator.alerts import ENDED, LedgerKind, LedgerRow, RouteReason
from syndicator.models import Change, Entry, rank
from syndicator.notify.minimums import routes_by_story
from syndicator.notify.routing import Decision, LedgerView, announce
from syndicator.notify.rules import names_with_ancestors
from syndicator.settings.models import Route
from syndicator.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The stories that a route is to announce, best first, and why other entries of that time are not."""

    stories: tuple[tuple[LedgerRow, Entry], ...]
    left_out: Mapping[RouteReason, int]


def find_backfill(
    session: Session, route: Route, *, since: datetime, limit: int | None, now: datetime
) -> Backfill:
    """The best of the stories published since then, at most `limit`. Reads the store, writes nothing."""
    entries = session.published_since(since)
    stories, guids = [one.story for one in entries], [one.guid for one in entries]
    kinds = session.outbox.ledger.kinds(stories, guids, [route.channel])
    ledger = {key: kind for key, kind in kinds.items() if kind is not LedgerKind.BASELINE}
    decisions = judge_anew(session, route, entries, ledger, since, now)
    ranked = sorted(
        (one for one in decisions if one.reason is RouteReason.OWED), key=lambda one: rank(one.entry)
    )
    ended = _ended(session, route, (one.entry for one in decisions if one.reason is RouteReason.WAITING))
    left_out = Counter[RouteReason](
        ended.get(one.entry.story, one.reason) if one.reason is RouteReason.WAITING else one.reason
        for one in decisions
        if one.reason is not RouteReason.OWED
    )
    left_out[RouteReason.BEYOND_LIMIT] += len(ranked[limit:]) if limit is not None else 0
    asked = ((replace(one, reason=RouteReason.BACKFILL).row, one.entry) for one in ranked[:limit])
    return Backfill(
        stories=tuple((row, entry) for row, entry in asked if row is not None), left_out=+left_out
    )


def judge_anew(
    session: Session,
    route: Route,
    entries: Sequence[Entry],
    ledger: LedgerView,
    since: datetime,
    now: datetime,
) -> list[Decision]:
    """What the route would decide if these entries came now, with `since` in the place of its `max_age`."""
    asked_for = [route.model_copy(update={"max_age": now - since})]
    return announce(
        [Change(entry=entry) for entry in entries],
        routes_by_story(session, asked_for, {entry.story for entry in entries}),
        others=session.others_of(entries) if route.min_publishers > 1 else (),
        now=now,
        ledger=ledger,
        topic_names=names_with_ancestors(session.topics()),
    )


def _ended(session: Session, route: Route, entries: Iterable[Entry]) -> dict[str, RouteReason]:
    """The stories of these entries that wait for no message: it was dropped or given up."""
    rows = session.outbox.ledger.rows(stories=[one.story for one in entries])
    written = ((row.story, row.delivery) for row in rows if row.channel == route.channel and row.delivery)
    found = ((story, session.outbox.find(delivery)) for story, delivery in written)
    return {story: ENDED[one.state] for story, one in found if one is not None and one.state in ENDED}
