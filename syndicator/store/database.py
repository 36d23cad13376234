"""Opens the SQLite database as the service needs it: write-ahead log, every commit synced, one writer.

The pragmas are those of https://www.sqlite.org/pragma.html. `synchronous=FULL` matters in WAL mode: with
NORMAL a committed row can vanish at a power cut, and a message would be posted twice. Writing transactions
begin IMMEDIATE, since a transaction that reads first and writes later fails at once under another writer,
whatever the busy timeout says.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, table
from sqlalchemy.engine import make_url

from syndicator.errors import StoreDamaged, StoreError, StoreForeign, StoreGone
from syndicator.store.restore_guard import RestoreGuard, reset_as_first_start
from syndicator.store.session import Session
from syndicator.store.tables import metadata
from syndicator.store.translation import disk_error, too_new, translated

MIGRATIONS = Path(__file__).parent / "migrations"
MADE_AS = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""Alembic's own table, as it makes it."""
BUSY_TIMEOUT_MS = 10_000
TURN_S = 60.0
"""How long a thread waits for its turn to write."""
PRAGMAS = (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF")
FIX_DAMAGE = (
    "Check the disk. Nothing that is there is announced. What was owed is known again once the service is "
    "stopped and a backup restored: `syndicator restore FILE`"
)
WRITE_AHEAD = "journal_mode=WAL"
"""Kept in the file itself, so it is set by whoever may write it, and outside any transaction."""

_BULK_ROWS = 5_000
"""So many rows changed by one transaction are part of something larger: 1,000 new articles change 12,000."""
_ROOM_IN_BULK = ("cache_size=-20000", "wal_autocheckpoint=64000")
"""Pages in memory (kB), and pages in the log before it is carried over into the database: 256 MB. It changes
pages all over the indexes, and with less room SQLite writes the same ones several times: of 100,000 articles
3.8 GB with a log of 64 MB, 3.3 GB with this one, in a sixth less time."""
_USUAL_LOG = "wal_autocheckpoint=4000"
"""16 MB. An article changes 60 pages, and each sixtieth would wait for the whole of it, half a second."""
_LOG_BYTES = "journal_size_limit=16777216"
"""What the log's file is cut to once it was carried over."""
_WORTH_CARRYING = 1_500
"""So many rows changed, by fifteen articles, are carried over when nothing waits, in some 30 ms."""
_USUAL_ROOM = ("cache_size=-2000", _USUAL_LOG, "shrink_memory")

STAMP = "%Y%m%dT%H%M%S"
PARTS = ("", "-wal", "-shm", ".seal")
"""The endings of the files of a database; the last is the restore guard's."""

log = structlog.get_logger()


class Store:
    """The store on SQLite. Threads may share it; writers take turns, readers never wait."""

    def __init__(self, url: str) -> None:
        self.path = database_path(url)
        self._opened: tuple[int, int] | None = None
        self._damage: str | None = None
        self._guard = RestoreGuard(self.path)
        self._in_bulk = False
        self._rows_in_log = 0
        self._version: int | None = None
        self.restored = False
        """Whether it was put back from a backup before it was opened; then all begins as at a first start."""
        pragmas = (*PRAGMAS, WRITE_AHEAD, _USUAL_LOG, _LOG_BYTES)
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", pool_size=1, pragmas=pragmas)
        self._readers = _engine(url, begin="BEGIN", pool_size=4, pragmas=PRAGMAS)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Everything or nothing, durable on return. Raises StoreBusy, StoreDamaged, StoreUnavailable or
        StoreError."""
        count: str | None = None
        with self._translated(), self._writer.begin() as connection:
            before = _changes(connection)
            yield Session(connection)
            if changed := _changes(connection) - before:
                count = self._guard.count(connection)
            self._make_room(connection, changed)
            self._rows_in_log += changed
        if count is not None:
            self._guard.follow(count)

    def _make_room(self, connection: Connection, changed: int) -> None:
        """More for the next of many rows, less after one of few."""
        if (changed >= _BULK_ROWS) != self._in_bulk:
            self._in_bulk = not self._in_bulk
            for pragma in _ROOM_IN_BULK if self._in_bulk else _USUAL_ROOM:
                connection.exec_driver_sql(f"PRAGMA {pragma}").close()

    def carry_over(self) -> None:
        """Carries the log over into the database once there is enough in it. For when nothing waits; raises
        as `transaction`."""
        if self._rows_in_log >= _WORTH_CARRYING:
            self._rows_in_log = 0
            with self._translated(), closing(self._readers.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._translated(), self._readers.begin() as connection:
            yield Session(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(self.path):
                yield
        except StoreDamaged as damage:
            self._damage = damage.why
            raise

    def try_writing(self) -> None:
        """Writes what means nothing. Raises as `transaction`."""
        with self.transaction() as session:
            session.put_metadata("tried", "to write")

    def others_wrote(self) -> bool:
        """Whether another process has written since this was asked last, as far as can be told: all of ours
        is written by one connection (https://www.sqlite.org/pragma.html#pragma_data_version)."""
        before = self._version
        with suppress(StoreError), self._translated(), closing(self._writer.raw_connection()) as connection:
            (self._version,) = connection.cursor().execute("PRAGMA data_version").fetchone()
        return before not in (None, self._version)

    def check(self) -> None:
        """Raises StoreDamaged when any thread has met damage, StoreGone when the file at the path is not the
        one that was opened, or not there."""
        if self._damage is not None:
            raise StoreDamaged("the database is damaged", on=str(self.path), why=self._damage)
        try:
            now = self.path.stat()
        except OSError:
            now = None
        if self._opened is None:
            self._opened = now and (now.st_dev, now.st_ino)
        if now is None or (now.st_dev, now.st_ino) != self._opened:
            raise StoreGone(
                "the database was removed or exchanged while it was in use",
                on=str(self.path),
                fix="The service ends, so that it is started anew; stop it before touching its state",
            )

    def close(self) -> None:
        self._readers.dispose()
        self._writer.dispose()


def open_store(url: str, *, now: datetime, suspect: str | None = None) -> Store:
    """The store at `url`, checked and migrated to this version's tables.

    A database that is no longer sound is moved aside, and a new one begins: as at any first start nothing is
    announced. So too where it was restored. One found damaged in use (`suspect`: why) is checked in full.
    Raises StoreForeign when a later version or another program wrote it, StoreBusy, StoreUnavailable while
    the disk cannot be written, or StoreError with the fix.
    """
    path = database_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "Make it writable for this user, or set `state:` to another place"
        raise disk_error(error, "the state folder cannot be made", on=path.parent, fix=fix) from None
    try:
        return _open_sound(url, now, suspect)
    except StoreDamaged as damage:
        aside = move_aside(path, now, "damaged")
        event = "database damaged, moved aside, reset as first start"
        log.error(event, path=str(path), aside=str(aside), why=damage.why, fix=FIX_DAMAGE)
        return _open_sound(url, now)


def is_file(path: Path) -> bool:
    """Raises OSError where it cannot be told for want of a right, as `Path.is_file` did until Python 3.14."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextmanager
def open_known(url: str) -> Iterator[Store]:
    """The store of a service that may be running, for a command that asks or marks something.

    Nothing is migrated or mended. Raises StoreForeign or, when there is none yet or it is older, StoreError.
    """
    path = database_path(url)
    if not is_file(path):
        fix = "Run `syndicator run` or `syndicator build` first"
        raise StoreError("there is no state yet", on=str(path), fix=fix)
    with closing(Store(url)) as store:
        with store.reading() as session:
            current = session.revision()
        if current and current not in known_revisions():
            raise too_new(path, current)
        if current != latest_revision():
            fix = "Start the service of this version once: it brings the state up to date"
            raise StoreError("the state is of an earlier version of syndicator", on=str(path), fix=fix)
        yield store


def beside(url: str, name: str) -> Path:
    """Where a file is kept that goes with the state."""
    return database_path(url).with_name(name)


def latest_revision() -> str:
    """The revision of this version's tables."""
    return known_revisions()[-1]


def known_revisions() -> list[str]:
    """All that this version can open, oldest first, by the names of their files."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))


def database_path(url: str) -> Path:
    """The file of an SQLite URL; the settings take no other."""
    return Path(str(make_url(url).database))


def _open_sound(url: str, now: datetime, suspect: str | None = None) -> Store:
    path = database_path(url)
    empty = path.exists() and path.stat().st_size == 0
    if empty:
        log.error("database is an empty file, reset as first start", path=str(path), fix=FIX_DAMAGE)
    store = Store(url)
    try:
        with translated(path), store._writer.begin() as connection:
            _check(connection, path, thoroughly=suspect is not None)
            _migrate(connection, path)
            session = Session(connection)
            store.restored = store._guard.is_restored(session)
            if store.restored:
                reset_as_first_start(session, now)
            count = store._guard.begin(session)
        store._guard.follow(count)
    except BaseException:
        store.close()
        raise
    if suspect is not None and not empty:
        log.warning("database read as damaged, but found sound: it stays", path=str(path), why=suspect)
    return store


def _engine(url: str, *, begin: str, pool_size: int, pragmas: Sequence[str]) -> Engine:
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=TURN_S)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling is off: it would begin late and deferred.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _changes(connection: Connection) -> int:
    """How many rows the connection has changed since it was opened."""
    raw = connection.connection.driver_connection
    return raw.total_changes if isinstance(raw, sqlite3.Connection) else 0


def _check(connection: Connection, path: Path, *, thoroughly: bool) -> None:
    check = "integrity_check" if thoroughly else "quick_check"
    answer = connection.exec_driver_sql(f"PRAGMA {check}(1)").scalar()
    if answer != "ok":
        raise StoreDamaged("the database is damaged", on=str(path), why=str(answer))
    # SQLite's own check does not see text that is no longer text.
    for name in inspect(connection).get_table_names() if thoroughly else ():
        for _ in connection.execute(select("*").select_from(table(name))):
            pass


def _migrate(connection: Connection, path: Path) -> None:
    """Brings the tables up to this version's; a new database gets them as they are now."""
    found, current = inspect(connection).get_table_names(), Session(connection).revision()
    if not found:
        metadata.create_all(connection)
        connection.exec_driver_sql(MADE_AS)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (latest_revision(),))
    elif current is None or "ledger" not in found:  # others count their schemas as well
        fix = "Set `state:` to a file of its own"
        raise StoreForeign("this is the database of another program", on=str(path), fix=fix)
    elif current not in known_revisions():
        raise too_new(path, current)
    elif current != latest_revision():
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    # Loaded only where there is something to migrate: it takes as long as all else that a command loads.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def set_aside(path: Path) -> tuple[str, datetime] | None:
    """The last database of this path that was damaged and still lies beside it: its name, and when it was set
    aside."""
    # The digits leave out what goes with it: its log, its restore guard.
    stamp = f"{'[0-9]' * 8}T{'[0-9]' * 6}"
    name = max((one.name for one in path.parent.glob(f"{escape(path.name)}.damaged-{stamp}")), default=None)
    return None if name is None else (name, datetime.strptime(name[-15:], STAMP).replace(tzinfo=UTC))


def move_aside(path: Path, now: datetime, why: str) -> Path:
    """Renames the database and what goes with it, so that another can take its place; its path now.

    Raises StoreUnavailable or StoreError.
    """
    aside = path.with_name(f"{path.name}.{why}-{now.astimezone(UTC):{STAMP}}")
    while aside.exists():
        aside = aside.with_name(f"{aside.name}+")
    try:
        for suffix in PARTS:
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        fix = "Make its folder writable for this user, or move the file away"
        raise disk_error(error, "the database cannot be moved aside", on=path, fix=fix) from None
    return aside
