"""The files of a source folder: which there are, each with its stamp, and the bytes of one.

A scan is one pass with one `stat` per file, which opens nothing but directories. No link is followed below
the root, and every step goes through the descriptor of the directory above, so that `..`, or a directory
exchanged for a link while we look, leads nowhere else. "Not there" and "could not look" are kept apart: a
file that vanishes meanwhile is not in the scan, a directory that cannot be read is in `unseen`. What changed
is `compare`'s business.

A file is opened without blocking and must be a regular file, the same before and after reading. Hard links
are read: one cannot be told from the file itself, cannot lead to another file system, and rsync, cp -l and
backups make them; who may not read a file cannot link to it either (fs.protected_hardlinks). What the bytes
mean is `parse`'s business.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.progress import Progress
from syndicator.store.types import Stamp
from syndicator.watch.types import MAX_DEPTH, Scan, SkippedFile, is_utf8, printable, skip_reason, stamp

SUFFIXES = (".md", ".markdown")
AT_ONCE = 1_000
"""Files looked at between two steps of a walk."""
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""A name that is gone, or is no directory any more (a link counts as that: none is followed)."""


def scan(root: Path, suffixes: tuple[str, ...] = SUFFIXES, *, paths: Iterable[str] | None = None) -> Scan:
    """Looks at every file below `root` whose name ends in one of `suffixes` (in lower case), in any order.

    With `paths` at these alone: a file by itself, a folder with all that is below it. Of some thousand paths
    all is quicker: 100,000 files take half a second of processor time with a warm cache. `root` itself may be
    a link; it is resolved once. Names that start with a dot are passed over. Raises nothing: what could not
    be looked at is in `unseen`.
    """
    return next(filter(None, _look(root, suffixes, paths)))


class Walk:
    """A look at everything below a folder that can be left and gone on with."""

    def __init__(self, root: Path, suffixes: tuple[str, ...]) -> None:
        self._root, self._suffixes = root, suffixes
        self._steps = _look(root, suffixes)
        self._found = Scan(there=False)
        self.since = set[str]()
        """What has been looked at by itself since it began, and is to be looked at again at its end."""

    def go_on(self, progress: Progress) -> None:
        """Goes on to its end, where it stays. What `progress` raises, which is called every thousand files,
        leaves it where it is."""
        for found in self._steps:
            if found is None:
                progress(0, 0)
            else:
                self._found = found

    @property
    def seen(self) -> Scan:
        """What it has found, at its end."""
        if not self.since:
            return self._found
        return self._found.with_later(scan(self._root, self._suffixes, paths=self.since))


def _look(root: Path, suffixes: tuple[str, ...], paths: Iterable[str] | None = None) -> Iterator[Scan | None]:
    """None after each thousand files, and at the end what was found."""
    scope = None if paths is None else frozenset(paths)
    found = _Found(suffixes)
    there = False
    try:
        with opened(root) as top:
            there = True
            if scope is None:
                yield from found.entries(top, "", 0)
            for path in scope or ():
                parts = path.split("/")
                if not any(part.startswith(".") or not part for part in parts):
                    yield from found.named(top, path, parts)
    except OSError as error:  # of the root: all others are noted
        if error.errno not in _VANISHED:
            found.unseen[""] = error.strerror or str(error)
    yield Scan(there=there, files=found.files, skipped=found.skipped, unseen=found.unseen, scope=scope)


@contextmanager
def opened(root: Path) -> Iterator[int]:
    """A descriptor of the root, which may be a link. Raises OSError."""
    top = os.open(root, DIRECTORY & ~os.O_NOFOLLOW)
    try:
        yield top
    finally:
        os.close(top)


@contextmanager
def descended(top: int, folders: Sequence[str]) -> Iterator[int]:
    """A descriptor of the last of `folders`, each opened from the one before; `..` and links are not taken.

    Raises OSError with the path of the folder that could not be opened.
    """
    above = os.dup(top)
    try:
        for number, folder in enumerate(folders, start=1):
            try:
                if folder in ("", ".", ".."):
                    raise FileNotFoundError(errno.ENOENT, "no such path in the source")
                below = os.open(folder, DIRECTORY, dir_fd=above)
            except OSError as error:
                error.filename = "/".join(folders[:number])
                raise
            os.close(above)
            above = below
        yield above
    finally:
        os.close(above)


class _Found:
    """What one look has found so far."""

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes
        self.files: dict[str, Stamp] = {}
        self.skipped: dict[str, SkippedFile] = {}
        self.unseen: dict[str, str] = {}

    def named(self, top: int, path: str, parts: Sequence[str]) -> Iterator[None]:
        """One path below the root, whatever it is."""
        *folders, name = parts
        try:
            with descended(top, folders) as above:
                facts = os.stat(name, dir_fd=above, follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    yield from self.folder(above, name, path, len(parts))
                elif name.lower().endswith(self.suffixes):
                    self.file(path, facts)
        except OSError as error:
            self.failed(path if error.filename == name else str(error.filename), error)

    def folder(self, above: int, name: str, path: str, depth: int) -> Iterator[None]:
        """All below a folder, which is opened from the one above; one descriptor is held per level."""
        if depth > MAX_DEPTH or not is_utf8(name):
            self.skipped[printable(path)] = SkippedFile.TOO_DEEP if is_utf8(name) else SkippedFile.NAME
            return
        try:
            directory = os.open(name, DIRECTORY, dir_fd=above)
        except OSError as error:
            self.failed(path, error)
            return
        try:
            yield from self.entries(directory, path + "/", depth)
        finally:
            os.close(directory)

    def entries(self, directory: int, prefix: str, depth: int) -> Iterator[None]:
        """The files of one open directory, then all below it."""
        folders: list[str] = []
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    name = entry.name
                    if name[0] == ".":
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(name)
                    elif name.lower().endswith(self.suffixes):
                        try:
                            self.file(prefix + name, entry.stat(follow_symlinks=False))
                        except OSError as error:
                            self.failed(prefix + name, error)
                        if len(self.files) % AT_ONCE == 0:
                            yield
        except OSError as error:
            self.failed(prefix[:-1], error)
        for name in folders:
            yield from self.folder(directory, name, prefix + name, depth + 1)

    def file(self, path: str, facts: os.stat_result) -> None:
        if stat.S_ISREG(facts.st_mode) and (path.isascii() or is_utf8(path)):
            self.files[path] = stamp(facts)
        elif not stat.S_ISDIR(facts.st_mode):
            self.skipped[printable(path)] = skip_reason(facts.st_mode) or SkippedFile.NAME

    def failed(self, path: str, error: OSError) -> None:
        if error.errno not in _VANISHED:
            path = printable(path)
            self.unseen[path] = error.strerror or str(error)
            if isinstance(error, PermissionError):
                self.skipped[path] = SkippedFile.UNREADABLE


LIMIT = 2 * 1024 * 1024
"""Bytes of the largest article that is read."""
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_RIGHTS = (
    "cannot be read: the service's user has no right to",
    "Let it: chmod o+r, or add the user to its group",
)
_WHY = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ELOOP: (f"is {SkippedFile.LINK}", SkippedFile.LINK.fix),
    errno.ENXIO: (f"is {SkippedFile.SPECIAL}", SkippedFile.SPECIAL.fix),
    errno.ENAMETOOLONG: ("has too long a name", "Shorten it"),
}
"""What the operating system says of one file, in words and with a fix; all else is a sick disk or mount."""
_SICK = "Check the disk or mount"
_LATER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EAGAIN, errno.ESTALE, errno.ETXTBSY})
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def read_article(root: Path, path: str, *, expected: Stamp | None = None) -> bytes | None:
    """The bytes of the file at `path` (relative, `/`) below `root`, which may itself be a link. None where it
    is no longer there or being written: look again later.

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
            fix = "Mount or create the folder, or give rights"
            fix = "Raise the limit of open files" if error.errno in _OURS else fix
            what, why = "cannot read the source folder", error.strerror or ""
            raise SourceUnreadable(what, on=str(root), why=why, fix=fix) from error
        if error.errno == errno.ENOTDIR and (root / str(error.filename)).is_symlink():
            raise ArticleError(f"lies behind {SkippedFile.LINK}", fix=SkippedFile.LINK.fix) from None
        if error.errno in _LATER:
            return None
        what, fix = _WHY.get(error.errno or 0, (f"cannot be read: {error.strerror}", _SICK))
        raise ArticleError(what, fix=fix) from error


def _read(above: int, name: str, expected: Stamp | None) -> bytes | None:
    """Looks before opening, since opening a device can do something, and again at what was opened."""
    _refuse(os.stat(name, dir_fd=above, follow_symlinks=False))
    descriptor = os.open(name, _FILE, dir_fd=above)
    try:
        before = os.fstat(descriptor)
        _refuse(before)
        if expected is not None and stamp(before) != expected:
            return None
        # A byte more than there was: it may grow while it is read.
        data = os.read(descriptor, before.st_size + 1)
        after = stamp(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    if after != stamp(before) or len(data) != after.size:
        return None
    return data


def _refuse(found: os.stat_result) -> None:
    """Raises ArticleError for what is not a regular file or is too large."""
    if (kind := skip_reason(found.st_mode)) is not None:
        raise ArticleError(f"is {kind}", fix=kind.fix)
    if found.st_size > LIMIT:
        what = f"is too large: {found.st_size:,} bytes, and at most {LIMIT:,} are read"
        raise ArticleError(what, fix="Shorten the article, or move large content out of it")
