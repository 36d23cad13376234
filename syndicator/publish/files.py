"""The output folder: replace a file as a whole or not at all, and only when its bytes differ.

A reader sees the old document or the new one, never a part: the new bytes go to a hidden file beside the old
one, reach the disk (fsync), take its place (rename), and the folder's entry reaches the disk. A crash leaves
at most a hidden file, which `sweep` removes. No link is followed, and nothing outside the folder is touched.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from syndicator.errors import DISK_ERRORS, OutputUnwritable

UNFINISHED = ".unfinished"
"""The ending of the hidden files; their names begin with a dot."""

_GZIP_LEVEL = 6

_FIXES = {
    errno.EACCES: "Let the service's user write there, or set `output` to another folder",
    errno.EPERM: "Let the service's user write there, or set `output` to another folder",
    errno.EROFS: "Mount the file system for writing, or set `output` to another folder",
    errno.ENOSPC: "Make room on the disk; what was published before stays until then",
    errno.EDQUOT: "Raise the quota; what was published before stays until then",
    errno.EFBIG: "Raise the limit on the size of files",
    errno.EEXIST: "Remove the file that stands where a folder should be",
    errno.ENOTDIR: "Remove the file that stands where a folder should be",
    errno.EISDIR: "Remove the folder that stands where the file should be",
    errno.ENOTEMPTY: "Remove the folder that stands where the file should be",
    errno.ENAMETOOLONG: "Shorten the path of the output folder",
    errno.ELOOP: "Replace the link by a folder",
    errno.ENOENT: "Set `output` to where a folder can be made, or replace the link that leads nowhere",
    errno.EIO: "Check the disk",
}
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}
"""What may be over without anybody touching the settings."""
_BLOCK = bytes(4096)


def replace_file(output: Path, relative: str, data: bytes, *, compress: bool = False) -> bool:
    """Puts the bytes at the path in the folder; True if anything had to be written. May be repeated.

    Missing folders are made. With `compress` the same bytes stand beside it as `NAME.gz`, made without time
    or name so that they are always the same, for servers that look for such a file (nginx's gzip_static).
    Raises OutputUnwritable when the folder cannot be written; what was there before is then still whole.
    """
    path = _inside(output, relative)
    with _translated(path):
        if read_regular(path, most_bytes=len(data)) == data and (
            not compress or _gzip_holds(_gzip_path(path), data)
        ):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        if compress:
            packed = gzip.compress(data, compresslevel=_GZIP_LEVEL, mtime=0)
            _put(_gzip_path(path), packed)
        _put(path, data)
        _sync_folder(path.parent)
        return True


def read_regular(path: Path, *, most_bytes: int) -> bytes | None:
    """The bytes of a regular file; None where there is none, a link or a larger one. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return None
        raise
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        return file.read() if stat.S_ISREG(facts.st_mode) and facts.st_size <= most_bytes else None


def unpack(data: bytes) -> bytes | None:
    """What was compressed; None where it is damaged."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def remove_file(output: Path, relative: str) -> bool:
    """Removes a file of the output folder and its compressed sibling; True if there was one.

    The folder that it leaves empty goes too. A link is removed, not what it points to. Raises
    OutputUnwritable when it cannot be removed, or lies behind a link that leads out of the folder.
    """
    path = _inside(output, relative)
    with _translated(path):
        found = [_unlink(candidate) for candidate in (path, _gzip_path(path))]
        if any(found):
            _sync_folder(path.parent)
            if path.parent != output:
                with contextlib.suppress(OSError):
                    path.parent.rmdir()
        return any(found)


def remove_tree(output: Path, relative: str) -> bool:
    """Removes a folder below the output folder with all that is in it; True if there was one.

    Links in it are removed, not followed. Raises OutputUnwritable when it cannot be removed, or lies behind
    a link that leads out of the folder.
    """
    path = _inside(output, relative)
    with _translated(path):
        if path.is_symlink() or path.is_file():
            return _unlink(path)
        if not path.exists():
            return False
        shutil.rmtree(path)
        _sync_folder(path.parent)
        return True


def probe(output: Path) -> None:
    """Makes a file without a name in the folder, or in its nearest parent while it is not there; nothing is
    left of it.

    Raises OutputUnwritable when that cannot be done; `passing` where it may be done later.
    """
    with _translated(output):
        nearest = next(path for path in (output, *output.parents) if os.path.lexists(path))
    with _translated(nearest):
        try:
            with tempfile.TemporaryFile(dir=nearest, prefix=".", suffix=UNFINISHED, buffering=0) as file:
                file.write(_BLOCK)
        except OSError as error:
            # Without its name, which nobody has ever seen.
            raise OSError(error.errno, error.strerror) from error


def sweep(output: Path) -> int:
    """Removes what a crash left unfinished anywhere below the folder; how many there were.

    Raises OutputUnwritable when one cannot be removed. A missing folder has none.
    """
    count = 0
    with _translated(output):
        for folder, _, names in os.walk(output, followlinks=False):
            for name in names:
                if name.startswith(".") and name.endswith(UNFINISHED):
                    count += _unlink(Path(folder, name))
    return count


def _put(path: Path, data: bytes) -> None:
    """Writes beside the path, then takes its place."""
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    _unlink(unfinished)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(unfinished, flags, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            _set_later(file.fileno(), path)
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            _unlink(unfinished)
        raise


def _set_later(handle: int, path: Path) -> None:
    """Gives what is being written a later second than what it takes the place of.

    HTTP dates have whole seconds, and front servers make their tags of time and size (RFC 9110 8.8.2.2): two
    versions of one second would be one to a reader.
    """
    try:
        before_s = int(path.stat(follow_symlinks=False).st_mtime)
    except FileNotFoundError:
        return
    facts = os.fstat(handle)
    if int(facts.st_mtime) <= before_s:
        os.utime(handle, (facts.st_atime, before_s + 1))


def _gzip_holds(path: Path, data: bytes) -> bool:
    """Whether the compressed sibling is of these bytes. The worst case of gzip is a little more than them."""
    packed = read_regular(path, most_bytes=len(data) + len(data) // 1000 + 64)
    return packed is not None and unpack(packed) == data


def _gzip_path(path: Path) -> Path:
    return path.with_name(path.name + ".gz")


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _inside(output: Path, relative: str) -> Path:
    """The path in the output folder, its own folders resolved; never the folder itself or outside.

    Raises ValueError for a path that no name of ours could give, OutputUnwritable for one behind a link.
    """
    root = output.resolve()
    path = root / relative
    if not relative or {"", ".", ".."} & set(relative.split("/")):
        raise ValueError(f"not a path below the output folder: {relative!r}")
    parent = path.parent.resolve()
    if not parent.is_relative_to(root):
        raise OutputUnwritable(
            "Cannot write the output folder",
            on=str(path),
            why="a link leads out of the folder",
            fix=_FIXES[errno.ELOOP],
        )
    return parent / path.name


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputUnwritable(
            "Cannot write the output folder",
            on=str(error.filename if isinstance(error.filename, str | Path) else path),
            why=error.strerror or str(error),
            fix=_FIXES.get(error.errno or 0, "Check the folder that `output` names"),
            everywhere=error.errno in DISK_ERRORS,
            passing=error.errno in _PASSING,
        ) from error
