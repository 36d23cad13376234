"""The status of a running service, as facts for programs: what `syndicator status`, the operator's page and
the metrics show.

The service writes it to a file beside the database, and touches that file while it works; so its age says
whether the service lives, and whoever asks needs neither its database nor a port.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syndicator import __version__
from syndicator.models import Visibility
from syndicator.monitoring.health import Finding, HealthLevel, Kind, status_line
from syndicator.settings.types import STATE_PREFIX
from syndicator.systemd import Notifier

if TYPE_CHECKING:
    from syndicator.alerts import Mute
    from syndicator.app import App
    from syndicator.clock import Clock
    from syndicator.notify.enqueue import Enqueuer
    from syndicator.settings.models import Route
    from syndicator.store.outbox import Outbox

STALE_S = 60.0
"""A service that works touches the file every few seconds."""
TELL_EVERY_S = 5.0
"""How often what happens is told at most: it costs a count of all entries."""


def facts(app: App, now: datetime, *, started: datetime, others: Iterable[Finding] = ()) -> dict[str, Any]:
    """How things stand with an open app and what runs beside it; times as ISO 8601. Reads the counts of
    entries and messages."""
    with app.store.reading() as session:
        found = app.findings(session, now, others)
        entries, outbox = session.count_entries(), session.outbox
        routes = route_facts(outbox, app.settings.routes, app.enqueuer, now)
        (messages, edits), oldest = outbox.count(), session.history.oldest_waiting()
    line = status_line(entries.get(Visibility.PUBLIC, 0), found, now.astimezone())
    return _facts(line, found, now, started) | {
        "entries": {visibility.value: count for visibility, count in entries.items()},
        "messages": {state.value: count for state, count in messages.items()},
        "edits": {state.value: count for state, count in edits.items()},
        "oldest_waiting": _iso(oldest[2] if oldest else None),
        "routes": routes,
    }


def route_facts(
    outbox: Outbox, routes: Iterable[Route], enqueuer: Enqueuer, now: datetime
) -> list[dict[str, Any]]:
    """What each of the settings' routes is and holds: its channel's id, and what the settings call it; the
    time of its next digest, stories owed, messages that wait, what holds it back as a whole and until when.
    By index, and by what is owed or waits."""
    from syndicator.notify.channels import channel_id
    from syndicator.notify.minimums import minimum_at
    from syndicator.schedule import next_digest
    from syndicator.settings.models import Digest

    routes, mutes = list(routes), outbox.ledger.mutes(ended_after=now)
    ids = outbox.channels.ids()
    owed, waiting = outbox.ledger.count_owed(), Counter[str]()
    for (name, _channel), count in outbox.open_ways().items():
        waiting[name] += count
    holds = enqueuer.holds(outbox, [route.name for route in routes], now, new=True)
    minimums = outbox.ledger.minimums((one.name for one in routes if one.about is not None), since=now)
    today = {name: one for name, some in minimums.items() if (one := minimum_at(some, now)) is not None}
    return [
        {
            "name": route.name,
            "channel": channel_id(route.channel, ids),
            "called": route.channel,
            "min_quality": today[route.name].quality if route.name in today else route.min_quality,
            "about": route.about,
            "deliver": "digest" if isinstance(route.deliver, Digest) else "immediate",
            "next": _iso(next_digest(route.deliver, now) if isinstance(route.deliver, Digest) else None),
            "owes": owed[route.name],
            "waiting": waiting[route.name],
            "held": hold and hold.reason,
            "held_until": _iso(hold.until if hold else None),
            "mutes": [mute_facts(mute) for mute in mutes if mute.holds(route.name)],
        }
        for route, hold in ((route, holds.get(route.name)) for route in routes)
    ]


def mute_facts(mute: Mute) -> dict[str, Any]:
    """A mute for programs; `route` is None where it holds all."""
    since, until = mute.since.isoformat(), mute.end.isoformat()
    return {"route": mute.route or None, "since": since, "until": until, "why": mute.why}


def hindered(finding: Finding, now: datetime, *, started: datetime) -> dict[str, Any]:
    """The facts of a service that cannot do its work."""
    return _facts(finding.words(now.astimezone()), [finding], now, started)


def _facts(line: str, found: Sequence[Finding], now: datetime, started: datetime) -> dict[str, Any]:
    """What is known of a service whose database cannot be read as well."""
    return {
        "version": __version__,
        "pid": os.getpid(),
        "started": started.isoformat(),
        "at": now.isoformat(),
        "level": max((finding.level for finding in found), default=0),
        "line": line,
        "findings": [finding.facts(now.astimezone()) for finding in found],
        "entries": {},
        "messages": {},
        "edits": {},
        "oldest_waiting": None,
        "routes": [],
    }


def status_path(state: str) -> Path:
    """Where the service with this state (an SQLAlchemy URL, as the settings have it) keeps the file."""
    database = Path(state.removeprefix(STATE_PREFIX))
    return database.with_name(f"{database.name}.status")


def settings_path(state: str) -> Path:
    """Where the service with this state notes the settings in force."""
    return status_path(state).with_suffix(".settings")


class StatusFile:
    """The file that a service keeps. What cannot be written costs the service nothing.

    Whoever may look into the state folder may read it, and its owner alone may write it: it says no more than
    the database that lies there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._facts: Mapping[str, Any] | None = None
        self._alive_s = time.monotonic()

    def current(self) -> dict[str, Any] | None:
        """As `current_status`, from memory, so that a full disk hides nothing; None before the first facts.
        From any thread."""
        return None if self._facts is None else _judged(self._facts, self.silent_s())

    def silent_s(self) -> float:
        """How long ago the thread that does the work gave a sign of life."""
        return time.monotonic() - self._alive_s

    def write(self, facts: Mapping[str, Any]) -> None:
        """Puts these facts in place of the former, in one step; where there is no space, in the former's."""
        self._facts, self._alive_s = facts, time.monotonic()
        with suppress(OSError):
            try:
                self._put(facts)
            except OSError:
                # Or it would go on saying that all is well.
                self._path.unlink(missing_ok=True)
                self._put(facts)

    def _put(self, facts: Mapping[str, Any]) -> None:
        beside = self._path.with_name(f".{self._path.name}.new")
        # Made anew: it may belong to another user who may write in this folder, or lead elsewhere.
        beside.unlink(missing_ok=True)
        with open(
            beside, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)
        ) as file:
            os.fchmod(file.fileno(), 0o600 | (self._path.parent.stat().st_mode & 0o044))
            json.dump(facts, file, ensure_ascii=False)
        beside.replace(self._path)

    def touch(self) -> None:
        """The service works."""
        self._alive_s = time.monotonic()
        with suppress(OSError):
            os.utime(self._path)

    def remove(self) -> None:
        """The service has ended, and meant to."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class StatusTeller:
    """Tells systemd and the service's file how things stand: what is new at once, then every few seconds."""

    def __init__(
        self,
        app: App,
        clock: Clock,
        *,
        notifier: Notifier | None = None,
        file: StatusFile | None = None,
        started: datetime | None = None,
        others: Callable[[], Iterable[Finding]] = tuple,
    ) -> None:
        self._app, self._clock, self._started = app, clock, started or clock.now()
        self._notifier, self._file, self._others = notifier or Notifier({}), file, others
        self._due_s = self._told_s = 0.0
        """When it is to be told, infinite where nothing has happened since; and when it was told last."""
        self._others_told: tuple[Finding, ...] = ()

    @property
    def beat_s(self) -> float:
        """How often `alive` is to be called at least."""
        return self._notifier.beat_s

    def alive(self) -> None:
        self._notifier.alive()
        if self._file is not None:
            self._file.touch()

    def note(self, *, at_once: bool = False) -> None:
        self._due_s = min(self._due_s, 0.0 if at_once else self._told_s + TELL_EVERY_S)

    def tell(self) -> None:
        """Tells how things stand, where that is due or others' findings are new. A count of all entries."""
        others = (*self._others(),)
        if others != self._others_told:
            self.note()
        if self._file is None or time.monotonic() < self._due_s:
            return
        self._told_s, self._due_s, self._others_told = time.monotonic(), float("inf"), others
        told = facts(self._app, self._clock.now(), started=self._started, others=others)
        self._notifier.status(told["line"])
        self._file.write(told)


def read_status(path: Path) -> dict[str, Any] | None:
    """What a service last wrote, with `age_s`; None where none runs that meant to end, or it is damaged.

    Raises OSError where the file cannot be read.
    """
    try:
        found, changed = json.loads(path.read_bytes()), path.stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    return found | {"age_s": max(0.0, time.time() - changed)} if isinstance(found, dict) else None


def current_status(path: Path) -> dict[str, Any]:
    """What the service last wrote; where none runs, or it gives no sign of life, that it is down.

    Raises OSError where the file cannot be read.
    """
    found = read_status(path)
    if found is None:
        return _down(
            "the service does not run", "Start it: `syndicator run`, or `systemctl start syndicator`"
        )
    return _judged(found, found["age_s"])


def _judged(facts: Mapping[str, Any], age_s: float) -> dict[str, Any]:
    if age_s > STALE_S:
        why = f"the service has given no sign of life for {age_s:.0f} s"
        return {**facts, **_down(why, "Look into its log: `journalctl -u syndicator`")}
    return dict(facts)


def _down(text: str, fix: str) -> dict[str, Any]:
    finding = Finding(kind=Kind.SERVICE, text=text, fix=fix, level=HealthLevel.DOWN)
    return {"level": finding.level, "line": text, "findings": [finding.facts(datetime.now(UTC))]}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
