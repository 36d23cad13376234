"""A database of an earlier version opens with what it owes as it was."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from syndicator.alerts import LedgerKind, RouteReason, Slot
from syndicator.errors import StoreUnavailable
from syndicator.models import Visibility
from syndicator.store.database import open_store
from tests.disks import fill, small_disk
from tests.making import NOON
from tests.rig import Rig
from tests.store.migrating import migrate, upgrade


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
    assert (found.why, found.ended) == ("in the digest", None)


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
        (problem,), (story,) = session.problems.all(), session.outbox.ledger.owed(None)
        (owed,) = session.feeds.due_to_hub(NOON, limit=9)
        output = session.metadata("output")
    store.close()
    assert (problem.what, problem.fix) == ("no title", "Add a title")
    assert (story.guid, story.reason) == ("g", RouteReason.RISING)
    assert (owed.topic, output) == ("https://a.example/f", "as it was")


def test_unpublished_article_that_its_source_includes_is_no_draft(tmp_path: Path) -> None:
    rig = Rig(tmp_path, include_unpublished=True)
    rig.write("a.md", published=False, expiresDateTime="2027-01-01T00:00:00Z")
    rig.run_once()
    with rig.store.transaction() as session:
        connection = session._connection
        connection.exec_driver_sql("UPDATE entries SET article = json_set(article, '$.draft', json('true'))")
    upgrade(tmp_path / "var/state.db", since="0017", revision="0018")
    rig.restart(include_unpublished=True)
    assert not rig.stored("a.md").article.draft
    assert rig.stored("a.md").visibility is Visibility.PUBLIC


def test_topic_names_that_articles_carry_are_counted(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for name, topics in (("a.md", ["AI", "Sea"]), ("b.md", ["AI"]), ("c.md", ["Gone"])):
        rig.write(name, topics=topics)
    rig.run_once()
    (rig.folder / "c.md").unlink()
    rig.run_once()
    with closing(sqlite3.connect(tmp_path / "var/state.db")) as connection, connection:
        connection.execute("DROP TABLE topic_names")
    upgrade(tmp_path / "var/state.db", since="0019", revision="0020")
    rig.restart()
    with rig.store.reading() as session:
        assert session.topic_names() == {"AI": 2, "Sea": 1}


def test_what_is_written_anew_is_kept(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    migrate(database, "0018")
    entry = {
        **dict.fromkeys(("source", "path", "story", "link", "canonical_link", "article", "topics"), "[]"),
        **dict.fromkeys(("published", "updated", "seen"), 0),
        **{"guid": "g", "digest": b"digest", "visibility": "public", "provider": "The Record"},
    }
    standing = {"topic": "ai", "member": 1, "shown": 1, "number": 0, "published": 8, "quality": 9.5}
    rows = {
        "files": {
            **{"source": "news", "path": "a.md", "digest": b"digest", "guid": "g"},
            **{"device": 1, "inode": 2, "size": 3, "mtime_ns": 4, "ctime_ns": 5},
        },
        "stories": {"story": "s", "lead": "g", "began": 7},
        "written": {"path": "feeds/all/rss.xml", "size": 1, "mtime_ns": 2, "inode": 3, "digest": b"digest"},
        "memberships": {"guid": "g", **standing},
        "entries": entry,
    }
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, row in rows.items():
            places = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", (*row.values(),))
    open_store(f"sqlite:///{database}", now=NOON).close()
    rows["memberships"]["provider"] = rows["entries"].pop("provider")
    with closing(sqlite3.connect(database)) as connection:
        for table, row in rows.items():
            found = connection.execute(f"SELECT {', '.join(row)} FROM {table}").fetchall()
            assert found == [tuple(row.values())]


def test_disk_that_fills_up_meanwhile_is_something_to_wait_for(tmp_path: Path) -> None:
    stories = [(f"{number} {'x' * 400}", "g", None) for number in range(8_000)]
    with small_disk(tmp_path / "var", size="40m") as disk:
        database = disk / "state.db"
        migrate(database, "0018")
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.executemany("INSERT INTO stories VALUES (?, ?, ?)", stories)
        filler = fill(disk)
        os.truncate(filler, filler.stat().st_size - 300_000)
        with pytest.raises(StoreUnavailable):
            open_store(f"sqlite:///{database}", now=NOON)
        filler.unlink()
        open_store(f"sqlite:///{database}", now=NOON).close()
        with closing(sqlite3.connect(database)) as connection:
            assert sorted(connection.execute("SELECT * FROM stories")) == sorted(stories)


def test_what_the_previous_version_owed_is_owed_and_nothing_else(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    migrate(database, "0010")
    rows = (
        # story, kind, delivery, whether it stands in `owed` as well, and whether suspect there
        ("waits", "owed", None, True, False),
        ("restored", "owed", None, True, True),
        ("left over", "owed", None, False, False),
        ("in a message", "owed", "d1", False, False),
        ("announced", "announced", "d0", False, False),
        ("baseline", "baseline", None, False, False),
    )
    with sqlite3.connect(database) as connection:
        for story, kind, delivery, owed, suspect in rows:
            connection.execute(
                "INSERT INTO ledger VALUES ('C1', ?, ?, 'ai', ?, 'owed', 5, ?)",
                (story, f"urn:{story}", kind, delivery),
            )
            if owed:
                connection.execute(
                    "INSERT INTO owed VALUES ('C1', ?, ?, 'ai', 'owed', 5, ?)",
                    (story, f"urn:{story}", suspect),
                )
        connection.execute(
            "INSERT INTO deliveries (id, route, channel, kind, guids, more, state, created, due, message,"
            " attempts, misses, unsure, why, rising)"
            " VALUES ('d1', 'ai', 'C1', 'alert', '[\"urn:in a message\"]', 0, 'owed', 0, 0, '{}', 1, 0, 0,"
            " 'sent at once', 0)"
        )
        connection.execute("INSERT INTO attempts (delivery, number, began) VALUES ('d1', 1, 0)")
        connection.execute("INSERT INTO channels VALUES ('C1', 0, 1, 'no such channel', 7)")
        connection.execute("INSERT INTO outages (since, calls, error) VALUES (1, 3, 'no such host')")
        connection.execute("INSERT INTO digest_slots VALUES ('ai', '2026-03-02T09:00', 3, 'sent', 'd0')")
    connection.close()
    store = open_store(f"sqlite:///{database}", now=NOON)
    with store.reading() as session:
        outbox = session.outbox
        assert [(one.story, one.suspect) for one in outbox.ledger.owed()] == [
            ("restored", True),
            ("waits", False),
        ]
        kinds = {one.story: one.kind for one in outbox.ledger.rows(guids=[f"urn:{row[0]}" for row in rows])}
        (waiting,) = outbox.list()
        slot = Slot(nominal="2026-03-02T09:00", at=NOON)
        assert outbox.ledger.slots_done({"ai": slot}) == {"ai"}
        (broken,) = outbox.channels.broken()
    store.close()
    before = {story: LedgerKind(kind) for story, kind, *_ in rows} | {"left over": LedgerKind.BASELINE}
    assert kinds == before
    assert (waiting.id, waiting.state, waiting.guids) == ("d1", "owed", ("urn:in a message",))
    assert broken.broken == "no such channel"
