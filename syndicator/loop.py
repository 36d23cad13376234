"""Waits for a cause, then: scan | sync | enqueue | build. One thread runs it.

Causes (a hint from a folder, a job of the schedule, a moment that has come) only wake it; each run works out
what to do from the folders and the database. A run that fails costs time and nothing else: it is logged, and
the next one scans everything.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from syndicator.activity import Activity
from syndicator.app import App
from syndicator.clock import Clock
from syndicator.errors import StoreDamaged, StoreGone, SyndicatorError
from syndicator.monitoring.status import StatusTeller
from syndicator.progress import Progress, PutOff, Stages, Stopped
from syndicator.publish.build import Published
from syndicator.waiting import back_off
from syndicator.watch.changes import REST, Hint
from syndicator.watch.files import SUFFIXES
from syndicator.watch.types import TOPIC_SUFFIXES

if TYPE_CHECKING:
    from syndicator.schedule import Schedule
    from syndicator.watch.folder import Folder

log = structlog.get_logger()

GATHER_S = 0.001
"""The hints of one change come in a burst; waiting this long for the others saves looking twice."""
BURST = 2_000
"""After so many events since the last scan some may have been lost, so that everything is scanned."""
TOGETHER_S = 1.0
"""How long a burst of files that goes on may keep messages and feeds waiting."""
YIELDING_LASTS_S, INSISTS_S = 0.75, 0.075
"""How long what is to be published yields to articles that keep coming, and for how long it then does not."""
PATIENCE_S = 10.0
"""How long the first pass waits for files that are being written, and for files gone to be gone for good."""
RETRY_FIRST_S = 1.0
UNWRITTEN_S = 5.0
"""After so long what could not be written into the output folder is tried again."""


class Loop:
    """Runs the parts of an app until it is stopped. `hint`, `scan`, `wake`, `stop` come from any thread."""

    def __init__(
        self,
        app: App,
        clock: Clock,
        *,
        schedule: Schedule | None = None,
        progress: Stages | None = None,
        status: StatusTeller | None = None,
    ) -> None:
        self._app, self._clock, self.stages = app, clock, progress or Stages()
        self._status = status or StatusTeller(app, clock)
        self._schedule, self._failures = schedule, app.failures
        self.folders: list[Folder] = []
        self._hints: deque[Hint] = deque()
        self._events, self._written, self._scan_due, self._recovery_due = 0, 0, True, False
        self._scan_began_s: float | None = None
        self._in_vain = 0
        self._yields_until_s = self._insists_until_s = 0.0
        self.activity = Activity()
        self._woken = threading.Event()
        self.stopping = threading.Event()
        self.enqueued, self.published = threading.Event(), threading.Event()
        """Set when messages were written, and when feeds were: the sender and the hub wait for them."""
        self.named = threading.Event()
        """To be set when ids of channels were found: what is kept under their names is moved."""

    def hint(self, hint: Hint) -> None:
        """Something happened in a folder. Quick."""
        self._hints.append(hint)
        self.activity.note_hint()
        self._woken.set()

    def scan(self) -> None:
        """It is time to scan everything."""
        self._scan_due = True
        self._woken.set()

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    def stop(self) -> None:
        """Ends `run` and `run_first` within seconds, with the step in hand finished."""
        self.stopping.set()
        for event in (self._woken, self.enqueued, self.published):
            event.set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the folders meanwhile. Before the first scan, so that nothing falls between."""
        from syndicator.watch.folder import Folder  # it loads watchdog, for the service alone

        with ExitStack() as stack:
            for source in self._app.settings.sources:
                suffixes = SUFFIXES + TOPIC_SUFFIXES if source.topics else SUFFIXES
                folder = Folder(source.name, source.path, self.hint, suffixes)
                folder.start()
                stack.callback(folder.stop)
                self.folders.append(folder)
            yield

    def sync_all(self) -> None:
        """The first pass but for publishing: takes in all that is there, and begins what is new.

        Files that are being written are waited for, for a while. Raises Stopped, and what hinders it.
        """
        self._scan(everywhere=True)
        until = self._clock.moment().monotonic + PATIENCE_S
        while (wait_s := self._app.sources.look_again(self._clock.moment())) is not None:
            if wait_s > until - self._clock.moment().monotonic:
                break
            self._step(0, 0)
            self.stopping.wait(wait_s)
            self._scan()
        self.recover()
        now = self._clock.now()
        self._app.sources.apply_time(now)
        self._app.sources.reapply_topics(now, self._step)
        self.stages.begin("Beginning routes")
        self._app.router.begin(self._app.store, now=now, progress=self._step)

    def run_first(self) -> None:
        """The first pass, tried again where it fails: what was published before is served meanwhile. Raises
        StoreGone and StoreDamaged."""
        while not self.stopping.is_set() and self._try(self._pass_first) is not None:
            self.stopping.wait(RETRY_FIRST_S)
        self.stages = Stages()

    def _pass_first(self) -> None:
        self.sync_all()
        if self.publish_all(archives=False).failure is None:
            self._failures.over()

    def run(self) -> None:
        """Runs until `stop`; whatever fails, it goes on. Raises StoreGone and StoreDamaged."""
        while not self.stopping.is_set():
            self._wait(self._try(self.run_once))

    def _try(self, work: Callable[[], float | None]) -> float | None:
        """What the work gives; where it fails, the seconds until it is to be tried again, with a scan."""
        try:
            wait_s = work()
            self._in_vain = 0
            return wait_s
        except Stopped:
            return None
        except (StoreGone, StoreDamaged):
            raise
        except Exception as error:  # the job boundary
            self._failures.began(error)
            self._app.sources.forget_walks()  # one that has been interrupted may have passed what failed
            self._scan_due = True
            self._status.note(at_once=True)
            with suppress(SyndicatorError):  # what hinders the work may hinder this
                self._status.tell()
            self._in_vain += 1
            return back_off(self._in_vain).total_seconds()

    def run_once(self) -> float | None:
        """One run; the seconds until the next is due without another cause, None: it is not."""
        app = self._app
        self._look_after()
        self._woken.clear()
        if self.named.is_set():
            self.named.clear()
            try:
                app.adopt_channels(self._clock.now(), self._step)
            except Exception:
                self.named.set()  # what is kept under names would wait until the next start
                raise
            self.enqueued.set()
        self._scan_burst()
        now = self._clock.now()
        app.sources.apply_time(now)
        with app.store.transaction() as session:
            messages, due = app.enqueuer.write(session, now=now)
        if messages:
            self.enqueued.set()
        if self._recovery_due:
            with suppress(PutOff):
                self.recover(self._yielding)
        published = self._publish(now, self._is_urgent)
        if published.failure is None and not published.more:
            if self._failures.current is not None:
                app.store.try_writing()  # there may have been nothing to write
            self._failures.over()
        self._status.note()
        self._status.tell()
        # After the articles' feeds, which would wait for it otherwise.
        reapplied = app.sources.reapply_topics(now, self._step, self._is_urgent)
        if reapplied or published.more or self._scan_due or self._recovery_due:
            return 0.0
        app.store.carry_over()
        return self._wait_s(due, [] if published.failure is None else [UNWRITTEN_S])

    def _scan_burst(self) -> None:
        """Scans where there is cause; once something changed, also what came meanwhile and what is about to
        come to rest, so that a burst of files is judged as one."""
        changed = self._scan_due_or_hinted()
        until = time.monotonic() + TOGETHER_S
        while changed and time.monotonic() < until:
            rest_s = self._app.sources.look_again(self._clock.moment())
            if rest_s is not None and rest_s <= REST:
                self.stopping.wait(max(GATHER_S, rest_s))
            elif not self._hints:
                break
            changed += self._scan_due_or_hinted()
        if self._events > BURST and not self._hints:
            self.activity.bursts += 1
            self._scan_anew()

    def _scan_due_or_hinted(self) -> int:
        if self._scan_due:
            self._scan_began_s = self._scan_began_s or time.monotonic()
            with suppress(PutOff):
                self._app.sources.walk(self._yielding)
                return self._scan(everywhere=True)
        if self._hints:
            self.stopping.wait(GATHER_S)
        return self._scan()

    def _scan_anew(self) -> None:
        """Changes may have been missed: a scan that has been interrupted does not count."""
        self._app.sources.forget_walks()
        self._events = 0
        self.scan()

    def _yielding(self, _done: int, _of: int) -> None:
        """Between two steps of what goes on later where it was: raises PutOff for articles that come."""
        self._step(0, 0)
        if self._hints:
            raise PutOff

    def _scan(self, *, everywhere: bool = False) -> int:
        """Scans where the hints say, or everywhere; that a file was renamed into place counts in both."""
        self.stages.begin("Reading articles")
        began_s = self._scan_began_s or time.monotonic()
        hints: dict[str, list[Hint]] = {}
        while self._hints:
            hint = self._hints.popleft()
            hints.setdefault(hint.source, []).append(hint)
        changed = self._app.sources.scan(self._clock.moment(), hints, self._step, everywhere=everywhere)
        self._events += sum(map(len, hints.values()))
        if everywhere:
            self._events, self._scan_began_s, self._scan_due, self._recovery_due = 0, None, False, True
            self.activity.note_scan(time.monotonic() - began_s, self._clock.now().timestamp())
        return changed

    def recover(self, progress: Progress | None = None) -> None:
        """Sees to it that what others changed in the output folder is published anew."""
        lost = self._app.output.recover(self._app.store, progress or self._step)
        self._recovery_due = False
        if lost:
            event = "files of the output folder were changed or removed: published anew"
            fix = "If it was not you, see who else writes there: each service needs its own output folder"
            log.warning(event, files=len(lost), first=lost[0], fix=fix)

    def publish_all(self, *, archives: bool = True) -> Published:
        """Publishes portion by portion until nothing, or only archives, are left; what all of them wrote."""
        whole = Published(more=True)
        while whole.more and (archives or not whole.only_archives):
            self.stages.begin("Writing archives" if whole.only_archives else "Publishing")
            one = self._publish(self._clock.now())
            whole = replace(one, written=whole.written + one.written, feeds=whole.feeds + one.feeds)
        return whole

    def _publish(self, now: datetime, is_urgent: Callable[[], bool] = lambda: False) -> Published:
        app = self._app
        topics, held, began_s = app.sources.catalog.stored, app.sources.unsettled, time.monotonic()
        insists = began_s >= self._yields_until_s
        self._insists_until_s = began_s + INSISTS_S if insists else began_s
        published = app.output.publish(app.store, topics, now, self._step, is_urgent, held)
        self.activity.note_published(published.written, published.feeds)
        if not self._hints:
            waits = app.sources.look_again(self._clock.moment()) is not None
            self.activity.note_followed(published.feeds, waits=waits)
        if insists or not published.yielded:
            self._yields_until_s = time.monotonic() + YIELDING_LASTS_S
        if published.feeds:
            self.published.set()
        if published.failure is not None:
            self._failures.began(published.failure)
        before, self._written = self._written, self._written + published.written
        if self._written and (published.only_archives or not published.more):  # once for all portions
            say = log.info if before or published.feeds or not published.only_archives else log.debug
            say("output updated", files=self._written)
            self._written = 0
        return published

    def _is_urgent(self) -> bool:
        """Whether articles have come that go before what is being published."""
        return bool(self._hints) and time.monotonic() >= self._insists_until_s

    def _step(self, done: int, of: int) -> None:
        """Between two steps of long work: feeds the watchdog. Raises Stopped when the service is to stop."""
        if self.stopping.is_set():
            raise Stopped
        self._status.alive()
        self.stages.update(done, of)

    def _wait_s(self, due: datetime | None, waits: Sequence[float]) -> float | None:
        at, sources = self._clock.moment(), self._app.sources
        moments = [moment for moment in (due, sources.next_time_change(at.now)) if moment is not None]
        waits = [*waits, *((moment - at.now).total_seconds() for moment in moments)]
        if (wait_s := sources.look_again(at)) is not None:
            waits.append(wait_s)
        return max(0.0, min(waits)) if waits else None

    def _look_after(self) -> None:
        """What wakes nobody: a clock set, a folder exchanged, a database removed or changed by a command.

        A few system calls and one to the database, every few seconds. Raises StoreGone and StoreDamaged.
        """
        self._status.alive()
        if self._schedule is not None:
            self._schedule.follow_clock()
        if sum(folder.check() for folder in self.folders):
            self._scan_anew()
        self._app.store.check()
        if self._app.store.others_wrote():
            self.enqueued.set()
            self.wake()
        if not self._hints:
            self._status.tell()

    def _wait(self, wait_s: float | None) -> None:
        """Waits until something wakes it, feeding the watchdog meanwhile."""
        until = None if wait_s is None else time.monotonic() + wait_s
        beat_s = self._status.beat_s
        while not self.stopping.is_set():
            self._look_after()
            left = beat_s if until is None else until - time.monotonic()
            if left <= 0.0 or self._woken.wait(min(left, beat_s)):
                return
