"""When a route holds back by itself: mutes, its quiet hours in its own zone, and floods (pure).

    more than 20 arrivals for an immediate route within a window begin a flood, which becomes one digest
    each further arrival before it is over moves its end: a window after the last one

Worked out from stored times, so that a restart changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syndicator.alerts import Mute
from syndicator.settings.models import QuietHours, Route

FLOOD = 20
"""More stories than this within a window become one digest; as many messages may wait for a channel."""

LONGEST = 20
"""A story waits no longer than so many windows for a flood to end."""

Arrivals = Sequence[tuple[datetime, int]]
"""How many stories a route took at which moments, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """From the first of its arrivals to the last."""

    first: datetime
    last: datetime

    def has(self, moment: datetime) -> bool:
        return self.first <= moment <= self.last


def floods(arrivals: Arrivals, window: timedelta) -> list[Flood]:
    """The floods among these arrivals, oldest first.

    >>> from datetime import UTC
    >>> noon, second = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(seconds=1)
    >>> def shown(arrivals): return [(f.first.second, f.last.second) for f in floods(arrivals, 30 * second)]
    >>> shown([(noon, 20)]), shown([(noon, 20), (noon + 30 * second, 1), (noon + 59 * second, 1)])
    ([], [(0, 59)])
    """
    found: list[Flood] = []
    recent: deque[tuple[datetime, int]] = deque()
    for at, count in arrivals:
        if found and at < found[-1].last + window:
            found[-1] = replace(found[-1], last=at)
            continue
        recent.append((at, count))
        while recent[0][0] < at - window:
            recent.popleft()
        if sum(some for _, some in recent) > FLOOD:
            found.append(Flood(first=recent[0][0], last=at))
            recent.clear()
    return found


def flood_until(
    arrivals: Arrivals, route: Route, *, oldest: datetime | None, now: datetime
) -> datetime | None:
    """When the flood that goes on now is over; None if none does, or none of its stories waits.

    Its stories must have been gathered by then. `oldest` is when the route took the first of those that have
    not left yet: they wait for at most LONGEST windows, so that a flood without end delays nothing for ever.
    """
    window = route.flood_window
    found = floods([(at, count) for at, count in arrivals if at <= now], window)
    if not found or oldest is None:
        return None
    until = min(found[-1].last + max(window, route.gather), oldest + max(LONGEST * window, route.gather))
    return until if now < until else None


def quiet_until(quiet: QuietHours | None, now: datetime) -> datetime | None:
    """When the quiet hours that are now end, in UTC; None outside them."""
    ends = [end for start, end in _windows(quiet, now) if start <= now < end]
    return max(ends, default=None)


def muted_until(mutes: Iterable[Mute], now: datetime) -> datetime | None:
    """When the last of the mutes that stand now ends; None if none stands."""
    return max((mute.end for mute in mutes if mute.since <= now < mute.end), default=None)


def resumed(quiet: QuietHours | None, mutes: Iterable[Mute], now: datetime) -> datetime | None:
    """The last moment, up to now, at which quiet hours or a mute ended; None if there was none of late."""
    ends = [end for _, end in _windows(quiet, now) if end <= now]
    ends += [mute.end for mute in mutes if mute.end <= now]
    return max(ends, default=None)


def _windows(quiet: QuietHours | None, now: datetime) -> list[tuple[datetime, datetime]]:
    """The quiet hours that begin from two days before now to one day after, in UTC."""
    if quiet is None or quiet.start == quiet.end:
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
