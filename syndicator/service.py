"""The service: opens everything in order, works until it is told to stop, closes in the other order.

    lock, web server | app, watches | first pass | schedule, sender, READY | the loop

The web server reads files alone and stays open while the rest is opened anew: when the database was found
damaged in use, while the disk cannot be written, and over a reload that leaves its settings alone. One thread
runs the loop; the sender, the check of Slack and the hub have their own.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from syndicator.alerts import Slot
from syndicator.app import App, moved_map_path, opened
from syndicator.clock import Clock
from syndicator.errors import OutputUnwritable, StoreDamaged, SyndicatorError
from syndicator.loop import Loop
from syndicator.monitoring import health
from syndicator.monitoring.status import StatusFile, StatusTeller, facts, hindered, status_path
from syndicator.progress import Stages
from syndicator.publish.output import sweep
from syndicator.schedule import Schedule
from syndicator.settings.models import Digest, Settings
from syndicator.slack.check import SlackCheck
from syndicator.slack.retry import RetryPolicy
from syndicator.slack.sender import Messenger, Sender
from syndicator.store.lock import hold_state
from syndicator.systemd import Notifier
from syndicator.threads import Parts
from syndicator.waiting import FailureLog, back_off, can_wait
from syndicator.web.app import WebOptions
from syndicator.web.process import Serving

if TYPE_CHECKING:
    from syndicator.admin.operator import Operator
    from syndicator.monitoring.alerting import OperatorAlerter
    from syndicator.publish.websub import HubNotifier

log = structlog.get_logger()


@dataclass(kw_only=True)
class Service:
    """One life of the service under one set of settings. `stop` ends it from any thread or signal handler."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)
    notifier: Notifier = field(default_factory=lambda: Notifier({}))
    terminal: Messenger | None = None
    """Where messages are shown with `slack: preview`."""
    progress: Stages = field(default_factory=Stages)
    refused: threading.Event = field(default_factory=threading.Event)
    """Set while other settings were to be taken over and were wrong."""
    started: datetime | None = None
    """When the process did, which may have had a life before a reload; None: now."""
    patient: bool = True
    """Whether a start waits for a disk that cannot be written. A reload fails, since it can go back."""
    serving: Serving = field(default_factory=Serving)
    """The web server. It goes on with the next service: whoever made it closes it."""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._is_locked = self._was_ready = False
        self._suspect: str | None = None
        """Why the database is thought to be damaged."""
        self._failures, self._in_vain = FailureLog(), 0
        self._loop: Loop | None = None
        self._status = StatusFile(status_path(self.settings.state))
        self._began = self.started or self.clock.now()
        self._operator: Operator | None = None
        self._alerter: OperatorAlerter | None = None
        self._hub: HubNotifier | None = None
        self._parts = Parts()

    @property
    def address(self) -> tuple[str, int] | None:
        """Where feeds are served; None where `server` is off."""
        server = self.serving.server
        return None if server is None else server.address

    def stop(self) -> None:
        """Ends `run` within seconds, with what is in hand finished."""
        self._stop.set()
        if self._loop is not None:
            self._loop.stop()

    def _findings(self) -> list[health.Finding]:
        """What a person should see to of what runs beside the app."""
        hub = self._hub and self._hub.failure
        polled = [folder.polled for folder in (self._loop.folders if self._loop else ())]
        found = [
            health.SETTINGS_REFUSED if self.refused.is_set() else None,
            hub and health.hub_not_told(*hub),
            *(health.only_polled(*one) for one in polled if one),
            *(health.part_breaks(*one) for one in (*self._parts.broken(), *self.serving.parts.broken())),
            *(self._alerter.findings() if self._alerter else ()),
        ]
        return [finding for finding in found if finding]

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Works until `stop`, opening everything but the server anew where the database turns out damaged.

        Raises a SyndicatorError when it cannot start. What may pass (see `can_wait`) is waited for instead.
        """
        with ExitStack() as stack:
            while not self._stop.is_set():
                try:
                    self._lock(stack)
                    self._serve()
                    self._serve_operator(stack)
                    self._alert_operator(stack)
                    self._work(ready)
                    return
                except SyndicatorError as error:
                    if not can_wait(error, for_disk=self.patient, was_open=self._was_ready):
                        raise
                    self._serve()
                    self._note(error)
                # A traceback that somebody still keeps would keep the old database open, and locked.
                gc.collect()
                self._pause()

    def _lock(self, stack: ExitStack) -> None:
        if not self._is_locked:
            stack.enter_context(hold_state(self.settings.state))
            # Whoever is refused the lock leaves the file of the service that has it.
            stack.callback(self._status.remove)
            self._status.write(hindered(health.STARTING, self.clock.now(), started=self._began))
            self._is_locked = True

    def _serve(self) -> None:
        """Serves what is there, from files alone, whatever becomes of the rest; begun once."""
        listen = self.settings.server
        options = (
            None
            if listen is None
            else WebOptions(
                output=str(self.settings.output),
                moved_map=str(moved_map_path(self.settings)),
                base_url=self.settings.site.base_url,
                host=listen.host,
                port=listen.port,
                hub=self.settings.feeds.hub,
                cache_seconds=int(listen.cache.total_seconds()),
            )
        )
        self.serving.use(options)

    def _serve_operator(self, stack: ExitStack) -> None:
        """Answers the operator, from before the database is opened; begun once."""
        listen = self.settings.admin
        if self._operator is not None or listen is None:
            return
        from syndicator.admin.operator import Operator
        from syndicator.admin.server import AdminServer

        operator = Operator(clock=self.clock, started=self._began, status=self._status)
        server = AdminServer(listen.host, listen.port, operator)
        server.start()
        stack.callback(server.stop)
        operator.address = server.url
        self._operator = operator

    def _alert_operator(self, stack: ExitStack) -> None:
        """Tells the operator of what goes wrong, from before the database is opened; begun once."""
        settings = self.settings
        if self._alerter is not None or (settings.alerts_to is None and settings.ping is None):
            return
        from syndicator.monitoring.alerting import OperatorAlerter

        ended = threading.Event()
        alerter = OperatorAlerter(settings, self._status, clock=self.clock.now, terminal=self.terminal)
        self._parts.run_beside(stack, "operator alerts", partial(alerter.run, ended), ended, ended.set)
        self._alerter = alerter

    def _tell_operator(self, app: App | None) -> None:
        if self._operator is not None:
            self._operator.app = app
            if self._loop is not None:
                self._operator.activity = self._loop.activity

    def _note(self, error: SyndicatorError) -> None:
        if isinstance(error, StoreDamaged):
            self._suspect = error.why
        else:
            self._failures.began(error)
        self.notifier.status(f"Waiting: {error.what}: {error.why}")
        if self._is_locked:
            now = self.clock.now()
            self._status.write(hindered(health.hindrance(error, now), now, started=self._began))

    def _pause(self) -> None:
        """Waits before the next try, feeding the watchdog meanwhile."""
        self._in_vain += 1
        left_s = back_off(self._in_vain).total_seconds()
        beat_s = self.notifier.beat_s
        while left_s > 0 and not self._stop.wait(min(left_s, beat_s)):
            self.notifier.alive()
            self._status.touch()
            left_s -= beat_s

    def _work(self, ready: Callable[[], None]) -> None:
        """Opens the parts and works until `stop`. Raises StoreDamaged, StoreGone or what hinders opening."""
        settings, schedule = self.settings, Schedule(self.clock)
        with ExitStack() as stack:
            now, terminal, failures = self.clock.now(), self.terminal, self._failures
            parts = opened(settings, now=now, suspect=self._suspect, terminal=terminal, failures=failures)
            app = stack.enter_context(parts)
            self._suspect = None
            app.say_ways(now)
            loop = self._loop = self._loop_of(app, schedule)
            if self._stop.is_set():
                return
            stack.enter_context(loop.watching())
            with suppress(OutputUnwritable):  # as publishing will say, and will try again
                sweep(settings.output)
            loop.run_first()
            self._begin_beside(stack, schedule, app, loop)
            if self.serving.server is not None:
                self.serving.server.wait_until_ready(self._stop)
            if not self._stop.is_set():
                self._say_ready(stack, app)
                ready()
            with suppress(Exception):  # as publishing will say, and will try again
                app.output.warm_up(app.store, app.sources.catalog.stored)
            # What is there by now stays: to search it for garbage took an article 60 ms, now and then.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000)
            stack.callback(gc.unfreeze)
            loop.run()

    def _loop_of(self, app: App, schedule: Schedule) -> Loop:
        status = StatusTeller(
            app,
            self.clock,
            notifier=self.notifier,
            file=self._status,
            started=self._began,
            others=self._findings,
        )
        return Loop(app, self.clock, schedule=schedule, progress=self.progress, status=status)

    def _say_ready(self, stack: ExitStack, app: App) -> None:
        self._was_ready, self._in_vain = True, 0
        stack.callback(self._tell_operator, None)
        self._tell_operator(app)
        told = facts(app, self.clock.now(), started=self._began, others=self._findings())
        self.notifier.ready(told["line"])

    def _begin_beside(self, stack: ExitStack, schedule: Schedule, app: App, loop: Loop) -> None:
        """Says what the first pass found, and begins what runs beside the loop."""
        app.say_entries()
        self._guard_state(stack, schedule, app, loop)
        self._schedule(stack, schedule, app, loop)
        self._send(stack, app, loop)
        self._check_slack(stack, app, loop)
        self._tell_hub(stack, app, loop)

    def _schedule(self, stack: ExitStack, schedule: Schedule, app: App, loop: Loop) -> None:
        def due(route: str, slot: Slot | None) -> None:
            app.enqueuer.digest_is_due(route, slot)
            loop.wake()

        schedule.add_interval("scan", self.settings.watch.scan_every, loop.scan)
        for route in self.settings.routes:
            if isinstance(route.deliver, Digest):
                schedule.add_digest(route.name, route.deliver, due)
        schedule.start()
        stack.callback(schedule.stop)

    def _guard_state(self, stack: ExitStack, schedule: Schedule, app: App, loop: Loop) -> None:
        """Begins the daily check, and the backups where the settings have any."""
        check = partial(app.daily_check.run, loop.stopping, self.clock.now, loop.wake)
        self._parts.run_beside(stack, "daily check", check, loop.stopping, loop.stop)
        backup, backups = self.settings.backup, app.backups
        if backup is None:
            return
        schedule.add_interval("backup", backup.every, backups.due.set)
        run = partial(backups.run, loop.stopping, backup.every, self.clock.now, loop.wake)
        self._parts.run_beside(stack, "backup", run, loop.stopping, loop.stop, backups.due.set)

    def _send(self, stack: ExitStack, app: App, loop: Loop) -> None:
        sender = Sender(
            app.outbox,
            app.messengers.for_delivery,
            clock=self.clock.now,
            has_way=app.messengers.has_way,
            hold_back=app.enqueuer.hold_back,
            outages=app.outages,
            policy=RetryPolicy(confirm_after=self.settings.slack.confirm_after),
        )
        send = partial(sender.run, loop.stopping, loop.enqueued)
        self._parts.run_beside(stack, "sender", send, loop.stopping, loop.stop)

    def _check_slack(self, stack: ExitStack, app: App, loop: Loop) -> None:
        messengers, outages = app.messengers, app.outages
        if messengers.bot is None or messengers.terminal is not None:
            return

        def named() -> None:
            loop.named.set()
            loop.wake()

        check = SlackCheck(
            messengers.bot,
            app.outbox,
            outages,
            [route for route in self.settings.routes if route.name not in messengers.webhooks],
            clock=self.clock.now,
            over=loop.enqueued.set,
            named=named,
        )
        look = partial(check.run, loop.stopping)
        self._parts.run_beside(stack, "slack check", look, loop.stopping, loop.stop, outages.doubt.set)

    def _tell_hub(self, stack: ExitStack, app: App, loop: Loop) -> None:
        if self.settings.feeds.hub is None:
            return
        from syndicator.publish.websub import HubNotifier  # it loads httpx, which takes long

        hub = self._hub = HubNotifier(app.store, self.settings.feeds.hub, clock=self.clock.now)
        tell = partial(hub.run, loop.stopping, loop.published)
        self._parts.run_beside(stack, "hub", tell, loop.stopping, loop.stop)
