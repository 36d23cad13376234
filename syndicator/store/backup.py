"""A database to a backup and back: copied by SQLite's backup API, checked as a copy, then compressed.

    back_up   database -> copy -> checked -> compressed -> FILE
    restore   FILE -> unpacked beside the database -> checked -> the present one aside -> in its place

Each ends with a rename, so that neither a backup nor a database is ever half there. The copy is made over one
read transaction: in WAL mode nobody who writes waits for it, and it never has to start over. A restored
database is found to be one by the restore guard at its next opening, since its `.seal` has gone aside.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syndicator.errors import StoreDamaged, StoreError
from syndicator.progress import Progress
from syndicator.store.database import database_path, is_file, known_revisions, move_aside
from syndicator.store.inspection import revision_of
from syndicator.store.lock import hold_state
from syndicator.store.translation import disk_error, too_new, translated

UNFINISHED = ".unfinished"
"""In the names of files that are being written; those names begin with a dot."""
GZIP, SQLITE = b"\x1f\x8b", b"SQLite format 3\0"
LEVEL = 1
"""Of a database of 65 MB, 17.5 MB are left after 1 s of processor time; at level 6 14.7 MB after 3 s."""
CHUNK_BYTES = 2**18
COUNTS = """SELECT (SELECT count(*) FROM entries),
    (SELECT count(*) FROM deliveries WHERE state IN ('owed', 'sending', 'unclear'))"""
OTHER_BACKUP = "Restore another backup; nothing was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is in a database that was found to be whole."""

    database_bytes: int
    entries: int
    owed: int
    """Messages that are not known to be in their channel."""


def back_up(url: str, target: Path, progress: Progress) -> Facts:
    """Writes a checked, compressed copy to `target`, whose folder is made; a backup there is replaced.

    The database may be in use. `progress` is told how many bytes are packed; what it raises leaves no file.
    Raises StoreDamaged where the database is not sound, StoreForeign, StoreUnavailable or StoreError.
    """
    path = database_path(url)
    if not is_file(path):
        raise StoreError("there is no state to back up", on=str(path), fix="Check `state:` in the settings")
    fix = "Make room there, let this user write there, or choose another place"
    with _disk("the backup cannot be written", target, fix):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_to_replace(target)
        with _unfinished(target, "copy") as copy, _unfinished(target, "packed") as packed:
            with _damage(path, "Check the disk; backups of before stay as they are"):
                _copy(path, copy)
                facts = _check(copy, path)
            _pack(copy, packed, target.stem, progress)
            _put(packed, target)
    return facts


def restore(url: str, backup: Path, now: datetime) -> tuple[Facts, Path | None]:
    """Puts a backup, or a plain copy of a database, in the place of the database.

    What is in it, and where the database of before is now, if there was one.

    Raises SecondInstanceError while a service runs, StoreForeign, StoreUnavailable, or StoreError where the
    file is no whole backup. Then nothing was changed.
    """
    path = database_path(url)
    if not is_file(backup):
        raise StoreError("there is no such backup", on=str(backup), fix="`syndicator backup` makes one")
    fix = "Make room there, or let this user read and write there; nothing was changed"
    with (
        hold_state(url),
        _disk("the backup cannot be restored", backup, fix),
        _unfinished(path, "new") as new,
    ):
        with _damage(backup, OTHER_BACKUP):
            _unpack(backup, new)
            facts = _check(new, backup)
        _give_to_owner(new, path)
        aside = move_aside(path, now, "before-restore")
        with _disk("the backup cannot be put in place", path, f"The database of before is {aside}"):
            _put(new, path)
    return facts, aside if aside.exists() else None


def sweep(folder: Path, stem: str, *, older_than_s: float) -> None:
    """Removes what a crash left unfinished of backups whose names begin with `stem`. Raises OSError."""
    for path in folder.iterdir():
        is_ours = path.name.startswith(f".{stem}-") and UNFINISHED in path.name
        if is_ours and time.time() - path.stat().st_mtime > older_than_s:
            path.unlink()


def _refuse_to_replace(target: Path) -> None:
    """Only a backup is replaced: never the database, nor anything else of somebody's."""
    if not os.path.lexists(target) or (target.is_file() and _head(target).startswith(GZIP)):
        return
    why, fix = "something else is there", "Name another file"
    raise StoreError("the backup cannot be written", on=str(target), why=why, fix=fix)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(SQLITE))


def _copy(path: Path, copy: Path) -> None:
    address = f"{path.absolute().as_uri()}?mode=rw"
    with (
        translated(path),
        closing(sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)) as source,
    ):
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # here the transaction begins to read
        with translated(copy), closing(sqlite3.connect(copy)) as target:
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target)


def _check(copy: Path, on: Path) -> Facts:
    """What is in the copy, which afterwards is one file, without a log beside it. `on` is what to name."""
    with translated(copy), closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        for pragma in ("trusted_schema=OFF", "journal_mode=DELETE"):
            connection.execute(f"PRAGMA {pragma}")
        revision = revision_of(connection, copy)
        if revision is None:
            fix = "Name a file that `syndicator backup` made; nothing was changed"
            raise StoreError("this is no database of syndicator", on=str(on), fix=fix)
        if revision not in known_revisions():
            fix = "Install that version, or take a backup made by this one; nothing was changed"
            raise too_new(on, revision, fix)
        entries, owed = connection.execute(COUNTS).fetchone()
    return Facts(database_bytes=copy.stat().st_size, entries=entries, owed=owed)


def _pack(copy: Path, packed: Path, name: str, progress: Progress) -> None:
    size = copy.stat().st_size
    with copy.open("rb") as plain, packed.open("wb") as file, gzip.GzipFile(name, "wb", LEVEL, file) as pack:
        while chunk := plain.read(CHUNK_BYTES):
            pack.write(chunk)
            progress(plain.tell(), size)


def _unpack(backup: Path, target: Path) -> None:
    """A backup unpacked, or a copy of a plain database with what is in the log beside it."""
    head = _head(backup)
    if head.startswith(SQLITE):
        _copy(backup, target)
        return
    if not head.startswith(GZIP):
        raise StoreError("this is no backup", on=str(backup), fix=OTHER_BACKUP)
    try:
        with gzip.open(backup) as plain, target.open("wb") as unpacked:
            shutil.copyfileobj(plain, unpacked, CHUNK_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise StoreError("the backup is damaged", on=str(backup), why=str(error), fix=OTHER_BACKUP) from None


@contextmanager
def _unfinished(target: Path, part: str) -> Iterator[Path]:
    """A new file beside the target that only this user can read; removed, where it is still there."""
    path = target.with_name(f".{target.name}.{os.getpid()}.{part}{UNFINISHED}")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        yield path
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _give_to_owner(file: Path, path: Path) -> None:
    """Lets whoever has the database, or its folder, have the file; root alone can, and needs to."""
    if os.geteuid() == 0:
        owner = (path if path.exists() else path.parent).stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _put(file: Path, target: Path) -> None:
    """Brings a file to the disk, renames it, and brings its name there, too."""
    _sync(file, os.O_RDONLY)
    file.replace(target)
    _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk(what: str, on: Path, fix: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_error(error, what, on=Path(str(error.filename or on)), fix=fix) from None


@contextmanager
def _damage(on: Path, fix: str) -> Iterator[None]:
    """Names what is damaged, rather than a copy of it, and what to do."""
    try:
        yield
    except StoreDamaged as damage:
        raise StoreDamaged(damage.what, on=str(on), why=damage.why, fix=fix) from None
