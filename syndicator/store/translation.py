"""SQLAlchemy's and SQLite's errors as ours, by one table; the codes are those of
https://www.sqlite.org/rescode.html.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from syndicator.errors import DISK_ERRORS, StoreBusy, StoreDamaged, StoreError, StoreForeign, StoreUnavailable

NOT_TEXT = "Could not decode to UTF-8"
"""How Python's sqlite3 says that a cell holds bytes which nobody can have put there as text."""

BUSY_FIX = "Try again in a moment. If it lasts, see which process holds it: `fuser` with this file"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raises StoreBusy, StoreDamaged, StoreUnavailable or StoreError for what the body raises."""
    try:
        yield
    except DatabaseError as error:
        raise _as_ours(error.orig, path) or error from error
    except PoolTimeout as error:  # another thread of this process holds the connection, or waits for its lock
        raise StoreBusy(
            "the database is in use", on=str(path), why="database is locked", fix=BUSY_FIX
        ) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # SQLAlchemy does not wrap what comes while a connection is opened; and where SQLite quotes damaged
        # bytes, Python cannot read its message.
        raise _as_ours(error, path) or error from error


def _as_ours(cause: BaseException | None, path: Path) -> StoreError | None:
    """None for a mistake of ours, which is to be seen as it is."""
    name = getattr(cause, "sqlite_errorname", "") or ""
    on, why = str(path), str(cause)
    if isinstance(cause, UnicodeDecodeError):
        return StoreDamaged("the database is damaged", on=on, why=repr(cause.object))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreBusy("the database is in use", on=on, why=why, fix=BUSY_FIX)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or why.startswith(NOT_TEXT):
        return StoreDamaged("the database is damaged", on=on, why=why)
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or (
        name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) and _is_disk_shut(path)
    ):
        fix = "Make room on the disk, or mount it for writing; the service then goes on by itself"
        return StoreUnavailable("the database cannot be written", on=on, why=why, fix=fix)
    if isinstance(cause, sqlite3.OperationalError):
        fix = "See that its folder is writable and its disk has space"
        return StoreError("the database cannot be used", on=on, why=why, fix=fix)
    return None


def _is_disk_shut(path: Path) -> bool:
    """Whether nothing at all can be written there: SQLite does not tell a full disk from a forbidden file."""
    try:
        disk = os.statvfs(path.parent)
    except OSError as error:
        return error.errno in DISK_ERRORS
    return disk.f_bavail == 0 or bool(disk.f_flag & os.ST_RDONLY)


def disk_error(error: OSError, what: str, *, on: Path, fix: str) -> StoreError:
    """What hinders the state on disk, as ours: to be waited for where it is the disk itself."""
    failed = StoreUnavailable if error.errno in DISK_ERRORS else StoreError
    return failed(what, on=str(on), why=error.strerror or str(error), fix=fix)


def too_new(path: Path, revision: str, fix: str = "") -> StoreForeign:
    """A database with tables that this version does not know."""
    what, why = "the database was written by a later version", f"its schema {revision} is not known here"
    fix = fix or "Install that version again, or restore a backup made by this one"
    return StoreForeign(what, on=str(path), why=why, fix=fix)
