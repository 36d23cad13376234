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

from syndicator.health import STARTING, HealthLevel, Kind
from syndicator.notify.message import MAX_HEADER, MAX_TEXT
from syndicator.notify.slack_text import clean, escape, escaped_units, units
from syndicator.settings.models import AlertsTo
from syndicator.slack.outage import lasted
from syndicator.text import shorten

OVER_AFTER = timedelta(minutes=2)
"""What has been gone for so long is over. A start needs some of it to find out anew what is wrong."""
MAY_PASS = frozenset({Kind.FILES, Kind.FOLDER, Kind.SLACK, Kind.SERVICE})
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
    over: tuple[tuple[ToldFinding, datetime], ...]
    """With when each was seen last."""
    told: Mapping[str, ToldFinding]


def key_of(finding: FindingFacts) -> str:
    """The same as long as it lasts: a source's lost folder, Slack that cannot be reached."""
    return " ".join(filter(None, (finding["kind"], finding["of"])))


def that_matter(findings: Iterable[FindingFacts], to: AlertsTo) -> dict[str, FindingFacts]:
    """What the operator is told of, by key: not what is well, a few bad files, or a start."""
    return {
        key_of(one): one
        for one in findings
        if one["level"] > HealthLevel.WELL
        and (one["kind"] != Kind.FILES or one["count"] >= to.problems)
        and one["what"] != STARTING.text
    }


def can_carry(finding: FindingFacts, channel: str | None) -> bool:
    """Whether this way still works with the finding; the channel is None for one that is not Slack's."""
    if channel is None:
        return True
    return finding["kind"] not in (Kind.SLACK, Kind.TOKEN) and channel not in finding["on"]


def next_alert(
    found: Mapping[str, FindingFacts],
    told: Mapping[str, ToldFinding],
    first: Mapping[str, datetime],
    gone: Mapping[str, datetime],
    *,
    after: timedelta,
    now: datetime,
) -> OperatorAlert | None:
    """What is to be told now, or None.

    `found` are the findings that matter and that the way can carry, by key, `first` when each was seen first,
    `gone` is when what is over was seen last.
    """
    since = {key: _since(one, first[key]) for key, one in found.items()}
    new = {
        key: one
        for key, one in found.items()
        if (key not in told or not told[key].on.issuperset(one["on"]))
        and (one["kind"] not in MAY_PASS or now - since[key] >= after)
    }
    over = {key: told[key] for key in gone if key in told}
    if not new and not over:
        return None
    # What is told of a channel or route that works again may be told of it once more.
    known = {key: one for key, one in told.items() if key not in over}
    known |= {
        key: ToldFinding(what=found[key]["what"], since=since[key], on=frozenset(found[key]["on"]))
        for key in found
        if key in known or key in new
    }
    return OperatorAlert(
        new=(*new.values(),), over=(*((one, gone[key]) for key, one in over.items()),), told=known
    )


def operator_message(alert: OperatorAlert, site: str, host: str, id: str) -> dict[str, object]:
    """The alert as Slack takes it; its `text` alone says all of it, line by line, for any other service."""
    lines = [(f"⚠ {one['text']}", str(one["fix"])) for one in alert.new]
    lines += [(f"✓ {one.what}: over after {lasted(last - one.since)}", "") for one, last in alert.over]
    lines = [(_short(head), _short(fix)) for head, fix in lines]
    more = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([(f"+{more} more", "")] if more > 0 else [])
    title = _title(alert, site)
    ending = f"{host}: syndicator status says how things stand"
    text = "\n".join([title, *(part for line in lines for part in line if part), ending])
    return {
        "blocks": [
            {"type": "header", "text": _plain(shorten(title, MAX_HEADER, escaped_units))},
            *({"type": "rich_text", "elements": [_section(head, fix)]} for head, fix in lines),
            {"type": "context", "elements": [_plain(_short(ending))]},
        ],
        "text": escape(shorten(text, MAX_TEXT, escaped_units)),
        "mrkdwn": False,
        "metadata": {"event_type": "syndicator_delivery", "event_payload": {"delivery": id}},
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _since(finding: FindingFacts, first: datetime) -> datetime:
    return min(first, datetime.fromisoformat(finding["since"])) if finding["since"] else first


def _title(alert: OperatorAlert, site: str) -> str:
    left = len(alert.told) - len(alert.new)
    if alert.new:
        return f"{clean(site)} needs attention"
    return f"{clean(site)} still needs attention" if left else f"{clean(site)} is well again"


def _short(line: str) -> str:
    return shorten(clean(line), LONGEST_LINE, units)


def _section(head: str, fix: str) -> dict[str, object]:
    parts: list[dict[str, object]] = [{"type": "text", "text": head, "style": {"bold": True}}]
    for number, part in enumerate(f"\n{fix}".split("`") if fix else ()):
        text: dict[str, object] = {"type": "text", "text": part}
        parts += [text | ({"style": {"code": True}} if number % 2 else {})] if part else []
    return {"type": "rich_text_section", "elements": parts}


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": escape(text), "emoji": False}
