"""A database of an earlier version opens with what it owes as it was."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from syndicator.alerts import RouteReason
from syndicator.store.database import open_store
from tests.making import NOON
from tests.store.migrating import migrate


def test_message_written_before_keeps_its_reason(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    migrate(database, "0004")
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
    with store.reading() as session:
        found = session.outbox.find("d1")
    store.close()
    assert found is not None
    assert (found.why, found.rising, found.ended) == ("in the digest", True, None)


def test_what_had_other_names_is_kept(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    migrate(database, "0009")
    with sqlite3.connect(database) as connection:
        connection.execute(
            'INSERT INTO problems (kind, source, path, line, "column", what, cure, since)'
            " VALUES ('article', 'news', 'a.md', 1, 1, 'no title', 'Add a title', 0)"
        )
        connection.execute("INSERT INTO marks (name, value) VALUES ('output', 'as it was')")
        connection.execute(
            "INSERT INTO pings (topic, since, due, attempts) VALUES ('https://a.example/f', 0, 0, 1)"
        )
        connection.execute(
            "INSERT INTO owed (story, route, channel, guid, reason, qualified, suspect)"
            " VALUES ('s', 'ai', 'C1', 'g', 'owed: quality rose over the bar', 0, 0)"
        )
    connection.close()
    store = open_store(f"sqlite:///{database}", now=NOON)
    with store.reading() as session:
        (problem,), (story,) = session.problems(), session.outbox.ledger.owed(None)
        (owed,) = session.websub.due(NOON, limit=9)
        output = session.metadata("output")
    store.close()
    assert (problem.what, problem.fix) == ("no title", "Add a title")
    assert (story.guid, story.reason) == ("g", RouteReason.RISING)
    assert (owed.topic, output) == ("https://a.example/f", "as it was")
