"""How things stand, as one line: what systemd shows as STATUS, and what a person is told who asks.

    193 public · 1 bad article · news: folder missing since 09:12 · Slack unreachable since 09:40, 3 wait

`read_facts` asks an open transaction, `status_line` is pure; neither decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syndicator.models import Visibility
from syndicator.notify.rules import left_behind
from syndicator.settings.models import Route
from syndicator.slack.outage import Outage
from syndicator.store.session import Session
from syndicator.store.types import ProblemKind
from syndicator.watch.deletion_guard import LossReason

LONGEST = 5
"""At most so many sources, routes or channels are named."""

FILES = {
    ProblemKind.ARTICLE: ("bad article", "bad articles"),
    ProblemKind.TOPIC: ("bad topic file", "bad topic files"),
    ProblemKind.FOLDER: ("skipped file", "skipped files"),
}
LOSSES = {
    LossReason.MISSING: "folder missing",
    LossReason.EMPTY: "folder empty",
    LossReason.INCOMPLETE: "folder partly unreadable",
    LossReason.MANY: "many articles missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is in doubt about a source's folder, and since when."""

    reason: LossReason
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the line is made of. `refused`: settings were to be read again and were wrong."""

    public: int
    problems: Mapping[ProblemKind, int] = field(default_factory=dict)
    losses: Mapping[str, Loss] = field(default_factory=dict)
    """By source."""
    unreachable: datetime | None = None
    """Since when Slack cannot be reached."""
    waiting: int = 0
    """How many messages wait for it."""
    wayless: Sequence[str] = ()
    """Routes with neither a token nor a webhook, and what waits for a way that there no longer is."""
    broken: Sequence[str] = ()
    """Channels that need a person."""
    refused: bool = False


def read_facts(
    session: Session,
    *,
    losses: Mapping[str, Loss],
    routes: Sequence[Route],
    has_way: Callable[[str, str], bool],
    refused: bool,
    outage: Outage | None = None,
) -> Facts:
    """The facts as the store and the running service have them. `has_way` takes a route and its channel."""
    lost = left_behind(session.outbox.open_ways(), routes, has_way)
    return Facts(
        public=session.count_entries().get(Visibility.PUBLIC, 0),
        problems=session.problems.count(),
        losses=losses,
        unreachable=outage.since if outage is not None else None,
        waiting=session.outbox.waiting() if outage is not None else 0,
        wayless=[
            *(route.name for route in routes if not has_way(route.name, route.channel)),
            *(f"{route} in {channel}" for route, channel in lost),
        ],
        broken=[state.channel for state in session.outbox.channels.broken()],
        refused=refused,
    )


def status_line(facts: Facts, *, now: datetime, local: Callable[[datetime], datetime]) -> str:
    """The line; `local` turns a moment into the reader's time, and what began before today has its date.

    >>> from syndicator.models import utc
    >>> at, now = utc(2026, 3, 14, 9, 40), utc(2026, 3, 14, 12)
    >>> facts = Facts(public=193, problems={ProblemKind.ARTICLE: 1}, unreachable=at, waiting=3, refused=True)
    >>> status_line(facts, now=now, local=lambda moment: moment)
    '193 public · 1 bad article · Slack unreachable since 09:40, 3 wait · settings refused'
    """

    def clock(moment: datetime) -> str:
        here = local(moment)
        return f"{here:%H:%M}" if here.date() == local(now).date() else f"{here:%Y-%m-%d %H:%M}"

    parts = [f"{facts.public} public"]
    parts += [f"{n} {FILES[kind][n != 1]}" for kind in FILES if (n := facts.problems.get(kind, 0))]
    parts += [
        f"{source}: {LOSSES.get(loss.reason, loss.reason.value)} since {clock(loss.since)}"
        for source, loss in sorted(facts.losses.items())[:LONGEST]
    ]
    if facts.unreachable is not None:
        waiting = f", {facts.waiting} wait{'s' * (facts.waiting == 1)}" if facts.waiting else ""
        parts.append(f"Slack unreachable since {clock(facts.unreachable)}{waiting}")
    if facts.wayless:
        parts.append(f"no way to Slack for {_names(facts.wayless)}")
    if facts.broken:
        parts.append(f"Slack refuses {_names(facts.broken)}")
    if facts.refused:
        parts.append("settings refused")
    return " · ".join(parts)


def _names(names: Sequence[str]) -> str:
    more = len(names) - LONGEST
    return ", ".join(names[:LONGEST]) + (f" and {more} more" if more > 0 else "")
