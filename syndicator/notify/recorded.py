"""What happened to entries in a span of time, from the store, as events in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicator.alerts import LedgerRow
from syndicator.models import Entry, Topic, TopicStatus
from syndicator.notify.rules import TopicNames, names_with_ancestors
from syndicator.settings.models import Route
from syndicator.store.dialect import batches
from syndicator.store.history import BEGAN
from syndicator.store.session import Session
from syndicator.store.types import FormerState

DAY, MONTH = timedelta(days=1), timedelta(days=30)


def day_of(moment: datetime) -> datetime:
    """The day's beginning, in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEvent:
    """An entry came (`before` None) or changed. With `silent` it announces nothing."""

    at: datetime
    entry: Entry
    before: Entry | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The time after `since` up to `until`: the entries that were there before, and what happened then.

    Before `exact_since` it is an estimate: an entry came when it was published, and was as it is known first.
    """

    since: datetime
    until: datetime
    exact_since: datetime
    first: datetime
    """When it begins: with the oldest article that the service found, else when it began to look."""
    at_start: Sequence[Entry]
    events: Sequence[EntryEvent]
    topics: Mapping[str, Topic]
    """Those that have feeds, by slug."""
    topic_names: TopicNames

    entries: Mapping[str, Entry]
    """As they are in the end, by guid."""
    ledger: Sequence[LedgerRow] = ()
    """What the channels had been told of these stories before."""
    before: Recorded | None = None
    """What the first day's minimums are worked out from, where a route has `about`."""

    @property
    def days(self) -> float:
        return (self.until - self.since).total_seconds() / 86_400


def read_recorded(session: Session, routes: Sequence[Route], *, since: datetime, until: datetime) -> Recorded:
    """What the store knows of that time and before, as far as it can matter to these routes."""
    found = read_events(session, routes, since=since, until=until)
    about, day = [route for route in routes if route.about is not None], day_of(since)
    before = read_events(session, about, since=day - MONTH, until=since) if about else None
    return replace(found, ledger=_ledger(session, [*found.entries.values()], since), before=before)


def read_events(session: Session, routes: Sequence[Route], *, since: datetime, until: datetime) -> Recorded:
    """What happened in that time, as far as it can matter to these routes. By index: reads the entries that
    changed or were published of late."""
    began = {name: state.began for name, state in session.sources().items()}
    recorded = session.metadata(BEGAN)
    since_when = None if recorded is None else datetime.fromisoformat(recorded)
    # While a source's first look has not been taken in, nothing of it is known for certain.
    exact_since = max(one or until for one in (since_when, *began.values()))
    longest = max((route.max_age for route in routes), default=until - until)
    entries = session.history.entries(changed=since, published=since - longest)
    former, stored = session.history.states(since), session.topics()
    published = session.history.first_published(exact_since) if exact_since > since else None
    at_start: list[Entry] = []
    events: list[EntryEvent] = []
    for entry in entries:
        steps = list(_steps(entry, former.get(entry.guid, ()), began.get(entry.article.source)))
        earlier = [one for one in steps if one.at <= since]
        at_start += [one.entry for one in earlier[-1:]]
        events += [one for one in steps[len(earlier) :] if one.at <= until]
    return Recorded(
        since=since,
        until=until,
        exact_since=exact_since,
        first=min(published or exact_since, exact_since),
        at_start=at_start,
        entries={one.guid: one for one in entries},
        events=sorted(events, key=lambda one: (one.at, one.entry.guid)),
        topics={one.slug: one for one in stored if one.status is TopicStatus.LIVE},
        topic_names=names_with_ancestors(stored),
    )


def _steps(entry: Entry, former: Sequence[FormerState], began: datetime | None) -> Iterator[EntryEvent]:
    """An entry's coming and its changes, in order; when it came is known if its source had begun."""
    known = [*(_as_it_was(entry, state) for state in former), entry]
    first = known[0]
    is_exact = began is not None and entry.seen > began
    came = entry.seen if is_exact else min(first.article.published, entry.seen)
    yield EntryEvent(at=came, entry=first)
    for state, before, after in zip(former, known, known[1:], strict=False):
        yield EntryEvent(at=max(state.until, came), entry=after, before=before, silent=state.silent)


def _as_it_was(entry: Entry, state: FormerState) -> Entry:
    article = replace(entry.article, quality=state.quality, heat=state.heat, published=state.published)
    return replace(entry, article=article, visibility=state.visibility)


def _ledger(session: Session, entries: Sequence[Entry], since: datetime) -> list[LedgerRow]:
    ledger = session.outbox.ledger
    found = (
        row
        for some in batches(entries)
        for row in ledger.rows(stories=[one.story for one in some], guids=[one.guid for one in some])
    )
    return [row for row in found if row.at <= since]
