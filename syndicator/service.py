"""The service: builds the real parts, opens them in order, closes them in the other.

    lock, server | store, pipeline, watches | first look and build | sender, schedule, READY | the loop

The server reads files alone and stays open while the rest is opened anew: when the database was found damaged
in use, and while the disk cannot be written.

One thread runs the loop; the sender, the server, the watches and the schedule have their own,
and only leave word with it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from syndicator.assembly import Messengers, messengers_of, open_pipe, routes_of, server_of
from syndicator.clock import Clock, SystemClock
from syndicator.connection import SlackCheck, report_left_behind, report_ways
from syndicator.errors import (
    OutputUnwritable,
    StoreDamaged,
    SyndicatorError,
)
from syndicator.loop import BEAT_EVERY_S, TOPIC_FILES, Loop
from syndicator.pipeline import Pipeline, Progress
from syndicator.publish.files import sweep
from syndicator.publish.websub import HubNotifier
from syndicator.reports import report_entries, report_patterns
from syndicator.schedule import Schedule
from syndicator.settings.models import Digest, Settings
from syndicator.slack.outage import OutageWatch
from syndicator.slack.retry import RetryPolicy
from syndicator.slack.sender import Messenger, Sender
from syndicator.status import Loss, read_facts, status_line
from syndicator.store.database import Store, database_path, open_store
from syndicator.store.lock import hold_lock
from syndicator.systemd import Notifier
from syndicator.threads import keep_running
from syndicator.waiting import BackOff, FailureLog, can_wait, pause
from syndicator.watch.folder import Folder
from syndicator.watch.scan import SUFFIXES
from syndicator.web.process import WebServer

log = structlog.get_logger()

TICK = timedelta(seconds=30)
"""How late what is due can be noticed when every alarm was lost, as after a long sleep."""
START_STEP = timedelta(minutes=2)
"""How much time a start asks for, from each batch of articles to the next."""
GRACE_S = 6.0
"""A little longer than the sender allows its calls under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What is known once the service is ready."""

    address: tuple[str, int] | None
    """Where feeds are served; None where `server` is off."""


@dataclass(kw_only=True)
class Service:
    """One life of the service under one set of settings. `stop` ends it from any thread or signal handler."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    notifier: Notifier = field(default_factory=lambda: Notifier({}))
    terminal: Messenger | None = None
    """Where messages are shown with `slack: preview`."""
    progress: Progress = lambda done, of: None
    refused: Callable[[], bool] = lambda: False
    """Whether other settings were to be taken over and were wrong."""
    patient: bool = True
    """Whether a start waits for a disk that cannot be written. A reload fails, since it can go back."""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._ending = threading.Event()
        """Ends the parts that are open now."""
        self._started: Started | None = None
        self._locked = self._was_ready = False
        self._suspect: str | None = None
        """Why the database is thought to be damaged."""
        self._failures, self._pauses = FailureLog(self.clock), BackOff()
        self._loop: Loop | None = None
        self._web: WebServer | None = None
        self._outages = OutageWatch()
        self._wake_sender, self._wake_hub = threading.Event(), threading.Event()
        self._named = threading.Event()

    def wake(self) -> None:
        """There may be something to do or to tell. From any thread."""
        if self._loop is not None:
            self._loop.wake()

    def stop(self) -> None:
        """Ends `run` within seconds, with what is in hand finished."""
        self._stop.set()
        self._ending.set()
        self._wake_sender.set()
        self._wake_hub.set()
        self.wake()

    def run(self, ready: Callable[[Started], None] = lambda started: None) -> None:
        """Works until `stop`, opening everything but the server anew where the database turns out damaged.

        Raises a SyndicatorError when it cannot start. What may pass (see `can_wait`) is waited for instead.
        """
        with ExitStack() as stack:
            while True:
                self._ending = threading.Event()
                if self._stop.is_set():
                    return
                if (failure := self._attempt(stack, ready)) is not None:
                    # A traceback that somebody still keeps would keep the old database open, and locked.
                    gc.collect()
                    self.notifier.status(f"Waiting: {failure}")
                    pause_s = self._pauses.next_s(self.clock.moment().monotonic)
                    pause(pause_s, self._stop, beat=self._beat, every_s=self._beat_every_s)

    def _attempt(self, stack: ExitStack, ready: Callable[[Started], None]) -> str | None:
        """Works until `stop`, or until something fails that can be waited for: what."""
        try:
            self._lock(stack)
            self._work(self._serve(stack), ready)
        except SyndicatorError as error:
            if not can_wait(error, for_disk=self.patient, was_open=self._was_ready):
                raise
            self._serve(stack)
            if isinstance(error, StoreDamaged):
                self._suspect = error.why
            else:
                self._failures.began(error)
            return f"{error.what}: {error.why}"
        return None

    def _lock(self, stack: ExitStack) -> None:
        if not self._locked:
            stack.enter_context(hold_lock(database_path(self.settings.state)))
            self._locked = True

    def _work(self, started: Started, ready: Callable[[Started], None]) -> None:
        """Opens the parts and works until `stop`. Raises StoreDamaged, StoreGone or what hinders opening."""
        with ExitStack() as stack:
            store = open_store(self.settings.state, now=self.clock.now(), suspect=self._suspect)
            stack.callback(store.close)
            self._suspect = None
            report_ways(store, self.settings)
            pipeline = open_pipe(self.settings, store, now=self.clock.now())
            messengers = messengers_of(self.settings, self.terminal)
            loop = self._loop = self._make_loop(pipeline, store, messengers)
            folders = self._watch(stack, loop)
            store.check()
            loop.checks = [
                store.check,
                partial(self._adopt_channels, pipeline),
                *(partial(_check_folder, folder, loop) for folder in folders),
            ]
            with suppress(OutputUnwritable):  # as publishing will say, and will try again
                sweep(self.settings.output)
            loop.run_first(self._report_progress, self._stop)
            report_entries(store)
            report_patterns(store, self.settings.routes)
            with store.reading() as session:
                routes = routes_of(self.settings, session)
            report_left_behind(store, routes, messengers.has_way)
            self._schedule(stack, loop)
            self._send(stack, pipeline, messengers)
            self._tell_hub(stack, store)
            if not self._stop.is_set():
                if self._web is not None:
                    self._web.wait_until_ready()
                self._was_ready = True
                self.notifier.ready(self._status(pipeline, store, messengers))
                ready(started)
            loop.run(self._ending)

    @property
    def _beat_every_s(self) -> float:
        watchdog = self.notifier.watchdog_every
        return min(watchdog.total_seconds(), BEAT_EVERY_S) if watchdog else BEAT_EVERY_S

    def _beat(self) -> None:
        """Tells systemd that the work goes on; until the service is ready also that it takes its time."""
        self.notifier.alive()
        if not self._was_ready:
            self.notifier.extend(START_STEP)

    def _adopt_channels(self, pipeline: Pipeline) -> None:
        """Where ids of channels were found meanwhile: moves what is kept under their names."""
        if self._named.is_set():
            pipeline.adopt_channels(self.clock.now())
            self._named.clear()
            self._wake_sender.set()

    def _report_progress(self, done: int, of: int) -> None:
        self.progress(done, of)
        self.notifier.extend(START_STEP)

    def _serve(self, stack: ExitStack) -> Started:
        """Serves what is there, from files alone, whatever becomes of the rest; begun once."""
        if self._started is None:
            web = self._web = server_of(self.settings)
            if web is not None:
                web.start()
                stack.callback(web.stop)
            self._started = Started(address=web.address if web else None)
        return self._started

    def _make_loop(self, pipeline: Pipeline, store: Store, messengers: Messengers) -> Loop:
        return Loop(
            pipeline,
            [source.name for source in self.settings.sources],
            clock=self.clock,
            scan_every=self.settings.watch.scan_every,
            mailed=self._wake_sender.set,
            published=self._wake_hub.set,
            beat=self._beat,
            beat_every_s=self._beat_every_s,
            failures=self._failures,
            tell=lambda: self.notifier.status(self._status(pipeline, store, messengers)),
        )

    def _status(self, pipeline: Pipeline, store: Store, messengers: Messengers) -> str:
        """How things stand, for systemd."""
        losses = {
            name: Loss(reason=loss.reason, since=pipeline.lost_since(name) or self.clock.now())
            for name, loss in pipeline.losses().items()
        }
        with store.reading() as session:
            facts = read_facts(
                session,
                losses=losses,
                routes=routes_of(self.settings, session),
                has_way=messengers.has_way,
                refused=self.refused(),
                outage=self._outages.outage,
            )
        return status_line(facts, now=self.clock.now(), local=lambda moment: moment.astimezone())

    def _watch(self, stack: ExitStack, loop: Loop) -> list[Folder]:
        """Watches before the first scan, so that nothing falls between."""
        folders: list[Folder] = []
        for source in self.settings.sources:
            suffixes = SUFFIXES + TOPIC_FILES if source.topics else SUFFIXES
            folder = Folder(source.name, source.path, loop.hint, suffixes=suffixes)
            folder.start()
            stack.callback(folder.stop)
            folders.append(folder)
        return folders

    def _schedule(self, stack: ExitStack, loop: Loop) -> None:
        schedule = Schedule(clock=self.clock.now)
        schedule.add_interval("scan", self.settings.watch.scan_every, loop.scan)
        schedule.add_interval("tick", TICK, loop.wake)
        for route in self.settings.routes:
            if isinstance(route.deliver, Digest):
                schedule.add_digest(route.name, route.deliver.cron, route.deliver.time_zone, loop.wake)
        schedule.start()
        stack.callback(schedule.stop)

    def _send(self, stack: ExitStack, pipeline: Pipeline, messengers: Messengers) -> None:
        ending = self._ending
        outages, wake = self._outages, self._wake_sender.set

        sender = Sender(
            pipeline.outbox,
            messengers.for_delivery,
            clock=self.clock.now,
            has_way=messengers.has_way,
            hold_back=pipeline.hold_back,
            outages=outages,
            policy=RetryPolicy(confirm_after=self.settings.slack.confirm_after),
        )

        send = partial(sender.run, ending, self._wake_sender)
        self._run_beside(stack, "sender", send, self._wake_sender)
        if messengers.bot is not None and messengers.terminal is None:

            def named() -> None:
                self._named.set()
                self.wake()

            check = SlackCheck(
                messengers.bot,
                pipeline.outbox,
                outages,
                [route for route in self.settings.routes if route.name not in messengers.webhooks],
                clock=self.clock.now,
                over=wake,
                named=named,
            )
            self._run_beside(stack, "slack check", partial(check.run, ending), outages.doubt)

    def _tell_hub(self, stack: ExitStack, store: Store) -> None:
        if self.settings.feeds.hub is not None:
            notifier = HubNotifier(store, self.settings.feeds.hub, clock=self.clock.now)
            run = partial(notifier.run, self._ending, self._wake_hub)
            self._run_beside(stack, "hub", run, self._wake_hub)

    def _run_beside(
        self, stack: ExitStack, name: str, run: Callable[[], None], wake: threading.Event
    ) -> None:
        """Runs something in a thread that ends with the service, or is left behind if it does not."""
        ending = self._ending
        keep = partial(keep_running, name, run, ending)
        thread = threading.Thread(target=keep, name=name, daemon=True)
        thread.start()

        def end() -> None:
            ending.set()
            wake.set()
            thread.join(GRACE_S)

        stack.callback(end)


def _check_folder(folder: Folder, loop: Loop) -> None:
    if folder.check():
        loop.scan()
