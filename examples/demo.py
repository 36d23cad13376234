"""`make demo`: the whole service on a copy of these example articles, with no account anywhere.

    copy the examples, dates moved to this week -> start the service -> wait for its pages
    -> drop fresh articles, and say what to look for -> run until Ctrl-C

The copy stands in `examples/var/demo` and is made anew each time, so that the demo tells the same story
whenever it is started, and changes nothing here; what somebody adds to the copy goes with it. One demo runs
at a time. The service is a child process like any other; what it
prints (its log, and Slack messages as they would look) goes straight to the terminal. The publishers are
invented; their pictures are served from `examples/pictures`, on a loopback port as everything else.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shlex import quote

import httpx
from rich.console import Console
from rich.table import Table

from syndicator.errors import SecondInstanceError
from syndicator.store.lock import hold_state

HERE = Path(__file__).resolve().parent
WORKPLACE = HERE / "var" / "demo"
PICTURES = HERE / "pictures"
DAY = re.compile(r"(?<!\d)20\d\d-\d\d-\d\d(?!\d)")
PICTURE = re.compile(r"https://[\w.-]+\.example/[\w/-]*?([\w-]+)\.(?:jpg|png)\b")
PAUSE_S = 3.0
"""Between the first feeds and the fresh articles: time to read what stands on the screen."""
START_S = 60.0
STOP_S = 30.0
SEEN_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One prepared run: the settings to start from, the folder to drop into, the addresses to look at."""

    settings: Path
    inbox: Path
    base_url: str
    environment: Mapping[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the whole service on example articles.")
    parser.add_argument("--seconds", type=float, help="end after this many seconds (default: at Ctrl-C)")
    parser.add_argument("--workplace", type=Path, default=WORKPLACE, help="where the copy is made")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ends = None if arguments.seconds is None else time.monotonic() + arguments.seconds
    workplace = arguments.workplace.absolute()
    try:
        with hold_state(f"sqlite:///{workplace}"):
            return run(workplace, console, ends=ends)
    except SecondInstanceError as error:
        console.print(f"A demo is running already ({error.why}). End it first, with Ctrl-C in its terminal.")
        return 1


def run(workplace: Path, console: Console, *, ends: float | None) -> int:
    """The demo from its first to its last line; returns the exit code."""
    demo = prepare(workplace, os.environ, today=datetime.now(UTC).date(), pictures=serve_pictures())
    child = start(demo)
    try:
        return play(demo, child, console, ends=ends)
    except KeyboardInterrupt:
        return 0
    finally:
        stop(child)
        console.print(
            f"\n[dim]The demo is over. Its copy of the examples stays in[/] {shown(demo.settings.parent)}"
            "[dim], with what you added, until the next demo makes it anew.[/]",
            soft_wrap=True,
        )


def serve_pictures() -> str:
    """Serves the publishers' pictures as long as this process lives; their address, which ends in a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pictures, directory=str(PICTURES)))
    threading.Thread(target=server.serve_forever, name="pictures", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


class _Pictures(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the terminal belongs to the service."""


def prepare(workplace: Path, environment: Mapping[str, str], *, today: date, pictures: str = "") -> Demo:
    """A fresh workplace with free loopback ports; what was there before is removed.

    The newest article becomes yesterday's. `pictures` is where those of the publishers are served.
    """
    shutil.rmtree(workplace, ignore_errors=True)
    move = today - timedelta(days=1) - newest_day(HERE / "articles")
    copy_examples(workplace, lambda text: place_pictures(move_days(text, move), pictures))
    port = free_port(8080)
    base_url = f"http://127.0.0.1:{port}/"
    return Demo(
        settings=workplace / "syndicator.yaml",
        inbox=workplace / "articles" / "news",
        base_url=base_url,
        environment=quiet_environment(environment)
        | {
            "SYNDICATOR_SITE__BASE_URL": base_url,
            "SYNDICATOR_SERVER__PORT": str(port),
        },
    )


def quiet_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that could send messages to a real Slack, or the log to a journal."""
    ours = ("SLACK_", "SYNDICATOR_")
    names = {"CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC"}
    return {
        name: value for name, value in environment.items() if not name.startswith(ours) and name not in names
    }


def newest_day(folder: Path) -> date:
    """The latest date that any file of the folder has in its name or text."""
    files = [path for path in folder.rglob("*.md") if path.is_file()]
    texts = [path.name + path.read_text(encoding="utf-8") for path in files]
    return max(date.fromisoformat(day) for text in texts for day in DAY.findall(text))


def copy_examples(workplace: Path, change: Callable[[str], str]) -> None:
    """Copies settings and articles, names and texts changed; line endings and all else are kept."""
    workplace.mkdir(parents=True)
    shutil.copy(HERE / "syndicator.yaml", workplace)
    for path in sorted((HERE / "articles").rglob("*.*")):
        target = workplace / path.relative_to(HERE).with_name(change(path.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(change(path.read_bytes().decode()).encode())


def move_days(text: str, move: timedelta) -> str:
    """The text with each date in it (`2025-06-18`) moved."""
    return DAY.sub(lambda match: (date.fromisoformat(match[0]) + move).isoformat(), text)


def place_pictures(text: str, address: str) -> str:
    """The text with the invented publishers' pictures taken from here, where there is one of that name."""

    def here(match: re.Match[str]) -> str:
        name = f"{match[1]}.svg"
        return address + name if address and (PICTURES / name).exists() else match[0]

    return PICTURE.sub(here, text)


def free_port(first: int) -> int:
    """The first port of the loopback address from this one up that nobody listens on."""
    for port in range(first, first + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No port between {first} and {first + 199} is free on 127.0.0.1; end what holds them.")


def start(demo: Demo) -> subprocess.Popen[bytes]:
    """The service in a session of its own, so that Ctrl-C reaches it once, from here."""
    command = [sys.executable, "-m", "syndicator", "run", "--config", str(demo.settings)]
    return subprocess.Popen(command, env=dict(demo.environment), start_new_session=True)  # noqa: S603  our own program


def stop(child: subprocess.Popen[bytes]) -> None:
    """Ends the service as systemd would; it finishes what is in hand."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def play(demo: Demo, child: subprocess.Popen[bytes], console: Console, *, ends: float | None) -> int:
    """Tells the story; returns the exit code."""
    if not wait_for(demo.base_url, b"<html", child, START_S):
        console.print("[red]The service did not come up; its own words above say why.[/]")
        return child.poll() or 1
    show_addresses(demo, console)
    wait(child, PAUSE_S, ends)
    drop_and_watch(demo, child, console)
    wait(child, None, ends)
    return child.poll() or 0


def show_addresses(demo: Demo, console: Console) -> None:
    table = Table.grid(padding=(0, 2))
    for what, path in (
        ("Front page", ""),
        ("A topic", "topics/satellites/"),
        ("RSS of everything", "feeds/all/rss.xml"),
        ("Atom", "feeds/all/atom.xml"),
        ("JSON Feed", "feeds/all/feed.json"),
        ("Only the best", "feeds/all/top/rss.xml"),
    ):
        table.add_row(what, f"[bold cyan]{demo.base_url}{path}[/]")
    console.rule("[bold]Syndicator is running on the example articles")
    console.print(table)
    console.print(
        "Nothing was announced in Slack: a first start is silent. One post is held back: its "
        '[bold]published: false[/] means "not yet".\n'
        f"Drop articles of your own into [bold]{shown(demo.inbox)}[/] (copies: the next demo removes them). "
        "[dim]Ctrl-C ends the demo.[/]\n"
    )


def drop_and_watch(demo: Demo, child: subprocess.Popen[bytes], console: Console) -> None:
    due = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    console.rule("[bold]Two fresh articles are dropped into the folder")
    console.print(
        "Slack messages are drawn below as they would look:\n"
        "  [bold]#newsdesk[/] gets the better article at once (quality 121; its route asks for 110),\n"
        f"  [bold]#reading-room[/] gets both in its digest at the full minute ({due:%H:%M} UTC).\n"
    )
    dropped = drop_fresh(demo.inbox, now=datetime.now(UTC))
    began = time.monotonic()
    if wait_for(demo.base_url + "feeds/all/rss.xml", b"reading-queries-aloud", child, SEEN_S):
        took = time.monotonic() - began
        names = " and ".join(path.name for path in dropped)
        ask = f"{shown(Path(sys.executable).with_name('syndicator'))} explain {shown(dropped[0])}"
        console.print(f"\n[bold]Both were in the feeds {took:.1f} s later[/] [dim]({names})[/]")
        console.print("Why a story is where it is, asked in another terminal:", soft_wrap=True)
        console.print(f"  {ask} --config {shown(demo.settings)}\n", soft_wrap=True)


def drop_fresh(inbox: Path, *, now: datetime) -> list[Path]:
    """Writes the articles of `examples/fresh`, published now; renamed into place, so never half there."""
    dropped = []
    for template in sorted((HERE / "fresh").glob("*.md")):
        text = template.read_text(encoding="utf-8").replace("{now}", f"{now:%Y-%m-%dT%H:%M:%SZ}")
        target = inbox / template.name
        partial = target.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        dropped.append(partial.replace(target))
    return dropped


def wait_for(address: str, words: bytes, child: subprocess.Popen[bytes], limit_s: float) -> bool:
    """Whether the address answers with these words within the time, as long as the service lives."""
    deadline = time.monotonic() + limit_s
    with httpx.Client(timeout=2) as client:
        while time.monotonic() < deadline and child.poll() is None:
            with suppress(httpx.HTTPError):
                answer = client.get(address)
                if answer.is_success and words in answer.content:
                    return True
            time.sleep(0.05)
    return False


def wait(child: subprocess.Popen[bytes], seconds: float | None, ends: float | None) -> None:
    """Waits for the child's end, but at most so long, and not past the demo's end."""
    left = None if ends is None else max(0.0, ends - time.monotonic())
    limit = min((limit for limit in (seconds, left) if limit is not None), default=None)
    try:
        child.wait(limit)
    except subprocess.TimeoutExpired:
        return


def shown(path: Path) -> str:
    """A path as a person in the repository's folder would type it."""
    return quote(str(path.relative_to(HERE.parent) if path.is_relative_to(HERE.parent) else path))


if __name__ == "__main__":
    sys.exit(main())
