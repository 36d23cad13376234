"""Programs of our own that run beside this process: they get no secret, no open file, and no Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys

_INHERITED = ("LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH")
"""Of the environment, what finding Python's libraries takes."""
_PIPE_BYTES = 1024 * 1024
"""The most that Linux lets anyone ask for."""


def start(module: str, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Runs a module of ours; what it writes is read from its `stdout`. Raises OSError."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ},
        start_new_session=True,
        pipesize=_PIPE_BYTES,
    )
