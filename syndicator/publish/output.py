"""The output folder: put, remove, has, list, sync; and what of it somebody else has changed.

A reader sees the old document or the new one, never a part: the new bytes go to a hidden file beside the old
one, which takes its place (rename). A crash leaves at most a hidden file, which `sweep` removes. Files are
written one by one and reach the disk together, by `sync`: until then a power cut may leave one old, empty or
torn. No link is followed, and nothing outside the folder is touched.

The manifest has each file's size, mtime and inode as they were when it was written, with a digest of the
document. So a file that is still the same is not even read, and one that was emptied, replaced or removed is
found by looking at all of them: 0.16 s of processor time for 34,000 files. Whoever keeps the `changes` keeps
them after `sync`: then what the manifest holds is on disk. Lost ones cost writing those files anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gzip
import os
import stat
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path

from syndicator.errors import DISK_ERRORS, OutputUnwritable
from syndicator.models import WrittenFile
from syndicator.progress import Progress
from syndicator.store.types import signed

try:
    from isal import igzip

    # 80 KB take 0.1 ms, by zlib 0.55 at level 3 and 1.3 at level 6, which saves a tenth more.
    _compress: Callable[..., bytes] = partial(igzip.compress, compresslevel=2, mtime=0)
except ImportError:  # It is made for x86-64 and arm64 alone.
    _compress = partial(gzip.compress, compresslevel=3, mtime=0)
_STAMP = struct.Struct("<qqq")
AT_ONCE = 1_000
"""Files looked at between two steps."""

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
_SYNCFS = ctypes.CDLL(None, use_errno=True).syncfs


class OutputFolder:
    """The files below one folder by their relative path, with `/`. One thread uses it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes: dict[str, WrittenFile | None] = {}
        """What is to be kept by the store: what was written, and None for what is no longer there."""
        self._known: dict[str, bytes] = {}
        """Stamp and digest, packed, as there are very many."""
        self._folders: dict[str, str] = {}
        """Those that were looked at and made since the last `sync`."""
        self._unchecked: list[str] = []
        self._suspects: list[str] = []
        """What a look at all files has left to look at, and those that it found changed."""

    def remember(self, written: Mapping[str, WrittenFile]) -> None:
        """Takes over what the store has kept."""
        self._known = {path: _pack(file) for path, file in written.items()}

    def put(self, path: str, data: bytes, *, compress: bool = True) -> bool:
        """Puts the bytes there, with `compress` also `PATH.gz` beside them for servers that send such files;
        True unless it is what was put there last, or stands there where that is not known.

        Raises OutputUnwritable; what was there before is then still whole. ValueError for a path of a form
        that leads elsewhere. May be repeated.
        """
        digest, beside = blake2b(data, digest_size=16).digest(), f"{path}.gz"
        changed = False
        with translated(self.root / path):
            folder = self._folder(path)
            if compress:
                changed = self._put(beside, folder, digest, lambda: _compress(data))
            elif self.has(beside):
                self._remove(beside)
            return self._put(path, folder, digest, lambda: data) or changed

    def remove(self, path: str) -> None:
        """Removes a file and its compressed form as far as they were put there, and the folders that it
        leaves empty. Raises OutputUnwritable."""
        for name in (f"{path}.gz", path):
            if self.has(name):
                self._remove(name)
        folder = (self.root / path).parent
        with contextlib.suppress(OSError):
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent

    def has(self, path: str) -> bool:
        """Whether the file was put there, as far as is known; nothing is looked at."""
        return path in self._known

    def list(self) -> Iterator[str]:
        """All files that were put there, compressed ones too, in no order; nothing is looked at."""
        yield from self._known

    def sync(self) -> None:
        """Brings what has changed to the disk. Raises OutputUnwritable."""
        self._folders.clear()
        try:
            if any(file is not None for file in self.changes.values()):
                with translated(self.root):
                    _sync(self.root)
        except OutputUnwritable:
            # The system may take for written what it could not write.
            self.doubt()
            raise

    def doubt(self) -> None:
        """Takes what has changed for not written: without a digest, it is put again and counts as changed."""
        written = {path: file for path, file in self.changes.items() if file is not None}
        self._known |= {path: _pack(file._replace(digest=bytes(16))) for path, file in written.items()}

    def find_changed(self, progress: Progress) -> Sequence[str]:
        """Looks at every file; those that are no longer there as they were written. A copy of the same bytes
        counts as another file: when it is put again, it is read and stays.

        What `progress` raises leaves the look where it is, for a further call to go on with.
        """
        self._unchecked = self._unchecked or list(self._known)
        while self._unchecked:
            self._suspects += (path for path in self._unchecked[-AT_ONCE:] if not self._is_as_written(path))
            del self._unchecked[-AT_ONCE:]
            if self._unchecked:
                progress(0, 0)
        suspects, self._suspects = self._suspects, []
        return [path for path in suspects if self.has(path) and not self._is_as_written(path)]

    def _put(self, path: str, folder: str, digest: bytes, make: Callable[[], bytes]) -> bool:
        known, untouched = self._known.get(path), self._is_as_written(path)
        is_new = known is None or known[_STAMP.size :] != digest
        if untouched and not is_new:
            return False
        data, name = make(), path.rpartition("/")[2]
        if not untouched and read_regular(f"{folder}/{name}", most_bytes=len(data)) == data:
            self._note(path, os.lstat(f"{folder}/{name}"), digest)
            return known is not None and is_new
        self._note(path, write(folder, name, data), digest)
        return True

    def _folder(self, path: str) -> str:
        """The file's folder, looked at and made."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            parent = inside(self.root, path).parent
            parent.mkdir(parents=True, exist_ok=True)
            self._folders[folder] = str(parent)
        return self._folders[folder]

    def _remove(self, path: str) -> None:
        remove(inside(self.root, path))
        del self._known[path]
        self.changes[path] = None

    def _is_as_written(self, path: str) -> bool:
        known = self._known.get(path)
        if known is None:
            return False
        try:
            facts = os.lstat(f"{self.root}/{path}")
        except OSError:
            return False
        stamp = facts.st_size, signed(facts.st_mtime_ns), signed(facts.st_ino)
        return known[: _STAMP.size] == _STAMP.pack(*stamp)

    def _note(self, path: str, facts: os.stat_result, digest: bytes) -> None:
        size, mtime, inode = facts.st_size, signed(facts.st_mtime_ns), signed(facts.st_ino)
        file = WrittenFile(size_bytes=size, mtime_ns=mtime, inode=inode, digest=digest)
        self._known[path], self.changes[path] = _pack(file), file


def _pack(file: WrittenFile) -> bytes:
    return _STAMP.pack(file.size_bytes, file.mtime_ns, file.inode) + file.digest


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
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
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


def _sync(folder: Path) -> None:
    """Brings all that was written to the folder's file system to the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _SYNCFS(handle):
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
                file.write(bytes(4096))
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
        # Not Path.resolve, which raises RuntimeError for a link to itself.
        root, parent = (Path(os.path.realpath(folder)) for folder in (output, path.parent))
        if not parent.is_relative_to(root):
            raise OSError(errno.ELOOP, "a link leads out of the folder", str(path))
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
