"""What is owed to whom now: which stories go into which message, and why the others wait (pure).

For an immediate route the steps are: gather, mute, quiet hours, flood, backlog, cap; what is left becomes
a message each, or, when it was held back or is too much, one digest. For a digest route: its time, mute,
quiet hours, cap, minimum. Whatever a digest has no room for is counted in its "+N more" and thereby
announced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from syndicator.alerts import LedgerRow, Mute, Slot
from syndicator.models import Entry, Visibility, rank
from syndicator.notify.holding import FLOOD, Arrivals, flood_until, floods, muted_until, quiet_until, resumed
from syndicator.settings.models import Digest, Route

SUMMARY = Digest(cron="")
"""How a digest that an immediate route needs is cut: like a digest route's by default."""


class DueReason(StrEnum):
    """Why a story goes into a message now or waits. A closed list: logged, counted and shown."""

    AT_ONCE = "sent at once"
    DIGEST = "in the digest"
    CATCH_UP = "in one catch-up after quiet hours or a mute"
    FLOOD = "in one digest: too many at once"
    OVERFLOW = "in one digest: the hour's cap was reached"
    GATHERING = "waits for the story's other publishers"
    SLOT = "waits for the digest's time"
    CARRIED = "carried over: fewer stories than the digest's minimum"
    QUIET = "held back: quiet hours"
    MUTED = "held back: muted"
    MANY = "held back: many at once, one digest when no more come"
    CAPPED = "held back: the hour's cap is reached"
    BACKLOG = "held back: many messages wait for the channel"
    WITHDRAWN = "no longer public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One message to be written: its stories in order, those only counted, and why it is sent."""

    route: Route
    kind: str
    """`alert` or `digest`."""
    shown: tuple[LedgerRow, ...]
    more: tuple[LedgerRow, ...] = ()
    reason: DueReason
    slot: Slot | None = None

    @property
    def stories(self) -> tuple[LedgerRow, ...]:
        return self.shown + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why something waits, and until when where that is known."""

    reason: DueReason
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written for one route now.

    `withdrawn` are owed no longer: their entries were withdrawn before they were sent. `finished` says that
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
class Traffic:
    """What the channel has had: messages sent in the last hour or waiting, and how many of them wait.

    `arrivals` are what an immediate route took of late, at least since `oldest`: when it took the first of
    the stories that have not left yet.
    """

    last_hour: int = 0
    waiting: int = 0
    arrivals: Arrivals = ()
    oldest: datetime | None = None


def select_due(
    owed: Sequence[LedgerRow],
    entries: Mapping[str, Entry],
    route: Route,
    *,
    now: datetime,
    slot: Slot | None = None,
    mutes: Sequence[Mute] = (),
    traffic: Traffic | None = None,
) -> Plan:
    """The messages to write for this route now, best stories first, and why the other stories wait.

    `owed` and `mutes` are the route's own; `entries` holds the entry of every owed guid that is still known;
    `slot` is the digest's last time if it is not yet dealt with. To be called again at `Plan.wake`, after
    every change, and at least every minute while a cap or backlog holds something.
    """
    traffic = traffic or Traffic()
    live = [story for story in owed if _is_public(entries.get(story.guid))]
    withdrawn = tuple(story for story in owed if not _is_public(entries.get(story.guid)))
    ranked = sorted(live, key=lambda story: rank(entries[story.guid]))
    match route.deliver:
        case "immediate":
            plan = _immediate(ranked, entries, route, now=now, mutes=mutes, traffic=traffic)
        case Digest() as digest:
            plan = _digest(ranked, entries, route, digest, now=now, slot=slot, mutes=mutes, traffic=traffic)
        case _:
            assert_never(route.deliver)
    return Plan(drafts=plan.drafts, held=plan.held, withdrawn=withdrawn, finished=plan.finished)


def hold(route: Route, *, now: datetime, mutes: Sequence[Mute], traffic: Traffic) -> Hold | None:
    """What holds the whole route back now, messages already written included; None if nothing does.

    To be asked again when a message is about to be sent: what is held goes back to the stories owed.
    """
    muted = muted_until(mutes, now)
    if muted is not None:
        return Hold(reason=DueReason.MUTED, until=muted)
    quiet = quiet_until(route.quiet_hours, now)
    if quiet is not None:
        return Hold(reason=DueReason.QUIET, until=quiet)
    if isinstance(route.deliver, Digest):
        return None
    flood = flood_until(traffic.arrivals, route, oldest=traffic.oldest, now=now)
    return None if flood is None else Hold(reason=DueReason.MANY, until=flood)


def summarise(
    stories: Sequence[LedgerRow],
    entries: Mapping[str, Entry],
    route: Route,
    reason: DueReason,
    *,
    digest: Digest = SUMMARY,
    slot: Slot | None = None,
) -> Draft:
    """These ranked stories as one digest: at most `maximum` are shown, the others are counted.

    At most `per_provider` of one provider come before the others; what that puts back fills the places left.
    """
    first: list[LedgerRow] = []
    back: list[LedgerRow] = []
    taken: Counter[str] = Counter()
    for story in stories:
        provider = entries[story.guid].article.provider
        name = story.guid if provider is None else provider.name.casefold()
        (first if taken[name] < digest.per_provider else back).append(story)
        taken[name] += 1
    order = (*first, *back)
    shown, more = order[: digest.maximum], order[digest.maximum :]
    return Draft(route=route, kind="digest", shown=shown, more=more, reason=reason, slot=slot)


def _immediate(
    ranked: Sequence[LedgerRow],
    entries: Mapping[str, Entry],
    route: Route,
    *,
    now: datetime,
    mutes: Sequence[Mute],
    traffic: Traffic,
) -> Plan:
    gathering = tuple(
        (story, Hold(reason=DueReason.GATHERING, until=story.at + route.gather))
        for story in ranked
        if story.at + route.gather > now
    )
    ready = [story for story in ranked if story.at + route.gather <= now]
    obstacle = _obstacle(route, now=now, mutes=mutes, traffic=traffic)
    if obstacle is not None:
        return Plan(held=(*gathering, *_all_held(ready, obstacle)))
    since = resumed(route.quiet_hours, mutes, now)
    late = {story.story for story in ready if since is not None and story.at + route.gather < since}
    flooded = _flooded(ready, route, traffic)
    drafts = _share(ready, late, flooded, entries, route, room=_room(route, traffic))
    return Plan(drafts=tuple(drafts), held=gathering)


def _flooded(ready: Sequence[LedgerRow], route: Route, traffic: Traffic) -> set[str]:
    """The stories that came in a flood, which is over."""
    found = floods(traffic.arrivals, route.flood_window)
    return {story.story for story in ready if any(flood.has(story.at) for flood in found)}


def _share(
    ready: Sequence[LedgerRow],
    late: Set[str],
    flooded: Set[str],
    entries: Mapping[str, Entry],
    route: Route,
    *,
    room: int,
) -> Iterable[Draft]:
    """Ready stories as messages, at most `room`: each its own, unless they were held back or are too many."""
    held = [story for story in ready if story.story in late or story.story in flooded]
    fresh = [story for story in ready if story.story not in late and story.story not in flooded]
    if len(fresh) > FLOOD:
        return [summarise(ready, entries, route, DueReason.FLOOD)]
    if len(held) > 1:
        reason = DueReason.CATCH_UP if late else DueReason.FLOOD
        if len(fresh) > room - 1:
            return [summarise(ready, entries, route, reason)]
        return [summarise(held, entries, route, reason), *_alerts(fresh, route)]
    if len(ready) <= room:
        return _alerts(ready, route)
    best, rest = ready[: room - 1], ready[room - 1 :]
    return [*_alerts(best, route), summarise(rest, entries, route, DueReason.OVERFLOW)]


def _digest(
    ranked: Sequence[LedgerRow],
    entries: Mapping[str, Entry],
    route: Route,
    digest: Digest,
    *,
    now: datetime,
    slot: Slot | None,
    mutes: Sequence[Mute],
    traffic: Traffic,
) -> Plan:
    if slot is None:
        held = hold(route, now=now, mutes=mutes, traffic=traffic)
        return Plan(held=_all_held(ranked, held or Hold(reason=DueReason.SLOT)))
    if not ranked:
        return Plan(finished=True)
    obstacle = _obstacle(route, now=now, mutes=mutes, traffic=traffic)
    if obstacle is not None:
        return Plan(held=_all_held(ranked, obstacle))
    if len(ranked) < digest.minimum:
        return Plan(held=_all_held(ranked, Hold(reason=DueReason.CARRIED)), finished=True)
    draft = summarise(ranked, entries, route, DueReason.DIGEST, digest=digest, slot=slot)
    return Plan(drafts=(draft,), finished=True)


def _obstacle(route: Route, *, now: datetime, mutes: Sequence[Mute], traffic: Traffic) -> Hold | None:
    """What keeps new messages of the route from being written now."""
    held = hold(route, now=now, mutes=mutes, traffic=traffic)
    if held is not None:
        return held
    if traffic.waiting >= FLOOD:
        return Hold(reason=DueReason.BACKLOG)
    return Hold(reason=DueReason.CAPPED) if _room(route, traffic) < 1 else None


def _room(route: Route, traffic: Traffic) -> int:
    """How many messages the channel may still get."""
    room = FLOOD - traffic.waiting
    return room if route.per_hour is None else min(room, route.per_hour - traffic.last_hour)


def _alerts(stories: Iterable[LedgerRow], route: Route) -> list[Draft]:
    return [Draft(route=route, kind="alert", shown=(story,), reason=DueReason.AT_ONCE) for story in stories]


def _all_held(stories: Iterable[LedgerRow], hold: Hold) -> tuple[tuple[LedgerRow, Hold], ...]:
    return tuple((story, hold) for story in stories)


def _is_public(entry: Entry | None) -> bool:
    return entry is not None and entry.visibility is Visibility.PUBLIC
