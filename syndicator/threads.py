"""Parts of the service that run in threads of their own, beside its work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread
from typing import TypeVar

import structlog

from syndicator.errors import StoreError, SyndicatorError
from syndicator.once import SaidOnce

T = TypeVar("T")

log = structlog.get_logger()

GRACE_S = 6.0
"""A little longer than the sender allows its calls under way."""
PAUSE_S = 5.0
"""Before a part that broke is called again."""
STAYS_S = 300.0
"""A part that has not broken for so long is well again."""


class Parts:
    """Runs parts in threads of their own, and knows which of them break."""

    def __init__(self) -> None:
        self._breaks: dict[str, tuple[str, datetime, float]] = {}
        """Why a part broke last, since when it does, and when that was on the monotonic clock."""

    def broken(self) -> Iterator[tuple[str, str, datetime]]:
        """Which parts broke lately, each with the reason and since when. From any thread."""
        for name, (why, since, at_s) in [*self._breaks.items()]:
            if time.monotonic() < at_s + STAYS_S:
                yield name, why, since

    def run_beside(
        self, stack: ExitStack, name: str, run: Callable[[], None], stop: Event, *end: Callable[[], None]
    ) -> None:
        """Runs a part in a thread until `stop` is set. When the stack is closed, `end` is called, in order.

        That must set `stop`; a thread that then does not end in time is left behind.
        """
        thread = Thread(target=partial(self.keep_running, name, run, stop), name=name, daemon=True)
        thread.start()

        def close() -> None:
            for call in end:
                call()
            thread.join(GRACE_S)

        stack.callback(close)

    def keep_running(self, name: str, run: Callable[[], None], stop: Event) -> None:
        """Calls `run` until it ends by itself; where it breaks, again after a pause.

        Once `stop` is set it is called for the last time, which finishes what it had in hand as it broke.
        """
        said, is_last = SaidOnce(), False
        while not is_last:
            is_last = stop.is_set()
            try:
                run()
                return
            except StoreError as error:  # which the loop meets as well, and tells
                if said.changed(str(error)):
                    log.warning("a part of the service waits for the database", part=name, why=str(error))
            except Exception as error:  # the job boundary: a service that stays silent is worse
                ours = error if isinstance(error, SyndicatorError) else None
                why = ours.why if ours is not None else type(error).__name__
                if self._note(name, why):
                    event, trace = "a part of the service broke, it is started again", ours is None
                    log.error(event, part=name, why=why, exc_info=trace)
            stop.wait(PAUSE_S)

    def _note(self, name: str, why: str) -> bool:
        known = {part: (before, since) for part, before, since in self.broken()}
        before, since = known.get(name, ("", datetime.now(UTC)))
        self._breaks[name] = why, since, time.monotonic()
        return why != before


def begin(name: str, work: Callable[[], T]) -> Future[T]:
    """What the work comes to, in a thread of its own that nobody has to wait for."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            # The job's boundary: it is for whoever waits.
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future
