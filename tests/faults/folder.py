"""A folder that burns, under the real service: bursts beyond the event queue, faults of the root, bad files.

    python -m tests.faults.folder
    python -m tests.faults.folder --files 5000 --good 1000 --bad 100

Prints what was expected and what was seen, and exits 1 where they differ; ends with the problems of a file of
each bad kind, as `check` prints them.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.acceptance.running import Running, running
from tests.alone import NoRight, short_queue
from tests.faults.kinds import GOOD_KINDS, KINDS, write_kinds
from tests.rig import Rig, article_text

SHORT_QUEUE = 128
WRITERS = 4
SOON: Mapping[str, object] = {"watch": {"scan_every": "2s"}, "feeds": {"limit": 500}}
PATIENCE_S = 600.0

WRITE = """
import sys
from pathlib import Path
root, first, last, text = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
for number in range(first, last):
    (root / str(number % 50) / f"{number}.md").write_text(text.replace("NUMBER", str(number)))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    what: str
    expected: object
    seen: object
    more: str = ""

    @property
    def good(self) -> bool:
        return self.expected == self.seen

    def __str__(self) -> str:
        line = f"{'ok ' if self.good else 'BAD'} {self.what}: {self.expected} expected, {self.seen} seen"
        return f"{line}; {self.more}" if self.more else line


def burst(folder: Path, files: int, *, asleep: bool = False) -> Result:
    """Many files at once, with a queue of 128 events: each is in the feed of everything in the end.

    With `asleep` the service is stopped while they are written, so that a few hundred overflow the queue.
    """
    text = article_text("NUMBER.md", topics=[])
    with running(folder, **SOON) as service:
        for number in range(50):
            (service.articles / str(number)).mkdir()
        with short_queue(SHORT_QUEUE):
            service.start()
        assert service.process is not None
        if asleep:
            service.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        edges = [files * part // WRITERS for part in range(WRITERS + 1)]
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITE, service.articles, f"{first}", f"{last}", text])
            for first, last in itertools.pairwise(edges)
        ]
        for writer in writers:
            assert writer.wait(PATIENCE_S) == 0
        wrote = time.monotonic() - began
        service.process.send_signal(signal.SIGCONT)
        wanted = {f"About {number}" for number in range(files)}
        until(lambda: len(complete_titles(service.public)) >= files)
        took = time.monotonic() - began
        seen = complete_titles(service.public)
        service.stop(patience_s=60)
    more = f"written in {wrote:.1f} s, all in the feed after {took:.1f} s"
    return Result(
        what=f"{files} files at once, a queue of {SHORT_QUEUE} events: missed",
        expected=0,
        seen=len(wanted - seen),
        more=more,
    )


def complete_titles(public: Path) -> set[str]:
    """The titles in the feed of everything and in its archive."""
    titles: set[str] = set()
    for path in (public / "feeds" / "all").rglob("atom.xml"):
        titles |= set(re.findall(r"<title>(About [^<]*)</title>", path.read_text()))
    return titles


# --- the root -----------------------------------------------------------------------------------------------


def put(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f".{name}").write_text(article_text(name))
    (folder / f".{name}").rename(folder / f"{name}.md")


def swap(root: Path, aside: Path) -> None:
    shutil.copytree(root, aside / "next")
    put(aside / "next", "swapped-in")
    root.rename(aside / "last")
    (aside / "next").rename(root)


def make_again(root: Path, aside: Path) -> None:
    shutil.copytree(root, aside / "saved")
    shutil.rmtree(root)
    shutil.copytree(aside / "saved", root)


def rename_away_and_back(root: Path, aside: Path) -> None:
    root.rename(aside / "away")
    put(aside / "away", "while-away")
    (aside / "away").rename(root)


def exchange_folder_inside(root: Path, aside: Path) -> None:
    (root / "sub").rename(aside / "sub")
    shutil.copytree(aside / "sub", root / "sub")
    put(aside / "sub", "written-where-we-must-not-look")


def exchange_link(root: Path, aside: Path) -> None:
    shutil.copytree(root, aside / "release")
    put(aside / "release", "new-release")
    (aside / "link").symlink_to(aside / "release")
    if not root.is_symlink():
        root.rename(aside / "first-release")
    (aside / "link").replace(root)


def exchange_link_again(root: Path, aside: Path) -> None:
    exchange_link(root, aside)


def rename_folders_as_made(root: Path, aside: Path) -> None:
    for number in range(50):
        put(root / f"new{number}" / "deep", f"deep-{number}")
        (root / f"new{number}").rename(root / f"old{number}")


def mount_over(root: Path, aside: Path) -> None:
    shutil.copytree(root, aside / "saved")
    made = subprocess.run(["mount", "-t", "tmpfs", "none", root], capture_output=True, text=True)
    if made.returncode:
        raise NoRight(f"no right to mount here: {made.stderr.strip()}")
    shutil.copytree(aside / "saved", root, dirs_exist_ok=True)
    put(root, "on-the-mount")


def unmount(root: Path, aside: Path) -> None:
    subprocess.run(["umount", "-l", root], check=True)


FAULTS: Sequence[Callable[[Path, Path], None]] = (
    swap,
    make_again,
    rename_away_and_back,
    exchange_folder_inside,
    rename_folders_as_made,
    mount_over,
    unmount,
    exchange_link,
    exchange_link_again,
)


def root_faults(folder: Path, faults: Sequence[Callable[[Path, Path], None]] = FAULTS) -> Iterator[Result]:
    """One fault after the other; each time the feed comes to be the folder, and goes on following it."""
    with running(folder, **SOON) as service:
        for number in range(30):
            put(service.articles / "sub", f"first-{number}")
        service.start()
        mounted = False
        try:
            for number, fault in enumerate(faults):
                aside = folder / f"aside-{number}"
                aside.mkdir()
                try:
                    fault(service.articles, aside)
                except NoRight as error:
                    yield Result(what=fault.__name__, expected="", seen="", more=str(error))
                    continue
                mounted = (mounted or fault is mount_over) and fault is not unmount
                yield _converges(service, fault.__name__.replace("_", " "))
                put(service.articles, f"later-{number}")
                yield _converges(service, f"{fault.__name__.replace('_', ' ')}, a file later")
        finally:
            if mounted:
                unmount(service.articles, folder)
        service.stop()


def _converges(service: Running, what: str) -> Result:
    began = time.monotonic()

    def wanted() -> set[str]:
        return {f"About {path.stem}" for path in service.articles.rglob("*.md")}

    until(lambda: complete_titles(service.public) == wanted(), patience_s=60)
    missing = sorted(complete_titles(service.public) ^ wanted())
    return Result(what=what, expected=[], seen=missing, more=f"{time.monotonic() - began:.1f} s")


def until(done: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Waits until `done`, or in vain: what is wrong then shows in the result."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if done():
                return
        except OSError:
            pass  # the folder is exchanged at this moment
        time.sleep(0.2)


# --- bad files ----------------------------------------------------------------------------------------------


def bad_among_good(folder: Path, good: int, bad: int) -> list[Result]:
    """Bad files of every kind among good ones: all good ones are in the feed, each bad one is listed."""
    folder.mkdir(parents=True, exist_ok=True)
    rig = Rig(folder, limit=500)
    for number in range(good):
        rig.write(f"{number % 50}/{number}.md", topics=[])
    write_kinds(rig.folder / "bad", bad)
    rig.run_once()
    titles = complete_titles(rig.output)
    listed = {problem.split(":")[0] for problem in rig.problems()}
    there = {os.fspath(path.relative_to(rig.folder)) for path in (rig.folder / "bad").rglob("*.md")}
    rig.close()
    return [
        Result(what="good articles in the feed and its archive", expected=good, seen=len(titles)),
        Result(what="bad files listed", expected=bad, seen=len(listed)),
        Result(what="bad files not listed", expected=set(), seen=there - listed),
    ]


def problems_as_printed(folder: Path) -> tuple[list[Result], str]:
    """A file of each kind, and what `check` prints of them."""
    with running(folder) as service:
        write_kinds(service.articles, len(KINDS))
        for name, data in GOOD_KINDS.items():
            (service.articles / f"good {name}.md").write_bytes(data)
        began = time.monotonic()
        checked = service.command("check")
        took = time.monotonic() - began
    text = checked.stdout.replace(f"{service.articles}/", "")
    lines = text.splitlines()
    silent = [kind for kind in KINDS if not any(line.startswith(f"{kind}.md:") for line in lines)]
    refused = [name for name in GOOD_KINDS if any(line.startswith(f"good {name}.md:") for line in lines)]
    results = [
        Result(what="kinds of bad file without a line", expected=[], seen=silent, more=f"{took:.1f} s"),
        Result(what="skipped but good files refused", expected=[], seen=refused),
    ]
    return results, text


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--good", type=int, default=10_000)
    parser.add_argument("--bad", type=int, default=1_000)
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    bad = 0
    with tempfile.TemporaryDirectory(prefix="syndicator-folder-") as name:
        base = Path(name)
        for part in ("faults", "kinds", "many", "burst"):
            (base / part).mkdir()
        printed, text = problems_as_printed(base / "kinds")
        print(text)
        for result in (*printed, *bad_among_good(base / "many", given.good, given.bad)):
            print(result, flush=True)
            bad += not result.good
        for result in root_faults(base / "faults"):
            print(result, flush=True)
            bad += not result.good
        try:
            result = burst(base / "burst", given.files)
            bad += not result.good
            print(result)
        except NoRight as error:
            print(f"--  the burst: {error}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
