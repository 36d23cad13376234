"""What a look at the folder yields: stamps, skipped files and the scan. Values only, read by all of watch."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from syndicator.models import Problem
from syndicator.store.types import Stamp, signed

TOPIC_SUFFIXES = (".yaml", ".yml")
MAX_DEPTH = 64
"""Folders below folders; one descriptor is held per level, so this also bounds those."""


class SkippedFile(StrEnum):
    """Why a name that looks like an article's is not read. The value is what is wrong, in words."""

    LINK = "a symbolic link, and links are not followed"
    SPECIAL = "a pipe, socket or device, not a file"
    NAME = "a file name that is not UTF-8"
    UNREADABLE = "a folder that cannot be read"
    TOO_DEEP = f"a folder more than {MAX_DEPTH} levels deep"

    @property
    def fix(self) -> str:
        return _FIXES.get(self, "Remove it, or write the article as a regular file")


_FIXES = {
    SkippedFile.LINK: "Put the file itself here, or a hard link to it",
    SkippedFile.NAME: "Rename it; `ls -b` shows its bytes",
    SkippedFile.UNREADABLE: "Let the service's user read it: chmod o+rx, or add the user to its group",
    SkippedFile.TOO_DEEP: "Move the articles further up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one look found. Paths are relative to the root, with `/`.

    `there` is false where there is no root; `unseen` are folders that could not be read (`""`: the root
    itself), with the operating system's word for why; `scope` the paths asked for, None for all.
    """

    there: bool
    files: Mapping[str, Stamp] = field(default_factory=dict)
    skipped: Mapping[str, SkippedFile] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    scope: frozenset[str] | None = None

    @property
    def broken(self) -> bool:
        """Whether something failed that rights do not explain (an I/O error, a stale mount)."""
        return any(path not in self.skipped for path in self.unseen)

    @property
    def missing(self) -> bool:
        """Whether the root is not there, which is not the same as not readable."""
        return not self.there and not self.unseen

    def with_later(self, later: Scan) -> Scan:
        """This look at everything, but for what a `later` one looked at, files or whole folders."""
        scope = later.scope or frozenset()
        folders = tuple(f"{path}/" for path in scope - self.files.keys())

        def is_old(path: str) -> bool:
            return path in scope or path.startswith(folders)

        files = {path: stamp for path, stamp in self.files.items() if not is_old(path)} | {**later.files}
        skipped = {path: kind for path, kind in self.skipped.items() if not is_old(path)} | {**later.skipped}
        unseen = {path: why for path, why in self.unseen.items() if not is_old(path)} | {**later.unseen}
        return Scan(there=later.there, files=files, skipped=skipped, unseen=unseen)

    def only(self, is_ours: Callable[[str], bool]) -> Scan:
        """Without the files that are not ours."""
        files = {path: stamp for path, stamp in self.files.items() if is_ours(path)}
        skipped = {path: kind for path, kind in self.skipped.items() if is_ours(path)}
        return replace(self, files=files, skipped=skipped)

    def problems(self, source: str) -> list[Problem]:
        """The skipped files as problems, by path."""
        return [
            Problem(source=source, path=path, what=kind.value, fix=kind.fix)
            for path, kind in sorted(self.skipped.items())
        ]


def stamp(found: os.stat_result) -> Stamp:
    """The stamp of a file from its `stat`."""
    device, inode = signed(found.st_dev), signed(found.st_ino)
    return Stamp(device, inode, found.st_size, signed(found.st_mtime_ns), signed(found.st_ctime_ns))


def skip_reason(mode: int) -> SkippedFile | None:
    """What a thing is if it is not a regular file; None if it is."""
    if stat.S_ISREG(mode):
        return None
    return SkippedFile.LINK if stat.S_ISLNK(mode) else SkippedFile.SPECIAL


def is_utf8(name: str) -> bool:
    """Whether a name from the file system was valid UTF-8 (Python keeps other bytes as surrogates)."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    r"""The name with bytes that are not UTF-8 shown as `\xNN`."""
    return name if is_utf8(name) else os.fsencode(name).decode("utf-8", "backslashreplace")
