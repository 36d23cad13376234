"""A database as an earlier version left it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from syndicator.store.database import MIGRATIONS

OLDEST = Path(__file__).with_name("0012.sql")


def migrate(database: Path, revision: str) -> None:
    """Makes the oldest database that is brought up to date, and migrates it up to the revision."""
    with closing(sqlite3.connect(database)) as oldest:
        oldest.executescript(OLDEST.read_text(encoding="utf-8"))
    engine = create_engine(f"sqlite:///{database}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
