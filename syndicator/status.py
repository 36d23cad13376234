"""How things stand, as one line: what systemd shows as STATUS.

193 public · 1 bad article · news: folder missing since 09:12 · Slack unreachable since 09:40, 3 wait
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

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


def status_line(
    *,
    public: int,
    now: datetime,
    problems: Mapping[ProblemKind, int] | None = None,
    losses: Mapping[str, tuple[LossReason, datetime]] | None = None,
    unreachable: tuple[datetime, int] | None = None,
    wayless: Sequence[str] = (),
    broken: Sequence[str] = (),
    refused: bool = False,
) -> str:
    """The line; what began before today has its date, in the time zone of `now`.

    `losses` says by source what is in doubt since when; `unreachable` since when Slack is, and how many
    messages wait for it; `wayless` are routes with neither token nor webhook, `broken` channels that need a
    person; `refused` that settings were to be read again and were wrong.
    """

    def clock(moment: datetime) -> str:
        here = moment.astimezone(now.tzinfo)
        return f"{here:%H:%M}" if here.date() == now.date() else f"{here:%Y-%m-%d %H:%M}"

    parts = [f"{public} public"]
    parts += [f"{n} {words[n != 1]}" for kind, words in FILES.items() if (n := (problems or {}).get(kind, 0))]
    parts += [
        f"{source}: {LOSSES.get(reason, reason.value)} since {clock(since)}"
        for source, (reason, since) in sorted((losses or {}).items())[:LONGEST]
    ]
    if unreachable is not None:
        since, waiting = unreachable
        waits = f", {waiting} wait{'s' * (waiting == 1)}" if waiting else ""
        parts.append(f"Slack unreachable since {clock(since)}{waits}")
    if wayless:
        parts.append(f"no way to Slack for {_names(wayless)}")
    if broken:
        parts.append(f"Slack refuses {_names(broken)}")
    if refused:
        parts.append("settings refused")
    return " · ".join(parts)


def _names(names: Sequence[str]) -> str:
    more = len(names) - LONGEST
    return ", ".join(names[:LONGEST]) + (f" and {more} more" if more > 0 else "")
