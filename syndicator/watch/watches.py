"""Which folders the kernel watches for this process, by its own account and not by watchdog's.

watchdog passes over in silence a folder below the root that it cannot watch (limit reached, no right).
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from syndicator.watch.types import Identity, Scan

_INODE = re.compile(r"^inotify wd:[0-9a-f]+ ino:([0-9a-f]+) ", re.MULTILINE)


def watched_inodes(proc: Path = Path("/proc/self")) -> frozenset[int] | None:
    """The inode numbers that any inotify descriptor of this process watches; None where nobody can tell.

    proc(5), /proc/pid/fdinfo: a line `inotify wd:3 ino:9e7e sdev:800013 ...` per watch, in hexadecimal. The
    device is left out, for some file systems show another one to `stat`.
    """
    found: set[int] = set()
    try:
        for link in (proc / "fd").iterdir():
            found.update(_inodes(proc, link))
    except OSError:
        return None
    return frozenset(found)


def _inodes(proc: Path, link: Path) -> list[int]:
    try:
        if str(link.readlink()) != "anon_inode:inotify":
            return []
        text = (proc / "fdinfo" / link.name).read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [int(number, 16) for number in _INODE.findall(text)]


def unwatched(scan: Scan) -> frozenset[str]:
    """The scanned folders that the kernel does not watch; none if it cannot be told."""
    watched = watched_inodes() or frozenset()
    deaf = frozenset(path for path, it in scan.directories.items() if it.inode not in watched)
    return deaf if len(deaf) < len(scan.directories) else frozenset()


def resolve(root: Path) -> tuple[str, Identity | None]:
    """Where the root really is and which folder that is; None where it is not there or not a folder."""
    real = os.path.realpath(root)
    try:
        found = Path(real).stat()
    except OSError:
        return real, None
    return real, Identity(found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
