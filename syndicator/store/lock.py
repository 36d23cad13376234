"""One process per state: a lock file beside the database, held as long as the process lives (flock(2))."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from syndicator.errors import SecondInstanceError
from syndicator.store.database import database_path
from syndicator.store.translation import disk_error

log = structlog.get_logger()


@contextmanager
def hold_state(url: str) -> Iterator[None]:
    """Holds the state for this process, from before it is opened until it is closed, or the process ends.
    Raises SecondInstanceError while another has it, and as `disk_error` says for its file, which stays."""
    database = database_path(url)
    handle = _opened(database.with_name(database.name + ".lock"))
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(handle, 20, 0).decode(errors="replace").strip() or "?"
            what, why = "another syndicator works on this state already", f"process {owner}"
            fix = "Stop it first, or give this one another `state:` and `output:`"
            raise SecondInstanceError(what, on=str(database), why=why, fix=fix) from None
        # Whose it is can be said only where the disk has room; it is theirs all the same.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        uid = database.parent.stat().st_uid
        if os.geteuid() == 0 != uid:
            fix = f"Run it as that user: `sudo -u '#{uid}' syndicator …`, and give it what is root's there"
            log.warning("root works in another user's folder", folder=str(database.parent), fix=fix)
        yield
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        fix = "Give it and its folder to this user (a command may have run as root), or set another `state:`"
        raise disk_error(error, "the state cannot be locked", on=path, fix=fix) from None
