"""Looks at all that `syndicator doctor` judges: folders, disks, database, address, Slack, the service.

Nothing is changed and nothing posted.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from syndicator.alerts import channel_name
from syndicator.errors import DeliveryError, SettingsError, SyndicatorError
from syndicator.monitoring import doctor
from syndicator.monitoring.health import Finding, Kind
from syndicator.monitoring.status import current_status, status_path
from syndicator.publish.output import probe
from syndicator.settings.load import load_settings
from syndicator.settings.models import Settings, Source
from syndicator.slack.check import NOT_FOUND
from syndicator.store.database import database_path, known_revisions
from syndicator.store.inspection import checked_revision
from syndicator.text import say_count
from syndicator.watch.files import scan

if TYPE_CHECKING:
    from syndicator.slack.client import SlackBot

T = TypeVar("T")

TIMEOUT_S = 5.0
"""For each call over the network."""
INOTIFY = Path("/proc/sys/fs/inotify/max_user_watches")
OPML = "feeds.opml"
ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")

Check = tuple[Kind, Callable[[], Iterable[Finding]]]


def examine(
    config: Path, environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> Iterator[Finding]:
    """What is found, one after another: of settings that are wrong these alone. Raises nothing but what is a
    mistake of ours."""
    try:
        settings = load_settings(config, environment)
    except SettingsError as error:
        yield from doctor.judge_settings(error)
        return
    words = f"{say_count(len(settings.sources), 'source')}, {say_count(len(settings.routes), 'route')}"
    yield doctor.well(Kind.SETTINGS, f"{config}: {words}")
    for kind, look in _checks(settings, timeout_s):
        try:
            yield from look()
        except (SyndicatorError, OSError) as error:
            yield doctor.judge_failure(kind, error)


def _checks(settings: Settings, timeout_s: float) -> Iterator[Check]:
    state, roots = database_path(settings.state), [source.path for source in settings.sources]
    yield Kind.RIGHTS, lambda: [_rights(state)]
    for source in settings.sources:
        yield Kind.FOLDER, partial(_folder, source)
    yield Kind.WATCHES, lambda: [_watches(roots)]
    for what, folder in (("output", settings.output), ("state", state.parent)):
        yield Kind.SPACE, partial(_space, what, folder)
    yield Kind.DATABASE, lambda: [_database(state)]
    yield Kind.OUTPUT, lambda: [_output(settings.output)]
    yield Kind.ADDRESS, lambda: [_address(settings, timeout_s)]
    yield Kind.TOKEN, partial(_slack, settings, timeout_s)
    yield Kind.SERVICE, lambda: doctor.judge_service(current_status(status_path(settings.state)))


def _rights(state: Path) -> Finding:
    user, there = _user(os.geteuid()), _nearest(state)
    # What root made in another user's folder is meant to be that user's.
    owner = _user(state.stat().st_uid or state.parent.stat().st_uid) if there == state else user
    may_write = all(os.access(path, os.W_OK) for path in (there, _nearest(state.parent)))
    return doctor.judge_rights(user, owner, may_write=may_write)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def _folder(source: Source) -> Iterator[Finding]:
    yield doctor.judge_folder(source.name, str(source.path), scan(source.path))


def _watches(roots: Iterable[Path]) -> Finding:
    folders = sum(1 for root in roots for _ in os.walk(root))
    try:
        limit = int(INOTIFY.read_text(encoding="ascii"))
    except (OSError, ValueError):
        limit = None
    return doctor.judge_watches(folders, limit)


def _space(what: str, folder: Path) -> Iterator[Finding]:
    yield doctor.judge_space(what, shutil.disk_usage(_nearest(folder)).free)


def _database(path: Path) -> Finding:
    if not path.exists():
        fix = "Run `syndicator run` or `syndicator build`"
        return doctor.warning(Kind.DATABASE, f"{path}: there is no state yet", fix)
    if not all(os.access(place, os.W_OK) for place in (path, path.parent)):
        # Even a reader takes part in the files beside it (https://www.sqlite.org/wal.html#read_only_databases).
        return doctor.wrong(Kind.DATABASE, f"{path}: this user cannot open it", doctor.AS_SERVICE)
    return doctor.judge_database(str(path), checked_revision(path), known_revisions())


def _output(folder: Path) -> Finding:
    probe(folder)
    return doctor.well(Kind.OUTPUT, f"{folder}: can be written")


def _address(settings: Settings, timeout_s: float) -> Finding:
    import httpx

    url, file = settings.site.base_url, settings.output / OPML
    ours = file.read_bytes() if file.exists() else None
    is_local = url.startswith(("http://127.", "http://[::1]", "http://localhost"))
    try:
        answer = httpx.get(url + OPML, timeout=timeout_s, follow_redirects=True, trust_env=not is_local)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as error:
        why = ERROR_NUMBER.sub("", str(error)).lower() or type(error).__name__
        return doctor.warning(Kind.ADDRESS, f"{url}: not reached: {why}", doctor.ADDRESS_FIX)
    return doctor.judge_address(url, answer.status_code, answer.content, ours)


def _slack(settings: Settings, timeout_s: float) -> Iterator[Finding]:
    """The token first, and with one that is accepted each channel. Nothing is posted."""
    to = settings.credentials
    if settings.slack.mode == "preview":
        yield doctor.well(Kind.TOKEN, "not asked: with `slack: preview` messages are drawn, not posted")
        return
    for name in to.webhooks:
        yield doctor.well(Kind.CHANNEL, f"{name}: by webhook; `syndicator send-test {name}` tries it")
    users = [(route.name, route.channel) for route in settings.routes if route.name not in to.webhooks]
    if settings.alerts_to is not None and settings.alerts_to.channel is not None:
        users.append(("alerts_to", settings.alerts_to.channel))
    if to.token is not None:
        from syndicator.slack.client import SlackBot

        deadline = timedelta(seconds=timeout_s)
        bot = SlackBot(to.token.get_secret_value(), api_url=to.api_url, deadline=deadline)
        yield from _with_bot(bot, users)
    elif users:
        yield doctor.no_token([name for name, _ in users])


def _with_bot(bot: SlackBot, users: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """`users` are those who post, each with its channel."""
    answer = _answer(bot.check)
    yield from doctor.judge_token(answer, datetime.now(UTC))
    by_channel: dict[str, list[str]] = {}
    for user, channel in users:
        by_channel.setdefault(channel, []).append(user)
    names = {channel: name for channel in by_channel if (name := channel_name(channel)) is not None}
    if isinstance(answer, DeliveryError):
        return
    ids = _answer(lambda: bot.channel_ids(names.values())) if names else {}
    if isinstance(ids, DeliveryError):
        yield doctor.judge_refusal(Kind.CHANNEL, ids)
        return
    for channel, routes in by_channel.items():
        id = ids.get(names[channel]) if channel in names else channel
        found = _answer(partial(bot.channel, id)) if id is not None else NOT_FOUND
        yield doctor.judge_channel(id or channel, routes, found)


def _answer(ask: Callable[[], T]) -> T | DeliveryError:
    try:
        return ask()
    except DeliveryError as error:
        return error
