"""What a watched folder hints at, with real writers; and how it notices that it is deaf."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest
import structlog.testing
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.inotify import InotifyObserver
from watchdog.observers.inotify_c import WatchDescriptor, inotify_rm_watch

from syndicator.watch.folder import SELDOM_S, Folder, make_observer
from syndicator.watch.health import Mode
from syndicator.watch.scan import scan
from syndicator.watch.settle import Hint, Sign
from syndicator.watch.watches import watched_inodes

SOON = 5.0
"""Seconds within which an event must have come, however busy the machine."""


class Watched:
    """A folder that is watched, its hints, and a clock for its complaints."""

    def __init__(self, root: Path, make: Callable[[], BaseObserver] = make_observer) -> None:
        self.root, self.now = root, 1000.0
        self.observers: list[BaseObserver] = []
        self.make = make
        self.hints: SimpleQueue[Hint] = SimpleQueue()
        self.folder = Folder("news", root, self.hints.put, observer=self._observer, clock=lambda: self.now)

    def _observer(self) -> BaseObserver:
        self.observers.append(self.make())
        return self.observers[-1]

    def until(self, wanted: Callable[[Hint], bool]) -> list[Hint]:
        """All hints up to the first one wanted; fails if it does not come."""
        deadline = time.monotonic() + SOON
        got: list[Hint] = []
        while not (got and wanted(got[-1])):
            try:
                got.append(self.hints.get(timeout=max(0.0, deadline - time.monotonic())))
            except Empty:
                pytest.fail(f"no such hint among {got}")
        return got

    def signs(self, path: str, last: Sign) -> list[Sign]:
        """The signs given for a path, up to the last one, which is waited for."""
        hints = self.until(lambda hint: hint.path == path and hint.sign is last)
        return [hint.sign for hint in hints if hint.path == path]

    def everything(self) -> None:
        self.until(lambda hint: hint.path is None)

    def nothing_yet(self) -> None:
        """Fails if a hint came before one that is caused here."""
        (self.root / "marker.md").write_text("x")
        hints = self.until(lambda hint: hint.path == "marker.md")
        assert len(hints) == 1, hints


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    root = tmp_path / "root"
    root.mkdir()
    made = Watched(root)
    made.folder.start()
    yield made
    made.folder.stop()


def test_a_file_written_in_place_is_touched_and_closed(watched: Watched) -> None:
    (watched.root / "a.md").write_text("one")
    assert watched.signs("a.md", Sign.CLOSED)[0] is Sign.TOUCHED


def test_a_file_still_open_is_only_touched(watched: Watched) -> None:
    with (watched.root / "a.md").open("w") as file:
        file.write("half")
        file.flush()
        watched.signs("a.md", Sign.TOUCHED)
        file.write("whole")
    watched.signs("a.md", Sign.CLOSED)


def test_a_file_renamed_within_the_folder_is_moved(watched: Watched) -> None:
    (watched.root / ".a.md.tmp").write_text("one")
    (watched.root / ".a.md.tmp").rename(watched.root / "a.md")
    assert watched.signs("a.md", Sign.MOVED) == [Sign.MOVED]
    (watched.root / "a.md").rename(watched.root / "b.md")
    hints = watched.until(lambda hint: hint.path == "b.md")
    assert Hint(source="news", path="a.md", sign=Sign.GONE) in hints
    assert hints[-1].sign is Sign.MOVED


def test_a_file_moved_in_from_elsewhere_is_moved(watched: Watched) -> None:
    (watched.root.parent / "a.md").write_text("one")
    shutil.move(watched.root.parent / "a.md", watched.root / "a.md")
    assert watched.signs("a.md", Sign.MOVED) == [Sign.MOVED]


def test_a_file_moved_out_or_deleted_is_gone(watched: Watched) -> None:
    for name in ("a.md", "b.md"):
        (watched.root / name).write_text("one")
        watched.signs(name, Sign.CLOSED)
    (watched.root / "a.md").rename(watched.root.parent / "a.md")
    (watched.root / "b.md").unlink()
    watched.signs("a.md", Sign.GONE)
    watched.signs("b.md", Sign.GONE)


def test_a_linked_file_is_only_touched(watched: Watched) -> None:
    (watched.root.parent / "a.md").write_text("one")
    os.link(watched.root.parent / "a.md", watched.root / "a.md")
    assert watched.signs("a.md", Sign.TOUCHED) == [Sign.TOUCHED]


def vim(file: Path) -> None:
    file.rename(file.with_name("a.md~"))
    file.write_text("edited")
    file.chmod(0o644)
    file.with_name("a.md~").unlink()


def emacs(file: Path) -> None:
    file.with_name("#a.md#").write_text("autosaved")
    shutil.copy2(file, file.with_name("a.md~"))
    with file.open("w") as out:
        out.write("edited")
        out.flush()
        os.fsync(out.fileno())
    file.with_name("#a.md#").unlink()


def in_place(file: Path) -> None:
    file.write_text("edited")


@pytest.mark.parametrize("edit", [vim, emacs, in_place])
def test_an_edited_file_is_closed_in_the_end(watched: Watched, edit: Callable[[Path], None]) -> None:
    file = watched.root / "a.md"
    file.write_text("one")
    watched.signs("a.md", Sign.CLOSED)
    edit(file)
    watched.signs("a.md", Sign.CLOSED)
    watched.nothing_yet()


def test_rights_set_after_closing_do_not_unsettle_a_file(watched: Watched) -> None:
    (watched.root / "a.md").write_text("one")
    (watched.root / "a.md").chmod(0o600)
    os.utime(watched.root / "a.md", (0, 0))
    watched.signs("a.md", Sign.CLOSED)
    watched.nothing_yet()


def test_reading_gives_no_hint(watched: Watched) -> None:
    (watched.root / "a.md").write_text("one")
    watched.signs("a.md", Sign.CLOSED)
    (watched.root / "a.md").read_text()
    list(watched.root.iterdir())
    watched.nothing_yet()


def test_what_is_no_article_gives_no_hint(watched: Watched) -> None:
    (watched.root / "notes.txt").write_text("x")
    (watched.root / ".a.md.swp").write_text("x")
    (watched.root / ".git").mkdir()
    (watched.root / ".git/a.md").write_text("x")
    watched.nothing_yet()


def test_new_folders_are_watched_however_deep(watched: Watched) -> None:
    deep = watched.root / "a/b/c/d"
    deep.mkdir(parents=True)
    (deep / "a.md").write_text("x")
    watched.until(lambda hint: hint.path in ("a/b/c/d/a.md", "a/b/c/d", "a/b/c", "a/b", "a"))
    (deep / "b.md").write_text("x")
    watched.until(lambda hint: hint.path == "a/b/c/d/b.md")


def test_a_moved_folder_is_hinted_at_by_both_names(watched: Watched) -> None:
    (watched.root / "old").mkdir()
    watched.signs("old", Sign.TOUCHED)
    (watched.root / "old/a.md").write_text("x")
    watched.signs("old/a.md", Sign.CLOSED)
    (watched.root / "old").rename(watched.root / "new")
    hints = watched.until(lambda hint: hint.path == "new")
    assert Hint(source="news", path="old", sign=Sign.GONE) in hints
    (watched.root / "new/b.md").write_text("x")
    watched.until(lambda hint: hint.path == "new/b.md")


def test_other_suffixes_can_be_watched(tmp_path: Path) -> None:
    hints: SimpleQueue[Hint] = SimpleQueue()
    folder = Folder("news", tmp_path, hints.put, suffixes=(".yaml",))
    folder.start()
    try:
        (tmp_path / "a.md").write_text("x")
        (tmp_path / "topic.yaml").write_text("x")
        assert hints.get(timeout=SOON).path == "topic.yaml"
    finally:
        folder.stop()


def test_starting_and_stopping_is_quick_and_may_be_repeated(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}").mkdir()
    watched = Watched(tmp_path)
    before = threading.active_count()
    for _ in range(2):
        began = time.monotonic()
        watched.folder.start()
        watched.folder.start()
        assert watched.folder.health.mode is Mode.WATCHING
        watched.folder.stop()
        watched.folder.stop()
        assert time.monotonic() - began < 2.0
    assert watched.folder.health.mode is Mode.STOPPED
    assert watched.folder.check(scan(tmp_path)).mode is Mode.STOPPED, "a check starts nothing"
    assert threading.active_count() == before
    assert len(watched.observers) == 2


def test_a_healthy_folder_is_left_alone(watched: Watched) -> None:
    for _ in range(3):
        health = watched.folder.check(scan(watched.root))
        assert (health.mode, health.unwatched, health.rebuilds) == (Mode.WATCHING, 0, 0)
    assert len(watched.observers) == 1


def heal(watched: Watched) -> None:
    """After a check, everything is hinted at once and later events come again."""
    health = watched.folder.check()
    assert (health.mode, health.rebuilds) == (Mode.WATCHING, 1)
    watched.everything()
    (watched.root / "later.md").write_text("x")
    watched.signs("later.md", Sign.CLOSED)
    assert watched.folder.check().rebuilds == 1


def test_a_stopped_observer_is_replaced(watched: Watched) -> None:
    watched.observers[0].stop()
    heal(watched)


def test_a_stopped_emitter_is_replaced(watched: Watched) -> None:
    for emitter in watched.observers[0].emitters:
        emitter.stop()
        emitter.join()
    heal(watched)


def test_a_stopped_reader_of_the_kernels_queue_is_replaced(watched: Watched) -> None:
    reader = vars(watched.observers[0])["_inotify_fd"]
    reader.stop()
    reader.join()
    heal(watched)


def test_a_root_removed_and_made_again_is_watched_again(watched: Watched) -> None:
    shutil.rmtree(watched.root)
    watched.everything()
    watched.root.mkdir()
    heal(watched)


def test_a_missing_root_is_awaited(watched: Watched) -> None:
    watched.root.rename(watched.root.with_name("aside"))
    health = watched.folder.check()
    assert health.mode is Mode.ABSENT
    assert "Mount or create" in health.fix
    watched.everything()
    assert watched.folder.check() == health, "it is said and hinted once"
    watched.root.with_name("aside").rename(watched.root)
    health = watched.folder.check()
    assert health.mode is Mode.WATCHING
    watched.everything()
    (watched.root / "a.md").write_text("x")
    watched.signs("a.md", Sign.CLOSED)


def test_a_root_missing_at_the_start_is_awaited(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "later")
    watched.folder.start()
    try:
        assert watched.folder.health.mode is Mode.ABSENT
        (tmp_path / "later").write_text("not even a folder")
        assert watched.folder.check().mode is Mode.ABSENT
        (tmp_path / "later").unlink()
        (tmp_path / "later").mkdir()
        heal(watched)
    finally:
        watched.folder.stop()


def test_a_renamed_root_is_not_followed(watched: Watched) -> None:
    watched.root.rename(watched.root.with_name("aside"))
    watched.root.mkdir()
    heal(watched)


def test_a_root_behind_a_link_is_watched_and_its_exchange_noticed(tmp_path: Path) -> None:
    for release in ("1", "2"):
        (tmp_path / release).mkdir()
    current = tmp_path / "current"
    current.symlink_to("1")
    watched = Watched(current)
    watched.folder.start()
    try:
        (current / "a.md").write_text("x")
        watched.signs("a.md", Sign.CLOSED)
        (tmp_path / "next").symlink_to("2")
        (tmp_path / "next").replace(current)
        heal(watched)
    finally:
        watched.folder.stop()


def test_a_link_to_the_same_folder_under_another_name_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "current").symlink_to("1")
    watched = Watched(tmp_path / "current")
    watched.folder.start()
    try:
        (tmp_path / "1").rename(tmp_path / "2")
        (tmp_path / "next").symlink_to("2")
        (tmp_path / "next").replace(tmp_path / "current")
        heal(watched)
    finally:
        watched.folder.stop()


class Failing(InotifyObserver):
    """An observer whose start fails as the kernel's limits make it fail."""

    error = OSError(errno.ENOSPC, "inotify watch limit reached")

    def start(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("number", "limit"), [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")]
)
def test_without_watches_it_polls_and_says_so_once(tmp_path: Path, number: int, limit: str) -> None:
    watched = Watched(tmp_path, Failing)
    Failing.error = OSError(number, os.strerror(number))
    before = threading.active_count()
    with structlog.testing.capture_logs() as said:
        watched.folder.start()
        for _ in range(5):
            health = watched.folder.check(scan(tmp_path))
        assert health.mode is Mode.POLLING
        assert limit in health.fix
        assert health.fallbacks == 6, "counted each time"
        assert [line["event"] for line in said if line["log_level"] == "warning"] == ["polling only"]
        watched.now += SELDOM_S
        watched.folder.check()
        assert len([line for line in said if line["log_level"] == "warning"]) == 2
        assert threading.active_count() == before, "no thread of a failed start stays"
        watched.make = make_observer
        assert watched.folder.check().mode is Mode.WATCHING, "it is tried again"
        watched.everything()
    watched.folder.stop()


def test_a_folder_gone_between_looking_and_watching_is_awaited(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Failing)
    Failing.error = FileNotFoundError(errno.ENOENT, "gone")
    watched.folder.start()
    assert watched.folder.health.mode is Mode.ABSENT
    watched.folder.stop()


def test_folders_without_a_watch_are_counted_and_watched_anew(watched: Watched) -> None:
    """A stand-in for what was seen after folders were renamed as soon as they were made."""
    for name in ("a", "b"):
        (watched.root / name).mkdir()
        watched.until(lambda hint, name=name: hint.path == name)  # type: ignore[misc]  # a default binds it
    watched.now += SELDOM_S
    forget_watch(watched.observers[0], watched.root / "a")
    health = watched.folder.check(scan(watched.root))
    assert (health.mode, health.unwatched, health.rebuilds) == (Mode.WATCHING, 1, 0), "it may be a race"
    health = watched.folder.check(scan(watched.root))
    assert (health.mode, health.unwatched, health.rebuilds) == (Mode.WATCHING, 0, 1)
    watched.everything()


class Shallow(InotifyObserver):
    """An observer that gets no watch below the root, in silence, as when the limit is reached there."""

    def schedule(self, *args: Any, **kwargs: Any) -> ObservedWatch:
        return super().schedule(*args, **{**kwargs, "recursive": False})


def test_folders_that_get_no_watch_are_polled_and_it_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    watched = Watched(tmp_path, Shallow)
    with structlog.testing.capture_logs() as said:
        watched.folder.start()
        for _ in range(5):
            health = watched.folder.check(scan(tmp_path))
        assert (health.mode, health.unwatched, health.fallbacks) == (Mode.PARTLY, 2, 1)
        assert health.why == "2 folders have no watch"
        assert "max_user_watches" in health.fix
        assert len(watched.observers) == 2, "building it anew is not tried at every check"
        warned = [line["event"] for line in said if line["log_level"] == "warning"]
        assert warned == ["watch built anew", "watching, but some folders are only polled"]
        (tmp_path / "a/b").rmdir()
        (tmp_path / "a").rmdir()
        health = watched.folder.check(scan(tmp_path))
        assert (health.mode, health.unwatched, health.why) == (Mode.WATCHING, 0, "")
    watched.folder.stop()


def test_a_scan_says_nothing_of_watches_while_it_polls(tmp_path: Path) -> None:
    Failing.error = OSError(errno.ENOSPC, "inotify watch limit reached")
    watched = Watched(tmp_path, Failing)
    watched.folder.start()
    assert watched.folder.check(scan(tmp_path)).unwatched == 0
    watched.folder.stop()


def test_without_the_kernels_account_no_folder_is_called_unwatched(tmp_path: Path) -> None:
    assert watched_inodes(tmp_path / "no-proc") is None


def forget_watch(observer: BaseObserver, folder: Path) -> None:
    """Ends the kernel's watch on one folder, behind watchdog's back."""
    reader = vars(observer)["_inotify_fd"]
    wanted = f"ino:{folder.stat().st_ino:x} "
    lines = Path(f"/proc/self/fdinfo/{reader._inotify_fd}").read_text().splitlines()
    (line,) = [line for line in lines if wanted in line]
    inotify_rm_watch(reader._inotify_fd, WatchDescriptor(int(line.split()[1].removeprefix("wd:"), 16)))


def test_an_overflow_is_counted_hinted_at_and_said_once(watched: Watched) -> None:
    """By its only trace, a line in watchdog's log."""
    with structlog.testing.capture_logs() as said:
        for _ in range(3):
            logging.getLogger("watchdog.observers.inotify_c").warning(
                "Inotify queue overflowed; filesystem events were lost"
            )
            watched.everything()
    assert watched.folder.health.overflows == 3
    assert [line["event"] for line in said] == ["event queue overflowed"]
    assert "max_queued_events" in said[0]["fix"]


def test_watches_that_could_not_be_renewed_are_built_anew(watched: Watched) -> None:
    logging.getLogger("watchdog.observers.inotify").error(
        "Unable to rebuild recursive inotify watches below x"
    )
    heal(watched)


class Kept(logging.Handler):
    """What reaches the root of all loggers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_watchdogs_own_lines_go_no_further_while_a_folder_is_watched(watched: Watched) -> None:
    kept, watchdogs = Kept(), logging.getLogger("watchdog.observers.inotify")
    logging.getLogger().addHandler(kept)
    try:
        watchdogs.warning("Inotify queue overflowed; reconciling below x")
        assert kept.lines == []
        assert watched.folder.health.overflows == 0, "counted once, by the other line"
        watched.folder.stop()
        watchdogs.warning("nobody listens")
        assert kept.lines == ["nobody listens"]
    finally:
        logging.getLogger().removeHandler(kept)


def test_a_failing_receiver_does_not_make_it_deaf(tmp_path: Path) -> None:
    got: SimpleQueue[str | None] = SimpleQueue()

    def take(hint: Hint) -> None:
        got.put(hint.path)
        if hint.path == "bad.md":
            raise RuntimeError("the receiver is at fault")

    folder = Folder("news", tmp_path, take)
    with structlog.testing.capture_logs() as said:
        folder.start()
        try:
            (tmp_path / "bad.md").write_text("x")
            (tmp_path / "good.md").write_text("x")
            while got.get(timeout=SOON) != "good.md":
                pass
            assert folder.check().rebuilds == 0
        finally:
            folder.stop()
    assert [line["event"] for line in said if line["log_level"] == "error"] == ["hint failed"]


NOISY = """
import sys, logging
from pathlib import Path
from queue import SimpleQueue
from syndicator.watch import Folder
logging.basicConfig(level=logging.DEBUG)
root, hints = Path(sys.argv[1]), SimpleQueue()
folder = Folder("news", root, hints.put)
folder.start()
for number in range(int(sys.argv[2])):
    place = root / f"new{number}" / "deep" / "er"
    place.mkdir(parents=True)
    (place / "a.md").write_text("x")
    (root / f"new{number}").rename(root / f"old{number}")
(root / "end.md").write_text("x")
while hints.get(timeout=30).path not in ("end.md", None):  # None: so many that the queue overflowed
    pass
folder.stop()
"""


def test_ten_thousand_renames_leave_the_log_small(tmp_path: Path) -> None:
    """100 KB per 10,000 at most; run with 300 of them, and everything logged that can be."""
    ran = subprocess.run([sys.executable, "-c", NOISY, str(tmp_path), "300"], capture_output=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(ran.stderr) + len(ran.stdout) <= 3_000, (ran.stdout + ran.stderr)[-2000:]
