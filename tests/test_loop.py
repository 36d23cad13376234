"""The wheel of the service in long turns: the watchdog is fed, and a stop is heeded between two steps."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syndicator.clock import Moment
from syndicator.errors import StoreBusy
from syndicator.loop import Loop
from syndicator.watch.folder import Folder
from syndicator.watch.settle import Hint
from tests.rig import Rig


class RigClock:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def now(self) -> datetime:
        return self._rig.now

    def moment(self) -> Moment:
        return self._rig.moment()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    for number in range(40):
        rig.write(f"{number}.md", topics=[f"Topic {number}"])
    return rig


def worker_of(rig: Rig, beat: Callable[[], None]) -> Loop:
    return Loop(rig.pipeline, rig.names, clock=RigClock(rig), scan_every=timedelta(minutes=1), beat=beat)


@pytest.mark.parametrize("first", [True, False], ids=["at the start", "while it runs"])
def test_long_turn_is_left_between_two_topics_and_made_up_for(rig: Rig, first: bool) -> None:
    stop, beats = threading.Event(), list[int]()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 10:
            stop.set()

    loop = worker_of(rig, beat)
    if first:
        loop.run_first(lambda done, of: None, stop)
    else:
        loop.run(stop)
    assert len(beats) == 10, "fed within the turn, and ended there"
    assert 0 < len(list(rig.output.glob("feeds/topic-*"))) < 40
    rig.restart()
    rig.run_once()
    assert len(list(rig.output.glob("feeds/topic-*"))) == 40


def test_new_topics_left_half_shelved_are_shelved_by_the_next_turn(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.write("a.md", topics=["ML"])
    rig.run_once()
    rig.put("_data/ai.yaml", "name: AI\nslug: ai\naliases: [ML]\n")

    def refuse(done: int, of: int) -> None:
        raise OSError

    with pytest.raises(OSError):
        rig.pipeline.apply_topics(rig.now, refuse)
    rig.run_once()
    assert rig.titles("ai") == ["About a"]


def run_all(loop: Loop) -> int:
    """Runs until nothing is left to publish; how many files were written."""
    written = 0
    while True:
        published = loop.run_once().published
        written += published.written
        if not published.more:
            return written


def files(rig: Rig) -> dict[str, bytes]:
    found = (path for path in rig.output.rglob("*") if path.is_file())
    return {path.relative_to(rig.output).as_posix(): path.read_bytes() for path in found}


LOST = [
    "",
    "feeds/other",
    "feeds/other/good/atom.xml",
    "topics/other",
    "feeds.opml",
    "feeds/all/archive/1/atom.xml",
]


@pytest.mark.parametrize("path", LOST, ids=lambda path: path or "everything")
def test_what_was_removed_from_the_output_is_published_anew(tmp_path: Path, path: str) -> None:
    rig = Rig(tmp_path, levels={"good": 50}, limit=1)
    for number, topic in enumerate(["AI", "Other", "AI"]):
        rig.write(f"{number}.md", topics=[topic])
    loop = worker_of(rig, lambda: None)
    run_all(loop)
    before = files(rig)
    lost = rig.output / path
    if lost.is_dir():
        shutil.rmtree(lost)
    else:
        lost.unlink()
    loop.scan()
    assert run_all(loop) > 0
    assert files(rig) == before
    loop.scan()
    assert run_all(loop) == 0


def test_watchdog_is_fed_while_a_failure_is_waited_out(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    stop, beats, tries = threading.Event(), list[int](), list[int]()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 6:
            stop.set()
            loop.wake()

    def fail() -> None:
        tries.append(1)
        raise StoreBusy("the database is in use")

    loop = Loop(
        rig.pipeline,
        rig.names,
        clock=RigClock(rig),
        scan_every=timedelta(minutes=1),
        beat=beat,
        beat_every_s=0.001,
    )
    loop.checks = [fail]
    loop.run(stop)
    assert len(tries) == 1, "all but the first beat came while it waited for a second"


def test_folder_renamed_in_is_one_burst(tmp_path: Path) -> None:
    """Its files come to rest one after the other, as they were written; the sender sees none before all."""
    rig = Rig(tmp_path, quiet_s=0.3)
    woken = threading.Event()
    loop = worker_of(rig, lambda: None)

    def hint(hint: Hint) -> None:
        loop.hint(hint)
        woken.set()

    folder = Folder("news", rig.folder, hint)
    folder.start()
    try:
        loop.run_once()
        for round in range(4):
            beside = tmp_path / f"x{round}"
            for number in range(60):
                path = rig.write(f"../{beside.name}/{number}.md", title=f"Story {round} {number}")
                written = time.time() + number * 0.01
                os.utime(path, (written, written))
            woken.clear()
            beside.rename(rig.folder / beside.name)
            until = time.monotonic() + 30
            while not (turn := loop.run_once()).sync_counts.guids and time.monotonic() < until:
                woken.wait(min(turn.wait_s, 0.05))
                woken.clear()
            assert len(turn.sync_counts.guids) == 60, round
    finally:
        folder.stop()
