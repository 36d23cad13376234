"""The units under a real systemd, installed as deploy/README.md says: what each part of them does.

    make systemd

Boots systemd in namespaces of its own over this machine's files (`machine.py`), installs the program and the
units there, and tries them. Prints a line for each check; exits with 1 where one failed. Needs root, Debian's
Python, and the package registry that pip is set up with.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.acceptance.running import wait_for
from tests.rig import article_text
from tests.slack_server import TOKEN, SlackServer
from tests.systemd.machine import CannotBoot, Machine, booted, layered

HOME = Path(__file__).parents[2]
SOURCE = "/usr/local/src/syndicator"
UNITS = ("syndicator.service", "syndicator-moved.path", "syndicator-moved.service")
UNIT = "syndicator.service"
INSTALL = """
set -e
python3 -m venv /opt/syndicator
/opt/syndicator/bin/pip install -q --require-hashes -r deploy/requirements.txt
/opt/syndicator/bin/pip install -q --no-deps --no-build-isolation .
adduser --quiet --system --group --home /var/lib/syndicator --no-create-home syndicator
install -d -m 0755 /etc/syndicator /etc/syndicator/topics /srv/content
install -d -m 0755 -o syndicator -g syndicator /srv/syndicator /srv/syndicator/public
install -d -m 0700 /etc/credstore
install -m 0644 deploy/syndicator.service deploy/syndicator-moved.* /etc/systemd/system/
"""
SETTINGS = """
site: {title: Our news, base_url: "https://feeds.example.org/"}
sources: [{name: news, path: /srv/content}]
output: /srv/syndicator/public
state: sqlite:////var/lib/syndicator/syndicator.db
server: {host: 127.0.0.1, port: PORT}
routes: [{name: all, channel: C1, deliver: immediate}]
"""
CONFIG = "etc/syndicator/syndicator.yaml"


class Installed:
    """The service as installed in the machine, and what is asked of it."""

    def __init__(self, machine: Machine, slack: SlackServer, port: int) -> None:
        self.machine, self.slack, self._port = machine, slack, port
        self.pid = 0

    def has(self, text: str) -> bool:
        """Whether the service serves this in its feed of everything."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self._port}/feeds/all/rss.xml", trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and text in answer.text

    def drop(self, name: str) -> None:
        text = article_text(name, publishedDateTime=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        beside = self.machine.root / f"srv/content/.{name}"
        beside.write_text(text)
        beside.rename(beside.with_name(f"{name}.md"))

    def systemctl(self, *words: str) -> int:
        return self.machine.run("systemctl", *words, UNIT, check=False).returncode

    def main_pid(self) -> int:
        """As the machine numbers it."""
        return int(self.machine.show(UNIT, "MainPID"))

    def signal(self, number: signal.Signals) -> None:
        self.machine.run("systemctl", "kill", "--kill-whom=main", f"--signal={number.name}", UNIT)

    def restarted(self, before: int, patience_s: float) -> float:
        """Seconds until another process is ready."""
        began = time.monotonic()
        wait_for(
            lambda: self.main_pid() not in (0, before) and self.systemctl("is-active", "--quiet") == 0,
            patience_s=patience_s,
            why="another process",
        )
        return time.monotonic() - began

    def change_settings(self, old: str, new: str) -> None:
        path = self.machine.root / CONFIG
        path.write_text(path.read_text().replace(old, new))


def start(one: Installed) -> str:
    one.drop("first")
    assert one.systemctl("start") == 0
    assert one.machine.show(UNIT, "ActiveState") == "active"
    assert one.has("About first"), "READY comes when the feeds are served"
    one.pid = one.main_pid()
    return f"Type=notify: active, the feed served; STATUS: {one.machine.show(UNIT, 'StatusText')}"


def rights(one: Installed) -> str:
    owner = one.machine.run("ps", "-o", "user=", "-p", f"{one.pid}").stdout.strip()
    assert owner.startswith("syndica"), owner
    state = (one.machine.root / "var/lib/syndicator").stat()
    assert state.st_mode & 0o777 == 0o700 and state.st_uid != 0
    said = one.machine.run("systemd-analyze", "security", "--no-pager", UNIT).stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level is not None and float(level[1]) <= 1.5, said[-300:]
    return f"user syndicator, state 0700, exposure {level[1]}"


def credentials(one: Installed) -> str:
    one.drop("second")
    wait_for(lambda: one.slack.slack.in_channel("C1"), why="the message with the token")
    environment = one.machine.run("cat", f"/proc/{one.pid}/environ").stdout
    assert TOKEN not in environment
    assert TOKEN not in one.machine.run("journalctl", "-u", UNIT, "--no-pager").stdout
    return "posted with the token of /etc/credstore; it is not in environment or journal"


def watchdog_fed(one: Installed) -> str:
    def fed() -> int:
        return int(one.machine.show(UNIT, "WatchdogTimestampMonotonic"))

    before = fed()
    wait_for(lambda: fed() > before, patience_s=30, why="a sign of life")
    return f"WatchdogSec=30: fed again after {(fed() - before) / 1e6:.0f} s"


def reload_refused(one: Installed) -> str:
    one.change_settings("deliver: immediate", "deliver: sometimes")
    code = one.systemctl("reload")
    assert code != 0
    assert one.main_pid() == one.pid and one.has("About second")
    assert one.machine.show(UNIT, "ActiveState") == "active"
    return f"systemctl reload fails ({code}), the same process goes on and serves"


def reload_accepted(one: Installed) -> str:
    one.change_settings("deliver: sometimes", "deliver: immediate")
    one.change_settings("Our news", "Their news")
    assert one.systemctl("reload") == 0
    wait_for(lambda: one.has("Their news"), why="the new title")
    assert one.main_pid() == one.pid
    return "the same process serves the new title"


def stuck(one: Installed) -> str:
    before = one.main_pid()
    one.signal(signal.SIGSTOP)
    took = one.restarted(before, 150)
    one.drop("third")
    wait_for(lambda: one.has("About third"), why="the feed after it")
    result = one.machine.run("journalctl", "-u", UNIT, "--no-pager").stdout
    assert "Watchdog timeout" in result
    return f"SIGSTOP: the watchdog replaced it after {took:.0f} s, feeds go on"


def killed(one: Installed) -> str:
    before = one.main_pid()
    one.signal(signal.SIGKILL)
    took = one.restarted(before, 60)
    one.drop("fourth")
    # What was cut off in the midst of a call is looked for twice, after 60 and 90 seconds.
    wait_for(lambda: len(one.slack.slack.posted) >= 3, why="the messages after it", patience_s=150)
    names = ("second", "third", "fourth")
    texts = [str(posted.body["blocks"]) for posted in one.slack.slack.posted]
    counts = {name: sum(f"About {name}" in text for text in texts) for name in names}
    assert set(counts.values()) == {1}, counts
    return f"kill -9: there again after {took:.0f} s, each story posted once"


def stop(one: Installed) -> str:
    began = time.monotonic()
    assert one.systemctl("stop") == 0
    took = time.monotonic() - began
    assert took <= 20 and one.machine.show(UNIT, "Result") == "success"
    left = one.machine.run("pgrep", "-u", "syndicator", check=False).stdout.split()
    assert not left
    return f"ended in {took:.1f} s with success, no process left"


def given_up(one: Installed) -> str:
    one.change_settings("deliver: immediate", "deliver: sometimes")
    assert one.systemctl("start") != 0
    time.sleep(7)  # longer than RestartSec
    code = one.machine.show(UNIT, "ExecMainStatus")
    assert (code, one.machine.show(UNIT, "ActiveState")) == ("78", "failed")
    one.change_settings("deliver: sometimes", "deliver: immediate")
    return "wrong settings at the start: 78, not started again"


def moved(one: Installed) -> str:
    one.machine.run("systemctl", "start", "syndicator-moved.path")
    one.machine.run(
        "sh",
        "-c",
        "echo > /var/lib/syndicator/.new && mv /var/lib/syndicator/.new /var/lib/syndicator/moved.map",
    )
    wait_for(
        lambda: one.machine.show("syndicator-moved.service", "ExecMainExitTimestampMonotonic") != "0",
        why="the unit to run",
    )
    assert one.machine.show("syndicator-moved.service", "Result") == "success"
    said = one.machine.run("systemd-analyze", "security", "--no-pager", "syndicator-moved.service").stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level is not None and float(level[1]) <= 1.5, said[-300:]
    return f"ran when the map was replaced; exposure {level[1]}"


CHECKS: tuple[tuple[str, Callable[[Installed], str]], ...] = (
    ("READY after the first build", start),
    ("rights", rights),
    ("credentials", credentials),
    ("watchdog fed", watchdog_fed),
    ("reload of wrong settings refused", reload_refused),
    ("reload of right settings accepted", reload_accepted),
    ("stuck process replaced", stuck),
    ("killed process started again", killed),
    ("stop", stop),
    ("given up where waiting does not help", given_up),
    ("nginx told of moved topics", moved),
)


def install(root: Path, slack: SlackServer, port: int) -> None:
    """The steps of deploy/README.md, with a drop-in that leads to the local Slack."""
    source = root / SOURCE.lstrip("/")
    source.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=HOME, capture_output=True, check=True).stdout
    copy = ["tar", "-c", "--null", "-T", "-"]
    files = subprocess.run(copy, cwd=HOME, input=listed, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=files, check=True)
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh", str(root), SOURCE]
    done = subprocess.run([*inside, INSTALL], capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise CannotBoot(f"cannot install: {done.stderr[-1500:]}")
    (root / CONFIG).write_text(SETTINGS.replace("PORT", f"{port}"))
    (root / "etc/credstore/syndicator.slack_bot_token").write_text(TOKEN)
    drop_in = root / f"etc/systemd/system/{UNIT}.d/test.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(f"[Service]\nEnvironment=SLACK_API_URL={slack.url}\n")


ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec chroot "$1" sh -c 'cd "$1" && eval "$2"' sh "$2" "$3"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def results(one: Installed) -> Iterator[tuple[str, str, str]]:
    """Each check's name, what was seen, and the result; what follows a failure is tried all the same."""
    for name, check in CHECKS:
        try:
            yield name, check(one), "ok"
        except Exception as error:
            yield name, f"{type(error).__name__}: {error}"[:500], "FAILED"


def main() -> int:
    failed = done = 0
    with tempfile.TemporaryDirectory(prefix="syndicator-systemd-") as name, SlackServer() as slack:
        try:
            with layered(Path(name)) as root:
                port = free_port()
                install(root, slack, port)
                with booted(root) as machine:
                    for what, seen, result in results(Installed(machine, slack, port)):
                        print(f"{what:<38} {result:<7} {seen}", flush=True)
                        done, failed = done + 1, failed + (result != "ok")
                    if failed:
                        print(machine.run("journalctl", "--no-pager", "-n", "60", check=False).stdout)
        except CannotBoot as error:
            print(f"left out: {error}")
            return 0
    print(f"{done} checks: {done - failed} ok, {failed} FAILED")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
