"""The full check of the database, of one that is really damaged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syndicator.errors import StoreDamaged
from syndicator.store.database import Store, open_store
from syndicator.store.inspection import check_in_full
from syndicator.upkeep import CHECKED, DailyCheck
from tests.making import NOON
from tests.rig import Rig

STORIES = 5_000
INDEX_LEAF = 10
"""The first byte of such a page (https://www.sqlite.org/fileformat2.html#b_tree_pages)."""


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/state.db"


def fill(folder: Path) -> None:
    """A database with a ledger of thousands."""
    open_store(url(folder), now=NOON).close()
    rows = [("C1", f"story {n}", f"urn:guid:{n}", "ai", "baseline", "b", n, None, 0) for n in range(STORIES)]
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def damage(database: Path) -> None:
    """Other bytes in one page of an index, as a disk that fails gives them."""
    with closing(sqlite3.connect(database)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = database.read_bytes()
    pages = [data[start : start + size] for start in range(0, len(data), size)]
    number = next(n for n, page in enumerate(pages) if page[0] == INDEX_LEAF and page.count(b"urn:guid:") > 9)
    pages[number] = pages[number].replace(b"urn:guid:", b"urn:gXid:")
    database.write_bytes(b"".join(pages))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    fill(tmp_path)
    store = open_store(url(tmp_path), now=NOON)
    yield store
    store.close()


def test_damage_that_the_start_does_not_see_is_found(tmp_path: Path, store: Store) -> None:
    store.close()
    damage(tmp_path / "state.db")
    store = open_store(url(tmp_path), now=NOON)
    check = DailyCheck(store)
    with capture_logs() as logs:
        for hours in (0, 24):
            check.check(threading.Event(), NOON + timedelta(hours=hours))
    store.close()
    assert check.damage is not None
    error, since = check.damage
    assert (error.what, since) == ("the database is damaged", NOON)
    assert "ix_ledger_guid" in error.why
    assert "syndicator restore" in error.fix
    assert [log["event"] for log in logs] == ["database damaged"], "said once"
    assert not list(tmp_path.glob("*.damaged-*")), "a person decides what becomes of it"


def test_who_writes_is_not_held_up(tmp_path: Path, store: Store) -> None:
    written = []

    def meanwhile() -> bool:
        with store.transaction() as session:
            session.put_metadata("meanwhile", "written")
        written.append(True)
        return False

    assert check_in_full(tmp_path / "state.db", meanwhile)
    assert written


def test_check_ends_with_the_service(tmp_path: Path, store: Store) -> None:
    assert not check_in_full(tmp_path / "state.db", lambda: True)


def test_first_check_comes_at_once_and_the_next_a_day_later(store: Store) -> None:
    check = DailyCheck(store)
    assert check.is_due(NOON)
    check.check(threading.Event(), NOON)
    with store.reading() as session:
        assert session.metadata(CHECKED) == NOON.isoformat()
    assert [check.is_due(NOON + timedelta(hours=hours)) for hours in (23, 25)] == [False, True]
    assert check.damage is None


def test_restart_waits_for_the_rest_of_the_day(store: Store) -> None:
    for hours, expected in ((-20, 4), (-100, -76)):
        with store.transaction() as session:
            session.put_metadata(CHECKED, (NOON + timedelta(hours=hours)).isoformat())
        assert DailyCheck(store)._first(NOON) == NOON + timedelta(hours=expected)


def test_clock_that_is_set_back_puts_no_check_off(store: Store) -> None:
    with store.transaction() as session:
        session.put_metadata(CHECKED, (NOON + timedelta(days=30)).isoformat())
    check = DailyCheck(store)
    assert not check.is_due(NOON)
    assert check.is_due(NOON + timedelta(hours=26))


def test_damage_is_seen_to_like_all_else(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.app.daily_check.damage = (
        StoreDamaged("the database is damaged", why="row 3 missing", fix="Restore"),
        NOON,
    )
    with rig.store.reading() as session:
        (found,) = rig.app.findings(session, NOON)
    rig.close()
    assert found.words(NOON) == "the database is damaged since 12:00: row 3 missing"
