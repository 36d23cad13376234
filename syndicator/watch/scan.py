"""The folder as it is: which article files there are, and the stamp of each.

One pass with one `stat` per file; nothing is opened but directories, no link is followed below the root, and
every step goes through the descriptor of the directory above, so that a directory exchanged for a link while
we look leads nowhere else. "Not there" and "could not look" are kept apart: a file that vanishes meanwhile is
not in the scan, a directory that cannot be read is in `unseen`. What changed is `compare`'s business.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from syndicator.watch.types import (
    MAX_DEPTH,
    Identity,
    Scan,
    SkippedFile,
    Stamp,
    is_utf8,
    printable,
    skip_reason,
)

SUFFIXES = (".md", ".markdown")
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FORMAT = 0o170000
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""A name that is gone, or is no directory any more (a link counts as that: none is followed)."""


def scan(root: Path, *, suffixes: tuple[str, ...] = SUFFIXES, hidden: bool = False) -> Scan:
    """Looks at every file below `root` whose name ends in one of `suffixes` (in lower case), in any order.

    `root` itself may be a link; it is resolved once. Names that start with a dot are passed over unless
    `hidden`. Raises nothing: what could not be looked at is in `unseen`. 100,000 files take about half a
    second of processor time with a warm cache.
    """
    look = _Look(suffixes, hidden)
    with look.open_root(root) as top:
        if top is not None:
            look.walk(top, "")
    return look.result(None)


def look(
    root: Path, paths: Iterable[str], *, suffixes: tuple[str, ...] = SUFFIXES, hidden: bool = False
) -> Scan:
    """The same for the named paths alone: a file by itself, a folder with all that is below it.

    Costs a few calls per path; for more than some thousand paths `scan` is quicker.
    """
    asked = frozenset(paths)
    looking = _Look(suffixes, hidden)
    with looking.open_root(root) as top:
        for path in asked:
            if top is None:
                break
            looking.name(top, path)
    return looking.result(asked)


class _Look:
    """One look in the making."""

    def __init__(self, suffixes: tuple[str, ...], hidden: bool) -> None:
        self.suffixes, self.hidden = suffixes, hidden
        self.root: Identity | None = None
        self.files: dict[str, Stamp] = {}
        self.skipped: dict[str, SkippedFile] = {}
        self.directories: dict[str, Identity] = {}
        self.unseen: dict[str, str] = {}
        self.began = time.perf_counter()

    def result(self, scope: frozenset[str] | None) -> Scan:
        return Scan(
            root=self.root,
            files=self.files,
            skipped=self.skipped,
            directories=self.directories,
            unseen=self.unseen,
            scope=scope,
            seconds=time.perf_counter() - self.began,
        )

    @contextmanager
    def open_root(self, root: Path) -> Iterator[int | None]:
        try:
            top = os.open(root, DIRECTORY & ~os.O_NOFOLLOW)
        except OSError as error:
            if error.errno not in _VANISHED:
                self.unseen[""] = error.strerror or str(error)
            yield None
            return
        try:
            found = os.fstat(top)
            self.root = Identity(found.st_dev, found.st_ino)
            yield top
        finally:
            os.close(top)

    def name(self, top: int, path: str) -> None:
        """Looks at one path below the root, whatever it is."""
        *above, last = path.split("/")
        if any(part in ("", ".", "..") for part in (*above, last)):
            return
        if not self.hidden and any(part.startswith(".") for part in (*above, last)):
            return
        held = top
        try:
            for depth, part in enumerate(above):
                below = self.open_directory(held, part, "/".join(above[: depth + 1]))
                if held != top:
                    os.close(held)
                held = top if below is None else below
                if below is None:
                    return
            self.one(held, last, path, len(above))
        finally:
            if held != top:
                os.close(held)

    def one(self, above: int, name: str, path: str, depth: int) -> None:
        try:
            found = os.stat(name, dir_fd=above, follow_symlinks=False)
        except OSError as error:
            self.failed(path, error)
            return
        if stat.S_ISDIR(found.st_mode):
            below = self.open_directory(above, name, path)
            if below is not None:
                try:
                    self.walk(below, path + "/", depth + 1)
                finally:
                    os.close(below)
        elif name.lower().endswith(self.suffixes):
            self.note(path, found)

    def open_directory(self, above: int, name: str, path: str) -> int | None:
        try:
            return os.open(name, DIRECTORY, dir_fd=above)
        except OSError as error:
            self.failed(path, error)
            return None

    def failed(self, path: str, error: OSError) -> None:
        if error.errno in _VANISHED:
            return
        path = printable(path)
        self.unseen[path] = error.strerror or str(error)
        if isinstance(error, PermissionError):
            self.skipped[path] = SkippedFile.UNREADABLE

    def walk(self, top: int, prefix: str, depth: int = 0) -> None:
        """Looks at all below an open directory, depth first, holding one descriptor per level."""
        levels = [(top, prefix, self.entries(top, prefix))]
        try:
            while levels:
                above, prefix, names = levels[-1]
                if names:
                    below = self.step(above, names.pop(), prefix, depth + len(levels))
                    if below is not None:
                        levels.append(below)
                elif levels.pop()[0] != top:
                    os.close(above)
        finally:
            for descriptor, _, _ in levels[1:]:
                os.close(descriptor)

    def step(self, above: int, name: str, prefix: str, depth: int) -> tuple[int, str, list[str]] | None:
        """Opens one folder and notes what is in it; None where it cannot or must not be entered."""
        path = prefix + name
        if depth > MAX_DEPTH or not is_utf8(name):
            self.skipped[printable(path)] = SkippedFile.TOO_DEEP if is_utf8(name) else SkippedFile.NAME
            return None
        below = self.open_directory(above, name, path)
        return None if below is None else (below, path + "/", self.entries(below, path + "/"))

    def entries(self, directory: int, prefix: str) -> list[str]:
        """Notes the files of one open directory and returns the names of those below it."""
        names: list[str] = []
        try:
            found = os.fstat(directory)
            self.directories[prefix[:-1]] = Identity(found.st_dev, found.st_ino)
            with os.scandir(directory) as entries:
                for entry in entries:
                    name = entry.name
                    if name[0] == "." and not self.hidden:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        names.append(name)
                    elif name.lower().endswith(self.suffixes):
                        self.file(entry, prefix + name)
        except OSError as error:
            self.failed(prefix[:-1], error)
        return names

    def file(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.failed(path, error)
        else:
            self.note(path, found)

    def note(self, path: str, found: os.stat_result) -> None:
        if found.st_mode & _FORMAT == stat.S_IFREG and (path.isascii() or is_utf8(path)):
            self.files[path] = Stamp(
                found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
            )
        elif not stat.S_ISDIR(found.st_mode):
            self.skipped[printable(path)] = skip_reason(found.st_mode) or SkippedFile.NAME
