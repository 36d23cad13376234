"""A backup is whole whoever writes meanwhile; what is no whole backup is refused, and nothing is changed."""

from __future__ import annotations

import gzip
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from syndicator.errors import SecondInstanceError, StoreDamaged, StoreError, StoreForeign, StoreUnavailable
from syndicator.store.backup import back_up, restore
from syndicator.store.database import latest_revision, open_store
from syndicator.store.lock import hold_state
from syndicator.store.types import SourceState
from tests.disks import fill, small_disk
from tests.making import NOON
from tests.store.migrating import migrate
from tests.store.outbox_values import make_delivery

LATER = NOON + timedelta(days=1)


def quietly(_done: int, _of: int) -> None:
    pass


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/var/state.db"


def write(folder: Path, note: str, *deliveries: str) -> None:
    store = open_store(url(folder), now=NOON)
    with store.transaction() as session:
        session.put_source(SourceState(name="news", reading="x", began=NOON))
        session.put_metadata("note", note)
        for id in deliveries:
            session.outbox.write(make_delivery(id), [])
    store.close()


def note(folder: Path) -> str | None:
    with closing(sqlite3.connect(folder / "var/state.db")) as connection:
        (found,) = connection.execute("SELECT value FROM metadata WHERE name = 'note'").fetchone()
    return str(found)


def files(folder: Path) -> dict[str, bytes]:
    """All that is there, but for lock files."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_backup_of_a_database_in_use_is_whole_and_holds_up_nobody(tmp_path: Path) -> None:
    write(tmp_path, "first")
    store, stop, waits = open_store(url(tmp_path), now=NOON), threading.Event(), [0.0]

    def change() -> None:
        while not stop.is_set():
            began = time.monotonic()
            with store.transaction() as session:
                session.put_metadata("note", f"change {len(waits)}")
                session.put_metadata(f"other {len(waits)}", "x" * 5000)
            waits.append(time.monotonic() - began)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        made = [back_up(url(tmp_path), tmp_path / f"{number}.gz", quietly) for number in range(5)]
    finally:
        stop.set()
        writer.join()
        store.close()
    assert len(waits) > 5 and max(waits) < 5.0
    for number, facts in enumerate(made):
        assert (facts.entries, facts.owed) == (0, 0)
        assert restore(url(tmp_path / f"new{number}"), tmp_path / f"{number}.gz", NOON) == (facts, None)
        assert sorted(files(tmp_path / f"new{number}")) == ["var/state.db"]


def test_backup_is_one_file_for_its_owner_alone_that_any_tool_unpacks(tmp_path: Path) -> None:
    write(tmp_path, "first", "d1", "d2")
    target = tmp_path / "backups/b.gz"
    done: list[tuple[int, int]] = []
    facts = back_up(url(tmp_path), target, lambda *step: done.append(step))
    assert facts.owed == 2
    assert [path.name for path in target.parent.iterdir()] == ["b.gz"]
    assert (target.stat().st_mode & 0o777, target.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert done == sorted(done) and done[-1] == (facts.database_bytes, facts.database_bytes)
    plain = tmp_path / "plain.db"
    plain.write_bytes(gzip.decompress(target.read_bytes()))
    with closing(sqlite3.connect(plain)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_restored_database_is_found_to_be_one_and_the_one_of_before_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "first", "d1")
    back_up(url(tmp_path), tmp_path / "b.gz", quietly)
    write(tmp_path, "second")
    facts, aside = restore(url(tmp_path), tmp_path / "b.gz", LATER)
    assert aside == tmp_path / "var/state.db.before-restore-20260315T120000"
    store = open_store(url(tmp_path), now=LATER)
    with store.reading() as session:
        source, owed = session.sources().get("news"), session.outbox.find("d1")
        assert session.metadata("note") == "first"
    store.close()
    assert store.restored and source is not None and source.began is None
    assert facts.owed == 1 and owed is not None and owed.state == "unclear", "looked for before it is sent"
    _, other = restore(url(tmp_path), aside, LATER)
    assert note(tmp_path) == "second", "what went aside can be put back"
    assert other is not None and other != aside and aside.exists()
    again = open_store(url(tmp_path), now=LATER)
    assert again.restored
    again.close()


def test_plain_copy_with_its_log_is_restored(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with closing(sqlite3.connect(tmp_path / "var/state.db", isolation_level=None)) as connection:
        connection.execute("UPDATE metadata SET value = 'in the log' WHERE name = 'note'")
        assert (tmp_path / "var/state.db-wal").stat().st_size > 0
        for ending in ("", "-wal"):
            (tmp_path / f"copy.db{ending}").write_bytes((tmp_path / f"var/state.db{ending}").read_bytes())
    restore(url(tmp_path / "new"), tmp_path / "copy.db", NOON)
    assert note(tmp_path / "new") == "in the log"


def test_database_of_a_version_before_is_restored_and_migrated_at_the_next_start(tmp_path: Path) -> None:
    old = tmp_path / "old"
    (old / "var").mkdir(parents=True)
    migrate(old / "var/state.db", "0001")
    back_up(url(old), tmp_path / "b.gz", quietly)
    restore(url(tmp_path), tmp_path / "b.gz", NOON)
    store = open_store(url(tmp_path), now=NOON)
    with store.reading() as session:
        assert session.revision() == latest_revision()
    store.close()


def newer(data: bytes, folder: Path) -> bytes:
    file = folder / "newer.db"
    file.write_bytes(gzip.decompress(data))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    return gzip.compress(file.read_bytes())


def foreign(_data: bytes, folder: Path) -> bytes:
    file = folder / "foreign.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    return gzip.compress(file.read_bytes())


def torn_database(data: bytes, _folder: Path) -> bytes:
    plain = gzip.decompress(data)
    return gzip.compress(plain[:8192] + os.urandom(len(plain) - 16384) + plain[-8192:])


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        pytest.param(lambda data, _: data[: len(data) // 2], StoreError, "damaged", id="cut off"),
        pytest.param(
            lambda data, _: data[:99] + bytes([data[99] ^ 255]) + data[100:],
            StoreError,
            "backup is damaged",
            id="a byte flipped",
        ),
        pytest.param(torn_database, StoreDamaged, "database is damaged", id="database damaged"),
        pytest.param(
            lambda data, _: gzip.decompress(data)[:50] + b"x" * 9000,
            StoreDamaged,
            "damaged",
            id="plain, damaged",
        ),
        pytest.param(lambda *_: gzip.compress(b"x" * 9000), StoreDamaged, "damaged", id="no database"),
        pytest.param(foreign, StoreError, "no database of syndicator", id="another program's"),
        pytest.param(newer, StoreForeign, "9999 is not known here", id="of a later version"),
        pytest.param(lambda *_: b"hello", StoreError, "no backup", id="a text"),
        pytest.param(lambda *_: b"", StoreError, "no backup", id="empty"),
        pytest.param(None, StoreError, "no such backup", id="not there"),
    ],
)
def test_what_is_no_whole_backup_is_refused_and_nothing_is_changed(
    tmp_path: Path, spoil: Callable[[bytes, Path], bytes] | None, error: type[StoreError], says: str
) -> None:
    write(tmp_path, "first", "d1")
    file = tmp_path / "b.gz"
    back_up(url(tmp_path), file, quietly)
    if spoil is None:
        file.unlink()
    else:
        file.write_bytes(spoil(file.read_bytes(), tmp_path))
    before = files(tmp_path)
    with pytest.raises(error, match=says) as caught:
        restore(url(tmp_path), file, LATER)
    assert "backup" in caught.value.fix and str(file) == caught.value.on
    assert files(tmp_path) == before


def test_restore_is_refused_while_a_service_has_the_state(tmp_path: Path) -> None:
    write(tmp_path, "first")
    back_up(url(tmp_path), tmp_path / "b.gz", quietly)
    before = files(tmp_path)
    with hold_state(url(tmp_path)), pytest.raises(SecondInstanceError, match="Stop it first"):
        restore(url(tmp_path), tmp_path / "b.gz", LATER)
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["var/state.db", "var/state.db.seal", "var", "article.md"])
def test_nothing_but_a_backup_is_replaced(tmp_path: Path, name: str) -> None:
    write(tmp_path, "first")
    (tmp_path / "article.md").write_text("# By hand")
    before = files(tmp_path)
    with pytest.raises(StoreError, match="something else is there"):
        back_up(url(tmp_path), tmp_path / name, quietly)
    assert files(tmp_path) == before


def test_damaged_database_replaces_no_backup(tmp_path: Path) -> None:
    write(tmp_path, "first")
    target = tmp_path / "b.gz"
    back_up(url(tmp_path), target, quietly)
    good = target.read_bytes()
    database = tmp_path / "var/state.db"
    data = database.read_bytes()
    database.write_bytes(data[:8192] + os.urandom(len(data) - 16384) + data[-8192:])
    with pytest.raises(StoreDamaged, match=r"state\.db"):
        back_up(url(tmp_path), target, quietly)
    assert target.read_bytes() == good
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_backup_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    class Ended(Exception):
        pass

    def end(_done: int, _of: int) -> None:
        raise Ended

    write(tmp_path, "first")
    back_up(url(tmp_path), tmp_path / "b.gz", quietly)
    before = files(tmp_path)
    with pytest.raises(Ended):
        back_up(url(tmp_path), tmp_path / "other.gz", end)
    assert files(tmp_path) == before


def test_full_disk_keeps_the_backup_of_before(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with small_disk(tmp_path / "disk") as disk:
        target = disk / "b.gz"
        back_up(url(tmp_path), target, quietly)
        good = target.read_bytes()
        fill(disk)
        with pytest.raises(StoreUnavailable, match=f"{disk}.*Make room"):
            back_up(url(tmp_path), target, quietly)
        assert target.read_bytes() == good
        assert sorted(path.name for path in disk.iterdir()) == ["b.gz", "filler"]


def test_state_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no state to back up"):
        back_up(url(tmp_path), tmp_path / "b.gz", quietly)
    assert list(tmp_path.iterdir()) == []


def test_writer_is_not_held_up_while_the_copy_is_made(tmp_path: Path) -> None:
    write(tmp_path, "first")
    store, waiting, go = open_store(url(tmp_path), now=NOON), threading.Event(), threading.Event()

    def hold(_done: int, _of: int) -> None:
        waiting.set()
        assert go.wait(20)

    thread = threading.Thread(target=back_up, args=(url(tmp_path), tmp_path / "b.gz", hold))
    thread.start()
    assert waiting.wait(20)
    with store.transaction() as session:
        session.put_metadata("note", "while it is copied")
    go.set()
    thread.join(20)
    store.close()
    assert (tmp_path / "b.gz").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the rights of root")
def test_database_that_root_restores_belongs_to_whom_it_did(tmp_path: Path) -> None:
    write(tmp_path, "first")
    back_up(url(tmp_path), tmp_path / "b.gz", quietly)
    for path in (tmp_path / "var", tmp_path / "var/state.db"):
        os.chown(path, 12345, 12346)
    for _ in ("with the one of before", "without"):
        restore(url(tmp_path), tmp_path / "b.gz", LATER)
        facts = (tmp_path / "var/state.db").stat()
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (12345, 12346, 0o600)
        (tmp_path / "var/state.db").unlink()


def test_nothing_takes_its_place_before_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "first")
    with closing(sqlite3.connect(tmp_path / "var/state.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    synced: list[str] = []
    fsync = os.fsync

    def note_it(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()).removeprefix(str(tmp_path)))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note_it)
    back_up(url(tmp_path), tmp_path / "b.gz", quietly)
    restore(url(tmp_path / "new"), tmp_path / "var/state.db", NOON)
    pid = os.getpid()
    assert synced == [
        f"/.b.gz.{pid}.packed.unfinished",
        "",
        f"/new/var/.state.db.{pid}.new.unfinished",
        "/new/var",
    ]
