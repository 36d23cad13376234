"""The output folder as it is at this moment, each file read whole and kept in memory until it changes.

A document is one file's bytes with the tag of those very bytes, so an answer is consistent however often
the file is replaced meanwhile. No symbolic link below the folder is followed.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from syndicator.serve.answers import Absence
from syndicator.serve.documents import Document, Tags

DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024
MOST_TAGS = 8192
"""About two kilobytes each."""

_NOT_THERE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,  # a symbolic link where O_NOFOLLOW forbids one
    errno.ENAMETOOLONG,
    errno.ENXIO,
}
_TRIES = 3
Signature = tuple[int, int, int, int, int]


class Make(Protocol):
    def __call__(self, file: str, body: bytes, *, modified: int) -> Document: ...


SOON_S = 86_400
"""How far ahead of the clock the times of files may run."""


class OutputFolder:
    """Documents by their file's relative path. Keeps at most `budget_bytes` of bodies, least used out first.

    What has no place there, or lost it, is kept without its bodies: whoever has it costs no reading.
    For one thread at a time.
    """

    def __init__(
        self,
        root: Path,
        make: Make,
        *,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root, self._make, self._budget, self._clock = str(root), make, budget_bytes, clock
        self._kept: OrderedDict[str, tuple[Signature, Document]] = OrderedDict()
        self._tags: OrderedDict[str, tuple[Signature, Tags]] = OrderedDict()
        self.kept_bytes = 0

    def recall(self, file: str) -> Tags | None:
        """The tags of a document whose bodies are not kept; None where nothing is known of what it is now."""
        known = self._tags.get(file)
        try:
            if known is None or known[0] != self._sign_now(file):
                return None
        except OSError:
            return None
        self._tags.move_to_end(file)
        return known[1]

    def read(self, file: str) -> Document | Absence:
        """The document that `file` (relative, with `/`) is now; why there is none, where there is none."""
        try:
            kept = self._kept.get(file)
            if kept is not None and kept[0] == self._sign_now(file):
                self._kept.move_to_end(file)
                return kept[1]
            return self._read_anew(file)
        except (OSError, ValueError) as error:
            self._drop(file)
            gone = isinstance(error, ValueError) or error.errno in _NOT_THERE
            return Absence.MISSING if gone and self._is_published() else Absence.UNREADABLE

    def _is_published(self) -> bool:
        """Whether the folder is there: without it nobody can say what is missing from it."""
        return os.path.isdir(self._root)  # noqa: PTH112 - as above, for every address that leads nowhere

    def _sign_now(self, file: str) -> Signature:
        # Following links is harmless here: the same inode with the same times is what was read before, by a
        # way without links.
        return sign(os.stat(f"{self._root}/{file}"))  # noqa: PTH116 - three times as fast

    def is_folder(self, file: str) -> bool:
        """Whether a folder with a page stands at this path."""
        return isinstance(self.read(f"{file}/index.html"), Document)

    def _modified(self, facts: os.stat_result) -> int:
        """The file's second, also one just ahead: versions that follow each other quickly differ by it.

        A date far off is a clock gone wrong, and is never sent (RFC 9110 8.8.2.1).
        """
        now = int(self._clock())
        modified = int(facts.st_mtime)
        return modified if modified <= now + SOON_S else now

    def _read_anew(self, file: str) -> Document | Absence:
        self._drop(file)
        for _ in range(_TRIES):
            before, body, after = read_file(self._root, file)
            if not stat.S_ISREG(before.st_mode):
                return Absence.MISSING
            if sign(before) == sign(after) and len(body) == before.st_size:
                document = self._make(file, body, modified=self._modified(before))
                self._keep(file, sign(before), document)
                return document
        # Someone writes into the file in place, which the publisher never does.
        return Absence.UNREADABLE

    def _keep(self, file: str, signature: Signature, document: Document) -> None:
        if document.size_bytes > self._budget // 2:
            self._keep_tags(file, signature, document)
            return
        self._kept[file] = signature, document
        self.kept_bytes += document.size_bytes
        while self.kept_bytes > self._budget:
            oldest, (signature, document) = self._kept.popitem(last=False)
            self.kept_bytes -= document.size_bytes
            self._keep_tags(oldest, signature, document)

    def _keep_tags(self, file: str, signature: Signature, document: Document) -> None:
        self._tags[file] = signature, document.tags
        if len(self._tags) > MOST_TAGS:
            self._tags.popitem(last=False)

    def _drop(self, file: str) -> None:
        self._tags.pop(file, None)
        kept = self._kept.pop(file, None)
        if kept is not None:
            self.kept_bytes -= kept[1].size_bytes


def sign(facts: os.stat_result) -> Signature:
    """What tells one state of a file from another: a file renamed into place has another inode or ctime."""
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def read_file(root: str, file: str) -> tuple[os.stat_result, bytes, os.stat_result]:
    """The file's facts before, its bytes, and its facts after reading; no bytes where it is no regular file.

    Each step below the root is opened by itself and no symbolic link is followed. Raises OSError, and
    ValueError for a name that no file can have.
    """
    *folders, name = file.split("/")
    with ExitStack() as opened:

        def open_step(step: str, flags: int, at: int | None) -> int:
            descriptor = os.open(step, flags | os.O_RDONLY | os.O_CLOEXEC, dir_fd=at)
            opened.callback(os.close, descriptor)
            return descriptor

        here = open_step(root, os.O_DIRECTORY, None)
        for folder in folders:
            here = open_step(folder, os.O_DIRECTORY | os.O_NOFOLLOW, here)
        # O_NONBLOCK: a named pipe must not hold the server up.
        descriptor = open_step(name, os.O_NOFOLLOW | os.O_NONBLOCK, here)
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return before, b"", before
        body = b"".join(iter(lambda: os.read(descriptor, 1 << 20), b""))
        return before, body, os.fstat(descriptor)
