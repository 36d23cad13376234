"""Tells a database that was restored from one that went on: what it forgot must not be announced again.

The database counts its changes, and a file beside it has the count too, never a higher one; and the
database knows its own inode. One put back from a backup has counted less than the file says, or is another
file. Moving the state to another disk looks the same, and costs as little: it is taken for a first start.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from syndicator.store.session import Session

MARK = "sealed"
RESTORED = "restored"
"""The metadata that says when the database was found to be restored: an ISO time."""
COUNT = text(
    "UPDATE metadata SET value = printf('n%019d', substr(value, 2, 19) + 1) || substr(value, 21)"
    " WHERE name = 'sealed' RETURNING substr(value, 1, 20)"
)
"""In one statement, since each writing transaction ends with it."""


class RestoreGuard:
    """Tells whether one database file was restored from a copy."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file = database.with_name(database.name + ".seal")

    def is_restored(self, session: Session) -> bool:
        """Whether the database is not the one that was last written here. A new one is not restored."""
        mark = session.metadata(MARK)
        if mark is None:
            return False
        count, _, inode = mark.partition(" ")
        try:
            (last, *_) = self._file.read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return True
        return inode != str(self._database.stat().st_ino) or last > count

    def begin(self, session: Session) -> str:
        """Counts the opening of the database, as the file that it is; `follow` once that is committed."""
        before = session.metadata(MARK) or ""
        count = f"n{int(before[1:20]) + 1 if before.startswith('n') else 1:019}"
        session.put_metadata(MARK, f"{count} {self._database.stat().st_ino}")
        return count

    def count(self, connection: Connection) -> str | None:
        """Counts a change, in its own transaction; `follow` once that is committed. None where no guard has
        begun."""
        return connection.execute(COUNT).scalar()

    def follow(self, count: str) -> None:
        """Notes in the file what the database has. A crash before this leaves the file older: no harm."""
        # Without the file the next start is a silent one; that is no reason to stop this one.
        with contextlib.suppress(OSError):
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(handle, f"{count}\n".encode(), 0)
            finally:
                os.close(handle)


def reset_as_first_start(session: Session, now: datetime) -> None:
    """Takes the database for a first start: what is found is baseline, what is owed is looked for first, and
    so is what becomes owed later and may have been told before."""
    session.put_metadata(RESTORED, now.isoformat())
    for state in session.sources().values():
        session.put_source(replace(state, began=None))
    session.outbox.distrust(now)
