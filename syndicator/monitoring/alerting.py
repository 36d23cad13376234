"""Tells the operator how the service stands, and a dead man's switch that it works; from a thread of its own.

    status -> operator_alerts -> Slack channel, webhook
    status -> GET ping

Apart from the outbox and its database, since those may be what is broken. What was told is kept in a file
beside the database. A message whose answer was lost is sent again.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event

import structlog
from pydantic import TypeAdapter, ValidationError

from syndicator.alerts import Delivery, DeliveryState
from syndicator.errors import SLACK_FIX, DeliveryError, Refused
from syndicator.monitoring import operator_alerts
from syndicator.monitoring.health import ALERTS_FIX, Finding, HealthLevel, operator_not_told
from syndicator.monitoring.status import StatusFile, status_path
from syndicator.settings.models import AlertsTo, Settings
from syndicator.slack.sender import Messenger, messengers_of

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
PING_EVERY = timedelta(minutes=1)
TRY_AGAIN = timedelta(minutes=1)
"""After a failure."""
TIMEOUT_S = 10.0
"""For one operation on the connection."""
PING_FIX = "Correct `ping`, or see to the service that it calls"
ALERTS_SEE = f"{SLACK_FIX}. Or correct `alerts_to`"
UNCALLED = "the address could not be called"


Told = Mapping[str, operator_alerts.ToldFinding]
"""What was told by one way, by key."""
TOLD = TypeAdapter(dict[str, Told])
"""The same of each way, by its name, as the file keeps it."""


@dataclass(slots=True, kw_only=True)
class AlertWay:
    """A way to the operator; `channel` is None for one that is not Slack's."""

    name: str
    post: Callable[[Delivery], object]
    """Raises DeliveryError."""
    told: Told
    channel: str | None = None
    failed: datetime | None = None
    """When it was last tried in vain; None where it worked."""
    wait: timedelta = TRY_AGAIN
    """How long it then rests, at Slack's word for longer."""
    failure: Finding | None = None
    """That it does not work."""


class OperatorAlerter:
    """Looks at the status every second, from `run` until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        status: StatusFile,
        *,
        clock: Callable[[], datetime],
        terminal: Messenger | None = None,
    ) -> None:
        self._to, self._site = settings.alerts_to or AlertsTo(), settings.site.title
        self._status, self._clock = status, clock
        path, now = status_path(settings.state).with_suffix(".told"), clock()
        self._file, self._ways = StatusFile(path), _ways(settings, terminal, _read(path))
        self._first: dict[str, datetime] = {}
        """When what is wrong now began to be seen, since the start."""
        self._last = {key: now for way in self._ways for key in way.told}
        """When what is or was wrong was seen last; what was told before the start, at the start."""
        self._ping = settings.ping
        self._pinged: datetime | None = None
        self._ping_failure: Finding | None = None
        self._no_way: Finding | None = None
        if (channel := self._to.channel) is not None and all(way.channel != channel for way in self._ways):
            self._no_way = operator_not_told(channel, "no slack token", ALERTS_FIX, None)

    def run(self, stop: Event) -> None:
        while not stop.wait(LOOK_EVERY_S):
            self.look()

    def findings(self) -> list[Finding]:
        """Which ways do not work. From any thread."""
        failures = (*(way.failure for way in self._ways), self._ping_failure, self._no_way)
        return [failure for failure in failures if failure is not None]

    def look(self) -> None:
        """Tells what is to be told now; nothing before the service has said how it stands."""
        facts, now = self._status.current(), self._clock()
        if facts is None:
            return
        is_down = facts["level"] >= HealthLevel.DOWN
        if not is_down:
            self._send_ping(now)
        found = operator_alerts.that_matter(facts["findings"], self._to)
        self._first = {key: self._first.get(key, now) for key in found}
        # Of a service that starts or cannot work, not all is known: nothing is over by that.
        self._last |= dict.fromkeys([*found, *(self._last if is_down else ())], now)
        for way in self._ways:
            # `abs`, since a clock that is set back must not silence it.
            if way.failed is None or abs(now - way.failed) >= way.wait:
                self._tell(way, found, now)

    def _tell(self, way: AlertWay, found: Mapping[str, operator_alerts.FindingFacts], now: datetime) -> None:
        carried = {
            key: one
            for key, one in found.items()
            if operator_alerts.can_carry(one, way=way.name, channel=way.channel)
        }
        try:
            after = self._to.after
            alert = operator_alerts.next_alert(
                carried, way.told, self._first, self._last, after=after, now=now
            )
            if alert is not None:
                self._send(way, alert, now)
            way.failed = way.failure = None
        except DeliveryError as error:
            before, why = way.failure, error.why or error.code
            since = before.since if before else now
            way.failure = operator_not_told(way.name, why, error.fix or ALERTS_SEE, since)
            asked = error.retry_after if isinstance(error, Refused) else None
            way.failed, way.wait = now, max(asked or TRY_AGAIN, TRY_AGAIN)
            if before is None:
                log.warning("operator not told, tried again", by=way.name, why=why, fix=error.fix)

    def _send(self, way: AlertWay, alert: operator_alerts.OperatorAlert, now: datetime) -> None:
        id = str(uuid.uuid4())
        delivery = Delivery(
            id=id,
            route="alerts_to",
            channel=way.channel or "",
            kind="alert",
            state=DeliveryState.SENDING,
            created=now,
            due=now,
            message=operator_alerts.operator_message(alert, self._site, socket.gethostname(), id),
        )
        way.post(delivery)
        way.told = alert.told
        self._file.write(TOLD.dump_python({one.name: one.told for one in self._ways}, mode="json"))
        log.info("operator told", by=way.name, new=len(alert.new), over=len(alert.over))

    def _send_ping(self, now: datetime) -> None:
        """Says that the service works; that it does not is said by silence."""
        # `abs`, since a clock that is set back must not silence it.
        if self._ping is None or (self._pinged is not None and abs(now - self._pinged) < PING_EVERY):
            return
        self._pinged, why = now, ""
        try:
            call(self._ping.get_secret_value())
        except DeliveryError as error:
            why = error.why
        before = self._ping_failure
        since = before.since if before else now
        self._ping_failure = operator_not_told("ping", why, PING_FIX, since) if why else None
        if self._ping_failure == before:
            return
        if why:
            log.warning("heartbeat not taken, tried again", why=why, fix=PING_FIX)
        else:
            log.info("heartbeat is taken again")


def call(url: str, body: object = None) -> None:
    """A GET, or a POST of the body as JSON. Redirects are not followed, answers not read.

    Raises DeliveryError, which does not hold the address.
    """
    import httpx  # which takes long to load

    method = "GET" if body is None else "POST"
    try:
        with httpx.stream(method, url, json=body, timeout=TIMEOUT_S) as response:
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryError(UNCALLED, code="address", why=type(error).__name__) from None
    except (ImportError, OSError, ValueError):
        why = "the environment's proxy or certificates cannot be used"
        raise DeliveryError(UNCALLED, code="environment", why=why) from None
    if not 200 <= status < 300:
        fix = "Correct the address in `alerts_to.webhook_file`"
        raise DeliveryError(UNCALLED, code="address", why=f"it says HTTP {status}", fix=fix)


def _post_json(url: str, delivery: Delivery) -> None:
    """Slack's incoming webhooks read the message's `blocks`, others its `text`."""
    call(url, {name: value for name, value in delivery.message.items() if name != "metadata"})


def _ways(settings: Settings, terminal: Messenger | None, told: Mapping[str, Told]) -> list[AlertWay]:
    to, found, ways = settings.alerts_to, messengers_of(settings, terminal), list[AlertWay]()
    if to is None:
        return ways
    messenger, channel = found.terminal or found.bot, to.channel
    if channel is not None and messenger is not None:
        told_there = told.get(channel, {})
        ways.append(AlertWay(name=channel, post=messenger.post, channel=channel, told=told_there))
    if (url := settings.credentials.alerts) is not None:
        post = partial(_post_json, url.get_secret_value())
        ways.append(AlertWay(name="webhook", post=post, told=told.get("webhook", {})))
    return ways


def _read(path: Path) -> dict[str, Told]:
    try:
        return TOLD.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}  # all is told once more
