"""Migrates one and the same older database again and again, killed before another statement each time, and
at last after all of them.

    python -m tests.store.killing FOLDER REVISION [MOST]

Prints how many statements there are, and how many kills left the database old and how many new. Every kill is
a SIGKILL from within SQLite, of a process that does what a start of the service does. What is then there is
looked at in a copy, log and all; then the database itself is opened as by the next start.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from syndicator.store.database import open_store
from tests.making import NOON
from tests.store.migrating import migrate

ROWS = 3
Content = list[tuple[str, str, list[tuple[Any, ...]]]]
"""Each table's name, SQL and rows."""


def main(folder: Path, revision: str, most: int) -> None:
    before = folder / "before.db"
    migrate(before, revision)
    fill(before)
    work = folder / "work"
    put_back(before, work)
    old = content(work / "state.db")
    statements = migrate_counted(work, kill_before=0)
    new = content(work / "state.db")
    assert old != new
    counts = {"statements": statements, "old": 0, "new": 0}
    for number in [*chosen(statements, most), statements + 1]:
        put_back(before, work)
        process = os.fork()
        if not process:
            migrate_counted(work, kill_before=number)
            os.kill(os.getpid(), signal.SIGKILL)  # all is committed, nothing is closed
        _, status = os.waitpid(process, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"ended by itself: {number}"
        found = content_of_copy(work, folder / "copy")
        assert found in (old, new), f"neither old nor new: killed before statement {number}"
        counts["old" if found == old else "new"] += 1
        open_store(f"sqlite:///{work}/state.db", now=NOON).close()
        assert content(work / "state.db") == new, f"not as migrated at once: killed before {number}"
    print(json.dumps(counts))


def chosen(statements: int, most: int) -> list[int]:
    """All statements, or `most` of them at even distances, the first and the last included."""
    if statements <= most:
        return list(range(1, statements + 1))
    return sorted({1 + round(at * (statements - 1) / (most - 1)) for at in range(most)})


def fill(database: Path) -> None:
    """A few rows in every table."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in tables(connection):
            columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            if table == "alembic_version":
                continue
            for row in range(ROWS):
                values = [
                    "{}" if name in ("message", "article") else f"{name} {row}" if kind == "TEXT" else row
                    for _, name, kind, *_ in columns
                ]
                marks = ", ".join("?" * len(values))
                connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', values)


def put_back(before: Path, work: Path) -> None:
    """The older database in a folder of its own, as the service of its version would have left it."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    path = work / "state.db"
    shutil.copyfile(before, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        table = "marks" if "marks" in tables(connection) else "metadata"
        count = f"n{1:019}"
        connection.execute(f"INSERT INTO {table} VALUES ('sealed', '{count} {path.stat().st_ino}')")
    (work / "state.db.seal").write_text(f"{count}\n", encoding="ascii")


def migrate_counted(work: Path, *, kill_before: int) -> int:
    """Opens the database as a start does; how many statements that took. Killed before one of them."""
    count = 0

    def trace(_statement: str) -> None:
        nonlocal count
        count += 1
        if count == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def connected(connection: Any, _record: Any) -> None:
        connection.set_trace_callback(trace)

    event.listen(Engine, "connect", connected)
    try:
        store = open_store(f"sqlite:///{work}/state.db", now=NOON)
        if not kill_before:
            store.close()
    finally:
        event.remove(Engine, "connect", connected)
    return count


def content_of_copy(work: Path, copy: Path) -> Content:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(work, copy)
    return content(copy / "state.db")


def content(database: Path) -> Content:
    """All that is in it, but for what counts its openings."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = {
            table: [row for row in connection.execute(f'SELECT * FROM "{table}"') if row[0] != "sealed"]
            for table in tables(connection)
        }
        schema = connection.execute("SELECT name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
    return [(name, str(sql), sorted(rows.get(name, []), key=repr)) for name, _, sql in schema]


def tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in connection.execute(query)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 10**6)
