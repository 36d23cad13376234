"""What `syndicator doctor` makes of what was looked at: each check with its fix (pure).

`examination` does the looking. What a service says of itself is in the words of `health`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from syndicator.errors import DeliveryError, SettingsError, StoreDamaged, SyndicatorError
from syndicator.health import Finding, HealthLevel, find
from syndicator.slack.errors import FIXES
from syndicator.watch.deletion_guard import LossReason
from syndicator.watch.types import Scan

if TYPE_CHECKING:
    from syndicator.slack.client import Identity, SlackChannel

SCARCE_BYTES, SHORT_BYTES = 50 * 10**6, 500 * 10**6
CLOCK_OFF = timedelta(seconds=30)
"""Embargoes and digests are late or early by as much; a call to Slack itself may take some seconds."""
AHEAD = timedelta(minutes=2)
"""So far in the future a file's time may be: a file server has a clock of its own."""
DAMAGE_FIX = (
    "Stop the service, check the disk, then `syndicator restore FILE`; without one the next start sets it "
    "aside and begins anew, which announces nothing that is there"
)
AS_SERVICE = "Run it as the service's user, or let this one look there"
NETWORK_FIX = "See this machine's DNS, firewall and proxy, and the server there"


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """The service works, and a person should see to something."""
    WRONG = "wrong"
    """Something does not work, or cannot."""


RESULTS = {HealthLevel.WELL: Result.OK, HealthLevel.DEGRADED: Result.WARNING, HealthLevel.DOWN: Result.WRONG}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: `name` says what, `fix` what to do where it is not ok."""

    name: str
    result: Result = Result.OK
    text: str
    fix: str = ""


def warning(name: str, text: str, fix: str) -> Check:
    return Check(name=name, result=Result.WARNING, text=text, fix=fix)


def wrong(name: str, text: str, fix: str) -> Check:
    return Check(name=name, result=Result.WRONG, text=text, fix=fix)


def as_found(name: str, finding: Finding, *, text: str = "", result: Result | None = None) -> Check:
    """A finding as a check, in the finding's words, followed by `text`."""
    result = result or RESULTS[finding.level]
    return Check(name=name, result=result, text=finding.text + text, fix=finding.fix)


def judge_failure(name: str, error: SyndicatorError | OSError) -> Check:
    """What could not be looked at, with its own fix."""
    if isinstance(error, OSError):
        why = (error.strerror or str(error)).lower()
        text = f"{error.filename}: {why}" if error.filename else why
        return wrong(name, text, AS_SERVICE)
    fix = DAMAGE_FIX if isinstance(error, StoreDamaged) else error.fix
    return wrong(name, ": ".join(filter(None, (error.what, error.on, error.why))), fix)


def judge_settings(error: SettingsError) -> list[Check]:
    fix = "Correct it; the rest is looked at when the settings load"
    return [wrong("settings", str(problem), fix) for problem in error.problems]


def judge_rights(
    user: str, owner: str, *, may_write: bool, secrets: Sequence[str] = (), settings: str = ""
) -> list[Check]:
    """What this user may do with the state, which belongs to `owner`: others' rights say nothing of the
    service's. `secrets` are files that everybody may read, `settings` is its file if everybody may write it.
    """
    found = []
    if user != owner:
        fix = f"Ask as the service's user: `sudo -u {owner} syndicator doctor`"
        found.append(warning("rights", f"this is {user}, and the state belongs to {owner}", fix))
    elif not may_write:
        fix = (
            "Make its folder and its files writable for the service's user, or set `state:` to another place"
        )
        found.append(wrong("rights", f"{user} cannot write the state", fix))
    for path in secrets:
        fix = f"Give it to the service's user alone: `chown {owner} {path} && chmod 0600 {path}`"
        found.append(warning("rights", f"{path}: everybody may read this secret", fix))
    if settings:
        text = f"{settings}: everybody may change the settings"
        found.append(warning("rights", text, f"`chmod o-w {settings}`"))
    return found or [Check(name="rights", text=f"this is {user}, who may write the state")]


def judge_folder(source: str, path: str, scan: Scan, now: datetime) -> list[Check]:
    """A source's folder, and files in it that are dated in the future."""
    if scan.missing:
        return [_lost(source, LossReason.MISSING, f": {path}", now)]
    if scan.unseen:
        place, why = min(scan.unseen.items())
        return [_lost(source, LossReason.INCOMPLETE, f": {place or path}: {why.lower()}", now)]
    if not scan.files:
        return [_lost(source, LossReason.EMPTY, f": {path}", now)]
    count = len(scan.files)
    checks = [Check(name="folder", text=f"{source}: {count:,} file{'s' * (count != 1)} in {path}")]
    latest_ns = int((now + AHEAD).timestamp() * 1e9)
    if ahead := sorted(file for file, stamp in scan.files.items() if stamp.mtime_ns > latest_ns):
        are = "files are" if len(ahead) != 1 else "file is"
        text = f"{source}: {len(ahead):,} {are} dated in the future, such as {ahead[0]}"
        checks.append(warning("clock", text, "Set the clock right where they are written, then `touch` them"))
    return checks


def _lost(source: str, reason: LossReason, text: str, now: datetime) -> Check:
    (finding,) = find(losses={source: (reason, now)}, now=now)
    empty = reason is LossReason.EMPTY
    return as_found("folder", finding, text=text, result=Result.WARNING if empty else Result.WRONG)


def judge_watches(folders: int, limit: int | None) -> Check:
    """The folders below all sources against inotify's limit, which is for all that a user runs."""
    text = f"{folders:,} folder{'s' * (folders != 1)}"
    if limit is not None and folders > limit:
        fix = f"To see changes at once: `sysctl fs.inotify.max_user_watches={max(524_288, folders * 2)}`"
        return warning("watches", f"{text}, and at most {limit:,} are watched: the others are polled", fix)
    return Check(name="watches", text=text + (f" of {limit:,} that can be watched" if limit else ""))


class Disk(NamedTuple):
    """What is free for this user where `what` lies; `device` tells whether two are one. `files` is None
    where the file system sets no number."""

    what: str
    device: int
    free_bytes: int
    files: int | None


def judge_space(disks: Sequence[Disk]) -> list[Check]:
    """Free space, once for each disk."""
    by_device: dict[int, list[Disk]] = {}
    for disk in disks:
        by_device.setdefault(disk.device, []).append(disk)
    return [_space(" and ".join(one.what for one in same), same[0]) for same in by_device.values()]


def _space(what: str, disk: Disk) -> Check:
    free, fix = disk.free_bytes, "Make room on that disk; feeds and messages wait while it is full"
    text = f"{what}: {_size(free)} free"
    if disk.files is not None and disk.files < 1_000:
        return warning("space", f"{text}, but only {disk.files} more files", fix)
    if free < SHORT_BYTES:
        return (wrong if free < SCARCE_BYTES else warning)("space", text, fix)
    return Check(name="space", text=text)


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def judge_database(path: str, revision: str | None, known: Sequence[str], holder: str | None) -> Check:
    """A sound database: whether this version knows its tables, and who holds it."""
    held = f", in use by process {holder}" if holder else ""
    if revision is None:
        fix = "Set `state:` to the database of syndicator, or move this file away"
        return wrong("database", f"{path}: no tables of syndicator are in it", fix)
    if revision not in known:
        fix = "Install that version again, or restore a backup made by this one"
        return wrong("database", f"{path}: written by a later version (schema {revision})", fix)
    if revision != known[-1]:
        fix = "Start the service of this version: it brings the state up to date"
        return warning("database", f"{path}: of an earlier version (schema {revision}){held}", fix)
    return Check(name="database", text=f"{path}: sound{held}")


def judge_output(path: str, written: int, changed: Sequence[str], dirty: int) -> Check:
    """The folder that can be written: its files against what was written."""
    if changed and not dirty:
        are = "files are" if len(changed) != 1 else "file is"
        text = f"{path}: {len(changed):,} {are} not as written, such as {changed[0]}"
        return warning("output", text, "The service puts them back at its next scan; or `syndicator build`")
    waits = f", {dirty:,} more to write" if dirty else ""
    return Check(name="output", text=f"{path}: {written:,} file{'s' * (written != 1)}{waits}")


class Answer(NamedTuple):
    """What an address answered; `status` 0 where nothing came, for the reason in `why`."""

    status: int
    body: bytes = b""
    why: str = ""


def judge_address(name: str, url: str, answer: Answer, ours: bytes | None, base_url: str) -> Check:
    """Whether what is served there is what stands in the output folder."""
    public = name == "address"
    if not answer.status:
        fix = f"{NETWORK_FIX}; or correct `site.base_url`" if public else "Start the service, or see its log"
        return warning(name, f"{url}: not reached: {answer.why}", fix)
    if answer.status != 200:
        fix = "Publish the output folder at `site.base_url`, or correct that"
        return wrong(name, f"{url}: HTTP {answer.status}", fix if public else "See the log of the service")
    if ours is None:
        return warning(name, f"{url}: answers, but nothing is published here yet", "Run `syndicator build`")
    if answer.body == ours:
        return Check(name=name, text=f"{url}: what is served is ours")
    if f'xmlUrl="{base_url}feeds/all/'.encode() in answer.body:
        fix = "Wait for caches to end, then see how the output folder gets there"
        return warning(name, f"{url}: an older copy of ours is served", fix)
    fix = "Publish the output folder there, or correct `site.base_url`"
    return wrong(name, f"{url}: what is served is not ours", fix if public else "Stop what listens there")


def judge_token(answer: Identity | DeliveryError, now: datetime) -> list[Check]:
    """Whose token it is, what it lacks, and how far our clock is from Slack's."""
    if isinstance(answer, DeliveryError):
        return [judge_refusal("token", answer, now)]
    checks = [Check(name="token", text=f"Slack accepts it: {answer.user} in {answer.team}")]
    if missing := answer.missing_scopes:
        fix = "Add them under OAuth & Permissions and install the app again"
        checks = [wrong("token", f"the Slack token lacks the scopes {', '.join(missing)}", fix)]
    if answer.at is not None:
        checks.append(_clock(now - answer.at))
    return checks


def _clock(ahead: timedelta) -> Check:
    # HTTP dates are whole seconds.
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= CLOCK_OFF:
        return Check(name="clock", text=f"at most {CLOCK_OFF.seconds} s from Slack's")
    text = f"{timedelta(seconds=seconds)} h {'ahead of' if ahead > timedelta(0) else 'behind'} Slack's"
    return wrong("clock", text, "Set this machine's clock: `timedatectl set-ntp true`")


def judge_refusal(name: str, error: DeliveryError, now: datetime) -> Check:
    """Why Slack did not answer what it was asked."""
    if name == "token" and error.fix:
        (finding,) = find(refusal=error, now=now)
        return as_found(name, finding, result=Result.WRONG)
    if error.answered is False:
        (finding,) = find(unreachable=(now, 0), now=now)
        return as_found(name, finding, text=f": {error.why}")
    return warning(name, f"{error.on}: not looked at: {error.why}", error.fix or "Ask again in a minute")


def judge_channel(
    channel: str, routes: Sequence[str], answer: SlackChannel | DeliveryError, now: datetime
) -> Check:
    """Whether what these routes send can be posted there."""
    given = f" ({', '.join(routes)})"
    if isinstance(answer, DeliveryError):
        if answer.code != "channel_not_found":
            return judge_refusal("channel", answer, now)
        return _refused(channel, f"{given}: the app sees no such channel", answer.fix)
    if answer.is_archived:
        return _refused(channel, f"{given}: #{answer.name} is archived", FIXES["is_archived"])
    if not answer.is_member:
        return _refused(channel, f"{given}: the app is not in #{answer.name}", FIXES["not_in_channel"])
    return Check(name="channel", text=f"#{answer.name}{given}: the app is in it")


def _refused(channel: str, text: str, fix: str) -> Check:
    return wrong("channel", f"Slack refuses {channel}{text}", fix)


def judge_service(facts: Mapping[str, Any], version: str) -> list[Check]:
    """How the running service stands, in its own words; `facts` as the `status` module gives them."""
    checks = [
        Check(name="service", result=RESULTS[HealthLevel(one["level"])], text=one["text"], fix=one["fix"])
        for one in facts["findings"]
    ]
    if (running := facts.get("version", version)) != version:
        text = f"version {running} runs, and this is {version}"
        checks.append(warning("service", text, "Start it again: `systemctl restart syndicator`"))
    return checks or [Check(name="service", text=f"well: {facts['line']}")]
