from __future__ import annotations

import gzip
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from syndicator.errors import OutputUnwritable
from syndicator.publish.output import UNFINISHED, OutputFolder, sweep

ROOT = Path(__file__).parents[2]


def replace_file(path: Path, data: bytes, *, compress: bool = False) -> bool:
    """As a start does that knows of nothing which was written before."""
    return OutputFolder(path.parent).put(path.name, data, compress=compress)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_file_is_written_once_and_only_when_its_bytes_differ(tmp_path: Path) -> None:
    path = tmp_path / "feeds" / "all" / "rss.xml"
    assert replace_file(path, b"one")
    before = path.stat()
    assert not replace_file(path, b"one")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_ino != before.st_ino
    assert names(tmp_path) == ["feeds/all/rss.xml"]


def test_file_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        replace_file(tmp_path / "rss.xml", b"x", compress=True)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()] == [0o644, 0o644]


def test_compressed_sibling_is_always_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "rss.xml", tmp_path / "b" / "rss.xml"
    data = b"<rss>" * 1_000
    for path in (first, second):
        assert replace_file(path, data, compress=True)
        assert not replace_file(path, data, compress=True)
    packed = first.with_name("rss.xml.gz").read_bytes()
    assert packed == second.with_name("rss.xml.gz").read_bytes()
    assert gzip.decompress(packed) == data


@pytest.mark.parametrize(
    "stale", [b"", b"short", gzip.compress(b"another text", mtime=0)], ids=["empty", "short", "other"]
)
def test_stale_or_missing_sibling_is_made_anew(tmp_path: Path, stale: bytes) -> None:
    path = tmp_path / "rss.xml"
    replace_file(path, b"text")
    assert replace_file(path, b"text", compress=True)
    path.with_name("rss.xml.gz").write_bytes(stale)
    assert replace_file(path, b"text", compress=True)
    assert gzip.decompress(path.with_name("rss.xml.gz").read_bytes()) == b"text"


def test_link_in_the_place_of_a_file_is_replaced_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"same")
    path = tmp_path / "public" / "rss.xml"
    path.parent.mkdir()
    path.symlink_to(outside)
    assert replace_file(path, b"same")
    assert not path.is_symlink()
    assert replace_file(path, b"other")
    assert outside.read_bytes() == b"same"


def test_leftover_of_a_crash_is_in_nobodys_way_and_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "feeds" / "rss.xml"
    path.parent.mkdir()
    leftover = path.with_name(f".rss.xml{UNFINISHED}")
    leftover.write_bytes(b"half")
    replace_file(path, b"whole")
    assert names(tmp_path) == ["feeds/rss.xml"]
    leftover.write_bytes(b"half")
    (tmp_path / ".keep").write_bytes(b"")
    (tmp_path / f"page{UNFINISHED}").write_bytes(b"")
    assert sweep(tmp_path) == 1
    assert names(tmp_path) == [".keep", "feeds/rss.xml", f"page{UNFINISHED}"]
    assert sweep(tmp_path / "missing") == 0


def test_file_goes_with_its_sibling_and_the_folders_that_it_leaves_empty(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path)
    output.put("feeds/azure/top/rss.xml", b"x")
    output.put("feeds/ai/rss.xml", b"x", compress=False)
    (tmp_path / "feeds/azure/theirs.xml").write_bytes(b"y")
    for path in ("feeds/azure/top/rss.xml", "feeds/azure/theirs.xml", "feeds/none/rss.xml"):
        output.remove(path)
    assert names(tmp_path) == ["feeds/ai/rss.xml", "feeds/azure/theirs.xml"], "what is not ours stays"
    assert not (tmp_path / "feeds/azure/top").exists()


def test_link_in_the_place_of_a_file_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"x")
    output = OutputFolder(tmp_path / "public")
    output.put("a.xml", b"x", compress=False)
    (output.root / "a.xml").unlink()
    (output.root / "a.xml").symlink_to(tmp_path / "precious")
    output.remove("a.xml")
    assert names(tmp_path) == ["precious"]


@pytest.mark.parametrize("relative", ["", ".", "..", "../precious", "feeds/../../precious", "/etc"])
def test_no_path_of_another_form_is_touched(tmp_path: Path, relative: str) -> None:
    with pytest.raises(ValueError, match="not a path below the output folder"):
        OutputFolder(tmp_path / "public").put(relative, b"x")


def test_nothing_behind_a_link_is_touched(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path / "public")
    output.put("link/x", b"x", compress=False)
    (output.root / "link").rename(tmp_path / "precious")
    (output.root / "link").symlink_to(tmp_path / "precious")
    output.sync()
    with pytest.raises(OutputUnwritable, match=r"link/x.*Replace the link by a folder"):
        output.put("link/x", b"y", compress=False)
    with pytest.raises(OutputUnwritable, match=r"link/x.*Replace the link by a folder"):
        output.remove("link/x")
    assert names(tmp_path / "precious") == ["x"]
    assert (tmp_path / "precious" / "x").read_bytes() == b"x"


def test_output_that_is_a_link_to_itself_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "public").symlink_to(tmp_path / "public")
    with pytest.raises(OutputUnwritable, match="Replace the link by a folder"):
        OutputFolder(tmp_path / "public").put("feeds/a.xml", b"x", compress=False)


def test_output_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "public").symlink_to(tmp_path / "real")
    output = OutputFolder(tmp_path / "public")
    assert output.put("feeds/rss.xml", b"x", compress=False)
    assert names(tmp_path / "real") == ["feeds/rss.xml"]
    output.sync()
    output.remove("feeds/rss.xml")
    assert names(tmp_path / "real") == []


def test_folder_where_a_file_should_be_is_told_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "rss.xml" / "inner").mkdir(parents=True)
    with pytest.raises(
        OutputUnwritable, match="Remove the folder that stands where the file should be"
    ) as caught:
        replace_file(tmp_path / "rss.xml", b"x")
    assert str(tmp_path) in str(caught.value)
    assert names(tmp_path) == []


def test_file_where_a_folder_should_be_is_told_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "feeds").write_bytes(b"x")
    with pytest.raises(OutputUnwritable, match="Remove the file that stands where a folder should be"):
        replace_file(tmp_path / "feeds" / "rss.xml", b"x")


def test_folder_of_somebody_else_is_told_with_a_cure(tmp_path: Path) -> None:
    """Root may write everywhere, so root asks as nobody (in a process that has loaded all it needs)."""
    script = WRITE.replace("#", "os.setuid(65534)" if os.geteuid() == 0 else "")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds").chmod(0o555)
    done = subprocess.run([sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert "Permission denied. Let the service's user write there" in done.stderr
    assert names(tmp_path) == []


def test_name_that_is_too_long_is_told_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="Shorten the path of the output folder"):
        replace_file(tmp_path / ("x" * 300), b"x")


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "rss.xml"
    replace_file(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, before[1]))
    try:
        with pytest.raises(OutputUnwritable, match="Raise the limit on the size of files"):
            replace_file(path, b"new" * 2_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["rss.xml"]


WRITE = """
import os, sys
from pathlib import Path
from syndicator.publish.output import OutputFolder
#
OutputFolder(Path(sys.argv[1])).put("feeds/rss.xml", b"x")
"""

FULL_DISK = """
import sys
from pathlib import Path
from syndicator.errors import OutputUnwritable
from syndicator.publish.output import OutputFolder
path = Path(sys.argv[1]) / "feeds" / "rss.xml"
old = b"old" * 1000
output = OutputFolder(path.parent)
output.put(path.name, old)
for _ in range(2):
    try:
        output.put(path.name, b"new" * 1_000_000)
    except OutputUnwritable as error:
        print(error)
assert path.read_bytes() == old
assert sorted(p.name for p in path.parent.iterdir()) == ["rss.xml", "rss.xml.gz"]
assert output.put(path.name, b"new")
"""


@pytest.mark.parametrize(
    ("options", "fix"),
    [("size=256k", "Make room on the disk; what was published before stays until then")],
)
def test_full_disk_leaves_the_old_feed_whole(tmp_path: Path, options: str, fix: str) -> None:
    """On a real small file system, in a name space of its own."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("no mount name spaces here (unshare -rm)")
    mounted = f'mount -t tmpfs -o {options} none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, "sh", tmp_path, sys.executable, FULL_DISK],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(fix) == 2
    assert "No space left on device" in done.stdout


def test_read_only_file_system_is_told_with_a_cure(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("no mount name spaces here (unshare -rm)")
    mounted = 'mount -t tmpfs -o ro none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, "sh", tmp_path, sys.executable, WRITE],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "Mount the file system for writing, or set `output` to another folder" in done.stderr


def test_two_hundred_kills_tear_no_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.publish.crash_writer", tmp_path, "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0\n"


def test_ten_thousand_reads_during_rewriting_see_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "rss.xml"
    documents = [bytes([number]) * 20_000 for number in range(1, 5)]
    replace_file(path, documents[0])
    done = threading.Event()

    def rewrite() -> None:
        while not done.is_set():
            for data in documents:
                replace_file(path, data)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        assert all(path.read_bytes() in documents for _ in range(10_000))
    finally:
        done.set()
        writer.join()


def test_versions_of_one_second_have_times_apart(tmp_path: Path) -> None:
    path = tmp_path / "rss.xml"
    seconds = []
    for version in range(4):
        replace_file(path, b"version %d" % version, compress=True)
        seconds.append((int(path.stat().st_mtime), int(path.with_name("rss.xml.gz").stat().st_mtime)))
    assert sorted(set(seconds)) == seconds
    assert len({second for second, _ in seconds}) == len({second for _, second in seconds}) == 4
    assert not replace_file(path, b"version 3", compress=True)
    assert int(path.stat().st_mtime) == seconds[-1][0]
