"""A database of an earlier version opens with what it owes as it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from syndicator.alerts import LedgerKind, RouteReason, Slot
from syndicator.store.database import open_store
from tests.making import NOON
from tests.store.migrating import migrate


def test_what_the_oldest_version_owed_is_owed_and_nothing_else(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    migrate(database, "0012")
    rows = (
        # story, kind, delivery, suspect
        ("waits", "owed", None, False),
        ("restored", "owed", None, True),
        ("in a message", "owed", "d1", False),
        ("announced", "announced", "d0", False),
        ("baseline", "baseline", None, False),
    )
    with sqlite3.connect(database) as connection:
        for story, kind, delivery, suspect in rows:
            connection.execute(
                "INSERT INTO ledger VALUES ('C1', ?, ?, 'ai', ?, ?, 5, ?, ?)",
                (story, f"urn:{story}", kind, RouteReason.RISING.value, delivery, suspect),
            )
        connection.execute(
            "INSERT INTO deliveries (id, route, channel, kind, guids, more, state, created, due, message,"
            " attempts, misses, unsure, why, rising)"
            " VALUES ('d1', 'ai', 'C1', 'alert', '[\"urn:in a message\"]', 0, 'owed', 0, 0, '{}', 1, 0, 0,"
            " 'sent at once', 1)"
        )
        connection.execute("INSERT INTO channels VALUES ('C1', 0, 1, 'no such channel')")
        connection.execute("INSERT INTO digest_slots VALUES ('ai', '2026-03-02T09:00', 3, 'd0')")
        connection.execute(
            "INSERT INTO problems VALUES ('news', 'a.md', 'article', 1, 1, 'no title', 'Add a title', 0)"
        )
        connection.execute("INSERT INTO metadata VALUES ('output', 'as it was')")
        connection.execute("INSERT INTO websub_notifications VALUES ('https://a.example/f', 0, 0, 1)")
    connection.close()
    store = open_store(f"sqlite:///{database}", now=NOON)
    with store.reading() as session:
        outbox = session.outbox
        owed = [(one.story, one.suspect, one.reason) for one in outbox.ledger.owed()]
        kinds = {one.story: one.kind for one in outbox.ledger.rows(guids=[f"urn:{row[0]}" for row in rows])}
        (waiting,) = outbox.list()
        slot = Slot(nominal="2026-03-02T09:00", at=NOON)
        assert outbox.ledger.slots_done({"ai": slot}) == {"ai"}
        (broken,) = outbox.channels.broken()
        (problem,), (hub,) = session.problems.all(), session.websub.due(NOON, limit=9)
        output = session.metadata("output")
    store.close()
    assert owed == [("restored", True, RouteReason.RISING), ("waits", False, RouteReason.RISING)]
    assert kinds == {story: LedgerKind(kind) for story, kind, *_ in rows}
    assert (waiting.id, waiting.state, waiting.guids, waiting.why) == (
        "d1",
        "owed",
        ("urn:in a message",),
        "sent at once",
    )
    assert (broken.broken, problem.fix, hub.attempts, output) == (
        "no such channel",
        "Add a title",
        1,
        "as it was",
    )
