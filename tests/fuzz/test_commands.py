"""A few cases of `make fuzz`, always the same; that one draws its seed, and prints it."""

from __future__ import annotations

import subprocess
import sys


def test_no_command_ends_in_a_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.commands", "--cases", "8", "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
