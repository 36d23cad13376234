"""Deliveries under faults and kill -9: nothing lost, nothing twice.

    python -m tests.faults.deliveries --deliveries 10000 --edits 5000 --faults 5000 --kills 500
    python -m tests.faults.deliveries --deliveries 1000 --faults 500 --kills 50 --webhook

A local server plays Slack and takes faults before and after acceptance. The real sender runs as a process of
its own on a real database with synced commits, and is killed at random moments and at its named points, and
started again, until all is settled. The waits are shrunk in proportion: Slack applies what it accepted late
within `LATE_S`, and `confirm_after` is ten times that, so that a busy machine proves nothing false. With
`--edits` the stories of messages change meanwhile, until so many edits are made, and each message must show
its last text. How far the run is comes on stderr every `SAID_EVERY_S`.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog

from syndicator.alerts import DeliveryState
from syndicator.slack.client import SlackBot, SlackWebhook
from syndicator.slack.retry import RetryPolicy
from syndicator.slack.sender import Sender
from tests.faults.workload import Workload
from tests.slack_server import AFTER, BEFORE, SLOW, TOKEN, Channel, Slack, SlackServer, at_random
from tests.store.outbox_values import OutboxStore, open_engine

POINTS = ("claimed", "answered", "settled")
LATE_S = 0.3
DEADLINE_S = 1.5
LOCKED_S = 600.0
"""How long driver and sender wait for each other's transactions: SQLite's waiting is not in turn."""
SAID_EVERY_S = 10.0
POLICY = RetryPolicy(
    first=timedelta(milliseconds=2),
    longest=timedelta(milliseconds=50),
    confirm_after=timedelta(seconds=3.0),
    look_again_after=timedelta(seconds=0.3),
    pace=timedelta(milliseconds=1),
    lease=timedelta(seconds=5),
)
KINDS = (*BEFORE, *AFTER, *AFTER)
WEBHOOK_KINDS = tuple(kind for kind in KINDS if "error" not in kind)
RARE = tuple(SLOW)


@dataclass
class Result:
    """What a run came to; `bad` is empty where all is as promised."""

    deliveries: int
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    twice: int = 0
    posted: int = 0
    listed: int = 0
    changes: int = 0
    edited: int = 0
    at_slack: int = 0
    stale: int = 0
    unsettled: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def bad(self) -> list[str]:
        found = [
            f"{name} {count}"
            for name in ("lost", "twice", "stale", "unsettled")
            if (count := getattr(self, name))
        ]
        return [*found, *self.problems[:3]]

    def table(self) -> str:
        rows = [
            ("deliveries", self.deliveries),
            ("faults", self.faults.total()),
            *((f"  {kind}", count) for kind, count in sorted(self.faults.items())),
            ("kill -9", self.kills.total()),
            *((f"  {point}", count) for point, count in sorted(self.kills.items())),
            ("posted", self.posted),
            ("unclear, listed", self.listed),
            ("changes", self.changes),
            ("edits made", self.edited),
            ("  with repeats", self.at_slack),
            ("not the last text", self.stale),
            ("lost", self.lost),
            ("twice", self.twice),
            ("unsettled", self.unsettled),
            ("seconds", round(self.seconds, 1)),
        ]
        lines = [f"{name:<18}{value:>10}" for name, value in rows]
        return "\n".join([*lines, *(f"bad: {what}" for what in self.bad)])


def run(
    *,
    deliveries: int,
    faults: int,
    kills: int,
    seed: int = 1,
    channels: int = 20,
    edits: int = 0,
    webhook: bool = False,
    timeout_s: float = 600.0,
    folder: Path,
) -> Result:
    """Sends so many messages under so many faults and kills, and counts what became of them. Their stories
    change meanwhile, until so many edits are made."""
    database, result = folder / "outbox.db", Result(deliveries=deliveries)
    store = OutboxStore(open_engine(database, timeout_s=LOCKED_S))
    calls = deliveries + edits
    slack = Slack(late_s=LATE_S, hang_s=DEADLINE_S * 3, faults=_faults(seed, faults, calls, webhook))
    # Looking needs channels that are there, also where the first message of one never arrived.
    slack.channels = {f"C{n}": Channel(id=f"C{n}", name=f"c{n}") for n in range(channels)}
    work = Workload(store, random.Random(seed), slack, deliveries=deliveries, edits=edits, channels=channels)
    began = time.monotonic()
    with SlackServer(slack) as server, _saying(lambda: _how_far(slack, work, result, began)):
        address = server.webhook("").removesuffix("/") if webhook else server.url
        killer = _Killer(database, address, random.Random(seed), kills, calls, result, webhook=webhook)
        killer.run_until(work.go_on, deadline=began + timeout_s, progress=lambda: len(slack.calls))
        result.changes, result.edited = work.changes, work.made
        result.at_slack = sum(len(one.edits) for one in slack.posted)
        stale = [one for one in slack.posted if one.shown["text"] != work.wanted_of(one)]
        result.stale = len(stale)
        result.problems += [work.describe(one) for one in stale]
        _count(result, store, slack, webhook=webhook)
    result.seconds = time.monotonic() - began
    store.engine.dispose()
    return result


@contextmanager
def _saying(what: Callable[[], str]) -> Iterator[None]:
    """Says it on stderr every `SAID_EVERY_S`, from a thread of its own, whatever the driver waits for."""
    stop = threading.Event()

    def say() -> None:
        while not stop.wait(SAID_EVERY_S):
            print(what(), file=sys.stderr, flush=True)

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _how_far(slack: Slack, work: Workload, result: Result, began: float) -> str:
    with slack.lock:
        posted, faults = len(slack.posted), sum(fault is not None for _, fault in slack.calls)
    return (
        f"{time.monotonic() - began:6.0f} s: {posted} of {result.deliveries} posted ({work.owed} owed), "
        f"{work.made} edits made, {faults} faults, {result.kills.total()} kills"
    )


class _Killer:
    """Runs the sender as a process, kills it at random moments and at named points, and starts it again."""

    def __init__(
        self,
        database: Path,
        address: str,
        dice: random.Random,
        kills: int,
        calls: int,
        result: Result,
        *,
        webhook: bool,
    ) -> None:
        self._database, self._address, self._webhook = database, address, webhook
        self._dice, self._left, self._result = dice, kills, result
        self._each = max(2, 2 * calls // max(kills, 1))
        # Each life is forked from a process that has imported everything, and is as mortal as any other.
        self._births = multiprocessing.get_context("forkserver")
        self._births.set_forkserver_preload(["tests.faults.deliveries"])

    def run_until(self, done: Callable[[], bool], *, deadline: float, progress: Callable[[], int]) -> None:
        """Lives of the sender, one after the other, until all is settled."""
        while time.monotonic() < deadline:
            point = self._dice.choice((*POINTS, "random")) if self._left else None
            after = self._after(point)
            arguments = (self._database, self._address, self._webhook, point, after)
            process = self._births.Process(target=live, args=arguments, daemon=True)
            process.start()
            try:
                if self._watch(process, point, after, done, deadline, progress):
                    return
            finally:
                process.kill()
                process.join()
                process.close()

    def _after(self, point: str | None) -> int:
        """How often the point is passed, or Slack called, before it kills; one pass of `claimed` is several
        messages."""
        most = self._each if point != "claimed" else max(2, self._each // 5)
        return self._dice.randint(1, most)

    def _watch(
        self,
        process: BaseProcess,
        point: str | None,
        after: int,
        done: Callable[[], bool],
        deadline: float,
        progress: Callable[[], int],
    ) -> bool:
        """Watches one life of the sender: True when all is settled, False when it was killed."""
        before = progress()
        while time.monotonic() < deadline:
            if process.exitcode is not None:
                assert process.exitcode == -signal.SIGKILL, f"the sender ended with {process.exitcode}"
                self._killed(str(point))
                return False
            if point == "random" and progress() - before >= after:
                process.kill()
                self._killed("random")
                return False
            if done():
                return True
            time.sleep(0.03)
        return False

    def _killed(self, point: str) -> None:
        self._left -= 1
        self._result.kills[point] += 1


def live(database: Path, address: str, webhook: bool, point: str | None, after: int) -> None:
    """The sender as the service runs it, with one way to die."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    lock, passed = threading.Lock(), [0]

    def passing(name: str) -> None:
        with lock:
            passed[0] += name == point
            if point in POINTS and passed[0] >= after:
                os.kill(os.getpid(), signal.SIGKILL)

    deadline = timedelta(seconds=DEADLINE_S)
    bot = SlackBot(TOKEN, api_url="http://127.0.0.1:1/" if webhook else address, deadline=deadline)
    hooks = (
        {f"C{n}": SlackWebhook(f"{address}/C{n}", deadline=deadline) for n in range(100)} if webhook else {}
    )
    sender = Sender(
        OutboxStore(open_engine(database, timeout_s=LOCKED_S)),
        lambda delivery: hooks[delivery.channel] if webhook else bot,
        clock=lambda: datetime.now(UTC),
        policy=POLICY,
        passing=passing,
    )
    wake = threading.Event()
    threading.Thread(target=_wake_often, args=(wake,), daemon=True).start()
    sender.run(threading.Event(), wake)


def _wake_often(wake: threading.Event) -> None:
    """As the service's loop does when there is something new; here that comes from another process."""
    while True:
        time.sleep(0.05)
        wake.set()


def _faults(seed: int, faults: int, deliveries: int, webhook: bool) -> Callable[[str], str | None]:
    kinds = WEBHOOK_KINDS if webhook else KINDS
    # One in fifty is slow: each of those costs a deadline.
    mixed = (*kinds * 8, *RARE)
    return at_random(seed, min(0.9, faults / (deliveries + faults) * 1.15), kinds=mixed, limit=faults)


def _count(result: Result, store: OutboxStore, slack: Slack, *, webhook: bool) -> None:
    with store() as outbox:
        found = [one for one in outbox.list(limit=sys.maxsize) if one.edit_of is None]
    times = slack.times()
    keys = {one.id: str(one.message["text"]) if webhook else one.id for one in found}
    result.posted = len(slack.posted)
    result.faults.update(fault for _, fault in slack.calls if fault)
    result.twice = sum(count > 1 for count in times.values())
    result.listed = sum(one.state is DeliveryState.FAILED for one in found)
    closed = (DeliveryState.SENT, DeliveryState.FAILED)
    result.unsettled = sum(one.state not in closed for one in found)
    sent = [one for one in found if one.state is DeliveryState.SENT]
    result.lost = sum(times[keys[one.id]] == 0 for one in sent)
    if not webhook:
        result.lost += sum(times[keys[one.id]] == 0 for one in found if one.state is DeliveryState.FAILED)
    result.problems += slack.problems


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Deliveries under faults and kill -9.")
    parser.add_argument("--deliveries", type=int, default=1_000)
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--edits", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=7_200.0)
    parser.add_argument("--webhook", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result = run(
            deliveries=given.deliveries,
            faults=given.faults,
            kills=given.kills,
            edits=given.edits,
            seed=given.seed,
            webhook=given.webhook,
            timeout_s=given.timeout,
            folder=Path(folder),
        )
    print(result.table())
    return 1 if result.bad else 0


if __name__ == "__main__":
    # By its full name, so that the forked processes find what they are to run, and do not run this.
    from tests.faults import deliveries

    sys.modules["__main__"].__spec__ = None
    raise SystemExit(deliveries.main())
