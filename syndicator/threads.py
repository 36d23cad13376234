"""Parts of the service that run in threads of their own, beside its work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from threading import Event, Thread
from typing import TypeVar

import structlog

from syndicator.errors import StoreError
from syndicator.once import SaidOnce

T = TypeVar("T")

log = structlog.get_logger()

GRACE_S = 6.0
"""A little longer than the sender allows its calls under way."""
PAUSE_S = 5.0
"""Before a part that broke is called again."""


def run_beside(
    stack: ExitStack, name: str, run: Callable[[], None], stop: Event, *end: Callable[[], None]
) -> None:
    """Runs something in a thread until `stop` is set. When the stack is closed, `end` is called, in order.

    That must set `stop`; a thread that then does not end in time is left behind.
    """
    thread = Thread(target=partial(keep_running, name, run, stop), name=name, daemon=True)
    thread.start()

    def close() -> None:
        for call in end:
            call()
        thread.join(GRACE_S)

    stack.callback(close)


def keep_running(name: str, run: Callable[[], None], stop: Event) -> None:
    """Calls `run` until it ends by itself or `stop` is set; where it breaks, again after a pause."""
    said = SaidOnce()
    while not stop.is_set():
        try:
            run()
            return
        except StoreError as error:
            if said.changed(str(error)):
                log.warning("a part of the service waits for the database", part=name, why=str(error))
            stop.wait(PAUSE_S)
        except Exception:  # the job boundary: a service that says nothing and sends nothing is worse
            log.exception("a part of the service broke, it is started again", part=name)
            stop.wait(PAUSE_S)


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
