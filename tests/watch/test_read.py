"""Reading one article: no link, no hang, no torn file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.store.types import Stamp
from syndicator.watch.changes import Settling, compare
from syndicator.watch.files import LIMIT, read_article, scan
from tests.sockets import make_socket
from tests.watch.descriptors import open_descriptors

TEXT = b"---\ntitle: One\n---\nBody\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "deep/er").mkdir(parents=True)
    (folder / "a.md").write_bytes(TEXT)
    (folder / "deep/er/b.md").write_bytes(TEXT * 2)
    return folder


def test_an_article_is_read(root: Path) -> None:
    assert read_article(root, "a.md") == TEXT
    assert read_article(root, "deep/er/b.md") == TEXT * 2


def test_an_empty_file_is_read(root: Path) -> None:
    (root / "empty.md").touch()
    assert read_article(root, "empty.md") == b""


def test_the_root_may_be_a_link(root: Path) -> None:
    (root.parent / "current").symlink_to(root)
    assert read_article(root.parent / "current", "a.md") == TEXT


def test_a_hard_link_is_read(root: Path) -> None:
    os.link(root / "a.md", root / "c.md")
    assert read_article(root, "c.md") == TEXT


@pytest.mark.parametrize("path", ["no.md", "no/a.md", "a.md/b.md", "../root/a.md", "/a.md", "deep//er/b.md"])
def test_what_is_not_below_the_root_is_gone(root: Path, path: str) -> None:
    assert read_article(root, path) is None


@pytest.mark.parametrize("name", ["missing", "a.md"])
def test_a_root_that_cannot_be_read_loses_no_article(root: Path, name: str) -> None:
    with pytest.raises(SourceUnreadable, match=r"cannot read the source folder: .*: .*Mount"):
        read_article(root / name, "b.md")


def link(root: Path) -> None:
    (root / "x.md").symlink_to("a.md")


def link_to_environment(root: Path) -> None:
    (root / "x.md").symlink_to("/proc/self/environ")


def loop(root: Path) -> None:
    (root / "x.md").symlink_to("x.md")


def fifo(root: Path) -> None:
    os.mkfifo(root / "x.md")


def unix_socket(root: Path) -> None:
    make_socket(root / "x.md")


def zeros(root: Path) -> None:
    os.mknod(root / "x.md", 0o600 | 0o020000, os.makedev(1, 5))


def folder(root: Path) -> None:
    (root / "x.md").mkdir()


def large(root: Path) -> None:
    with (root / "x.md").open("wb") as file:
        file.truncate(100 * 1024 * 1024)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (link, "is a symbolic link"),
        (link_to_environment, "is a symbolic link"),
        (loop, "is a symbolic link"),
        (fifo, "is a pipe, socket or device"),
        (unix_socket, "is a pipe, socket or device"),
        (zeros, "is a pipe, socket or device"),
        (folder, "not a file"),
        (large, "is too large: 104,857,600 bytes, and at most 2,097,152 are read"),
    ],
)
def test_what_is_no_article_is_refused_at_once(root: Path, make: Callable[[Path], None], what: str) -> None:
    try:
        make(root)
    except PermissionError:
        pytest.skip("no right to make a device node here")
    took = []
    for _ in range(3):
        began = time.perf_counter()
        with pytest.raises(ArticleError, match=what) as caught:
            read_article(root, "x.md")
        took.append(time.perf_counter() - began)
    assert min(took) < 0.010
    assert str(caught.value).count(". ") == 1, "what is wrong, and the fix"


def test_nothing_behind_a_link_is_read(root: Path) -> None:
    (root / "link").symlink_to("deep")
    with pytest.raises(ArticleError, match="lies behind a symbolic link"):
        read_article(root, "link/er/b.md")


def test_a_file_of_just_the_limit_is_read(root: Path) -> None:
    (root / "a.md").write_bytes(b"x" * LIMIT)
    assert read_article(root, "a.md") == b"x" * LIMIT


def test_a_name_that_no_file_can_have_is_refused(root: Path) -> None:
    with pytest.raises(ArticleError, match="has too long a name"):
        read_article(root, "x" * 300 + ".md")


SHUT = """
import sys
from pathlib import Path
from syndicator.watch.files import read_article
for path in ("a.md", "deep/er/b.md"):
    try:
        read_article(Path(sys.argv[1]), path)
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_a_file_that_may_not_be_read_is_a_problem_with_a_cure(root: Path, powerless: list[str]) -> None:
    (root / "a.md").chmod(0)
    (root / "deep").chmod(0)
    try:
        ran = subprocess.run(
            [*powerless, sys.executable, "-c", SHUT, str(root)], capture_output=True, text=True
        )
    finally:
        (root / "deep").chmod(0o755)
    said = "ArticleError cannot be read: the service's user has no right to. Let it: chmod o+r, or add the"
    assert [line[: len(said)] for line in ran.stdout.splitlines()] == [said, said], ran.stderr


EXHAUSTED = """
import os, sys
from pathlib import Path
from syndicator.errors import SourceUnreadable
from syndicator.watch.files import read_article
from syndicator.watch.files import scan
import resource
root = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = [os.open("/dev/null", os.O_RDONLY)]
try:
    while True:
        held.append(os.dup(held[0]))
except OSError:
    pass
for free in range(5):
    for seen in (scan(root), scan(root, paths=["deep", "deep/er/b.md"])):
        assert len(seen.files) + len(seen.unseen) >= 1, seen
        assert not seen.unseen or (seen.broken and not seen.missing), seen
    try:
        read_article(root, "deep/er/b.md")
    except SourceUnreadable as error:
        print(free, error.why, "|", error.fix)
    else:
        print(free, "read", not scan(root).unseen)
    os.close(held.pop())
"""


def test_without_descriptors_nothing_is_lost_or_blamed_on_the_article(root: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", EXHAUSTED, str(root)], capture_output=True, text=True)
    lines = ran.stdout.splitlines()
    assert len(lines) == 5, ran.stderr
    assert lines[0] == "0 Too many open files | Raise the limit of open files"
    assert lines[-1] == "4 read True"


def test_a_file_other_than_expected_is_changing(root: Path) -> None:
    expected = scan(root).files["a.md"]
    assert read_article(root, "a.md", expected=expected) == TEXT
    (root / "a.md").write_bytes(TEXT * 3)
    assert read_article(root, "a.md", expected=expected) is None


def test_a_file_that_grows_while_it_is_read_is_changing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_and_write(descriptor: int, size: int, read: Callable[[int, int], bytes] = os.read) -> bytes:
        data = read(descriptor, size)
        (root / "a.md").write_bytes(TEXT * 3)
        return data

    monkeypatch.setattr(os, "read", read_and_write)
    assert read_article(root, "a.md") is None


def test_an_exchanged_file_is_changing(root: Path) -> None:
    expected = scan(root).files["a.md"]
    (root / "new").write_bytes(TEXT)
    (root / "new").replace(root / "a.md")
    assert read_article(root, "a.md", expected=expected) is None


def test_no_descriptor_is_left_open(root: Path) -> None:
    (root / "link").symlink_to("deep")
    before = open_descriptors()
    for path in ("a.md", "deep/er/b.md", "no.md", "deep/no/b.md", "deep"):
        try:
            read_article(root, path)
        except ArticleError:
            assert path == "deep"
    with pytest.raises(ArticleError):
        read_article(root, "link/er/b.md")
    assert open_descriptors() == before


WRITER = """
import os, random, sys, time
path, quiet = sys.argv[1], float(sys.argv[2])
print("ready", flush=True)
number = 0
while True:
    number += 1
    with open(path, "wb", buffering=0) as file:
        file.write(b"%08d\\n" % number)
        for _ in range(8):
            file.write(b"x" * 4095 + b"\\n")
            if random.random() < 0.1:
                time.sleep(quiet / 10)
        file.write(b"%08d\\n" % number)
    if random.random() < 0.2:
        time.sleep(quiet * 1.2)
"""
WHOLE = 9 + 8 * 4096 + 9


def whole(data: bytes) -> bool:
    return len(data) == WHOLE and data[:9] == data[-9:]


@dataclass
class Tries:
    """What tries to read a file that is being written came to; nobody should read an unsettled one."""

    count: int = 0
    whole: int = 0
    torn: int = 0
    put_off: int = 0
    unsettled_torn: int = 0


def test_no_torn_article_is_read_while_a_writer_writes_in_place(root: Path) -> None:
    """20,000 tries and three whole readings, each as the pipeline does it, against blocks of 4 KiB."""
    quiet = 1.0
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root / "w.md"), str(quiet)], stdout=subprocess.PIPE
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        tries = try_often(root, quiet)
    finally:
        writer.kill()
        writer.communicate()
    assert tries.torn == 0
    assert tries.whole >= 3, tries
    assert tries.unsettled_torn > 0, "the writer is one that can be met in the act"


def try_often(root: Path, quiet: float) -> Tries:
    settling, tries = Settling(quiet=quiet), Tries()
    known: dict[str, Stamp] = {}
    deadline = time.monotonic() + 60
    while (tries.count < 20_000 or tries.whole < 3) and time.monotonic() < deadline:
        tries.count += 1
        changes = compare(known, scan(root, paths=["w.md"]))
        ready = settling.ready(changes, now=time.monotonic(), wall_ns=time.time_ns())
        read = read_article(root, "w.md", expected=ready.get("w.md"))
        if "w.md" not in ready:
            tries.unsettled_torn += isinstance(read, bytes) and not whole(read)
        elif isinstance(read, bytes):
            known["w.md"] = ready["w.md"]
            tries.whole += whole(read)
            tries.torn += not whole(read)
        else:
            tries.put_off += 1
            settling.put_back("w.md", ready["w.md"], now=time.monotonic())
    return tries
