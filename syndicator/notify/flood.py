"""When so much arrives for an immediate route that it becomes one digest (pure).

    more than 20 arrivals within a window begin a flood
    each further arrival before it is over moves its end: a window after the last one

Worked out from stored times, so that a restart changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicator.settings.models import Route

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
