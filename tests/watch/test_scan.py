"""The folder as it is, on a real one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicator.store.types import Stamp
from syndicator.watch.files import scan
from syndicator.watch.types import MAX_DEPTH, Scan, SkippedFile, skip_reason
from tests.sockets import make_socket
from tests.watch.descriptors import open_descriptors

LATIN = os.fsdecode(b"caf\xe9.md")


def put(root: Path, path: str, text: str = "x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture(params=["scan", "look"])
def seen_by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def take(root: Path, how: str) -> Scan:
    """The whole folder, by either way of looking."""
    return scan(root) if how == "scan" else scan(root, paths=[entry.name for entry in root.iterdir()])


def test_articles_are_found_in_all_folders(tmp_path: Path, seen_by: str) -> None:
    for path in ("a.md", "b/c.markdown", "b/d/e.MD", "b/notes.txt", "image.png"):
        put(tmp_path, path)
    assert set(take(tmp_path, seen_by).files) == {"a.md", "b/c.markdown", "b/d/e.MD"}


def test_other_suffixes_can_be_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "a.md")
    put(tmp_path, "_data/topics/ai.yaml")
    assert set(scan(tmp_path, suffixes=(".yaml", ".yml")).files) == {"_data/topics/ai.yaml"}


def test_the_stamp_is_what_stat_says(tmp_path: Path, seen_by: str) -> None:
    file = put(tmp_path, "a.md", "hello")
    found = file.stat()
    expected = Stamp(found.st_dev, found.st_ino, 5, found.st_mtime_ns, found.st_ctime_ns)
    assert take(tmp_path, seen_by).files == {"a.md": expected}


def test_a_rewrite_of_same_size_and_time_has_another_stamp(tmp_path: Path) -> None:
    file = put(tmp_path, "a.md", "one")
    before = scan(tmp_path).files["a.md"]
    while scan(tmp_path).files["a.md"].ctime_ns == before.ctime_ns:
        file.write_text("two")
        os.utime(file, ns=(before.mtime_ns, before.mtime_ns))
    after = scan(tmp_path).files["a.md"]
    assert (after.size, after.mtime_ns, after.inode) == (before.size, before.mtime_ns, before.inode)


def test_hidden_names_are_passed_over(tmp_path: Path, seen_by: str) -> None:
    put(tmp_path, ".git/a.md")
    put(tmp_path, "b/.draft.md")
    assert take(tmp_path, seen_by).files == {}
    assert scan(tmp_path, paths=[".git", "b/.draft.md", ".git/a.md"]).files == {}


def test_what_is_no_regular_file_is_an_oddity(tmp_path: Path, seen_by: str) -> None:
    put(tmp_path, "real.md")
    (tmp_path / "link.md").symlink_to("real.md")
    (tmp_path / "away.md").symlink_to("/proc/self/environ")
    (tmp_path / "broken.md").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.md")
    make_socket(tmp_path / "sock.md")
    seen = take(tmp_path, seen_by)
    assert set(seen.files) == {"real.md"}
    assert seen.skipped == {
        "link.md": SkippedFile.LINK,
        "away.md": SkippedFile.LINK,
        "broken.md": SkippedFile.LINK,
        "pipe.md": SkippedFile.SPECIAL,
        "sock.md": SkippedFile.SPECIAL,
    }
    assert not seen.unseen, "an skip_reason is seen well enough"


def test_a_device_is_an_oddity() -> None:
    assert skip_reason(Path("/dev/null").stat().st_mode) is SkippedFile.SPECIAL


def test_oddities_are_problems_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "b.md").symlink_to("/etc/passwd")
    (tmp_path / "a.md").symlink_to("/etc/passwd")
    assert [str(problem) for problem in scan(tmp_path).problems("news")] == [
        f"{name}:1:1: a symbolic link, and links are not followed. "
        "Put the file itself here, or a hard link to it"
        for name in ("a.md", "b.md")
    ]
    assert all(kind.fix for kind in SkippedFile)


def test_no_link_to_a_folder_is_followed(tmp_path: Path, seen_by: str) -> None:
    put(tmp_path, "outside/a.md")
    root = tmp_path / "root"
    put(root, "b.md")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    assert set(take(root, seen_by).files) == {"b.md"}
    assert scan(root, paths=["link/a.md", "loop/b.md"]).files == {}


def test_a_look_never_leaves_the_root(tmp_path: Path) -> None:
    put(tmp_path, "outside.md")
    put(tmp_path, "root/a.md")
    seen = scan(tmp_path / "root", paths=["../outside.md", "/etc", "./a.md", "a.md/", "b/../a.md"])
    assert seen.files == {}
    assert not seen.unseen


def test_the_root_may_be_a_link(tmp_path: Path, seen_by: str) -> None:
    put(tmp_path, "releases/1/a.md")
    (tmp_path / "current").symlink_to("releases/1")
    seen = take(tmp_path / "current", seen_by)
    assert set(seen.files) == {"a.md"}
    assert seen.there


@pytest.mark.parametrize("name", ["missing", "file", "file/below"])
def test_a_root_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    put(tmp_path, "file")
    seen = scan(tmp_path / name)
    assert seen.missing
    assert not seen.unseen
    assert scan(tmp_path / name, paths=["a.md"]).missing


def test_an_empty_root_is_not_missing(tmp_path: Path) -> None:
    seen = scan(tmp_path)
    assert not seen.missing
    assert seen.files == {}


def test_a_look_finds_files_folders_and_nothing(tmp_path: Path) -> None:
    for path in ("a.md", "b/c.md", "b/d/e.md", "f.md"):
        put(tmp_path, path)
    seen = scan(tmp_path, paths=["a.md", "b", "gone.md", "gone/too.md", "a.md/below.md"])
    assert set(seen.files) == {"a.md", "b/c.md", "b/d/e.md"}
    assert seen.scope == frozenset({"a.md", "b", "gone.md", "gone/too.md", "a.md/below.md"})
    assert not seen.unseen
    assert set(scan(tmp_path, paths=["b/d/e.md"]).files) == {"b/d/e.md"}


def test_a_name_that_is_not_utf8_is_an_oddity(tmp_path: Path, seen_by: str) -> None:
    put(tmp_path, "café.md")
    put(tmp_path, LATIN)
    put(tmp_path, f"{LATIN}.d/a.md")
    seen = take(tmp_path, seen_by)
    assert set(seen.files) == {"café.md"}
    assert seen.skipped[r"caf\xe9.md"] is SkippedFile.NAME
    assert all(path.isascii() for path in seen.skipped)


def test_folders_without_end_are_not_followed_for_ever(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(MAX_DEPTH + 2):
        deep /= "d"
    put(deep, "a.md")
    put(deep.parent.parent, "b.md")
    seen = scan(tmp_path)
    assert [path.rpartition("/")[2] for path in seen.files] == ["b.md"]
    assert list(seen.skipped.values()) == [SkippedFile.TOO_DEEP]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    put(tmp_path, "a/b/c.md")
    before = open_descriptors()
    scan(tmp_path)
    scan(tmp_path, paths=["a", "a/b/c.md", "a/x/y.md", "a/b/c.md/d.md"])
    scan(tmp_path / "missing")
    assert open_descriptors() == before


SHUT = """
import sys
from pathlib import Path
from syndicator.watch.files import scan
for seen in (scan(Path(sys.argv[1])), scan(Path(sys.argv[1]), paths=["shut", "shut/a.md", "b.md"])):
    print(sorted(seen.files), dict(seen.unseen), [kind.name for kind in seen.skipped.values()], seen.broken)
print(scan(Path(sys.argv[1]) / "shut").missing, not scan(Path(sys.argv[1]) / "shut").unseen)
"""


def test_a_shut_folder_is_not_the_same_as_an_empty_one(tmp_path: Path, powerless: list[str]) -> None:
    put(tmp_path, "shut/a.md")
    put(tmp_path, "b.md")
    (tmp_path / "shut").chmod(0)
    try:
        ran = subprocess.run(
            [*powerless, sys.executable, "-c", SHUT, str(tmp_path)], capture_output=True, text=True
        )
    finally:
        (tmp_path / "shut").chmod(0o755)
    assert ran.stderr == ""
    by_scan, by_look, root = ran.stdout.splitlines()
    assert by_scan == "['b.md'] {'shut': 'Permission denied'} ['UNREADABLE'] False"
    assert by_look.startswith("['b.md'] {'shut")
    assert root == "False False"


@pytest.fixture
def churn(tmp_path: Path) -> Iterator[Path]:
    """A folder in which others come and go all the time, and 200 files stay."""
    for number in range(200):
        put(tmp_path, f"stay/{number}.md")
    ended = threading.Event()

    def stir() -> None:
        while not ended.is_set():
            for number in range(50):
                put(tmp_path, f"come/{number}/a.md")
            (tmp_path / "come").rename(tmp_path / "go")
            for number in range(50):
                (tmp_path / f"go/{number}/a.md").unlink()
                (tmp_path / f"go/{number}").rmdir()
            (tmp_path / "go").rmdir()

    thread = threading.Thread(target=stir)
    thread.start()
    yield tmp_path
    ended.set()
    thread.join()


def test_a_folder_in_motion_is_scanned_without_error(churn: Path) -> None:
    for _ in range(100):
        seen = scan(churn)
        assert not seen.unseen
        assert sum(path.startswith("stay/") for path in seen.files) == 200
