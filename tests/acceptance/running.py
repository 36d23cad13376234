"""The real service as a process of its own, with a local server playing Slack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from tests.commands import run_command
from tests.forked import Forked, Process
from tests.slack_server import TOKEN, SlackServer
from tests.sockets import get, notify_address, notify_socket

PATIENCE_S = 30.0
T = TypeVar("T")


def wait_for(what: Callable[[], T | None], *, patience_s: float = PATIENCE_S, why: str = "") -> T:
    """What `what` gives as soon as it gives something; fails when patience is at its end."""
    until, pause_s = time.monotonic() + patience_s, 0.02
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.2)  # what takes long is not asked for so often
    raise AssertionError(f"waited {patience_s:g} s in vain: {why or what}")


class Notified:
    """What systemd would be told: a datagram socket that the service finds in NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.lines: list[str] = []
        self._socket = notify_socket(address)
        self._socket.setblocking(False)

    def has(self, line: str) -> bool:
        self._hear()
        return line in self.lines

    def has_like(self, beginning: str) -> bool:
        self._hear()
        return any(line.startswith(beginning) for line in self.lines)

    def _hear(self) -> None:
        while True:
            try:
                self.lines += self._socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return

    def close(self) -> None:
        self._socket.close()


class Running:
    """One folder with settings, articles, state and output, and the service on it while `started`."""

    def __init__(self, base: Path, **settings: Any) -> None:
        self.base = base
        self.articles = base / "articles"
        self.articles.mkdir(exist_ok=True)
        self.public = base / "public"
        self.config = base / "syndicator.yaml"
        self.log = base / "log"
        self.environment: dict[str, str] = {}
        self.port = 0
        self.notify_address = notify_address()
        self.verbose = False
        self.forks = True
        """Whether the service is forked from a process that has imported it, or started by itself."""
        self.before: list[str] = []
        """The words before the service's command, to start it with fewer rights or less of the machine."""
        self.process: Process | None = None
        self.configure(**settings)

    def configure(self, **settings: Any) -> None:
        values = {
            "site": {"title": "Cloud News", "base_url": "https://feeds.example.org/"},
            "sources": [{"name": "news", "path": "articles"}],
            "output": "public",
            "state": "sqlite:///var/state.db",
            "server": {"host": "127.0.0.1", "port": 0},
            "slack": {"confirm_after": "1s"},
        } | settings
        self.config.write_text(yaml.safe_dump(values), encoding="utf-8")

    def use(self, slack: SlackServer) -> None:
        self.environment |= {"SLACK_BOT_TOKEN": TOKEN, "SLACK_API_URL": slack.url}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command beside the service, any but `run`, in this process; `--config` is given."""
        return run_command([*arguments, "--config", str(self.config)], self.environment_of({}))

    def process_of(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command as a process of its own, until it ends."""
        return subprocess.run(
            [sys.executable, "-m", "syndicator", *arguments, "--config", str(self.config)],
            env=self.environment_of({}),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self, *, ready: bool = True, patience_s: float = PATIENCE_S) -> None:
        """Starts the service and, unless told otherwise, waits until it says READY and where it serves."""
        before = self.log.stat().st_size if self.log.exists() else 0
        notified = Notified(self.notify_address)
        try:
            self.process = self._begin()
            if ready:
                wait_for(lambda: notified.has("READY=1") or self._ended(), why="READY", patience_s=patience_s)
                assert self.process.poll() is None, self.log.read_text()
                # READY comes first, and an earlier start has left its own address in the log.
                wait_for(lambda: "serving feeds" in self.text(before), why="its address")
                self.port = self._port()
        finally:
            notified.close()

    def stop(self, number: int = signal.SIGTERM, *, patience_s: float = 15.0) -> int:
        """Ends it with a signal; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(patience_s)
        self.process = None
        return code

    def text(self, after: int = 0) -> str:
        """The log, from this byte on."""
        return self.log.read_bytes()[after:].decode()

    def get(self, path: str, **headers: str) -> httpx.Response:
        return get(f"http://127.0.0.1:{self.port}/{path}", headers=headers)

    def _begin(self) -> Process:
        arguments = ["run", "--config", str(self.config)] + ["--log-level", "debug"] * self.verbose
        environment = self.environment_of({"NOTIFY_SOCKET": self.notify_address, "NO_COLOR": "1"})
        if self.forks and not self.before:
            return Forked(arguments, environment, self.log)
        with self.log.open("ab") as log:
            command = [*self.before, sys.executable, "-m", "syndicator", *arguments]
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def _port(self) -> int:
        line = next(line for line in reversed(self.text().splitlines()) if "serving feeds" in line)
        return int(line.split("127.0.0.1:")[1].split("/")[0])

    def environment_of(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SLACK_", "SYNDICATOR_"))
        }
        return kept | self.environment | dict(more)


@contextmanager
def running(base: Path, **settings: Any) -> Iterator[Running]:
    """A folder to run the service in; whatever still runs at the end is killed."""
    service = Running(base, **settings)
    try:
        yield service
    finally:
        if service.process is not None:
            service.process.kill()
            service.process.wait()
