"""How things stand: what a person should see to, in the same words wherever it is shown.

systemd's STATUS, `syndicator status` and `doctor`, the operator's page and the metrics all take a Finding's
text.

193 public · 1 bad article · news: folder missing since 09:12 · Slack unreachable since 09:40, 3 wait
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import groupby
from typing import Any

from syndicator.errors import SLACK_FIX, DeliveryError, OutputUnwritable, SyndicatorError
from syndicator.store.types import ProblemKind
from syndicator.text import say_count
from syndicator.watch.changes import LossReason

LONGEST = 5
"""At most so many routes or channels are named in one finding, and so many findings of a kind in one line."""
LATE = timedelta(minutes=10)
"""A message that has waited so long is a matter for a person."""
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
CONFIRM = "If they are meant to be gone: `syndicator build --confirm-removals`"
MOUNT = "Mount or mend it, or correct the source's `path`; what was published stays meanwhile"

NO_WAY_FIX = "Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL and start again; until then messages are kept"
NAME_FIX = (
    "Correct the channel's name, give its id, or add the scopes channels:read and groups:read to the app; "
    "until then messages are kept"
)
ROUTE_FIX = "Put the route back as it was, or end them: `syndicator deliveries drop ID`"
ALERTS_FIX = "Set SLACK_BOT_TOKEN, or give `alerts_to` a `webhook_file`"


class HealthLevel(IntEnum):
    """How bad it is; the exit code of `syndicator status`."""

    WELL = 0
    DEGRADED = 1
    """It does its work, and a person should see to something."""
    DOWN = 2
    """It does not do its work."""

    def __str__(self) -> str:
        return self.name.lower()


class Kind(StrEnum):
    """What a finding is about; the label of the metric."""

    FILES = "files"
    FOLDER = "folder"
    SLACK = "slack"
    TOKEN = "token"  # noqa: S105  no secret
    WAY = "way"
    CHANNEL = "channel"
    MESSAGES = "messages"
    BACKUP = "backup"
    SETTINGS = "settings"
    SERVICE = "service"
    HUB = "hub"
    ALERTS = "alerts"
    WATCHES = "watches"
    DATABASE = "database"
    # What `doctor` looks at besides:
    RIGHTS = "rights"
    SPACE = "space"
    OUTPUT = "output"
    ADDRESS = "address"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a person should see to, with its fix. `detail` follows the time, where there is one."""

    kind: Kind
    text: str
    fix: str
    since: datetime | None = None
    detail: str = ""
    level: HealthLevel = HealthLevel.DEGRADED
    of: str = ""
    """Which one of its kind, where there may be several at once: the source, or the kind of file."""
    on: tuple[str, ...] = ()
    """The channels or routes that it is about, all of them."""
    count: int = 1
    """How many there are."""

    def words(self, now: datetime) -> str:
        """The text with its time, as `clock_time` has it."""
        since = f" since {clock_time(self.since, now)}" if self.since is not None else ""
        return f"{self.text}{since}{self.detail}"

    def facts(self, now: datetime) -> dict[str, Any]:
        """The finding for programs, with its words at this time."""
        return {
            "kind": self.kind,
            "level": self.level,
            "what": self.text,
            "text": self.words(now),
            "fix": self.fix,
            "since": self.since and self.since.isoformat(),
            "of": self.of,
            "on": self.on,
            "count": self.count,
        }


STARTING = Finding(
    kind=Kind.SERVICE,
    text="the service is starting",
    fix="Wait for the first scan and build",
    level=HealthLevel.DOWN,
)
SETTINGS_REFUSED = Finding(
    kind=Kind.SETTINGS,
    text="settings refused",
    fix="`syndicator check --settings-only` says what is wrong; the old ones stay in force",
)


def bad_files(kind: ProblemKind, count: int) -> Finding:
    text, fix = say_count(count, *FILES[kind]), "`syndicator check` or the log names each with its fix"
    return Finding(kind=Kind.FILES, text=text, fix=fix, of=kind.value, count=count)


def folder_lost(source: str, reason: LossReason, since: datetime | None = None) -> Finding:
    fix = CONFIRM if reason is LossReason.MANY else MOUNT
    text = f"{source}: {LOSSES.get(reason, reason.value)}"
    return Finding(kind=Kind.FOLDER, text=text, fix=fix, since=since, of=source)


def only_polled(source: str, why: str, fix: str) -> Finding:
    """Where changes are seen by the next scan alone, in all of a source's folder or in a part of it."""
    return Finding(
        kind=Kind.WATCHES, text=f"{source}: not all watched", fix=fix, detail=f": {why}", of=source
    )


def slack_unreachable(since: datetime | None = None, count: int = 0) -> Finding:
    """While so many messages wait for it."""
    detail = f", {say_count(count, 'waits', 'wait')}" if count else ""
    return Finding(kind=Kind.SLACK, text="Slack unreachable", fix=SLACK_FIX, since=since, detail=detail)


def token_refused(error: DeliveryError) -> Finding:
    text = f"the Slack token was not accepted: {error.code}"
    return Finding(kind=Kind.TOKEN, text=text, fix=error.fix)


def no_way(routes: Sequence[str], fix: str, of: str = "") -> Finding:
    text = f"no way to Slack for {'route' if len(routes) == 1 else 'routes'} {_names(routes)}"
    return Finding(kind=Kind.WAY, text=text, fix=fix, of=of, on=(*routes,))


def channels_broken(
    channels: Sequence[str], called: Mapping[str, str] | None = None, why: Mapping[str, str] | None = None
) -> Finding:
    """Channels that need a person, by id; by id as well what the settings call them, and what is wrong."""
    text = f"Slack refuses {_names([(called or {}).get(channel, channel) for channel in channels])}"
    # Before it stands what could not be done, and where. The message may be gone: a mute takes it back.
    reasons = dict.fromkeys(said.partition(f"{channel}: ")[2] for channel, said in (why or {}).items())
    fix = ". ".join([*filter(None, reasons), "`syndicator deliveries` has what waits"])
    return Finding(kind=Kind.CHANNEL, text=text, fix=fix, on=(*channels,))


def messages_wait(messages: int, since: datetime, now: datetime, edits: int = 0) -> Finding:
    """So many messages and edits of posted ones, the oldest `since` then."""
    parts = [(messages, "message"), (edits, "edit")]
    text = " and ".join(say_count(count, noun) for count, noun in parts if count)
    text += " waits" if messages + edits == 1 else " wait"
    fix = "`syndicator deliveries` lists them, `syndicator routes` the mutes, quiet hours and floods"
    level = HealthLevel.DEGRADED if now - since > LATE else HealthLevel.WELL
    return Finding(kind=Kind.MESSAGES, text=text, fix=fix, since=since, level=level)


def messages_given_up(count: int, since: datetime) -> Finding:
    """So many messages that are not sent unless a person says so, the oldest `since` then."""
    text = f"{say_count(count, 'message')} given up"
    fix = (
        "`syndicator deliveries list --state failed` says why; then `syndicator deliveries retry ID`, or "
        "`drop ID`"
    )
    return Finding(kind=Kind.MESSAGES, text=text, fix=fix, since=since, of="failed", count=count)


def scopes_missing(scopes: Sequence[str]) -> Finding:
    text = f"the Slack token lacks the scopes {', '.join(scopes)}"
    fix = "Add them under OAuth & Permissions and install the app again"
    return Finding(kind=Kind.TOKEN, text=text, fix=fix, of="scopes")


def database_set_aside(name: str, since: datetime) -> Finding:
    """A damaged one, as long as it lies there under this name."""
    fix = (
        "What it owed and muted is forgotten: restore a backup of before (`syndicator restore FILE`) or not, "
        "then move that file away"
    )
    text = "the database was damaged, another is used"
    return Finding(kind=Kind.DATABASE, text=text, fix=fix, since=since, detail=f": {name}", of="aside")


def database_damaged(error: SyndicatorError, since: datetime) -> Finding:
    """What the daily check found, and when."""
    detail = f": {error.why}"
    return Finding(kind=Kind.DATABASE, text=error.what, fix=error.fix, since=since, detail=detail)


def no_backup(error: SyndicatorError, since: datetime) -> Finding:
    detail = f": {error.why or error.what}"
    return Finding(kind=Kind.BACKUP, text="no backup", fix=error.fix, since=since, detail=detail)


def hub_not_told(why: str, since: datetime) -> Finding:
    """Since when the hub of the settings does not take what it is told."""
    fix = "Correct `feeds.hub`, or see to the hub; subscribers find what is new when they next ask"
    return Finding(kind=Kind.HUB, text="the hub is not told", fix=fix, since=since, detail=f": {why}")


def operator_not_told(way: str, why: str, fix: str, since: datetime | None) -> Finding:
    """A way to the operator that does not work: a channel, a webhook, the dead man's switch."""
    text = f"the operator is not told by {way}"
    return Finding(kind=Kind.ALERTS, text=text, fix=fix, since=since, detail=f": {why}", of=way)


def part_breaks(part: str, why: str, since: datetime) -> Finding:
    """What runs beside the loop and breaks, however often it is started again."""
    fix = "The log says more; please report a traceback. It is started again meanwhile"
    text = f"a part of the service breaks: {part}"
    return Finding(kind=Kind.SERVICE, text=text, fix=fix, since=since, detail=f": {why}", of=part)


def hindrance(error: SyndicatorError, since: datetime) -> Finding:
    """What keeps the service from its work, or from a part of it."""
    of_a_part = isinstance(error, OutputUnwritable) and not error.everywhere
    level = HealthLevel.DEGRADED if of_a_part else HealthLevel.DOWN
    text = ": ".join(filter(None, (error.what, error.on, error.why)))
    return Finding(kind=Kind.SERVICE, text=text, fix=error.fix, since=since, level=level)


def status_line(public: int, findings: Sequence[Finding], now: datetime) -> str:
    """All in one line: how many entries are public, and what is not well."""
    worse = [finding for finding in findings if finding.level is not HealthLevel.WELL]
    parts = [f"{public} public"]
    for _, of_a_kind in groupby(worse, key=lambda finding: finding.kind):
        words = [finding.words(now) for finding in of_a_kind]
        more = [f"and {len(words) - LONGEST} more"] if len(words) > LONGEST else []
        parts += words[:LONGEST] + more
    return " · ".join(parts)


def clock_time(moment: datetime, now: datetime) -> str:
    """The time of a day in the time zone of `now`; with its date where that is not today's."""
    here = moment.astimezone(now.tzinfo)
    return f"{here:%H:%M}" if here.date() == now.date() else f"{here:%Y-%m-%d %H:%M}"


def _names(names: Sequence[str]) -> str:
    more = len(names) - LONGEST
    return ", ".join(names[:LONGEST]) + (f" and {more} more" if more > 0 else "")
