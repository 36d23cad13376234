"""Programs of our own that run beside this process: they get no secret, no open file, and no Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys

_INHERITED = ("LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH")
"""Of the environment, what finding Python's libraries takes."""


def start(module: str, *arguments: str, stdin: int, pipe_bytes: int = -1) -> subprocess.Popen[bytes]:
    """Runs a module of ours; what it writes is read from its `stdout`. Raises OSError.

    A longer pipe than the usual one may be refused: Linux limits them by user (pipe(7)).
    """
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ},
        start_new_session=True,
        pipesize=pipe_bytes,
    )
