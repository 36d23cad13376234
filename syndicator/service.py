"""The service: builds the real parts, opens them in order, closes them in the other.

    lock, server, store, pipeline, watches | first look and build | sender, schedule, READY | the wheel

One thread turns the wheel (`worker`); the sender, the server, the watches and the schedule have their own,
and leave nothing but marks with it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from syndicator.alerts import Digest
from syndicator.assembly import Messengers, messengers_of, moved_map_path, open_pipe, reseal
from syndicator.clock import Clock, SystemClock
from syndicator.connection import OwedDrawing, SlackCheck, report_ways
from syndicator.deliver.outage import OutageWatch
from syndicator.deliver.outbox import Messenger, Sender
from syndicator.deliver.retry import RetryPolicy
from syndicator.hub import HubTeller
from syndicator.model import Visibility
from syndicator.pipeline.flow import Pipeline, Progress
from syndicator.publish.files import sweep
from syndicator.schedule import Schedule
from syndicator.serve.app import create_app
from syndicator.serve.moved import MovedFile
from syndicator.serve.server import Server
from syndicator.settings import Settings
from syndicator.status import Loss, read_facts, status_line
from syndicator.store.database import SqlStore, database_path, open_store
from syndicator.store.lock import hold_lock
from syndicator.store.outbox import Outbox
from syndicator.systemd import Notifier
from syndicator.watch import SUFFIXES, Folder
from syndicator.worker import TOPIC_FILES, Worker

log = structlog.get_logger()

TICK = timedelta(seconds=30)
"""How late what is due can be noticed when every alarm was lost, as after a long sleep."""
SWITCH_S = 0.0005
START_STEP = timedelta(minutes=2)
"""How much time a start asks for, from each batch of articles to the next."""
PAUSE_S = 5.0
"""Before a part that broke begins anew."""
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
    watched: bool = False
    """A person looks on: what has no way to Slack is drawn in `terminal` as well, and stays owed."""
    progress: Progress = lambda done, of: None
    refused: Callable[[], bool] = lambda: False
    """Whether other settings were to be taken over and were wrong."""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._worker: Worker | None = None
        self._wake_sender, self._wake_hub = threading.Event(), threading.Event()

    def wake(self) -> None:
        """There may be something to do or to tell. From any thread."""
        if self._worker is not None:
            self._worker.wake()

    def stop(self) -> None:
        """Ends `run` within seconds, with what is in hand finished."""
        self._stop.set()
        self._wake_sender.set()
        self._wake_hub.set()
        self.wake()

    def run(self, ready: Callable[[Started], None] = lambda started: None) -> None:
        """Works until `stop`. Raises a SyndicatorError when it cannot start."""
        # Python hands its threads the processor in turns; short ones keep the server answering under work.
        sys.setswitchinterval(SWITCH_S)
        with ExitStack() as stack:
            stack.enter_context(hold_lock(database_path(self.settings.state)))
            address = self._serve(stack)
            store = open_store(self.settings.state, now=self.clock.now())
            stack.callback(store.close)
            report_ways(store, self.settings)
            pipeline = open_pipe(self.settings, store, now=self.clock.now())
            messengers = messengers_of(self.settings, self.terminal)
            worker = self._worker = self._make_worker(pipeline, store, messengers)
            folders = self._watch(stack, worker)
            store.check()
            worker.checks = [store.check, *(partial(_check_folder, folder, pipeline) for folder in folders)]
            sweep(self.settings.output)
            worker.first_turn(self._report_progress, self._stop)
            report_entries(store)
            self._schedule(stack, worker)
            self._send(stack, store, messengers)
            self._tell_hub(stack, store)
            if not self._stop.is_set():
                self.notifier.ready(self._status(pipeline, store, messengers))
                ready(Started(address=address))
            worker.run(self._stop)

    def _report_progress(self, done: int, of: int) -> None:
        self.progress(done, of)
        self.notifier.extend(START_STEP)

    def _serve(self, stack: ExitStack) -> tuple[str, int] | None:
        """Serves what is there, from files alone, whatever becomes of the rest."""
        listen = self.settings.server
        if listen is None:
            return None
        app = create_app(
            self.settings.output,
            base_url=self.settings.site.base_url,
            moved=MovedFile(moved_map_path(self.settings)).read,
            cache_seconds=int(listen.cache.total_seconds()),
            hub=self.settings.feeds.hub,
        )
        server = Server(app, host=listen.host, port=listen.port)
        server.start()
        stack.callback(server.stop)
        return server.address

    def _make_worker(self, pipeline: Pipeline, store: SqlStore, messengers: Messengers) -> Worker:
        drawing: OwedDrawing | None = None
        if self.watched and self.terminal is not None:
            drawing = OwedDrawing(store, messengers.has_way, self.terminal.post, since=self.clock.now())

        def mailed() -> None:
            self._wake_sender.set()
            if drawing is not None:
                drawing()

        return Worker(
            pipeline,
            [source.name for source in self.settings.sources],
            clock=self.clock,
            scan_every=self.settings.watch.scan_every,
            mailed=mailed,
            published=self._wake_hub.set,
            seal=partial(reseal, store, self.settings),
            beat=self.notifier.alive,
            tell=lambda: self.notifier.status(self._status(pipeline, store, messengers)),
        )

    def _status(self, pipeline: Pipeline, store: SqlStore, messengers: Messengers) -> str:
        """How things stand, for systemd."""
        losses = {
            name: Loss(reason=loss.reason, since=pipeline.lost_since(name) or self.clock.now())
            for name, loss in pipeline.losses().items()
        }
        with store.reading() as books:
            facts = read_facts(
                books,
                losses=losses,
                routes=self.settings.routes,
                has_way=messengers.has_way,
                refused=self.refused(),
            )
        return status_line(facts, now=self.clock.now(), local=lambda moment: moment.astimezone())

    def _watch(self, stack: ExitStack, worker: Worker) -> list[Folder]:
        """Watches before the first scan, so that nothing falls between."""
        folders: list[Folder] = []
        for source in self.settings.sources:
            suffixes = SUFFIXES + TOPIC_FILES if source.topics else SUFFIXES
            folder = Folder(source.name, source.path, worker.hint, suffixes=suffixes)
            folder.start()
            stack.callback(folder.stop)
            folders.append(folder)
        return folders

    def _schedule(self, stack: ExitStack, worker: Worker) -> None:
        schedule = Schedule(clock=self.clock.now)
        schedule.add_interval("scan", self.settings.watch.scan_every, worker.scan)
        schedule.add_interval("tick", TICK, worker.wake)
        for route in self.settings.routes:
            if isinstance(route.deliver, Digest):
                schedule.add_digest(route.name, route.deliver.cron, route.deliver.time_zone, worker.wake)
        schedule.start()
        stack.callback(schedule.stop)

    def _send(self, stack: ExitStack, store: SqlStore, messengers: Messengers) -> None:
        @contextmanager
        def open_outbox() -> Iterator[Outbox]:
            with store.transaction() as books:
                yield books.outbox

        outages, wake = OutageWatch(), self._wake_sender.set
        sender = Sender(
            open_outbox,
            messengers.for_delivery,
            clock=self.clock.now,
            has_way=messengers.has_way,
            outages=outages,
            policy=RetryPolicy(confirm_after=self.settings.slack.confirm_after),
        )

        send = partial(sender.run, self._stop, self._wake_sender)
        self._run_beside(stack, "sender", send, self._wake_sender)
        if messengers.bot is not None and messengers.terminal is None:
            check = SlackCheck(messengers.bot, open_outbox, outages, clock=self.clock.now, over=wake)
            self._run_beside(stack, "slack check", partial(check.run, self._stop), outages.doubt)

    def _tell_hub(self, stack: ExitStack, store: SqlStore) -> None:
        if self.settings.feeds.hub is not None:
            teller = HubTeller(store, self.settings.feeds.hub, clock=self.clock.now)
            run = partial(teller.run, self._stop, self._wake_hub)
            self._run_beside(stack, "hub", run, self._wake_hub)

    def _run_beside(
        self, stack: ExitStack, name: str, run: Callable[[], None], wake: threading.Event
    ) -> None:
        """Runs something in a thread that ends with the service, or is left behind if it does not."""
        keep = partial(keep_running, name, run, self._stop)
        thread = threading.Thread(target=keep, name=name, daemon=True)
        thread.start()

        def end() -> None:
            self._stop.set()
            wake.set()
            thread.join(GRACE_S)

        stack.callback(end)


def keep_running(
    name: str, run: Callable[[], None], stop: threading.Event, *, pause_s: float = PAUSE_S
) -> None:
    """Calls `run` until it ends by itself or `stop` is set; where it breaks, it begins anew after a pause."""
    while not stop.is_set():
        try:
            run()
            return
        except Exception:  # the job boundary: a service that says nothing and sends nothing is worse
            log.exception("a part of the service broke, it begins anew", part=name)
            stop.wait(pause_s)


def _check_folder(folder: Folder, pipeline: Pipeline) -> None:
    folder.check(pipeline.seen(folder.source))


def report_entries(store: SqlStore) -> None:
    """Says at start how many entries are public, and why the others are not; loudly if none is."""
    with store.reading() as books:
        counts = books.count_entries()
        problems = len(books.problems())
    held = {visibility.value: n for visibility, n in counts.items() if visibility is not Visibility.PUBLIC}
    public = counts.get(Visibility.PUBLIC, 0)
    if held and not public:
        log.warning(
            "nothing is public",
            **held,
            problems=problems,
            why="drafts (`published: false`)" if "draft" in held else "see `syndicator check`",
            cure="If that flag only means that the text is not hosted there, set `unpublished: include`",
        )
    else:
        see = {"see": "syndicator check"} if problems else {}
        log.info("entries", public=public, **held, problems=problems, **see)
