"""Commands under rights, settings, surroundings and limits that an operator can cause: no traceback.

    python -m tests.fuzz.commands --cases 500 [--seed 7]

One process loads the program; each case is a fork of it on a small site of its own, in which a few things are
wrong. A case ends with one of our exit codes and without a traceback. Where this runs as root, the fork gives
up the capabilities by which root may do everything, and the things belong to another user.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

CODES = {0, 1, 2, 75, 78}
OTHER = 65534
PATIENCE_S = 20.0
RUN_S = 0.4
"""How long `run` is left to run before it is told to stop."""

COMMANDS = [
    "check",
    "check --json",
    "check --settings-only",
    "build",
    "build --json",
    "build --confirm-removals",
    "deliveries",
    "deliveries list --state failed",
    "deliveries retry 1",
    "deliveries drop 1",
    "explain a.md",
    "explain https://news.example/a --json",
    "preview",
    "preview ai --json",
    "send-test ai",
    "mute",
    "mute ai --for 2h --why x",
    "mute ai --lift",
    "run",
]
PLACES = ["s.yaml", "articles", "articles/a.md", "articles/_data", "public"]
PLACES += ["var", "var/state.db", "var/state.db.lock", "."]
SITE: dict[str, Any] = {
    "site": {"title": "Cloud News", "base_url": "https://feeds.example.org/"},
    "sources": [{"name": "news", "path": "articles", "topics": "_data/*.yaml"}],
    "output": "public",
    "state": "sqlite:///var/state.db",
    "server": {"host": "127.0.0.1", "port": 0},
    "slack": {"confirm_after": "1s"},
    "routes": [{"name": "ai", "channel": "C0123456789", "deliver": "immediate"}],
}
VALUES = [
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "x" * 5000,
    "\u202e",
    "a\nb",
    "/",
    "/proc/1/mem",
    [],
    {},
    ["x"],
    {"x": 1},
]
ARTICLE = "---\ntitle: A\nwebUrl: https://news.example/a\npublishedDateTime: 2026-03-14\n---\nBody.\n"

Spoil = Callable[[random.Random, Path], str]


def close(dice: random.Random, site: Path) -> str:
    """A place belongs to another user, or to nobody who may use it."""
    place = site / dice.choice(PLACES)
    mode = dice.choice([0o000, 0o400, 0o500, 0o555, 0o700])
    if not place.exists():
        return "nothing"
    if os.geteuid() == 0:
        os.chown(place, OTHER, OTHER)
    place.chmod(mode)
    return f"{place.name} is {mode:o}"


def exchange(dice: random.Random, site: Path) -> str:
    """A place is missing, empty, garbage, or another kind of thing."""
    place = site / dice.choice(PLACES[:-1])
    if not place.parent.is_dir():
        return "nothing"
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    kind = dice.choice(["missing", "empty", "garbage", "folder", "link", "loop", "fifo"])
    match kind:
        case "empty":
            place.touch()
        case "garbage":
            place.write_bytes(dice.randbytes(5000))
        case "folder":
            place.mkdir()
        case "link":
            place.symlink_to("/nowhere/at/all")
        case "loop":
            place.symlink_to(place)
        case "fifo" if place.name != "s.yaml":
            os.mkfifo(place)
    return f"{place.name} is {kind}"


def mistype(dice: random.Random, site: Path) -> str:
    """A value of the settings is another one."""
    try:
        settings = yaml.safe_load((site / "s.yaml").read_text())
        holder: Any = settings
        while True:
            key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if not isinstance(holder[key], (dict, list)) or not holder[key] or dice.random() < 0.3:
                break
            holder = holder[key]
        value = holder[key] = dice.choice(VALUES)
        (site / "s.yaml").write_text(yaml.safe_dump(settings))
    except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError, KeyError, IndexError):
        return "nothing"
    return f"{key}: {value!r:.40}"


def surround(dice: random.Random, site: Path) -> str:
    """The environment is another one; of the fork, so it is only noted here."""
    name, value = dice.choice(
        [
            ("HOME", None),
            ("HOME", "/nowhere"),
            ("TZ", "No/Where"),
            ("TERM", "garbage"),
            ("COLUMNS", "1"),
            ("TMPDIR", "/nowhere"),
            ("NOTIFY_SOCKET", "/nowhere"),
            ("WATCHDOG_USEC", "x"),
            ("SLACK_BOT_TOKEN", "\u202egarbage"),
            ("SLACK_BOT_TOKEN_FILE", "/nowhere"),
            ("SLACK_WEBHOOK_URL", "garbage"),
            ("CREDENTIALS_DIRECTORY", "/nowhere"),
            ("SYNDICATOR_SERVER__PORT", "x"),
            ("SYNDICATOR_ROUTES", "["),
        ]
    )
    (site / "env").write_text((f"{name}={value}\n") if value is not None else f"{name}\n")
    return f"{name}={value}"


def limit(dice: random.Random, site: Path) -> str:
    """Files or output of the fork are limited."""
    kind = dice.choice(["files", "full", "closed", "pipe"])
    amount = dice.randrange(4, 20)
    (site / "limit").write_text(f"{kind} {amount}")
    return f"{kind} {amount}"


SPOILS: list[Spoil] = [close, exchange, mistype, surround, limit]


def make_site(base: Path) -> Path:
    site = base / "site"
    (site / "articles/_data").mkdir(parents=True)
    (site / "articles/a.md").write_text(ARTICLE)
    (site / "articles/_data/ai.yaml").write_text("name: AI\n")
    (site / "s.yaml").write_text(yaml.safe_dump(SITE))
    return site


def give_up_rights() -> None:
    """Takes all capabilities from this process: root is then a user like others (capset(2))."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def in_fork(site: Path, command: str, output: Path) -> None:
    """What the fork does; it never returns."""
    from syndicator.cli import main

    written = os.open(output, os.O_WRONLY | os.O_CREAT)
    for number in (1, 2):
        os.dup2(written, number)
    os.chdir(site)
    for line in (site / "env").read_text().splitlines() if (site / "env").exists() else ():
        name, _, value = line.partition("=")
        os.environ[name] = value
        if "=" not in line:
            os.environ.pop(name, None)
    limited = site / "limit"
    kind, _, amount = (limited.read_text() if limited.exists() else "").partition(" ")
    give_up_rights()
    match kind:
        case "files":
            resource.setrlimit(resource.RLIMIT_NOFILE, (int(amount), int(amount)))
        case "full":
            os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        case "closed":
            os.close(1)
            sys.stdout = None
        case "pipe":
            reading, writing = os.pipe()
            os.dup2(writing, 1)
            os.close(reading)
    if kind != "closed":
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  it ends with the process
    sys.argv = ["syndicator", *command.split(), "--config", "s.yaml"]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 99
    os._exit(code)


def run_case(seed: int, base: Path, whole: Path) -> str | None:
    """What was wrong with one case, or None."""
    dice = random.Random(seed)
    site = base / f"site-{seed}"
    shutil.copytree(whole, site)
    command = dice.choice(COMMANDS)
    spoilt = [dice.choice(SPOILS)(dice, site) for _ in range(dice.randrange(1, 4))]
    output = base / f"output-{seed}"
    child = os.fork()
    if child == 0:
        try:
            in_fork(site, command, output)
        finally:
            os._exit(98)
    code = wait_for(child, stop_after_s=RUN_S if command == "run" else PATIENCE_S)
    text = output.read_text(errors="replace") if output.exists() else ""
    stopped_early = command == "run" and code == -signal.SIGTERM
    fine = code in CODES or stopped_early
    if "Traceback" in text or not fine:
        return f"seed {seed}: `{command}` with {'; '.join(spoilt)}: exit {code}\n{text[-3000:]}"
    return None


def wait_for(child: int, *, stop_after_s: float) -> int:
    """The exit code of the fork; it is told to stop after a while, and killed if it does not."""
    began = time.monotonic()
    told = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        waited = time.monotonic() - began
        if not told and waited > stop_after_s:
            os.kill(child, signal.SIGTERM)
            told = True
        if waited > stop_after_s + PATIENCE_S:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def load() -> None:
    """Everything that a command imports when it runs: the fork may not be able to read it."""
    import tests.warm  # noqa: F401


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.startswith(("SLACK_", "SYNDICATOR_"))]:
        del os.environ[name]
    os.environ["SLACK_API_URL"] = "http://127.0.0.1:9/"
    load()
    seeds = range(arguments.seed, arguments.seed + arguments.cases)
    print(f"{arguments.cases} cases from seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="syndicator-fuzz-") as folder:
        base = Path(folder)
        whole = make_site(base)
        child = os.fork()
        if child == 0:
            in_fork(whole, "build", base / "output")
        assert wait_for(child, stop_after_s=PATIENCE_S) == 0, (base / "output").read_text()
        wrong = 0
        for seed in seeds:
            if (found := run_case(seed, base, whole)) is not None:
                wrong += 1
                print(found, flush=True)
    print(f"{wrong} of {arguments.cases} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
