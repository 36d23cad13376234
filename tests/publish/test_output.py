"""What was written to the output folder, and what others made of it."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from syndicator.models import WrittenFile
from syndicator.progress import PutOff
from syndicator.publish import output
from syndicator.publish.output import OutputFolder

PATH = "feeds/ai/rss.xml"
DATA = b"<rss>" + b"one " * 500 + b"</rss>"


def quietly(done: int, of: int) -> None:
    pass


@pytest.fixture
def files(tmp_path: Path) -> OutputFolder:
    files = OutputFolder(tmp_path / "public")
    assert files.put(PATH, DATA)
    return files


def kept(files: OutputFolder) -> dict[str, WrittenFile]:
    return {path: file for path, file in files.changes.items() if file is not None}


def test_what_is_as_it_was_written_is_neither_read_nor_written(files: OutputFolder) -> None:
    again = OutputFolder(files.root)
    again.remember(kept(files))
    for path in (PATH, f"{PATH}.gz"):
        # Other bytes that nobody can tell without reading.
        file = files.root / path
        facts = file.stat()
        file.write_bytes(b"x" * facts.st_size)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert again.find_changed(quietly) == []
    assert not again.put(PATH, DATA)
    assert again.changes == {}
    assert again.put(PATH, DATA + b" ")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def overwrite(file: Path) -> None:
    write(file, b"x" * file.stat().st_size)


def write(file: Path, data: bytes) -> None:
    """Later than it was written: the kernel's clock for files ticks only every few milliseconds."""
    before = file.stat().st_mtime_ns
    file.write_bytes(data)
    os.utime(file, ns=(before, before + 1))


def damage_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[15] ^= 0xFF
    write(file, bytes(data))


def put_a_folder_there(file: Path) -> None:
    file.unlink()
    file.mkdir()


def put_a_link_there(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


@pytest.mark.parametrize("path", [PATH, f"{PATH}.gz"], ids=["plain", "compressed"])
@pytest.mark.parametrize(
    "change", [empty, Path.unlink, overwrite, damage_a_byte, put_a_folder_there, put_a_link_there]
)
def test_what_others_changed_is_found_and_written_anew(
    files: OutputFolder, path: str, change: Callable[[Path], None]
) -> None:
    change(files.root / path)
    assert files.find_changed(quietly) == [path]
    if (files.root / path).is_dir():
        (files.root / path).rmdir()
    assert files.put(PATH, DATA)
    assert (files.root / PATH).read_bytes() == DATA
    assert gzip.decompress((files.root / f"{PATH}.gz").read_bytes()) == DATA
    assert files.find_changed(quietly) == []


def test_copy_with_the_same_bytes_is_not_written_again(files: OutputFolder) -> None:
    copy = files.root.with_name("copy")
    shutil.copytree(files.root, copy)
    shutil.rmtree(files.root)
    copy.rename(files.root)
    inode = (files.root / PATH).stat().st_ino
    assert files.find_changed(quietly)
    assert not files.put(PATH, DATA)
    assert (files.root / PATH).stat().st_ino == inode
    assert files.find_changed(quietly) == [], "the new inodes count from now on"


def test_what_is_removed_is_known_no_more(files: OutputFolder) -> None:
    files.put("style.css", b"a{}")
    files.put("feeds/ai.more/rss.xml", DATA)
    assert set(files.list()) >= {PATH, "style.css"}
    files.remove("style.css")
    files.remove(PATH)
    assert not files.has(PATH)
    assert set(files.list()) == {"feeds/ai.more/rss.xml", "feeds/ai.more/rss.xml.gz"}
    assert files.find_changed(quietly) == []
    gone = {path for path, file in files.changes.items() if file is None}
    assert gone == {PATH, f"{PATH}.gz", "style.css", "style.css.gz"}


def test_look_that_was_left_goes_on_and_takes_what_was_put_meanwhile_for_put(
    files: OutputFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "AT_ONCE", 1)
    for name in ("one.css", "two.css"):
        files.put(name, b"a{}", compress=False)
    for path in files.list():
        (files.root / path).unlink()

    def put_off(_done: int, _of: int) -> None:
        raise PutOff

    with pytest.raises(PutOff):
        files.find_changed(put_off)
    files.put("two.css", b"b{}", compress=False)
    assert sorted(files.find_changed(quietly)) == sorted({*files.list()} - {"two.css"})
