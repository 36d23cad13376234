"""What a watched folder hints at, with real writers; and how it notices that it is deaf."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from structlog.testing import capture_logs
from watchdog.observers.inotify import InotifyObserver
from watchdog.utils import BaseThread

from syndicator.watch import folder
from syndicator.watch.changes import Hint, Sign
from syndicator.watch.folder import Folder

SOON = 5.0
"""Seconds within which an event must have come, however busy the machine."""


class Watched:
    """A folder that is watched, and its hints."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hints: SimpleQueue[Hint] = SimpleQueue()
        self.folder = Folder("news", root, self.hints.put)

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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("removed", [False, True], ids=["and stays", "and both are removed"])
def test_folder_in_the_place_of_one_moved_away_is_watched(
    watched: Watched, tmp_path: Path, removed: bool
) -> None:
    for name in ("new", "old"):
        (watched.root / name).mkdir()
        watched.signs(name, Sign.TOUCHED)
    (watched.root / "old").rename(tmp_path / "away")
    watched.signs("old", Sign.GONE)
    (watched.root / "new").rename(watched.root / "old")
    watched.signs("old", Sign.MOVED)
    if removed:
        # watchdog 7.1 has both under one path; a thread of its dies as it forgets the second.
        (watched.root / "old").rmdir()
        watched.signs("old", Sign.GONE)
        (tmp_path / "away").rmdir()
        deadline = time.monotonic() + SOON
        while not watched.folder.check():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    (watched.root / "a.md").write_text("one")
    watched.signs("a.md", Sign.CLOSED)
    watched.folder.stop()


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
        assert watched.folder._threads
        watched.folder.stop()
        watched.folder.stop()
        assert time.monotonic() - began < 2.0
    assert not watched.folder.check(), "a check starts nothing"
    assert threading.active_count() == before


def test_a_healthy_folder_is_left_alone(watched: Watched) -> None:
    threads = watched.folder._threads
    assert not any(watched.folder.check() for _ in range(3))
    assert watched.folder._threads is threads


def heal(watched: Watched) -> None:
    """A check tells to look at everything, and later events come again."""
    assert watched.folder.check()
    (watched.root / "later.md").write_text("x")
    watched.signs("later.md", Sign.CLOSED)
    assert not watched.folder.check()


@pytest.mark.parametrize("which", range(3), ids=["observer", "emitter", "reader of events"])
def test_a_stopped_thread_is_replaced(watched: Watched, which: int) -> None:
    thread = watched.folder._threads[which]
    thread.stop()
    thread.join()
    heal(watched)


def test_a_root_removed_and_made_again_is_watched_again(watched: Watched) -> None:
    shutil.rmtree(watched.root)
    watched.everything()
    watched.root.mkdir()
    heal(watched)


def test_a_missing_root_is_awaited(watched: Watched) -> None:
    watched.root.rename(watched.root.with_name("aside"))
    with capture_logs() as said:
        assert watched.folder.check()
        assert not watched.folder.check(), "it is said once"
    (line,) = said
    assert line["event"] == "waiting for the folder to appear"
    assert "Mount or create" in line["fix"]
    watched.root.with_name("aside").rename(watched.root)
    heal(watched)


def test_a_root_missing_at_the_start_is_awaited(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "later")
    watched.folder.start()
    try:
        (tmp_path / "later").write_text("not even a folder")
        assert not watched.folder.check()
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


def refuse(self: InotifyObserver) -> None:
    """As the kernel's limits make a start fail."""
    raise OSError(errno.EMFILE, "inotify instance limit reached")


def test_without_watches_it_polls_says_so_once_and_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    before = threading.active_count()
    with monkeypatch.context() as patched, capture_logs() as said:
        patched.setattr(InotifyObserver, "start", refuse)
        watched.folder.start()
        assert not any(watched.folder.check() for _ in range(5))
        patched.setattr(folder, "RETRY_S", 0.0)
        assert not any(watched.folder.check() for _ in range(5))
    (line,) = said
    assert (line["event"], line["why"]) == ("polling only", "inotify instance limit reached")
    assert "max_user_instances" in line["fix"]
    assert (watched.folder.polled or ())[1:] == (line["why"], line["fix"])
    assert threading.active_count() == before, "no thread of a failed start stays"
    monkeypatch.setattr(folder, "RETRY_S", 0.0)
    heal(watched)
    assert watched.folder.polled is None
    watched.folder.stop()


def test_folder_watched_in_part_is_watched_whole_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    whole = Folder._observe

    def only_whole(self: Folder, *, recursive: bool) -> Sequence[BaseThread]:
        if not recursive:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return whole(self, recursive=recursive)

    with monkeypatch.context() as patched, capture_logs() as said:
        patched.setattr(Folder, "_observe", only_whole)
        watched.folder.start()
        assert not any(watched.folder.check() for _ in range(5)), "each would scan everything anew"
        patched.setattr(folder, "RETRY_S", 0.0)
        assert watched.folder.check(), "asked again"
    monkeypatch.setattr(folder, "RETRY_S", 0.0)
    assert [line["event"] for line in said] == ["watching, but some folders are only polled"]
    assert watched.folder.polled
    assert watched.folder.check(), "all is watched anew"
    assert not watched.folder.check()
    assert vars(watched.folder)["polled"] is None
    watched.folder.stop()


def test_a_failing_receiver_does_not_make_it_deaf(tmp_path: Path) -> None:
    got: SimpleQueue[str | None] = SimpleQueue()

    def take(hint: Hint) -> None:
        got.put(hint.path)
        if hint.path == "bad.md":
            raise RuntimeError("the receiver is at fault")

    folder = Folder("news", tmp_path, take)
    with capture_logs() as said:
        folder.start()
        try:
            (tmp_path / "bad.md").write_text("x")
            (tmp_path / "good.md").write_text("x")
            while got.get(timeout=SOON) != "good.md":
                pass
            assert not folder.check()
        finally:
            folder.stop()
    assert {line["event"] for line in said if line["log_level"] == "error"} == {"hint failed"}


NOISY = """
import logging, sys, time
from pathlib import Path
from queue import Empty, SimpleQueue
from syndicator.watch.folder import Folder
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
until, path = time.monotonic() + 30, ""
while path not in ("end.md", None) and not folder.check():  # as the loop does: then everything is scanned
    assert time.monotonic() < until
    try:
        path = hints.get(timeout=1).path  # None: so many that the queue overflowed
    except Empty:
        pass
folder.stop()
"""


def test_ten_thousand_renames_leave_the_log_small(tmp_path: Path) -> None:
    """100 KB per 10,000 at most; run with 300 of them, and everything logged that can be."""
    ran = subprocess.run([sys.executable, "-c", NOISY, str(tmp_path), "300"], capture_output=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(ran.stderr) + len(ran.stdout) <= 3_000, (ran.stdout + ran.stderr)[-2000:]
