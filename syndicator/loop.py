"""The loop of the service: one thread that scans, applies time, enqueues and publishes, where there is cause.

Causes only leave a note (a hint, a due scan, a wake); what is to be done is found out by doing it. A run that
fails costs time and nothing else: it is logged, and the next one looks at everything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from syndicator.clock import Clock, Moment
from syndicator.entries.sync import SyncCounts
from syndicator.errors import StoreDamaged, StoreGone, SyndicatorError
from syndicator.pipeline import Pipeline, Progress
from syndicator.publish.build import Published
from syndicator.waiting import BackOff, FailureLog, is_disk_failure
from syndicator.watch.settle import REST, Hint

log = structlog.get_logger()

GATHER_S = 0.02
"""The hints of one change come in a burst; waiting this long for the others saves looking twice."""
MANY_HINTS = 2_000
"""With more hints than this, looking at the whole folder is quicker."""
TOGETHER_S = 1.0
"""How long a burst of files that goes on may keep messages and feeds waiting."""
LONGEST_WAIT_S = 5.0
OPENING_S = 10.0
"""How long a start waits for files that are being written."""
RETRY_FIRST_S = 1.0
BEAT_EVERY_S = 5.0
"""The watchdog hears from a waiting service at least so often."""
TOPIC_FILES = (".yaml", ".yml")


class Stopped(Exception):
    """The service is to stop, and a long run ends between two of its steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of the loop came to."""

    sync_counts: SyncCounts
    time_changes: int
    messages: int
    published: Published
    wait_s: float


class Loop:
    """Runs the pipeline from `run` until it is stopped. Hints may come from any thread."""

    def __init__(
        self,
        pipeline: Pipeline,
        sources: Sequence[str],
        *,
        clock: Clock,
        scan_every: timedelta,
        mailed: Callable[[], None] = lambda: None,
        published: Callable[[], None] = lambda: None,
        beat: Callable[[], None] = lambda: None,
        tell: Callable[[], None] = lambda: None,
        beat_every_s: float = BEAT_EVERY_S,
        failures: FailureLog | None = None,
    ) -> None:
        self._pipeline, self._sources, self._clock = pipeline, tuple(sources), clock
        self._scan_every_s = scan_every.total_seconds()
        self._mailed, self._published, self._tell = mailed, published, tell
        self._beat, self._beat_every_s = beat, beat_every_s
        self._failures = failures or FailureLog(clock)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._hints: list[Hint] = []
        self._next_scan: float | None = None
        self._said = ""
        self.checks: Sequence[Callable[[], object]] = ()
        """Called in each run: whoever watches over the watching."""

    def hint(self, hint: Hint) -> None:
        """Something happened in a folder. From any thread; quick."""
        with self._lock:
            self._hints.append(hint)
        self._wake.set()

    def scan(self) -> None:
        """It is time to look at everything. From any thread."""
        self._next_scan = None
        self._wake.set()

    def wake(self) -> None:
        """There may be something to do. From any thread."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Runs until `stop` is set and `wake` has been called; then finishes the step that it is in."""
        pauses = BackOff()
        progress = self._heeding(stop)
        while not stop.is_set():
            self._beat()
            try:
                wait_s = self.run_once(progress).wait_s
                pauses = BackOff()
            except Stopped:
                return
            except (StoreGone, StoreDamaged):
                raise
            except Exception as error:  # the job boundary: whatever it is, the service goes on
                self._report(error)
                self._next_scan = None
                wait_s = pauses.next_s(self._clock.moment().monotonic)
            if self._wait(wait_s) and not stop.is_set():
                stop.wait(GATHER_S)

    def _wait(self, wait_s: float) -> bool:
        """Waits until something wakes it, feeding the watchdog meanwhile; whether something did."""
        while wait_s > self._beat_every_s:
            if self._wake.wait(self._beat_every_s):
                return True
            self._beat()
            wait_s -= self._beat_every_s
        return self._wake.wait(wait_s)

    def run_first(self, progress: Progress, stop: threading.Event) -> None:
        """Runs until all that was there at the start is taken in, and its feeds and pages are published.

        Files that are being written are waited for, for a while. Where a run fails it is tried again: what
        was published before is served meanwhile.
        """
        until = self._clock.moment().monotonic + OPENING_S
        progress = self._heeding(stop, progress)
        while not stop.is_set():
            self._beat()
            try:
                published = self.run_once(progress).published
                if published.more and not published.only_archives:
                    continue
                waits = self._pipeline.look_again(self._clock.moment()).values()
                left = until - self._clock.moment().monotonic
                if not waits or min(waits) > left:
                    self._pipeline.begin_routes(self._clock.now(), progress)
                    return
                stop.wait(min(waits))
            except Stopped:
                return
            except (StoreGone, StoreDamaged):
                raise
            except SyndicatorError as error:
                self._report(error)
                self._next_scan = None
                stop.wait(RETRY_FIRST_S)

    def run_once(self, progress: Progress = lambda done, of: None) -> Run:
        """One run: scan where there is cause to, apply time, enqueue, publish.

        `progress` is called every second or so of a long run, between two steps that are kept. What it
        raises ends the run there, and the rest is made up for by another.
        """
        at = self._clock.moment()
        self._wake.clear()
        for check in self.checks:
            check()
        try:
            sync_counts = self._look(at, progress)
            if sync_counts.guids:
                sync_counts += self._look_on(progress)
            at = self._clock.moment()
            time_changes = self._pipeline.apply_time(at.now)
        finally:
            # What a run that is cut off has taken in is not taken in again, so it is said now.
            self._say_news()
        messages, wake = self._pipeline.mail(at.now)
        if messages:
            self._mailed()
        published = self._pipeline.publish(at.now, progress)
        if published.feeds:
            self._published()
        self._say_published(published)
        if published.failure is None and not published.more:
            self._failures.over()
        self._tell()
        return Run(
            sync_counts=sync_counts,
            time_changes=time_changes,
            messages=messages,
            published=published,
            wait_s=0.0 if published.more else self._wait_s(self._clock.moment(), wake),
        )

    def _look_on(self, progress: Progress) -> SyncCounts:
        """Looks at what comes after something was taken in, so that a burst of files is judged as one.

        The burst is over when for `GATHER_S` nothing was hinted at and no file is about to come to rest.
        """
        sync_counts, until = SyncCounts(), self._clock.moment().monotonic + TOGETHER_S
        while (at := self._clock.moment()).monotonic < until:
            rest_s = min(self._pipeline.look_again(at).values(), default=until)
            resting = rest_s <= REST
            time.sleep(max(GATHER_S, rest_s) if resting else GATHER_S)
            if not resting and not self._hints:
                break
            sync_counts += self._look(self._clock.moment(), progress)
        return sync_counts

    def _look(self, at: Moment, progress: Progress) -> SyncCounts:
        hints = self._take_hints()
        sync_counts = SyncCounts()
        if self._next_scan is None or at.monotonic >= self._next_scan:
            self._pipeline.apply_topics(at.now, progress)
            confirmed = self._pipeline.take_confirmation(at.now)
            for source in self._sources:
                sync_counts += self._pipeline.look(source, at, confirmed=confirmed, progress=progress)
            self._pipeline.recover(progress)
            self._next_scan = at.monotonic + self._scan_every_s
            return sync_counts
        if any(
            hint.path is not None and hint.path.endswith(TOPIC_FILES)
            for some in hints.values()
            for hint in some
        ):
            self._pipeline.apply_topics(at.now, progress)
        waiting = self._pipeline.look_again(at)
        for source in self._sources:
            some = hints.get(source, [])
            if len(some) > MANY_HINTS:
                sync_counts += self._pipeline.look(source, at, progress=progress)
            elif some or waiting.get(source, 1.0) <= 0.0:
                sync_counts += self._pipeline.look(source, at, hints=some, progress=progress)
        return sync_counts

    def _heeding(self, stop: threading.Event, progress: Progress = lambda done, of: None) -> Progress:
        """Keeps the watchdog fed during long runs, and ends them when the service is to stop."""

        def heed(done: int, of: int) -> None:
            if stop.is_set():
                raise Stopped
            self._beat()
            progress(done, of)

        return heed

    def _take_hints(self) -> Mapping[str, list[Hint]]:
        with self._lock:
            taken, self._hints = self._hints, []
        by_source: dict[str, list[Hint]] = {}
        for hint in taken:
            by_source.setdefault(hint.source, []).append(hint)
        return by_source

    def _wait_s(self, at: Moment, mail: datetime | None) -> float:
        waits = [LONGEST_WAIT_S, *self._pipeline.look_again(at).values()]
        if self._next_scan is not None:
            waits.append(self._next_scan - at.monotonic)
        waits += [
            (moment - at.now).total_seconds()
            for moment in (mail, self._pipeline.next_time_change(at.now))
            if moment is not None
        ]
        return max(0.0, min(waits))

    def _say_news(self) -> None:
        for line in self._pipeline.take_news():
            say = log.warning if line.warning else log.info
            say(line.event.value, **line.fields)

    def _say_published(self, published: Published) -> None:
        if published.failure is None:
            self._said = ""
        else:
            self._report(published.failure)
        if published.written:
            log.info("output updated", files=published.written)

    def _report(self, error: Exception) -> None:
        """Each failure once, until something else fails or all is well again."""
        if isinstance(error, SyndicatorError) and is_disk_failure(error):
            self._failures.began(error)
            return
        text = str(error)
        if text == self._said:
            return
        self._said = text
        if isinstance(error, SyndicatorError):
            log.error(error.what, on=error.on, why=error.why, fix=error.fix)
        else:
            log.exception("a run of the loop failed; it goes on")
