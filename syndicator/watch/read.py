"""One article's bytes, read so that no link is followed, nothing hangs and no torn file passes.

Every folder on the way is opened from the one above with O_NOFOLLOW, so that `..`, a link or an exchange
meanwhile leads nowhere outside the source; the file is opened without blocking and must be a regular file,
the same before and after reading. Hard links are read: one cannot be told from the file itself, cannot lead
to another file system, and rsync, cp -l and backups make them; who may not read a file cannot link to it
either (fs.protected_hardlinks). What the bytes mean is `parse`'s business.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.watch.scan import descended, opened
from syndicator.watch.types import SkippedFile, Stamp, skip_reason, stamp

LIMIT = 2 * 1024 * 1024
"""Bytes of the largest article that is read."""
_CHUNK = 256 * 1024
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_RIGHTS = (
    "cannot be read: the service's user has no right to",
    "Let it: chmod o+r, or add the user to its group",
)
_WHY = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ELOOP: (f"is {SkippedFile.LINK}", SkippedFile.LINK.fix),
    errno.ENXIO: (f"is {SkippedFile.SOCKET}", SkippedFile.SOCKET.fix),
    errno.ENAMETOOLONG: ("has too long a name", "Shorten it"),
}
"""What the operating system says of one file, in words and with a fix; all else is a sick disk or mount."""
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_LATER = frozenset({errno.EAGAIN, errno.ESTALE, errno.ETXTBSY})
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The bytes of a file and the stamp that they belong to."""

    data: bytes
    stamp: Stamp


class Unread(StrEnum):
    """Why there are no bytes, though the file is not at fault."""

    GONE = "it is not there any more"
    CHANGING = "it is being written: look again later"


def read_article(root: Path, path: str, *, expected: Stamp | None = None) -> Reading | Unread:
    """Reads the file at `path` (relative, `/`) below `root`, which may itself be a link.

    With `expected`, the stamp that came to rest, another one on the open file counts as changing. Raises
    ArticleError where only a person can help (a link, a pipe, a device, too large, no right to read), within
    milliseconds, and SourceUnreadable where the root is not there or the process is out of descriptors.
    """
    *folders, name = path.split("/")
    try:
        with opened(root) as top, descended(top, folders) as above:
            return _read(above, name, expected)
    except OSError as error:
        if str(error.filename) == str(root) or error.errno in _OURS:
            raise _unreadable(root, error) from error
        if error.errno == errno.ENOTDIR and (root / str(error.filename)).is_symlink():
            raise ArticleError(f"lies behind {SkippedFile.LINK}", fix=SkippedFile.LINK.fix) from None
        if error.errno in _GONE:
            return Unread.GONE
        if error.errno in _LATER:
            return Unread.CHANGING
        what, fix = _WHY.get(
            error.errno or 0, (f"cannot be read: {error.strerror}", "Check the disk or mount")
        )
        raise ArticleError(what, fix=fix) from error


def _read(above: int, name: str, expected: Stamp | None) -> Reading | Unread:
    """Looks before opening, since opening a device can do something, and again at what was opened."""
    _refuse(os.stat(name, dir_fd=above, follow_symlinks=False))
    descriptor = os.open(name, _FILE, dir_fd=above)
    try:
        before = os.fstat(descriptor)
        _refuse(before)
        if expected is not None and stamp(before) != expected:
            return Unread.CHANGING
        data = _all(descriptor)
        after = stamp(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    if after != stamp(before) or len(data) != after.size:
        return Unread.CHANGING
    return Reading(data=data, stamp=after)


def _all(descriptor: int) -> bytes:
    """Reads to the end, and no further than one byte over the limit (a file may grow while it is read)."""
    chunks: list[bytes] = []
    left = LIMIT + 1
    while left and (chunk := os.read(descriptor, min(left, _CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _refuse(found: os.stat_result) -> None:
    """Raises ArticleError for what is not a regular file or is too large."""
    if stat.S_ISDIR(found.st_mode):
        raise ArticleError("is a folder, not a file", fix="Rename the folder")
    kind = skip_reason(found.st_mode)
    if kind is not None:
        raise ArticleError(f"is {kind}", fix=kind.fix)
    if found.st_size > LIMIT:
        what = f"is too large: {found.st_size:,} bytes, and at most {LIMIT:,} are read"
        raise ArticleError(what, fix="Shorten the article, or move large content out of it")


def _unreadable(root: Path, error: OSError) -> SourceUnreadable:
    fix = (
        "Raise the limit of open files"
        if error.errno in _OURS
        else "Mount or create the folder, or give rights"
    )
    return SourceUnreadable("cannot read the source folder", on=str(root), why=error.strerror or "", fix=fix)
