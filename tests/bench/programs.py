"""Programs run as processes: how long they took, and what they used. Each ends with the benchmark."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SYNDICATOR = Path(sys.executable).with_name("syndicator")
PATIENCE_S = 900.0
_CALLS = "fsync,fdatasync,sync_file_range,syncfs,sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a command took that has ended."""

    began: float
    """As `time.time` has it."""
    wall_s: float
    peak_mb: float


@contextmanager
def started(command: Sequence[str | Path], log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is told to end afterwards, and killed where it does not; `more` is for its environment.

    Settings from the environment are left out, and Python keeps its bytecode, as where it is installed.
    """
    ours = ("SYNDICATOR_", "SLACK_", "PYTHON")
    own = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with log.open("ab") as out:
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=out, env=own | more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command: Sequence[str | Path], log: Path) -> Used:
    """Runs a command to its end. Raises RuntimeError where it does not end with 0.

    What was written before, and by it, is on the disk then: else whoever syncs next would wait for that, too.
    """
    os.sync()
    began, clock = time.time(), time.monotonic()
    with started(command, log) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}; see {log}")
    used = Used(began=began, wall_s=time.monotonic() - clock, peak_mb=usage.ru_maxrss * 1024 / 1e6)
    os.sync()
    return used


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`syndicator run` that has said READY, and how long it took until then."""

    pid: int
    ready_s: float

    def processor_s(self) -> float:
        """Processor seconds used so far, by all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) * 1024 / 1e6 if found else 0.0

    def rest(self) -> None:
        """Waits until it has used less than a twentieth of a core for two seconds. Raises RuntimeError when
        patience ends."""
        quiet, before = 0, self.processor_s()
        until = time.monotonic() + PATIENCE_S
        while quiet < 4:
            if time.monotonic() > until:
                raise RuntimeError(f"the service was not at rest in {PATIENCE_S:g} s")
            time.sleep(0.5)
            now = self.processor_s()
            quiet, before = (quiet + 1 if now - before <= 0.025 else 0), now


@contextmanager
def service(config: Path, log: Path, *, trace: Path | None = None) -> Iterator[Service]:
    """`syndicator run` from READY on; its syncs are written to `trace`. Raises RuntimeError where READY does
    not come.

    It runs under strace then from the beginning, which stops it at syncs alone: all other calls would take a
    multiple of their time where strace is attached later.
    """
    strace = ["strace", "-D", "-f", "--seccomp-bpf", "-e", f"trace={_CALLS}", "-o", str(trace)]
    command = [*(strace if trace else ()), SYNDICATOR, "run", "--config", config]
    address, clock = config.with_name("notify"), time.monotonic()
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(address))
        told.setblocking(False)
        with started(command, log, NOTIFY_SOCKET=str(address)) as process:
            wait(lambda: process.poll() is not None or _is_ready(told))
            if process.poll() is not None:
                raise RuntimeError(f"the service ended with {process.returncode}; see {log}")
            told.close()  # Nobody reads it any longer, and a full one would hold up the service.
            yield Service(pid=process.pid, ready_s=time.monotonic() - clock)


def _is_ready(told: socket.socket) -> bool:
    try:
        return b"READY=1" in told.recv(4096).split(b"\n")
    except BlockingIOError:
        return False


def wait(what: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Waits until `what` is true. Raises RuntimeError when patience ends."""
    until = time.monotonic() + patience_s
    while not what():
        if time.monotonic() > until:
            raise RuntimeError(f"what was waited for did not come in {patience_s:g} s")
        time.sleep(0.001)


def set_aside(folder: Path) -> None:
    """Moves a folder away, which is deleted with all else in the end: where it was deleted just before, a
    cold build of 1,000 articles took a sixth longer, most of it to create files (ext4)."""
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}-{time.monotonic_ns()}"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def count_syncs(trace: str) -> int:
    """How many syncs strace saw; one that it saw in two halves counts once."""
    return len(re.findall(rf"^\d+ +(?:{_CALLS.replace(',', '|')})\(", trace, re.MULTILINE))
