"""Looks at all that `syndicator doctor` judges: folders, disks, database, addresses, Slack, the service.

Nothing is changed and nothing posted. Each check has a thread of its own and a few seconds; one that hangs is
left behind and said.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from syndicator import __version__
from syndicator.alerts import channel_name
from syndicator.errors import WHERE_TO_LOOK, DeliveryError, StoreError, SyndicatorError
from syndicator.monitoring import doctor
from syndicator.monitoring.health import ALERTS_FIX, NO_WAY_FIX, Finding, HealthLevel, Kind, no_way
from syndicator.settings.models import Settings, Source
from syndicator.slack.check import NOT_FOUND
from syndicator.text import say_count
from syndicator.threads import begin

if TYPE_CHECKING:
    from syndicator.slack.client import SlackBot

T = TypeVar("T")

PATIENCE_S = 5.0
"""For one check; all of a kind look at the same time."""
INOTIFY = Path("/proc/sys/fs/inotify/max_user_watches")
SOONER = 0.8
"""The share of that after which a call gives up by itself, and says why."""
STUCK = "See whether the disk with `state` answers"
OPML = "feeds.opml"
ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


class Probe(NamedTuple):
    """One check: of what kind it is, what looks, and what to do where that takes too long."""

    kind: Kind
    look: Callable[[], Iterable[Finding]]
    if_slow: str


def examine(
    settings: Settings,
    *,
    config: Path,
    environment: Mapping[str, str],
    now: datetime,
    patience_s: float = PATIENCE_S,
) -> Iterator[Finding]:
    """Each check as soon as it and those before it are done. Raises nothing but what is a mistake of ours."""
    words = f"{say_count(len(settings.sources), 'source')}, {say_count(len(settings.routes), 'route')}"
    yield doctor.well(Kind.SETTINGS, f"{config}: {words}")
    machine = _machine(settings, config, environment, now)
    yield from run([*machine, *_addresses(settings, patience_s)], patience_s)
    yield from _slack(settings, patience_s)
    yield from run([Probe(Kind.SERVICE, lambda: _service(settings), STUCK)], patience_s)


def run(probes: Sequence[Probe], patience_s: float) -> Iterator[Finding]:
    """All at the same time, told in their order; what is not done in time is said to be so."""
    end = monotonic() + patience_s
    for probe, looking in [(one, begin(f"check {one.kind}", partial(_found, one))) for one in probes]:
        try:
            error = looking.exception(max(0.0, end - monotonic()))
        except TimeoutError:
            yield doctor.warning(probe.kind, f"not done within {patience_s:g} s, given up", probe.if_slow)
            continue
        if isinstance(error, SyndicatorError | OSError):
            yield doctor.judge_failure(probe.kind, error)
        else:
            yield from looking.result()


def _found(probe: Probe) -> list[Finding]:
    return [*probe.look()]


def _machine(
    settings: Settings, config: Path, environment: Mapping[str, str], now: datetime
) -> Iterator[Probe]:
    from syndicator.store.database import database_path

    state, roots = database_path(settings.state), [source.path for source in settings.sources]
    places = {"output": settings.output, "state": state.parent}
    disk = "See whether its disk or mount answers: `ls {}`"
    secrets = _secrets(settings, environment)
    yield Probe(Kind.RIGHTS, lambda: _rights(state, config, secrets), disk.format(state.parent))
    for source in settings.sources:
        yield Probe(Kind.FOLDER, partial(_folder, source, now), disk.format(source.path))
    yield Probe(Kind.WATCHES, lambda: [_watches(roots)], disk.format(" ".join(map(str, roots))))
    yield Probe(Kind.SPACE, lambda: doctor.judge_space([*_disks(places)]), disk.format(settings.output))
    slow = "A large database takes longer; see its disk where it is not large"
    yield Probe(Kind.DATABASE, lambda: [_database(settings, state)], slow)
    yield Probe(Kind.OUTPUT, lambda: [_output(settings)], disk.format(settings.output))


def _secrets(settings: Settings, environment: Mapping[str, str]) -> list[Path]:
    named = (path for name, path in environment.items() if re.fullmatch("SLACK_.*_FILE", name))
    webhooks = [route.webhook_file for route in settings.routes]
    webhooks += [settings.alerts_to.webhook_file] if settings.alerts_to is not None else []
    return [*map(Path, named), *filter(None, webhooks)]


def _rights(state: Path, config: Path, secrets: Iterable[Path]) -> list[Finding]:
    user, there = _user(os.geteuid()), _nearest(state)
    return doctor.judge_rights(
        user,
        _user(state.stat().st_uid) if there == state else user,
        may_write=all(os.access(path, os.W_OK) for path in (there, _nearest(state.parent))),
        secrets=[str(path) for path in secrets if _mode(path) & stat.S_IROTH],
        settings=str(config) if _mode(config) & stat.S_IWOTH else "",
    )


def _mode(path: Path) -> int:
    return path.stat().st_mode if path.is_file() else 0


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def _folder(source: Source, now: datetime) -> list[Finding]:
    from syndicator.watch.files import scan

    return doctor.judge_folder(source.name, str(source.path), scan(source.path), now)


def _watches(roots: Iterable[Path]) -> Finding:
    folders = sum(1 for root in roots for _ in os.walk(root))
    try:
        limit = int(INOTIFY.read_text(encoding="ascii"))
    except (OSError, ValueError):
        limit = None
    return doctor.judge_watches(folders, limit)


def _disks(places: Mapping[str, Path]) -> Iterator[doctor.Disk]:
    for what, path in places.items():
        there = _nearest(path)
        found = os.statvfs(there)
        files = found.f_favail if found.f_files else None
        free = found.f_bavail * found.f_frsize
        yield doctor.Disk(what, there.stat().st_dev, free_bytes=free, files=files)


def _database(settings: Settings, path: Path) -> Finding:
    from syndicator.store.database import known_revisions
    from syndicator.store.inspection import checked_revision

    if not path.exists():
        fix = "Run `syndicator run` or `syndicator build`"
        return doctor.warning(Kind.DATABASE, f"{path}: there is no state yet", fix)
    if not all(os.access(place, os.W_OK) for place in (path, path.parent)):
        # Even a reader takes part in the files beside it (https://www.sqlite.org/wal.html#read_only_databases).
        return doctor.wrong(Kind.DATABASE, f"{path}: this user cannot open it", doctor.AS_SERVICE)
    service = _status(settings)
    holder = service["pid"] if service["level"] < HealthLevel.DOWN else None
    return doctor.judge_database(str(path), checked_revision(path), known_revisions(), holder)


def _output(settings: Settings) -> Finding:
    from syndicator.publish.output import OutputFolder, probe
    from syndicator.store.database import open_known

    probe(settings.output)
    folder = OutputFolder(settings.output)
    try:
        with open_known(settings.state) as store, store.reading() as session:
            folder.remember(session.feeds.written())
            dirty = len(session.feeds.dirty())
    except StoreError:  # the database has a check of its own
        return doctor.well(Kind.OUTPUT, f"{settings.output}: can be written")
    written = sum(1 for _ in folder.list())
    changed = folder.find_changed(lambda _done, _of: None)
    return doctor.judge_output(str(settings.output), written, changed, dirty)


def _addresses(settings: Settings, patience_s: float) -> Iterator[Probe]:
    urls = {Kind.ADDRESS: settings.site.base_url}
    if settings.server is not None and settings.server.port:
        from syndicator.web.process import describe

        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.server.host, settings.server.host)  # noqa: S104
        urls[Kind.SERVER] = f"http://{describe(host, settings.server.port)}/"
    for kind, url in urls.items():
        look = partial(_address, kind, url + OPML, settings, patience_s * SOONER)
        yield Probe(kind, look, f"Look there: `curl -v {url}{OPML}`")


def _address(kind: Kind, url: str, settings: Settings, timeout_s: float) -> list[Finding]:
    file = settings.output / OPML
    ours = file.read_bytes() if file.exists() else None
    answer = _get(url, timeout_s)
    return [doctor.judge_address(kind, url, answer, ours, settings.site.base_url)]


def _get(url: str, timeout_s: float) -> doctor.Answer:
    import httpx

    local = url.startswith(("http://127.", "http://[::1]", "http://localhost"))
    try:
        answer = httpx.get(url, timeout=timeout_s, follow_redirects=True, trust_env=not local)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return doctor.Answer(0, why=ERROR_NUMBER.sub("", str(error)).lower() or type(error).__name__)
    return doctor.Answer(answer.status_code, answer.content)


def _slack(settings: Settings, patience_s: float) -> Iterator[Finding]:
    """The token first, and with one that is accepted each channel. Nothing is posted."""
    to = settings.credentials
    if settings.slack.mode == "preview":
        yield doctor.well(Kind.TOKEN, "not asked: with `slack: preview` messages are drawn, not posted")
        return
    for name in to.webhooks:
        yield doctor.well(Kind.CHANNEL, f"{name}: by webhook; `syndicator send-test {name}` tries it")
    users = [(route.name, route.channel) for route in settings.routes if route.name not in to.webhooks]
    routes = [name for name, _ in users]
    if settings.alerts_to is not None and settings.alerts_to.channel is not None:
        users.append(("alerts_to", settings.alerts_to.channel))
    if to.token is not None:
        from syndicator.slack.client import SlackBot

        deadline = timedelta(seconds=patience_s * SOONER)
        bot = SlackBot(to.token.get_secret_value(), api_url=to.api_url, deadline=deadline)
        yield from _with_bot(bot, users, patience_s)
    elif users:
        look = partial(_without_token, settings, routes, is_alerting=len(users) > len(routes))
        yield from run([Probe(Kind.TOKEN, look, STUCK)], patience_s)


def _without_token(settings: Settings, routes: Sequence[str], *, is_alerting: bool) -> list[Finding]:
    """No way to Slack; unless the service that runs says so itself, or has a token, by a credential that
    systemd gives it alone."""
    try:
        facts = _status(settings)
    except OSError:  # said by the check of the service
        facts = {"level": HealthLevel.DOWN}
    if facts["level"] < HealthLevel.DOWN:
        if any(one["kind"] == Kind.WAY and not one["of"] for one in facts["findings"]):
            return []
        text = "not looked at: the service has a token that this command was not given"
        return [doctor.warning(Kind.TOKEN, text, "Run it with the unit's credential, as in deploy/README.md")]
    found = [replace(no_way(routes, NO_WAY_FIX), kind=Kind.TOKEN)] if routes else []
    of_alerts = Finding(kind=Kind.TOKEN, text="no way to Slack for alerts_to", fix=ALERTS_FIX)
    return [*found, of_alerts] if is_alerting else found


def _with_bot(bot: SlackBot, users: Sequence[tuple[str, str]], patience_s: float) -> Iterator[Finding]:
    """`users` are those who post, each with its channel."""
    by_channel: dict[str, list[str]] = {}
    for user, channel in users:
        by_channel.setdefault(channel, []).append(user)
    names = {channel: name for channel in by_channel if (name := channel_name(channel)) is not None}
    ids: dict[str, str] = {channel: channel for channel in by_channel if channel not in names}
    accepted: list[str] = []

    def token() -> Iterator[Finding]:
        answer = _answer(bot.check)
        accepted.extend([] if isinstance(answer, DeliveryError) else [answer.user])
        yield from doctor.judge_token(answer, datetime.now(UTC))

    def find_names() -> Iterator[Finding]:
        found = _answer(lambda: bot.channel_ids(names.values()))
        if isinstance(found, DeliveryError):
            yield doctor.judge_refusal(Kind.CHANNEL, found)
            return
        ids.update({channel: found[name] for channel, name in names.items() if name in found})
        for channel in sorted(names.keys() - ids.keys()):
            yield doctor.judge_channel(channel, by_channel[channel], NOT_FOUND)

    yield from run([Probe(Kind.TOKEN, token, WHERE_TO_LOOK)], patience_s)
    if accepted and names:
        yield from run([Probe(Kind.CHANNEL, find_names, WHERE_TO_LOOK)], patience_s)
    if accepted:
        probes = [_channel(bot, ids[one], by_channel[one]) for one in by_channel if one in ids]
        yield from run(probes, patience_s)


def _channel(bot: SlackBot, id: str, routes: Sequence[str]) -> Probe:
    def look() -> Iterator[Finding]:
        yield doctor.judge_channel(id, routes, _answer(lambda: bot.channel(id)))

    return Probe(Kind.CHANNEL, look, WHERE_TO_LOOK)


def _answer(ask: Callable[[], T]) -> T | DeliveryError:
    try:
        return ask()
    except DeliveryError as error:
        return error


def _service(settings: Settings) -> list[Finding]:
    return doctor.judge_service(_status(settings), __version__)


def _status(settings: Settings) -> dict[str, Any]:
    from syndicator.monitoring.status import current_status, status_path

    return current_status(status_path(settings.state))
