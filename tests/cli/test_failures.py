"""What ends a command is one line: whose a place is, as whom to run it, what ran out."""

from __future__ import annotations

import errno
import os
import pwd
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from syndicator.cli.failures import Failure, failure_of
from syndicator.errors import SettingProblem, SettingsError, StoreError
from tests.acceptance.running import Running

OTHER = 65534
AS_ROOT = os.geteuid() == 0
ME = pwd.getpwuid(os.geteuid()).pw_name
ERRORS = [
    (
        SettingsError([SettingProblem(file="a.yaml", line=1, column=1, what="wrong")]),
        Failure("a.yaml:1:1: wrong", 78),
    ),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), Failure("", 1)),
    (
        OSError(errno.EROFS, "Read-only file system", "/srv/x"),
        Failure("/srv/x: read-only file system. Mount it for writing, or choose another place", 1),
    ),
    (
        OSError(errno.ENOSPC, "No space left on device"),
        Failure("the output cannot be written: no space left on device. Make room on that disk", 1),
    ),
    (OSError(errno.EISDIR, "Is a directory", "/srv"), Failure("/srv: is a directory", 1)),
]


@pytest.mark.parametrize(("error", "expected"), ERRORS)
def test_each_failure_is_one_line(error: Exception, expected: Failure) -> None:
    assert failure_of(error, []) == expected


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError(errno.ENOMEM, "x"), RuntimeError("can't start new thread")]
)
def test_memory_that_ran_out_is_told_whatever_hid_it(error: Exception) -> None:
    hidden = ValueError("hidden")
    hidden.__cause__ = error
    failure = failure_of(hidden, [])
    assert failure is not None
    assert failure.exit_code == 75
    assert "not enough memory" in failure.text


def test_mistake_of_ours_keeps_its_traceback() -> None:
    assert failure_of(ValueError("a mistake"), []) is None


def without_rights(service: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command by a user who is not the owner: root without its capabilities, or this user as it is."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if AS_ROOT else []
    return ended([*drop, sys.executable, "-m", "syndicator", *arguments, "--config", str(service.config)])


def ended(command: Sequence[str], most_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))

    return subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=limit)


@pytest.fixture
def service(tmp_path: Path) -> Running:
    service = Running(tmp_path)
    service.configure(routes=[{"name": "ai", "channel": "C0123456789", "deliver": "immediate"}])
    assert service.command("build").returncode == 0
    return service


@pytest.mark.parametrize("place", ["var", "var/state.db", "syndicator.yaml"])
@pytest.mark.parametrize("owned", [True, False] if AS_ROOT else [True])
def test_command_that_may_not_is_told_whose_the_place_is(service: Running, place: str, owned: bool) -> None:
    closed = service.base / place
    closed.chmod(0)
    if not owned:
        os.chown(closed, OTHER, OTHER)
    owner = pwd.getpwuid(closed.stat().st_uid).pw_name
    for arguments in (["deliveries"], ["mute"]):
        told = without_rights(service, *arguments)
        assert told.returncode == (78 if place.endswith("yaml") else 1)
        (line,) = told.stderr.splitlines()
        assert line.startswith("error: ")
        assert (f"Allow it: chmod u+rwX {closed}" in line) == owned
        assert (f"It belongs to {owner}, and this is {ME}" in line) != owned
        assert (f"sudo -u {owner} syndicator {arguments[0]}" in line) != owned
    closed.chmod(0o700)


@pytest.mark.parametrize("megabytes", [30, 60, 100])
def test_too_little_memory_is_one_line(service: Running, megabytes: int) -> None:
    told = ended(
        [sys.executable, "-m", "syndicator", "check", "--config", str(service.config)], megabytes * 10**6
    )
    assert told.returncode == 75, told.stderr
    assert told.stderr.count("\n") == 1
    assert "memory" in told.stderr


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


def test_state_error_without_a_missing_right_keeps_its_own_fix(tmp_path: Path) -> None:
    error = StoreError("the database is in use", on=str(tmp_path / "state.db"), fix="Try again in a moment")
    assert failure_of(error, []) == Failure(str(error), 1)


def test_output_is_left_as_it_is_where_no_file_can_be_opened() -> None:
    code = (
        "import resource, sys\n"
        "from syndicator.cli.failures import silence_output\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "silence_output()\n"
        "sys.stderr.write('told')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "told")
