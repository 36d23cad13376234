"""The database as the service needs it: durable, one writer, migrated, and recognised when unsound."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from syndicator.errors import (
    SecondInstanceError,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreForeign,
    StoreUnavailable,
)
from syndicator.models import Entry
from syndicator.store import database
from syndicator.store.database import MIGRATIONS, Store, latest_revision, open_known, open_store
from syndicator.store.lock import hold_state
from syndicator.store.types import KnownFile, SourceState, Stamp, signed
from tests.disks import fill, small_disk
from tests.making import NOON, make_entry
from tests.store.migrating import migrate


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/var/state.db"


def put_something(store: Store) -> None:
    with store.transaction() as session:
        session.put_source(SourceState(name="news", reading="x", began=NOON))


def has_something(store: Store) -> bool:
    with store.reading() as session:
        return session.sources().get("news") is not None


def schema(path: Path) -> dict[str, object]:
    engine = create_engine(f"sqlite:///{path}")
    try:
        found = inspect(engine)
        return {
            table: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)],
                found.get_pk_constraint(table)["constrained_columns"],
                sorted(
                    (i["name"] or "", tuple(i["column_names"]), i["unique"]) for i in found.get_indexes(table)
                ),
                sorted(tuple(c["column_names"]) for c in found.get_unique_constraints(table)),
                found.get_table_options(table),
            )
            for table in found.get_table_names()
            if table != "alembic_version"
        }
    finally:
        engine.dispose()


def test_migrated_schema_equals_the_tables(tmp_path: Path) -> None:
    open_store(url(tmp_path), now=NOON).close()
    migrated = tmp_path / "migrated.db"
    migrate(migrated, "head")
    assert schema(tmp_path / "var/state.db") == schema(migrated)
    open_store(f"sqlite:///{migrated}", now=NOON).close()


def test_constraints_have_other_names_only_in_tables_that_were_renamed(tmp_path: Path) -> None:
    """To rename one SQLite would have to write the whole table anew, and nothing asks for these names."""
    open_store(url(tmp_path), now=NOON).close()
    migrated = tmp_path / "migrated.db"
    migrate(migrated, "head")
    names = (constraints(path) for path in (tmp_path / "var/state.db", migrated))
    assert dict(set.symmetric_difference(*names)) == {
        "pk_metadata": "metadata",
        "pk_marks": "metadata",
        "pk_websub_notifications": "websub_notifications",
        "pk_pings": "websub_notifications",
    }


def constraints(path: Path) -> set[tuple[str, str]]:
    """The names of all constraints, with their tables."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT sql, name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {(name, table) for sql, table in tables for name in re.findall(r"CONSTRAINT (\w+)", sql)}


def test_latest_revision_is_that_of_the_newest_migration() -> None:
    assert latest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def test_entry_that_stayed_as_it_is_is_not_read_from_json_again(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    stored = make_entry()

    def read(quality: float) -> Entry:
        entry = replace(stored, article=replace(stored.article, quality=quality))
        with store.transaction() as session:
            session.put_entries([entry])
            found = session.entries([entry.guid])[entry.guid]
        assert found == entry
        return found

    assert read(50.0) is read(50.0)
    assert read(51.0) is not read(50.0)
    store.close()


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    put_something(store)
    store.close()
    again = open_store(url(tmp_path), now=NOON)
    assert has_something(again)
    again.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_writing_connection_is_durable(tmp_path: Path, pragma: str, value: object) -> None:
    store = open_store(url(tmp_path), now=NOON)
    with store._writer.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    store.close()


def test_many_rows_get_more_room_until_few_come(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)

    def room() -> list[object]:
        with store._writer.connect() as connection:
            pragmas = ("cache_size", "wal_autocheckpoint")
            return [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]

    usual = room()
    with store.transaction() as session:
        session.feeds.mark_dirty(("ai", page) for page in range(6_000))
    assert room() == [-20_000, 64_000]
    put_something(store)
    assert room() == usual
    store.close()


def test_long_log_is_cut_once_it_is_carried_over(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    log = store.path.with_name(f"{store.path.name}-wal")
    text = "x" * 10_000
    for turn in range(4):
        with store.transaction() as session:
            for number in range(1_000):
                session.put_metadata(f"{turn} {number}", text)
            session.feeds.mark_dirty(("ai", page) for page in range(6_000 * turn, 6_000 * turn + 6_000))
    grown = log.stat().st_size
    put_something(store)
    store.carry_over()
    put_something(store)
    assert log.stat().st_size <= 16 * 2**20 < grown
    store.close()


def test_log_is_carried_over_on_request_once_it_is_worth_it(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)

    def carried() -> int:
        """How many rows stand in the database itself, without its log."""
        alone = tmp_path / "alone.db"
        shutil.copy(store.path, alone)
        with closing(sqlite3.connect(alone)) as database:
            return int(database.execute("SELECT count(*) FROM dirty").fetchone()[0])

    for page in range(0, 2_000, 100):
        if page in (1_000, 1_800):
            store.carry_over()
        with store.transaction() as session:
            session.feeds.mark_dirty(("ai", page + n) for n in range(100))
    assert carried() == 1_800, "not after 1,000, and of the latest 200 none"
    store.close()


def test_what_another_process_writes_is_noticed_once(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    assert not store.others_wrote()
    put_something(store)
    store._rows_in_log = 10**6
    store.carry_over()
    with store.reading():
        assert not store.others_wrote(), "it was this one"
    with open_known(url(tmp_path)) as other:
        with other.reading() as session:
            session.topics()
        assert not store.others_wrote(), "who only reads changes nothing"
        put_something(other)
    assert [store.others_wrote(), store.others_wrote()] == [True, False]
    store.close()


def test_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    with pytest.raises(RuntimeError), store.transaction() as session:
        session.put_source(SourceState(name="news", reading="x", began=None))
        raise RuntimeError("half way")
    assert not has_something(store)
    store.close()


def test_reader_sees_one_state_while_another_thread_writes(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    with store.reading() as session:
        assert session.sources().get("news") is None
        writer = threading.Thread(target=put_something, args=(store,))
        writer.start()
        writer.join(10)
        assert not writer.is_alive(), "a reader must not hold up the writer"
        assert session.sources().get("news") is None
    assert has_something(store)
    store.close()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"\0" * 100 + data[100:], id="header"),
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:4096] + os.urandom(8192) + data[12288:], id="random pages"),
        pytest.param(
            lambda data: data.replace(b"CREATE TABLE files", b"CREATE \xb4\xb4BLE files"),
            id="schema that is not text",
        ),
        pytest.param(lambda data: b"not a database at all" * 100, id="another file"),
        pytest.param(lambda data: b"", id="empty"),
    ],
)
def test_damaged_database_is_moved_aside_and_begun_anew(tmp_path: Path, damage: object) -> None:
    store = open_store(url(tmp_path), now=NOON)
    put_something(store)
    store.close()
    path = tmp_path / "var/state.db"
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    again = open_store(url(tmp_path), now=NOON + timedelta(days=1))
    put_something(again)
    assert has_something(again)
    again.close()
    if path.read_bytes() and damage(b"x" * 9000):
        assert [p for p in path.parent.iterdir() if ".damaged-20260315T" in p.name]


def test_later_schema_is_refused(tmp_path: Path) -> None:
    open_store(url(tmp_path), now=NOON).close()
    with sqlite3.connect(tmp_path / "var/state.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreForeign, match="later version"):
        open_store(url(tmp_path), now=NOON)
    with pytest.raises(StoreForeign, match="later version"), open_known(url(tmp_path)):
        pass


def test_earlier_schema_is_for_the_service_to_bring_up_to_date(tmp_path: Path) -> None:
    open_store(url(tmp_path), now=NOON).close()
    with closing(sqlite3.connect(tmp_path / "var/state.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreError, match="Start the service"), open_known(url(tmp_path)):
        pass


@pytest.mark.parametrize("revision", [None, "0001", latest_revision()])
def test_database_of_another_program_is_refused_and_left_as_it_is(
    tmp_path: Path, revision: str | None
) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE places (url TEXT)")
        if revision is not None:
            connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    with pytest.raises(StoreForeign, match="another program") as refused:
        open_store(f"sqlite:///{file}", now=NOON)
    assert refused.value.exit_code == 78, "systemd would start it again for ever"
    with closing(sqlite3.connect(file)) as connection:
        assert {*connection.execute("SELECT name FROM sqlite_schema")} <= {("places",), ("alembic_version",)}


def test_known_store_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no state yet"), open_known(url(tmp_path)):
        pass
    assert not (tmp_path / "var").exists()


def test_fresh_store_is_of_the_latest_revision(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    with store.reading() as session:
        assert session.revision() == latest_revision()
    store.close()


def test_state_folder_that_cannot_be_made_is_said_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot be made") as caught:
        open_store(url(tmp_path), now=NOON)
    assert "set `state:`" in str(caught.value)


HOLD = """
import sys, time
from pathlib import Path
from syndicator.store.lock import hold_state
with hold_state(f"sqlite:///{sys.argv[1]}"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_full_disk_is_something_to_wait_for(tmp_path: Path) -> None:
    with small_disk(tmp_path / "var") as disk:
        filler = fill(disk)
        with pytest.raises(StoreUnavailable):
            open_store(url(tmp_path), now=NOON)
        filler.unlink()
        store = open_store(url(tmp_path), now=NOON)
        put_something(store)
        filler = fill(disk)
        with pytest.raises(StoreUnavailable), store.transaction() as session:
            session.put_metadata("large", "x" * 500_000)
        assert has_something(store)
        store.close()
        with hold_state(f"sqlite:///{disk}/state.db"):
            pass
        filler.unlink()
        store = open_store(url(tmp_path), now=NOON)
        assert has_something(store)
        store.close()


def test_damage_that_one_thread_has_met_is_told_to_the_one_that_checks(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    put_something(store)
    store.close()
    path = tmp_path / "var/state.db"
    path.write_bytes(path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096))
    store = Store(url(tmp_path))
    store.check()
    with pytest.raises(StoreDamaged), store.reading() as session:
        session.sources().get("news")
    with pytest.raises(StoreDamaged):
        store.check()
    store.close()


def test_database_suspected_of_damage_stays_where_it_is_sound(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    put_something(store)
    store.close()
    again = open_store(url(tmp_path), now=NOON, suspect="a page was read wrong")
    assert has_something(again)
    again.close()


def test_text_that_is_no_longer_text_is_damage_and_does_not_stay(tmp_path: Path) -> None:
    store = open_store(url(tmp_path), now=NOON)
    words = "as it was written"
    with store.transaction() as session:
        session.put_metadata("note", words)
    store.close()
    path = tmp_path / "var/state.db"
    path.write_bytes(path.read_bytes().replace(words.encode(), b"\xb4" * len(words)))
    store = open_store(url(tmp_path), now=NOON)
    with pytest.raises(StoreDamaged) as caught, store.reading() as session:
        session.metadata("note")
    store.close()
    again = open_store(url(tmp_path), now=NOON, suspect=caught.value.why)
    with again.reading() as session:
        assert session.metadata("note") is None
    again.close()
    assert [p for p in path.parent.iterdir() if ".damaged-20260314T" in p.name]


def test_any_damage_is_met_by_a_store_error(tmp_path: Path) -> None:
    """Used at once, without the check of a start, as a running service meets it."""
    open_store(url(tmp_path), now=NOON).close()
    path = tmp_path / "var/state.db"
    sound = path.read_bytes()
    for seed in range(150):
        chance = random.Random(seed)
        data = bytearray(sound)
        for at in chance.choice(
            ((100,), (0,), range(100, len(data), 512), [chance.randrange(len(data))] * 9)
        ):
            some = chance.randbytes(min(chance.choice((1, 16, 200, 3900)), len(data) - at))
            data[at : at + len(some)] = some
        path.write_bytes(data)
        store = Store(url(tmp_path))
        with suppress(StoreError):
            put_something(store)
            has_something(store)
        store.close()


def test_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(database)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(SecondInstanceError, match=f"process {holder.pid}"),
            hold_state(f"sqlite:///{database}"),
        ):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with hold_state(f"sqlite:///{database}"):
        pass


def test_thread_whose_turn_to_write_does_not_come_may_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TURN_S", 0.05)
    open_store(url(tmp_path), now=NOON).close()
    store = Store(url(tmp_path))
    errors: list[BaseException] = []

    def write() -> None:
        try:
            put_something(store)
        except StoreBusy as error:
            errors.append(error)

    with store.transaction():
        other = threading.Thread(target=write)
        other.start()
        other.join()
    (error,) = errors
    assert "database is locked. Try again in a moment. If it lasts, see which process holds it" in str(error)
    put_something(store)
    store.close()


def test_inode_of_64_bits_is_kept(tmp_path: Path) -> None:
    stamp = Stamp(1, signed(2**64 - 1), 3, 4, 5)
    with open_store(url(tmp_path), now=NOON).transaction() as session:
        session.put_files("news", {"a.md": KnownFile(stamp=stamp, digest=b"", guid=None)})
        assert list(session.stamps("news")) == [("a.md", stamp, False)]
