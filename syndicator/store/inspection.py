"""Looks at a database that a service may be using, and changes nothing in it: it only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from syndicator.errors import StoreDamaged, SyndicatorError
from syndicator.store.translation import translated

OURS = frozenset({"alembic_version", "entries", "deliveries", "ledger", "sources"})
"""Tables that the database has had in every version."""
PROGRESS_EVERY = 100_000
"""Steps of SQLite between two questions whether to stop."""
FIX_IN_USE = (
    "Check the disk; stop the service and restore a backup of before that: `syndicator restore FILE`. "
    "Nothing is announced by it"
)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """For reading alone. Raises what opening and reading come to."""
    with (
        translated(path),
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection,
    ):
        yield connection


def checked_revision(path: Path) -> str | None:
    """As `revision_of`. Raises StoreError where the database cannot be opened."""
    with _opened(path) as connection:
        return revision_of(connection, path)


def revision_of(connection: sqlite3.Connection, path: Path) -> str | None:
    """The revision of the tables, after SQLite's quick check; None where they are not ours.

    Raises StoreDamaged.
    """
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise StoreDamaged("the database is damaged", on=str(path), why=str(answer))
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables >= OURS:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row and str(row[0])


def check_in_full(path: Path, stopped: Callable[[], bool]) -> bool:
    """SQLite's full check: each page, and each index against its table. False where `stopped` ended it.

    Raises StoreDamaged with what to do, or StoreError. In WAL mode nobody who writes waits for it.
    """
    try:
        with _opened(path) as connection:
            connection.set_progress_handler(stopped, PROGRESS_EVERY)
            (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except SyndicatorError as error:
        if stopped():
            return False
        if isinstance(error, StoreDamaged):
            raise _damaged(path, error.why) from None
        raise
    if answer != "ok":
        raise _damaged(path, str(answer))
    return True


def _damaged(path: Path, why: str) -> StoreDamaged:
    return StoreDamaged("the database is damaged", on=str(path), why=why, fix=FIX_IN_USE)
