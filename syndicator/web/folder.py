"""The output folder as it is at this moment, each file read whole and kept in memory until it changes.

A document is one file's bytes with the tag of those very bytes, so an answer is consistent however often
the file is replaced meanwhile. No symbolic link below the folder is followed.
"""

from __future__ import annotations

import errno
import gzip
import os
import stat
import struct
import time
import zlib
from collections import OrderedDict

from syndicator.web.addresses import Refusal
from syndicator.web.documents import Document, is_text, make_document
from syndicator.web.options import WebOptions

BUDGET_BYTES = 32 * 1024 * 1024
SOON_S = 86_400
"""How far ahead of the clock the times of files may run."""

_SHORTEST_COMPRESSED = 256
_NOT_THERE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,  # a symbolic link where O_NOFOLLOW forbids one
    errno.ENAMETOOLONG,
    errno.ENXIO,
}
Signature = tuple[int, int, int, int, int]


class OutputFolder:
    """Documents by their file's path. At most `budget_bytes` of bodies are kept, the least used go first."""

    def __init__(self, options: WebOptions, *, budget_bytes: int = BUDGET_BYTES) -> None:
        self._options, self._root, self._budget = options, options.output, budget_bytes
        self._kept: OrderedDict[str, tuple[Signature, Document]] = OrderedDict()
        self.kept_bytes = 0

    def read(self, file: str) -> Document | Refusal:
        """The document that `file` (relative, with `/`) is now; MISSING or UNREADABLE where there is none.

        While the folder itself is not there nobody can say what is missing from it.
        """
        try:
            # Following links is harmless here: the same inode with the same times was read without links.
            signature = sign(os.stat(f"{self._root}/{file}"))  # noqa: PTH116 - three times as fast
            kept = self._kept.get(file)
            if kept is None or kept[0] != signature:
                return self._read_anew(file)
            self._kept.move_to_end(file)
            return kept[1]
        except OSError as error:
            self._drop(file)
            published = error.errno in _NOT_THERE and os.path.isdir(self._root)  # noqa: PTH112 - as above
            return Refusal.MISSING if published else Refusal.UNREADABLE

    def _read_anew(self, file: str) -> Document:
        facts, body = read_file(self._root, file)
        packed = self._pack(file, body) if is_text(file) and len(body) >= _SHORTEST_COMPRESSED else None
        document = make_document(file, body, packed, modified=_modified(facts), options=self._options)
        self._drop(file)
        if document.size_bytes <= self._budget // 2:
            self._keep(file, sign(facts), document)
        return document

    def _pack(self, file: str, body: bytes) -> bytes:
        """What stands compressed beside the file, if its checksum says that it is of the same bytes."""
        try:
            packed = read_file(self._root, f"{file}.gz")[1]
        except OSError:
            packed = b""
        if packed[-8:] == struct.pack("<II", zlib.crc32(body), len(body)):
            return packed
        return gzip.compress(body, 6, mtime=0)

    def _keep(self, file: str, signature: Signature, document: Document) -> None:
        self._kept[file] = signature, document
        self.kept_bytes += document.size_bytes
        while self.kept_bytes > self._budget:
            self._drop(next(iter(self._kept)))

    def _drop(self, file: str) -> None:
        if (kept := self._kept.pop(file, None)) is not None:
            self.kept_bytes -= kept[1].size_bytes


def sign(facts: os.stat_result) -> Signature:
    """What tells one state of a file from another: a file renamed into place has another inode or ctime."""
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def read_file(root: str, file: str) -> tuple[os.stat_result, bytes]:
    """A regular file's facts and bytes. Raises OSError, for what is reached by a symbolic link too."""
    path = f"{root}/{file}"
    if os.path.realpath(path) != f"{os.path.realpath(root)}/{file}":
        raise FileNotFoundError(errno.ENOENT, "a symbolic link is no part of the folder", path)
    with open(path, "rb", opener=_open_file) as opened:
        facts = os.fstat(opened.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not a regular file", path)
        body = opened.read()
        if len(body) != facts.st_size or os.fstat(opened.fileno()).st_mtime_ns != facts.st_mtime_ns:
            # Someone writes into the file in place, which the publisher never does.
            raise BlockingIOError(errno.EAGAIN, "changed while it was read", path)
    return facts, body


def _open_file(path: str, flags: int) -> int:
    # O_NONBLOCK: a named pipe must not hold the server up.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _modified(facts: os.stat_result) -> int:
    """The file's second, also one just ahead: versions that follow each other quickly differ by it.

    A date far off is a clock gone wrong, and is never sent (RFC 9110 8.8.2.1).
    """
    now, modified = int(time.time()), int(facts.st_mtime)
    return modified if modified <= now + SOON_S else now
