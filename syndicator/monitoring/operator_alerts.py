"""What the operator is told of how the service stands: which findings, when, and in which message (pure).

    findings -> those that matter -> those that have lasted, or are over -> one message

A finding is told once, and once more when it is over; what was told is remembered by its kind and by what it
is of, so that a number that changes is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from syndicator.monitoring.health import STARTING, HealthLevel, Kind
from syndicator.notify.message import Block, Message, header, message_of, plain_context, rich, units
from syndicator.settings.models import AlertsTo
from syndicator.slack.outage import lasted
from syndicator.text import shorten, visible_line

OVER_AFTER = timedelta(minutes=2)
"""What has been gone for so long is over. A start needs some of it to find out anew what is wrong."""
MAY_PASS = frozenset({Kind.FILES, Kind.FOLDER, Kind.SLACK, Kind.SERVICE, Kind.HUB, Kind.ALERTS})
"""What may pass by itself is told when it has lasted; all else waits for a person, and is told at once."""
MOST_LINES = 10
LONGEST_LINE = 400

FindingFacts = Mapping[str, Any]
"""A finding as `status` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFinding:
    """What was told, with all the channels or routes that it was about."""

    what: str
    since: datetime
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAlert:
    """One message: what has begun, what is over, and all that the operator then knows of, by key."""

    new: tuple[FindingFacts, ...]
    over: tuple[tuple[ToldFinding, timedelta], ...]
    """With how long each lasted."""
    told: Mapping[str, ToldFinding]


def that_matter(findings: Iterable[FindingFacts], to: AlertsTo) -> dict[str, FindingFacts]:
    """What the operator is told of: not what is well, a few bad files, or a start. By key, which is the same
    as long as it lasts: a source's lost folder, Slack that cannot be reached."""
    return {
        " ".join(filter(None, (one["kind"], one["of"]))): one
        for one in findings
        if one["level"] > HealthLevel.WELL
        and (one["kind"] != Kind.FILES or one["count"] >= to.problems)
        and one["what"] != STARTING.text
    }


def can_carry(finding: FindingFacts, *, way: str, channel: str | None) -> bool:
    """Whether this way still works with the finding; the channel is None for one that is not Slack's."""
    if finding["kind"] == Kind.ALERTS and finding["of"] == way:
        return False
    if channel is None:
        return True
    return finding["kind"] not in (Kind.SLACK, Kind.TOKEN) and channel not in finding["on"]


def next_alert(
    found: Mapping[str, FindingFacts],
    told: Mapping[str, ToldFinding],
    first: Mapping[str, datetime],
    last: Mapping[str, datetime],
    *,
    after: timedelta,
    now: datetime,
) -> OperatorAlert | None:
    """What is to be told now, or None; all by key.

    `found` are the findings that matter and that the way can carry, `first` is when each of them began to be
    seen, `last` when each of what was told was seen last.
    """
    since = {
        key: min(first[key], datetime.fromisoformat(one["since"])) if one["since"] else first[key]
        for key, one in found.items()
    }
    new = {
        key: one
        for key, one in found.items()
        if (key not in told or not told[key].on.issuperset(one["on"]))
        and (one["kind"] not in MAY_PASS or now - since[key] >= after)
    }
    over = {key: one for key, one in told.items() if now - last[key] >= OVER_AFTER}
    if not new and not over:
        return None
    known = {key: one for key, one in told.items() if key not in over}
    known |= {
        key: ToldFinding(what=one["what"], since=since[key], on=frozenset(one["on"]))
        for key, one in new.items()
    }
    ended = tuple((one, last[key] - one.since) for key, one in over.items())
    return OperatorAlert(new=tuple(new.values()), over=ended, told=known)


def operator_message(alert: OperatorAlert, site: str, host: str, id: str) -> Message:
    """The alert as Slack takes it; its `text` says the same line by line, up to Slack's limit, for others."""
    lines = [(f"⚠ {one['text']}", str(one["fix"])) for one in alert.new]
    lines += [(f"✓ {one.what}: over after {lasted(time)}", "") for one, time in alert.over]
    lines = [(_short(head), _short(fix)) for head, fix in lines]
    more = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([(f"+{more} more", "")] if more > 0 else [])
    title = _title(alert, site)
    ending = f"{host}: syndicator status says how things stand"
    text = "\n".join([title, *(part for line in lines for part in line if part), ending])
    sections = [rich(_section(head, fix)) for head, fix in lines]
    blocks = [header(title), *sections, plain_context(_short(ending))]
    return message_of(blocks, text, id)


def _title(alert: OperatorAlert, site: str) -> str:
    if alert.new:
        return f"{visible_line(site)} needs attention"
    return (
        f"{visible_line(site)} still needs attention" if alert.told else f"{visible_line(site)} is well again"
    )


def _short(line: str) -> str:
    return shorten(visible_line(line), LONGEST_LINE, units)


def _section(head: str, fix: str) -> Block:
    parts: list[Block] = [{"type": "text", "text": head, "style": {"bold": True}}]
    for number, words in enumerate(f"\n{fix}".split("`") if fix else ()):
        style = {"style": {"code": True}} if number % 2 else {}
        parts += [{"type": "text", "text": words, **style}] if words else []
    return {"type": "rich_text_section", "elements": parts}
