"""Tells a database that was restored from one that went on: what it forgot must not be announced again.

The database and a file beside it carry the time of the last change, the file never the earlier one; and the
database knows its own inode. One put back from a backup is older than the file says, or another file. Moving
the state to another disk looks the same, and costs as little: it is taken for a first start.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from syndicator.store.session import Session
from syndicator.store.types import SourceState

MARK = "sealed"


class RestoreGuard:
    """Tells whether one database file was restored from a copy."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file = database.with_name(database.name + ".seal")

    def is_broken(self, session: Session) -> bool:
        """Whether the database is not the one that was last written here; a new one is not broken."""
        mark = session.metadata(MARK)
        if mark is None:
            return False
        sealed, _, inode = mark.partition(" ")
        try:
            last = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return True
        return inode != str(self._inode()) or last > sealed

    def press(self, session: Session, now: datetime) -> None:
        """Dates the database; `follow` once that is committed."""
        session.put_metadata(MARK, f"{self._stamp(now)} {self._inode()}")

    def follow(self, now: datetime) -> None:
        """Dates the file as the database is. A crash before this leaves the file older: no harm."""
        unfinished = self._file.with_name(self._file.name + ".new")
        # Without the file the next start is a silent one; that is no reason to stop this one.
        with contextlib.suppress(OSError):
            unfinished.write_text(self._stamp(now) + "\n", encoding="ascii")
            unfinished.replace(self._file)

    def _inode(self) -> int:
        return self._database.stat().st_ino

    def _stamp(self, now: datetime) -> str:
        """Compares as text in the order of time."""
        return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def reset_as_first_start(session: Session, now: datetime) -> None:
    """Takes the database for a first start: what is found is baseline, what is owed is looked for first."""
    for name in session.source_names():
        state = session.source(name)
        if state is not None:
            session.put_source(name, SourceState(reading=state.reading, began=None))
    session.outbox.distrust(now)
