"""A database that was put back from a backup is told from one that went on, whatever the clocks say."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from syndicator.store.database import Store, open_store
from syndicator.store.types import SourceState
from tests.making import NOON
from tests.store.outbox_values import make_delivery


def opened(folder: Path, *, now: timedelta = timedelta(0)) -> Store:
    return open_store(f"sqlite:///{folder}/state.db", now=NOON + now)


def change(store: Store, value: str) -> None:
    with store.transaction() as session:
        session.put_metadata("note", value)


def mark(folder: Path) -> str:
    with sqlite3.connect(folder / "state.db") as connection:
        (value,) = connection.execute("SELECT value FROM metadata WHERE name = 'sealed'").fetchone()
    connection.close()
    return str(value)


def test_database_that_goes_on_is_not_restored_though_the_clock_is_set_back(tmp_path: Path) -> None:
    for hours in (0, -5, 3):
        store = opened(tmp_path, now=timedelta(hours=hours))
        assert not store.restored
        change(store, str(hours))
        store.close()


def test_any_change_is_counted_and_reading_is_not(tmp_path: Path) -> None:
    opened(tmp_path).close()
    backup = (tmp_path / "state.db").read_bytes()
    store = opened(tmp_path)
    store.close()
    before = mark(tmp_path)
    store = Store(f"sqlite:///{tmp_path}/state.db")
    with store.reading() as session:
        session.metadata("note")
    with store.transaction() as session:
        session.outbox.list()
    assert mark(tmp_path) == before
    change(store, "as a command does it")
    store.close()
    assert mark(tmp_path) > before
    (tmp_path / "state.db").write_bytes(backup)
    store = opened(tmp_path)
    assert store.restored
    store.close()
    store = opened(tmp_path)
    assert not store.restored, "it is the one that goes on now"
    store.close()


@pytest.mark.parametrize("how", ["another file", "over the old one", "the whole folder"])
def test_database_is_restored_however_the_backup_was_put_back(tmp_path: Path, how: str) -> None:
    state, backup = tmp_path / "var", tmp_path / "backup"
    for value in ("in the backup", "after it"):
        store = opened(state)
        change(store, value)
        store.close()
        if not backup.exists():
            shutil.copytree(state, backup)
    if how == "over the old one":
        (state / "state.db").write_bytes((backup / "state.db").read_bytes())
    elif how == "another file":
        (state / "state.db").unlink()
        shutil.copy(backup / "state.db", state / "state.db")
    else:
        shutil.rmtree(state)
        shutil.copytree(backup, state)
    for expected in (True, False):
        store = opened(state)
        assert store.restored is expected
        store.close()


def test_restored_database_begins_as_at_a_first_start(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.transaction() as session:
        session.put_source(SourceState(name="news", reading="x", began=NOON))
        session.outbox.write(make_delivery("d1"), [])
    store.close()
    (tmp_path / "state.db.seal").unlink()
    store = opened(tmp_path)
    with store.reading() as session:
        source, message = session.sources().get("news"), session.outbox.find("d1")
    store.close()
    assert store.restored and source is not None and source.began is None
    assert message is not None and message.state == "unclear"


@pytest.mark.parametrize(
    ("sealed", "beside", "restored"),
    [
        ("2026-03-02T12:00:00.000000Z", "2026-03-02T12:00:00.000000Z\n", False),
        ("2026-03-02T12:00:00.000000Z", "2026-03-02T11:59:00.000000Z\n", False),
        ("2026-03-02T12:00:00.000000Z", "2026-03-02T12:01:00.000000Z\n", True),
        ("2026-03-02T12:00:00.000000Z", "n0000000000000000001\n", True),
        ("n0000000000000000002", "2026-03-02T12:00:00.000000Z\n", False),
        ("n0000000000000000002", "n0000000000000000010\n", True),
        ("n0000000000000000002", "", True),
    ],
)
def test_marks_of_the_version_before_are_understood(
    tmp_path: Path, sealed: str, beside: str, restored: bool
) -> None:
    opened(tmp_path).close()
    inode = (tmp_path / "state.db").stat().st_ino
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("UPDATE metadata SET value = ? WHERE name = 'sealed'", (f"{sealed} {inode}",))
    connection.close()
    (tmp_path / "state.db.seal").write_text(beside)
    for expected in (restored, False):
        store = opened(tmp_path)
        assert store.restored is expected
        change(store, "and goes on")
        store.close()
