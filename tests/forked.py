"""The command as a process that is forked instead of started: importing the program takes a second each time.

A server of Python's own (multiprocessing's "forkserver"), one for each process that runs tests, has imported
all that the service does and forks for each start. What a start of its own alone can show (the imports, the
interpreter's options, how the interpreter ends) is tested with `python -m syndicator`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from unittest import mock

from syndicator.cli import main
from tests.fuzz.commands import give_up_rights

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["__main__", "tests.warm"])


class Process(Protocol):
    """What tests do with a process, started either way."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """`syndicator` with these arguments; begins at once. Exit codes as subprocess.Popen has them.

    A `powerless` one has the rights of its user alone, even if that is root.
    """

    def __init__(
        self, arguments: Sequence[str], env: Mapping[str, str], log: Path, *, powerless: bool = False
    ) -> None:
        given = ([*arguments], dict(env), log, powerless)
        self._process = _context.Process(target=_run, args=given, daemon=True)
        # A socket of the server lies there, whose address has at most 107 bytes.
        short = os.environ.get("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
        with mock.patch.object(tempfile, "tempdir", short):
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("syndicator", timeout or 0.0)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], env: dict[str, str], log: Path, powerless: bool) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    if powerless:
        give_up_rights()
    sys.argv = ["syndicator", *arguments]
    main()
