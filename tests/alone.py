"""What only one test may do at a time, since it concerns the whole machine and the workers share it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


class NoRight(Exception):
    """This user may not do to the system what a proof needs."""


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Waits until no other test of this user does what has this name, in this run or another."""
    with Path(tempfile.gettempdir(), f"syndicator-tests-{os.getuid()}-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def short_queue(events: int) -> Iterator[None]:
    """The kernel's event queue cut short for whoever starts to watch within. Raises NoRight."""
    with alone("queue"):
        before = QUEUE.read_text()
        try:
            QUEUE.write_text(f"{events}")
        except OSError as error:
            raise NoRight("no right to shorten the kernel's event queue here") from error
        try:
            yield
        finally:
            QUEUE.write_text(before)
