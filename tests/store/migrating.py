"""A database as an earlier version left it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from syndicator.store.database import MIGRATIONS, latest_revision

FIRST = Path(__file__).parent / "0001.sql"


def migrate(database: Path, revision: str) -> None:
    """Makes a database with the first tables there ever were, and migrates it up to the revision."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(FIRST.read_text(encoding="utf-8"))
    _upgrade(database, revision)


def upgrade(database: Path, *, since: str, revision: str) -> None:
    """Does with a database of now what the migrations after `since`, up to `revision`, do."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (since,))
    _upgrade(database, revision)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (latest_revision(),))


def _upgrade(database: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{database}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
