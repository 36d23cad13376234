"""Single files of the output folder: put there whole or not at all, read, removed; and all of them synced.

A reader sees the old document or the new one, never a part: the new bytes go to a hidden file beside the old
one, which takes its place (rename). A crash leaves at most a hidden file, which `sweep` removes. A file
reaches the disk when the system likes, or with all others by `sync`: until then a power cut may leave it old,
empty or torn. No link is followed, and nothing outside the folder is touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from syndicator.errors import DISK_ERRORS, OutputUnwritable

UNFINISHED = ".unfinished"
"""The ending of the hidden files; their names begin with a dot."""

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
_SYNCFS = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def write(folder: str, name: str, data: bytes) -> os.stat_result:
    """Puts the bytes into a folder that is there; what the file is then.

    Raises OSError; what was there before is then still whole.
    """
    path, unfinished = f"{folder}/{name}", f"{folder}/.{name}{UNFINISHED}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(unfinished, flags, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            _set_later(file.fileno(), path)
            facts = os.fstat(file.fileno())
        os.replace(unfinished, path)  # noqa: PTH105  (paths as text: each document is written by this)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)  # noqa: PTH108
        raise
    return facts


def read_regular(path: str, *, most_bytes: int) -> bytes | None:
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


def remove(path: Path) -> bool:
    """Removes a file or a link, not what that points to; True if there was one. Raises OutputUnwritable."""
    with translated(path):
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def sync(folder: Path) -> None:
    """Brings all that was written to the folder's file system to the disk, in one call. Raises
    OutputUnwritable where the disk did not take it."""
    with translated(folder):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if _SYNCFS is None:
                os.sync()
            elif _SYNCFS(handle):
                raise OSError(failed := ctypes.get_errno(), os.strerror(failed))
        finally:
            os.close(handle)


def probe(output: Path) -> None:
    """Makes a file without a name in the folder, or in its nearest parent while it is not there; nothing is
    left of it.

    Raises OutputUnwritable when that cannot be done; `passing` where it may be done later.
    """
    with translated(output):
        nearest = next(path for path in (output, *output.parents) if os.path.lexists(path))
    with translated(nearest):
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
    return sum(
        remove(Path(folder, name))
        for folder, _, names in os.walk(output, followlinks=False)
        for name in names
        if name.startswith(".") and name.endswith(UNFINISHED)
    )


def inside(output: Path, relative: str) -> Path:
    """The path in the output folder, its own folders resolved; never the folder itself or outside.

    Raises ValueError for a path that no name of ours could give, OutputUnwritable for one behind a link.
    """
    if not relative or {"", ".", ".."} & set(relative.split("/")):
        raise ValueError(f"not a path below the output folder: {relative!r}")
    path = output / relative
    with translated(path):
        root, parent = output.resolve(), path.parent.resolve()
    if not parent.is_relative_to(root):
        raise OutputUnwritable(
            "Cannot write the output folder",
            on=str(path),
            why="a link leads out of the folder",
            fix=_FIXES[errno.ELOOP],
        )
    return parent / path.name


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raises OutputUnwritable for an OSError, with the fix."""
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


def _set_later(handle: int, path: str) -> None:
    """Gives what is being written a later second than what it takes the place of.

    HTTP dates have whole seconds, and front servers make their tags of time and size (RFC 9110 8.8.2.2): two
    versions of one second would be one to a reader.
    """
    try:
        before_s = int(os.lstat(path).st_mtime)
    except FileNotFoundError:
        return
    facts = os.fstat(handle)
    if int(facts.st_mtime) <= before_s:
        os.utime(handle, (facts.st_atime, before_s + 1))
