"""What is owed to whom now: which stories go into which message, and why the others wait (pure).

For an immediate route the steps are: gather, mute, quiet hours, flood, backlog, cap; what is left becomes
a message each, or, when it was held back or is too much, one digest. For a digest route: its time, mute,
quiet hours, cap, minimum. Whatever a digest has no room for is counted in its "+N more" and thereby
announced.

    more than 20 arrivals for an immediate route within a window begin a flood, which becomes one digest
    each further arrival before it is over moves its end: a window after the last one

All of it is worked out from stored times, so that a restart changes nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from syndicator.alerts import LedgerRow, Mute, Slot
from syndicator.models import rank
from syndicator.notify.coverage import Coverage
from syndicator.settings.models import Digest, QuietHours, Route

SUMMARY = Digest(cron="")
"""How a digest that an immediate route needs is cut: like a digest route's by default."""

FLOOD = 20
"""More stories than this within a window become one digest; as many messages may wait for a channel."""

HOUR = timedelta(hours=1)

LONGEST = 20
"""A story waits no longer than so many windows for a flood to end."""

Arrivals = Sequence[tuple[datetime, int]]
"""How many stories a route took at which moments, oldest first."""


class DueReason(StrEnum):
    """Why a story goes into a message now or waits. A closed list: logged, counted and shown."""

    AT_ONCE = "at once"
    DIGEST = "in the digest"
    CATCH_UP = "in one catch-up after quiet hours or a mute"
    FLOOD = "in one digest: too many at once"
    OVERFLOW = "in one digest: the hour's cap was reached"
    GATHERING = "waits for the story's other publishers"
    SLOT = "waits for the digest's time"
    CARRIED = "fewer stories than the digest's minimum: carried over"
    QUIET = "held back: quiet hours"
    MUTED = "held back: muted"
    MANY = "held back: many at once, one digest when no more come"
    CAPPED = "held back: the hour's cap is reached"
    BACKLOG = "held back: many messages wait for the channel"


class OwedStory(NamedTuple):
    """A story owed, by the entry that leads it now, and what is shown of it."""

    row: LedgerRow
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One message to be written: its stories in order, those only counted, and why it is sent."""

    route: Route
    kind: str
    """`alert` or `digest`."""
    shown: tuple[OwedStory, ...]
    more: tuple[LedgerRow, ...] = ()
    reason: DueReason
    slot: Slot | None = None

    @property
    def stories(self) -> tuple[LedgerRow, ...]:
        return (*(story.row for story in self.shown), *self.more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why something waits, and until when where that is known. Of several, the one that lasts longest."""

    reason: DueReason
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written for one route now.

    `withdrawn` are owed no longer: none of their entries may be shown any more. `finished` says that
    the slot is dealt with. `wake` is when to look again at the latest, None if only a change or a slot can
    move anything.
    """

    drafts: tuple[Draft, ...] = ()
    held: tuple[tuple[LedgerRow, Hold], ...] = ()
    withdrawn: tuple[LedgerRow, ...] = ()
    finished: bool = False

    @property
    def wake(self) -> datetime | None:
        return min((hold.until for _, hold in self.held if hold.until is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteState:
    """What else decides: the mutes that stand or ended of late, and what the route and its channel had.

    `sent` is when the channel took each message of the last hour, oldest first; `waiting` counts those that
    wait for it.
    `arrivals` are what an immediate route took of late, at least since `oldest`: when it took the first of
    the stories that have not left yet.
    """

    mutes: Sequence[Mute] = ()
    sent: Sequence[datetime] = ()
    waiting: int = 0
    arrivals: Arrivals = ()
    oldest: datetime | None = None


def select_due(
    owed: Sequence[LedgerRow],
    stories: Mapping[str, Coverage],
    route: Route,
    state: RouteState,
    *,
    now: datetime,
    slot: Slot | None = None,
) -> Plan:
    """The messages to write for this route now, best stories first, and why the other stories wait.

    `owed` are the route's own; `stories` has what may be shown of them, and not those of which nothing may;
    `slot` is the digest's last time if it is not yet dealt with. To be called again at `Plan.wake`, after
    every change, and now and then while messages that wait hold something.
    """
    ranked = rank_stories(owed, stories)
    if isinstance(route.deliver, Digest):
        plan = _digest(ranked, route, route.deliver, slot, state, now)
    else:
        plan = _immediate(ranked, route, state, now)
    return replace(plan, withdrawn=tuple(row for row in owed if row.story not in stories))


def rank_stories(owed: Iterable[LedgerRow], stories: Mapping[str, Coverage]) -> list[OwedStory]:
    """Those of which something may be shown, best first."""
    shown = ((row, stories[row.story]) for row in owed if row.story in stories)
    live = [OwedStory(replace(row, guid=one.lead.guid), one) for row, one in shown]
    return sorted(live, key=lambda one: rank(one.coverage.lead))


def hold(route: Route, state: RouteState, now: datetime) -> Hold | None:
    """What holds the whole route back now, messages already written included; None if nothing does.

    To be asked again when a message is about to be sent: what is held goes back to the stories owed.
    """
    ends = {
        DueReason.MUTED: max(
            (mute.end for mute in state.mutes if mute.since <= now < mute.end), default=None
        ),
        DueReason.QUIET: max(
            (end for start, end in _windows(route.quiet_hours, now) if start <= now < end), default=None
        ),
    }
    if route.deliver == "immediate":
        ends[DueReason.MANY] = flood_until(route, state, now)
    found = ((until, reason) for reason, until in ends.items() if until is not None)
    until, reason = max(found, default=(None, None))
    return None if reason is None else Hold(reason=reason, until=until)


def obstacle(route: Route, state: RouteState, now: datetime) -> Hold | None:
    """What keeps new messages of the route from being written now: what holds it, or what its channel had."""
    if (held := hold(route, state, now)) is not None:
        return held
    if state.waiting >= FLOOD:
        return Hold(reason=DueReason.BACKLOG)
    if route.per_hour is None or (over := len(state.sent) + state.waiting - route.per_hour) < 0:
        return None
    # With messages under way there may be none among those sent that makes room.
    until = state.sent[over] + HOUR if over < len(state.sent) else None
    return Hold(reason=DueReason.CAPPED, until=until)


def summarise(
    ranked: Iterable[OwedStory], route: Route, reason: DueReason, digest: Digest = SUMMARY
) -> Draft:
    """These stories as one digest: at most `maximum` are shown, the others are counted.

    At most `per_provider` of one provider come before the others; what that puts back fills the places left.
    """
    first: list[OwedStory] = []
    back: list[OwedStory] = []
    taken: Counter[str] = Counter()
    for story in ranked:
        provider = story.coverage.lead.article.provider
        name = story.row.guid if provider is None else provider.name.casefold()
        (first if taken[name] < digest.per_provider else back).append(story)
        taken[name] += 1
    order, most = (*first, *back), digest.maximum
    more = tuple(story.row for story in order[most:])
    return Draft(route=route, kind="digest", shown=order[:most], more=more, reason=reason)


def alerts(stories: Iterable[OwedStory], route: Route) -> list[Draft]:
    """A message for each."""
    return [Draft(route=route, kind="alert", shown=(story,), reason=DueReason.AT_ONCE) for story in stories]


def _immediate(ranked: Sequence[OwedStory], route: Route, state: RouteState, now: datetime) -> Plan:
    ready = [story for story in ranked if story.row.at + route.gather <= now]
    if (held := obstacle(route, state, now)) is not None:
        return Plan(held=_all_held(ranked, held))
    gathering = tuple(
        (row, Hold(reason=DueReason.GATHERING, until=row.at + route.gather))
        for row, _ in ranked
        if row.at + route.gather > now
    )
    since, found = resumed(route.quiet_hours, state.mutes, now), floods(state.arrivals, route.flood_window)
    late = {row.story for row, _ in ready if since is not None and row.at + route.gather < since}
    flooded = {row.story for row, _ in ready if any(first <= row.at <= last for first, last in found)}
    why = DueReason.CATCH_UP if late else DueReason.FLOOD
    drafts = _share(ready, late | flooded, why, route, room=_room(route, state))
    return Plan(drafts=tuple(drafts), held=gathering)


def _share(
    ready: Sequence[OwedStory], held_back: Set[str], why: DueReason, route: Route, *, room: int
) -> list[Draft]:
    """Ready stories as messages, at most `room`: each its own, unless they were held back or are too many."""
    held = [story for story in ready if story.row.story in held_back]
    fresh = [story for story in ready if story.row.story not in held_back]
    if len(fresh) > FLOOD:
        return [summarise(ready, route, DueReason.FLOOD)]
    if len(held) > 1:
        if len(fresh) >= room:
            return [summarise(ready, route, why)]
        return [summarise(held, route, why), *alerts(fresh, route)]
    if len(ready) <= room:
        return alerts(ready, route)
    return [*alerts(ready[: room - 1], route), summarise(ready[room - 1 :], route, DueReason.OVERFLOW)]


def _digest(
    ranked: Sequence[OwedStory],
    route: Route,
    digest: Digest,
    slot: Slot | None,
    state: RouteState,
    now: datetime,
) -> Plan:
    if slot is None:
        return Plan(held=_all_held(ranked, hold(route, state, now) or Hold(reason=DueReason.SLOT)))
    if ranked and (held := obstacle(route, state, now)) is not None:
        return Plan(held=_all_held(ranked, held))
    if len(ranked) < digest.minimum:
        return Plan(held=_all_held(ranked, Hold(reason=DueReason.CARRIED)), finished=True)
    draft = summarise(ranked, route, DueReason.DIGEST, digest)
    return Plan(drafts=(replace(draft, slot=slot),), finished=True)


def _room(route: Route, state: RouteState) -> int:
    """How many messages the channel may still get."""
    room = FLOOD - state.waiting
    return room if route.per_hour is None else min(room, route.per_hour - len(state.sent) - state.waiting)


def _all_held(stories: Iterable[OwedStory], hold: Hold) -> tuple[tuple[LedgerRow, Hold], ...]:
    return tuple((story.row, hold) for story in stories)


def floods(arrivals: Arrivals, window: timedelta) -> list[tuple[datetime, datetime]]:
    """The floods among these arrivals, oldest first: from the first arrival of each to its last.

    >>> noon, second = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(seconds=1)
    >>> def shown(arrivals): return [(a.second, b.second) for a, b in floods(arrivals, 30 * second)]
    >>> shown([(noon, 20)]), shown([(noon, 20), (noon + 30 * second, 1), (noon + 59 * second, 1)])
    ([], [(0, 59)])
    """
    found: list[tuple[datetime, datetime]] = []
    recent: deque[tuple[datetime, int]] = deque()
    for at, count in arrivals:
        if found and at < found[-1][1] + window:
            found[-1] = found[-1][0], at
            continue
        recent.append((at, count))
        while recent[0][0] < at - window:
            recent.popleft()
        if sum(some for _, some in recent) > FLOOD:
            found.append((recent[0][0], at))
            recent.clear()
    return found


def flood_until(route: Route, state: RouteState, now: datetime) -> datetime | None:
    """When the flood that goes on now is over; None if none does, or none of its stories waits.

    Its stories must have been gathered by then. They wait for at most LONGEST windows, so that a flood
    without end delays nothing for ever.
    """
    window, oldest = route.flood_window, state.oldest
    found = floods([(at, count) for at, count in state.arrivals if at <= now], window)
    if not found or oldest is None:
        return None
    until = min(found[-1][1] + max(window, route.gather), oldest + max(LONGEST * window, route.gather))
    return until if now < until else None


def resumed(quiet: QuietHours | None, mutes: Iterable[Mute], now: datetime) -> datetime | None:
    """The last moment, up to now, at which quiet hours or a mute ended; None if there was none of late."""
    ends = [end for _, end in _windows(quiet, now) if end <= now]
    ends += [mute.end for mute in mutes if mute.end <= now]
    return max(ends, default=None)


def _windows(quiet: QuietHours | None, now: datetime) -> list[tuple[datetime, datetime]]:
    """The quiet hours that begin from two days before now to one day after, in UTC."""
    if quiet is None:
        return []
    zone = ZoneInfo(quiet.time_zone)
    today = now.astimezone(zone).date()
    start, end = (datetime.combine(today, one) for one in (quiet.start, quiet.end))
    length = (end - start) % timedelta(days=1)
    starts = [start + timedelta(days=day) for day in (-2, -1, 0, 1)]
    return [(_moment(start, zone), _moment(start + length, zone)) for start in starts]


def _moment(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time's moment: the first of two in autumn; one that spring skips, as much later."""
    return local.replace(tzinfo=zone).astimezone(UTC)
