"""What ends a command is one line: the place, why, and what to do."""

from __future__ import annotations

import errno
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from syndicator.cli import refusal
from tests.acceptance.running import Running
from tests.forked import Forked

REFUSALS = [
    (
        OSError(errno.EROFS, "Read-only file system", "/srv/x"),
        "/srv/x: read-only file system. Mount it for writing, or choose another place",
    ),
    (
        OSError(errno.ENOSPC, "No space left on device"),
        "the output cannot be written: no space left on device. Make room on that disk",
    ),
    (OSError(errno.EISDIR, "Is a directory", "/srv"), "/srv: is a directory"),
    (
        PermissionError(errno.EACCES, "Permission denied", b"/srv"),
        "/srv: permission denied. Run the command as the user of the service, or allow this one to use it",
    ),
]


@pytest.mark.parametrize(("error", "expected"), REFUSALS)
def test_what_the_machine_refuses_is_one_line_with_its_fix(error: OSError, expected: str) -> None:
    assert refusal(error) == expected


@pytest.fixture
def service(tmp_path: Path) -> Running:
    service = Running(tmp_path)
    service.configure(routes=[{"name": "ai", "channel": "C0123456789", "deliver": "immediate"}])
    assert service.command("build").returncode == 0
    return service


@pytest.mark.parametrize("place", ["var", "var/state.db", "syndicator.yaml"])
def test_command_that_may_not_names_the_place_and_what_to_do(service: Running, place: str) -> None:
    closed = service.base / place
    closed.chmod(0)
    command = ["deliveries", "--config", str(service.config)]
    code = Forked(command, service.environment_of({}), service.log, powerless=True).wait(60)
    closed.chmod(0o700)
    assert code == (78 if place.endswith("yaml") else 1)
    (line,) = service.text().splitlines()
    assert line.startswith("error: ")
    assert str(closed) in line
    assert "this user" in line or "user of the service" in line or "its folder is writable" in line


def test_full_output_is_one_line(service: Running) -> None:
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "-m", "syndicator", "check", "--config", str(service.config)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert told.returncode == 1
    assert told.stderr == (
        "error: the output cannot be written: no space left on device. Make room on that disk\n"
    )


def test_closed_streams_are_as_those_that_nobody_reads(service: Running) -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m syndicator deliveries --config {shlex.quote(str(service.config))}"
    )
    for closed in ("2>&-", ">&-", "<&- >&- 2>&-"):
        told = subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True, text=True, timeout=60)
        assert (told.returncode, told.stderr) == (0, ""), closed


def test_service_that_gets_no_thread_says_how_many_it_needs(service: Running) -> None:
    # None gets so large a stack.
    program = "import threading; threading.stack_size(2**46); from syndicator.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "--config", str(service.config)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    line = told.stderr.splitlines()[-1]
    assert line.startswith("error: can't start new thread. Allow more")
    assert "three for each source" in line
