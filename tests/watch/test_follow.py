"""A folder followed by hints and scans: whatever is done to it, what we believe becomes what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicator.watch.changes import DeletionDecision, Hint, LossReason, compare, guard_deletions
from syndicator.watch.files import scan
from syndicator.watch.folder import Folder
from tests.alone import NoRight, short_queue
from tests.watch.follower import Follower

BURST = """
import sys
from pathlib import Path
root, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(first, last):
    place = root / str(number % 50)
    place.mkdir(exist_ok=True)
    (place / f"{number}.md").write_bytes(b"%d" % number)
"""


def fill(root: Path, count: int = 30) -> None:
    (root / "sub").mkdir(parents=True)
    for number in range(count):
        (root / f"sub/{number}.md").write_text(f"{number}")


def there(root: Path) -> dict[str, bytes]:
    """What is in the folder, by other means than those under test."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.md")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def follower(root: Path) -> Iterator[Follower]:
    with Follower(root) as followed:
        followed.until(lambda: followed.articles == there(root))
        yield followed


def converges(follower: Follower, *, within: float = 20.0) -> float:
    """Seconds until what is believed is what is there."""
    return follower.until(lambda: follower.articles == there(follower.root), within=within)


def test_what_was_there_before_is_read_once(follower: Follower) -> None:
    assert sorted(follower.reads) == sorted(there(follower.root))


def test_a_new_article_is_seen_by_its_event(root: Path) -> None:
    with Follower(root, every=3600) as follower:
        converges(follower)
        (root / "new.md").write_text("one")
        converges(follower)
        (root / "sub/.tmp").write_text("two")
        (root / "sub/.tmp").rename(root / "sub/new.md")
        converges(follower)
        (root / "sub/new.md").unlink()
        converges(follower)
        (root / "few").mkdir()
        (root / "few/a.md").write_text("three")
        converges(follower)
        (root / "few").rename(root / "other")
        converges(follower)
        assert follower.scans == 1, "at the start, and never again"


def test_an_article_is_read_once_per_version_and_whole(root: Path) -> None:
    with Follower(root, quiet=2.0) as follower:
        converges(follower)
        follower.reads.clear()
        with (root / "new.md").open("w") as file:
            for _ in range(5):
                file.write("x" * 5000)
                file.flush()
                follower.step()
        converges(follower)
        assert follower.reads == ["new.md"]


def swap(aside: Path, root: Path) -> None:
    """Another folder takes the root's name, with one article more."""
    shutil.copytree(root, aside / "next")
    (aside / "next/swapped.md").write_text("x")
    root.rename(aside / "last")
    (aside / "next").rename(root)


def make_again(aside: Path, root: Path) -> None:
    shutil.copytree(root, aside / "saved")
    shutil.rmtree(root)
    shutil.copytree(aside / "saved", root)


def rename_away_and_back(aside: Path, root: Path) -> None:
    root.rename(aside / "away")
    (aside / "away/while-away.md").write_text("x")
    (aside / "away").rename(root)


def swap_folder_inside(aside: Path, root: Path) -> None:
    (root / "sub").rename(aside / "sub")
    shutil.copytree(aside / "sub", root / "sub")
    (aside / "sub/ghost.md").write_text("written where we must not look")


@pytest.mark.parametrize("fault", [swap, make_again, rename_away_and_back, swap_folder_inside])
def test_a_fault_of_the_root_is_overcome(
    follower: Follower, tmp_path: Path, fault: Callable[[Path, Path], None]
) -> None:
    fault(tmp_path, follower.root)
    converges(follower)
    (follower.root / "later.md").write_text("x")
    converges(follower)


def test_an_exchanged_link_is_overcome(tmp_path: Path) -> None:
    for release in ("1", "2"):
        fill(tmp_path / release)
    (tmp_path / "2/new.md").write_text("x")
    (tmp_path / "current").symlink_to("1")
    with Follower(tmp_path / "current") as follower:
        converges(follower)
        (tmp_path / "next").symlink_to("2")
        (tmp_path / "next").replace(tmp_path / "current")
        converges(follower)
        assert "new.md" in follower.articles
        (tmp_path / "current/later.md").write_text("x")
        converges(follower)


@pytest.mark.parametrize("which", range(3), ids=["observer", "emitter", "reader of events"])
def test_a_dead_thread_is_overcome(follower: Follower, which: int) -> None:
    follower.folder._threads[which].stop()
    (follower.root / "later.md").write_text("x")
    converges(follower)
    assert follower.rebuilds == 1


@contextmanager
def mounted(root: Path) -> Iterator[None]:
    """An empty file system over the folder."""
    made = subprocess.run(["mount", "-t", "tmpfs", "none", root], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no right to mount here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", root], check=True)


def test_a_mount_over_the_root_and_its_end_are_overcome(follower: Follower, tmp_path: Path) -> None:
    root = follower.root
    shutil.copytree(root, tmp_path / "saved")
    with mounted(root):
        shutil.copytree(tmp_path / "saved", root, dirs_exist_ok=True)
        (root / "on-the-mount.md").write_text("x")
        converges(follower)
        (root / "later.md").write_text("x")
        converges(follower)
    converges(follower)
    (root / "last.md").write_text("x")
    converges(follower)
    assert follower.rebuilds == 2


def test_an_empty_mount_over_the_root_takes_no_article(follower: Follower) -> None:
    articles = dict(follower.articles)
    with mounted(follower.root):
        scans = follower.scans
        follower.until(lambda: follower.scans > scans + 2)
        assert follower.articles == articles
        assert follower.decision.since.keys() == articles.keys()
    converges(follower)
    assert follower.articles == articles


def test_a_removed_root_takes_no_article(follower: Follower) -> None:
    articles = dict(follower.articles)
    shutil.rmtree(follower.root)
    scans = follower.scans
    follower.until(lambda: follower.scans > scans + 2)
    assert follower.articles == articles


def test_an_emptied_folder_says_how_to_confirm(root: Path) -> None:
    known = scan(root).files
    shutil.rmtree(root / "sub")
    seen = scan(root)
    decision = guard_deletions(
        compare(known, seen), known=len(known), seen=seen, before=DeletionDecision(), now=datetime.now(UTC)
    )
    assert decision.reason is LossReason.EMPTY
    assert "--confirm-removals" in decision.fix


def test_folders_renamed_as_soon_as_they_are_made_are_overcome(follower: Follower) -> None:
    for number in range(100):
        place = follower.root / f"new{number}" / "deep"
        place.mkdir(parents=True)
        (place / "a.md").write_text(f"{number}")
        (follower.root / f"new{number}").rename(follower.root / f"old{number}")
    converges(follower)
    for number in range(100):
        (follower.root / f"old{number}/deep/b.md").write_text("x")
    converges(follower)


def with_short_queue(source: str, root: Path, hint: Callable[[Hint], None]) -> Folder:
    folder = Folder(source, root, hint)
    try:
        with short_queue(128):
            folder.start()
    except NoRight as error:
        pytest.skip(str(error))
    return folder


def burst(root: Path, count: int) -> None:
    """The figures are printed; `pytest -s` shows them."""
    with Follower(root, every=10, make=with_short_queue) as follower:
        converges(follower)
        began = time.monotonic()
        parts = range(0, count, count // 4)
        writers = [
            subprocess.Popen([sys.executable, "-c", BURST, root, str(first), str(first + count // 4)])
            for first in parts
        ]
        follower.until(lambda: all(writer.poll() is not None for writer in writers), within=120)
        wrote = time.monotonic() - began
        follower.until(lambda: len(follower.known) == count + 30, within=60)
        took = time.monotonic() - began
        assert follower.articles == there(root)
        print(
            f"{count} files in {wrote:.1f} s, all known after {took:.1f} s, 0 missed: {follower.scans} scans"
        )


def test_no_file_of_a_burst_is_missed(root: Path) -> None:
    burst(root, 5_000)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_file_of_a_large_burst_is_missed(root: Path) -> None:
    burst(root, 50_000)


LIMITED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
Path("/proc/sys/user", sys.argv[2]).write_text(sys.argv[3])
from structlog.testing import capture_logs
from tests.watch.follower import Follower
root = Path(sys.argv[1])
with capture_logs() as said, Follower(root, every=0.3) as follower:
    for _ in range(2):
        follower.until(lambda: len(follower.known) == len(list(root.rglob("*.md"))))
        for number in range(30):
            (root / f"{number}/later.md").write_text("x")
    follower.until(lambda: len(follower.known) == 60)
for one in said:
    if one["log_level"] == "warning":
        print(one["event"], one["why"], one["fix"], sep=" | ")
"""


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        pytest.param(
            "max_inotify_watches",
            "10",
            "watching, but some folders are only polled | inotify watch limit reached | "
            "To see changes at once, raise fs.inotify.max_user_watches",
            id="some watches",
        ),
        pytest.param(
            "max_inotify_watches",
            "0",
            "polling only | inotify watch limit reached | "
            "To see changes at once, raise fs.inotify.max_user_watches",
            id="no watch",
        ),
        pytest.param(
            "max_inotify_instances",
            "0",
            "polling only | inotify instance limit reached | "
            "To see changes at once, raise fs.inotify.max_user_instances",
            id="no instance",
        ),
    ],
)
def test_when_watches_run_out_it_polls_and_misses_nothing(
    tmp_path: Path, limit: str, value: str, said: str
) -> None:
    """The limits are lowered in a user namespace of its own, so that nobody else is touched."""
    for number in range(30):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}/a.md").write_text("x")
    alone = ["unshare", "--user", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("no right to make a user namespace here")
    ran = subprocess.run(
        [*alone, sys.executable, "-c", LIMITED, tmp_path, limit, value, os.fspath(Path.cwd())],
        capture_output=True,
        text=True,
    )
    assert ran.stdout.splitlines() == [said], ran.stderr[-3000:]
