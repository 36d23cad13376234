"""A database of an earlier version opens with what it owes as it was."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from syndicator.store.database import MIGRATIONS, open_store
from tests.making import NOON


def test_message_written_before_keeps_its_reason(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    _migrate(database, "0004")
    message = {"metadata": {"event_payload": {"delivery": "d1", "why": "in the digest", "rising": True}}}
    with sqlite3.connect(database) as connection:
        connection.execute(
            "INSERT INTO deliveries (id, route, channel, kind, guids, more, state, created, due, message,"
            " attempts, misses, unsure)"
            " VALUES ('d1', 'ai', 'C1', 'alert', '[]', 0, 'owed', 0, 0, ?, 0, 0, 0)",
            (json.dumps(message),),
        )
    connection.close()
    store = open_store(f"sqlite:///{database}", now=NOON)
    with store.reading() as books:
        found = books.outbox.find("d1")
    store.close()
    assert found is not None
    assert (found.why, found.rising, found.ended) == ("in the digest", True, None)


def _migrate(database: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{database}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
