"""What `syndicator doctor` makes of what was looked at: findings, also of what is well (pure).

`examination` does the looking. What a service says of itself is in the words of `health`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.filesize import decimal

from syndicator.errors import DeliveryError, SettingsError, StoreDamaged, SyndicatorError
from syndicator.monitoring import health
from syndicator.monitoring.health import Finding, HealthLevel, Kind
from syndicator.slack.errors import ARCHIVED_FIX, INVITE_FIX
from syndicator.text import say_count
from syndicator.watch.changes import LossReason
from syndicator.watch.types import Scan

if TYPE_CHECKING:
    from syndicator.slack.client import Identity, SlackChannel

SCARCE_BYTES, SHORT_BYTES = 50 * 10**6, 500 * 10**6
CLOCK_OFF = timedelta(seconds=30)
"""Embargoes and digests are late or early by as much; a call to Slack itself may take some seconds."""
DAMAGE_FIX = (
    "Stop the service, check the disk, then `syndicator restore FILE`; without one the next start sets it "
    "aside and starts with an empty one, which announces nothing that is there"
)
AS_SERVICE = "Run it as the service's user, or let this one look there"
ADDRESS_FIX = "See this machine's DNS, firewall and proxy, and the server there; or correct `site.base_url`"


def well(kind: Kind, text: str) -> Finding:
    return Finding(kind=kind, text=text, fix="", level=HealthLevel.WELL)


def warning(kind: Kind, text: str, fix: str) -> Finding:
    return Finding(kind=kind, text=text, fix=fix)


def wrong(kind: Kind, text: str, fix: str) -> Finding:
    return Finding(kind=kind, text=text, fix=fix, level=HealthLevel.DOWN)


def judge_failure(kind: Kind, error: SyndicatorError | OSError) -> Finding:
    """What could not be looked at, with its own fix."""
    if isinstance(error, OSError):
        why = (error.strerror or str(error)).lower()
        text = f"{error.filename}: {why}" if error.filename else why
        return wrong(kind, text, AS_SERVICE)
    fix = DAMAGE_FIX if isinstance(error, StoreDamaged) else error.fix
    return wrong(kind, ": ".join(filter(None, (error.what, error.on, error.why))), fix)


def judge_settings(error: SettingsError) -> list[Finding]:
    fix = "Correct it; the rest is looked at when the settings load"
    return [wrong(Kind.SETTINGS, str(problem), fix) for problem in error.problems]


def judge_rights(user: str, owner: str, *, may_write: bool) -> Finding:
    """What this user may do with the state, which belongs to `owner`: others' rights say nothing of the
    service's."""
    if user != owner:
        fix = f"Ask as the service's user: `sudo -u {owner} syndicator doctor`"
        return warning(Kind.RIGHTS, f"this is {user}, and the state belongs to {owner}", fix)
    if not may_write:
        fix = "Make its folder and files writable for the service's user, or set `state:` to another place"
        return wrong(Kind.RIGHTS, f"{user} cannot write the state", fix)
    return well(Kind.RIGHTS, f"this is {user}, who may write the state")


def judge_folder(source: str, path: str, scan: Scan) -> Finding:
    if scan.missing:
        return _lost(source, LossReason.MISSING, f": {path}")
    if scan.unseen:
        place, why = min(scan.unseen.items())
        return _lost(source, LossReason.INCOMPLETE, f": {place or path}: {why.lower()}")
    if not scan.files:
        return _lost(source, LossReason.EMPTY, f": {path}")
    return well(Kind.FOLDER, f"{source}: {say_count(len(scan.files), 'file')} in {path}")


def _lost(source: str, reason: LossReason, text: str) -> Finding:
    finding = health.folder_lost(source, reason)
    level = HealthLevel.DEGRADED if reason is LossReason.EMPTY else HealthLevel.DOWN
    return replace(finding, text=finding.text + text, level=level)


def judge_watches(folders: int, limit: int | None) -> Finding:
    """The folders below all sources against inotify's limit, which is for all that a user runs."""
    text = say_count(folders, "folder")
    if limit is not None and folders > limit:
        fix = f"To see changes at once: `sysctl fs.inotify.max_user_watches={max(524_288, folders * 2)}`"
        return warning(Kind.WATCHES, f"{text}, and at most {limit:,} are watched: the others are polled", fix)
    return well(Kind.WATCHES, text + (f" of {limit:,} that can be watched" if limit else ""))


def judge_space(what: str, free: int) -> Finding:
    """The bytes that are free for this user where `what` lies."""
    text = f"{what}: {decimal(free)} free"
    fix = "Make room on that disk; feeds and messages wait while it is full"
    if free < SHORT_BYTES:
        return (wrong if free < SCARCE_BYTES else warning)(Kind.SPACE, text, fix)
    return well(Kind.SPACE, text)


def judge_database(path: str, revision: str | None, known: Sequence[str]) -> Finding:
    """A sound database: whether this version knows its tables."""
    if revision is None:
        fix = "Set `state:` to the database of syndicator, or move this file away"
        return wrong(Kind.DATABASE, f"{path}: no tables of syndicator are in it", fix)
    if revision not in known:
        fix = "Install that version again, or restore a backup made by this one"
        return wrong(Kind.DATABASE, f"{path}: written by a later version (schema {revision})", fix)
    if revision != known[-1]:
        fix = "Start the service of this version: it brings the state up to date"
        return warning(Kind.DATABASE, f"{path}: of an earlier version (schema {revision})", fix)
    return well(Kind.DATABASE, f"{path}: sound")


def judge_address(url: str, status: int, body: bytes, ours: bytes | None) -> Finding:
    """Whether what is served at the public address is what stands in the output folder."""
    if status != 200:
        fix = "Publish the output folder at `site.base_url`, or correct that"
        return wrong(Kind.ADDRESS, f"{url}: HTTP {status}", fix)
    if ours is None:
        text = f"{url}: answers, but nothing is published here yet"
        return warning(Kind.ADDRESS, text, "Run `syndicator build`")
    if body != ours:
        fix = "Wait until caches expire, else publish the output folder there, or correct `site.base_url`"
        return wrong(Kind.ADDRESS, f"{url}: what is served is not what stands in the output folder", fix)
    return well(Kind.ADDRESS, f"{url}: what is served is ours")


def no_token(users: Sequence[str]) -> Finding:
    """None was given to this command, and these need one."""
    fix = f"{health.NO_WAY_FIX}; where systemd has given it one, run this with it, as in deploy/README.md"
    return warning(
        Kind.TOKEN, f"none is set; if the service has none, nothing goes out for {', '.join(users)}", fix
    )


def judge_token(answer: Identity | DeliveryError, now: datetime) -> list[Finding]:
    """Whose token it is, what it lacks, and how far our clock is from Slack's."""
    if isinstance(answer, DeliveryError):
        return [judge_refusal(Kind.TOKEN, answer)]
    checks = [well(Kind.TOKEN, f"Slack accepts it: {answer.user} in {answer.team}")]
    if missing := answer.missing_scopes:
        checks = [replace(health.scopes_missing(missing), level=HealthLevel.DOWN)]
    if answer.at is not None:
        checks.append(_clock(now - answer.at))
    return checks


def _clock(ahead: timedelta) -> Finding:
    # HTTP dates are whole seconds.
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= CLOCK_OFF:
        return well(Kind.CLOCK, f"at most {CLOCK_OFF.seconds} s from Slack's")
    text = f"{timedelta(seconds=seconds)} h {'ahead of' if ahead > timedelta(0) else 'behind'} Slack's"
    return wrong(Kind.CLOCK, text, "Set this machine's clock: `timedatectl set-ntp true`")


def judge_refusal(kind: Kind, error: DeliveryError) -> Finding:
    if kind is Kind.TOKEN and error.fix:
        return replace(health.token_refused(error), level=HealthLevel.DOWN)
    if error.answered is False:
        return replace(health.slack_unreachable(), kind=kind, text=f"Slack unreachable: {error.why}")
    return warning(kind, f"{error.on}: not looked at: {error.why}", error.fix or "Ask again in a minute")


def judge_channel(channel: str, routes: Sequence[str], answer: SlackChannel | DeliveryError) -> Finding:
    """Whether what these routes send can be posted there."""
    given = f" ({', '.join(routes)})"
    if isinstance(answer, DeliveryError):
        if answer.code != "channel_not_found":
            return judge_refusal(Kind.CHANNEL, answer)
        return _refused(channel, f"{given}: the app sees no such channel", answer.fix)
    if answer.is_archived:
        return _refused(channel, f"{given}: #{answer.name} is archived", ARCHIVED_FIX)
    if not answer.is_member:
        return _refused(channel, f"{given}: the app is not in #{answer.name}", INVITE_FIX)
    return well(Kind.CHANNEL, f"#{answer.name}{given}: the app is in it")


def _refused(channel: str, text: str, fix: str) -> Finding:
    return wrong(Kind.CHANNEL, f"Slack refuses {channel}{text}", fix)


def judge_service(facts: Mapping[str, Any]) -> list[Finding]:
    """How the running service stands, in its own words; `facts` as the `status` module gives them."""
    checks = [
        Finding(kind=Kind.SERVICE, level=HealthLevel(one["level"]), text=one["text"], fix=one["fix"])
        for one in facts["findings"]
    ]
    return checks or [well(Kind.SERVICE, f"well: {facts['line']}")]
