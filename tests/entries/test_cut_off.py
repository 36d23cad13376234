"""What a start has begun to make anew and did not finish, because it was cut off, the next start finishes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from syndicator.alerts import LedgerKind
from syndicator.entries import routing, sources
from syndicator.progress import PutOff, Stopped
from syndicator.settings.models import Digest, Route
from tests.making import NOON
from tests.rig import Rig

ROUTE = Route(name="all", channel="C1", deliver=Digest(cron="0 9 * * *"))
TOPICS = ("_data/*.yaml",)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, topics=TOPICS, routes=[ROUTE])


def test_other_settings_of_a_source_are_read_by_the_next_start(rig: Rig) -> None:
    rig.write("a.md", published=False)
    rig.run_once()
    assert rig.public() == []
    rig.restart(include_unpublished=True)
    rig.restart()
    rig.run_once()
    assert rig.public() == ["a.md"]


def test_what_another_version_reads_otherwise_is_read_by_the_next_start(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    rig.restart(version="2")
    rig.restart()
    assert rig.count(rig.look).guids == frozenset()
    with rig.store.reading() as session:
        before = session.files("news", ["a.md"])["a.md"].stamp
    assert any(before), "read, and its stamp known again"
    rig.restart(version="3")
    with rig.store.reading() as session:
        assert not any(session.files("news", ["a.md"])["a.md"].stamp), "to be read, whatever happens now"


def test_entries_are_shelved_by_new_topic_files_at_the_next_start(rig: Rig) -> None:
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.write("a.md", topics=["ML"])
    rig.run_once()
    assert rig.entries()["a.md"].topics == ("ml",)
    rig.put("_data/ai.yaml", "name: AI\naliases: [ML]\n")
    with refusing(rig, "entries"), pytest.raises(IntegrityError):
        rig.scan()
    rig.restart()
    rig.run_once()
    assert rig.entries()["a.md"].topics == ("ai",)
    assert rig.titles("ai") == ["About a"]


@pytest.mark.parametrize("restarts", [False, True], ids=["while it runs", "with a restart"])
def test_entries_are_put_into_topics_portion_by_portion(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, restarts: bool
) -> None:
    monkeypatch.setattr(sources, "PORTION", 2)
    rig.put("_data/ai.yaml", "name: AI\n")
    for number in range(6):
        rig.write(f"{number}.md", topics=["ML"])
    rig.run_once()
    rig.put("_data/ai.yaml", "name: AI\naliases: [ML]\n")

    def put_off(_done: int, _of: int) -> None:
        raise PutOff

    def of_ai() -> int:
        return sum(one.topics == ("ai",) for one in rig.entries().values())

    with pytest.raises(PutOff):
        rig.scan(put_off)
    assert of_ai() == 2
    with pytest.raises(PutOff):
        rig.app.sources.reapply_topics(rig.now, put_off)
    assert of_ai() == 4, "goes on where it was"
    rig.put("_data/ai.yaml", "name: AI\n")
    with pytest.raises(PutOff):
        rig.scan(put_off)
    assert of_ai() == 2, "begins anew"
    if restarts:
        rig.restart()
    rig.run_once()
    assert of_ai() == 0
    assert len(rig.titles("ml")) == 6


def test_what_changes_together_with_a_topic_file_is_no_news_of_its_topic(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=TOPICS, routes=[Route(name="ai", channel="C1", topics=["AI"])])
    rig.put("_data/ai.yaml", "name: AI\n")
    for name in ("edited.md", "moved.md"):
        rig.write(name, topics=["ML"])
    rig.run_once()
    rig.put("_data/ai.yaml", "name: AI\naliases: [ML]\n")
    rig.write("edited.md", topics=["ML"], title="Edited")
    (rig.folder / "moved.md").rename(rig.folder / "elsewhere.md")
    rig.write("new.md", topics=["ML"])
    rig.run_once()
    assert [one.guid for one in rig.owed()] == [rig.entries()["new.md"].guid]


def test_embargo_that_ends_while_topics_change_is_news(rig: Rig) -> None:
    rig.write("old.md")
    rig.write("soon.md", publishedDateTime=f"{NOON + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    rig.run_once()
    rig.put("_data/ai.yaml", "name: AI\naliases: [ML]\n")
    rig.restart(now=rig.now + timedelta(hours=2), roll_up=True)
    rig.run_once()
    assert [one.guid for one in rig.owed()] == [rig.entries()["soon.md"].guid]


def test_topic_of_a_batch_that_was_not_stored_has_its_feeds_at_the_next_try(rig: Rig) -> None:
    rig.write("old.md", topics=["Old"])
    rig.run_once()
    rig.write("a.md", topics=["New"])
    with refusing(rig, "entries"), pytest.raises(IntegrityError):
        rig.run_once()
    rig.run_once()
    assert rig.titles("new") == ["About a"]
    (rig.folder / "a.md").unlink()
    rig.run_once()
    assert not (rig.output / "feeds/new").exists(), "counted once, it is carried by none now"


def test_topic_files_that_were_not_stored_count_at_the_next_try(rig: Rig) -> None:
    rig.write("a.md", topics=["ML"])
    rig.run_once()
    rig.put("_data/ai.yaml", "name: AI\nslug: ai\naliases: [ML]\n")
    with refusing(rig, "topics"), pytest.raises(IntegrityError):
        rig.run_once()
    rig.run_once()
    assert rig.titles("ai") == ["About a"]


def test_route_whose_beginning_was_not_stored_is_still_silent(rig: Rig) -> None:
    rig.write("a.md")
    with never_committed(rig, "routes"), pytest.raises(IntegrityError):
        rig.run_once()
    rig.write("b.md")
    rig.run_once()
    assert rig.owed() == []
    rig.write("c.md")
    rig.run_once()
    assert [one.guid for one in rig.owed()] == [rig.entries()["c.md"].guid]


@contextmanager
def refusing(rig: Rig, table: str) -> Iterator[None]:
    """The database takes no row of this table, as if the disk gave out there."""
    with closing(sqlite3.connect(rig.store.path)) as connection:
        connection.execute(
            f"CREATE TRIGGER refused BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER refused")


@contextmanager
def never_committed(rig: Rig, table: str) -> Iterator[None]:
    """The database takes a row of this table, and then not the transaction."""
    with closing(sqlite3.connect(rig.store.path)) as connection:
        connection.executescript(
            "CREATE TABLE cut (guid TEXT REFERENCES entries(guid) DEFERRABLE INITIALLY DEFERRED);"
            f"CREATE TRIGGER cut_off AFTER INSERT ON {table} BEGIN INSERT INTO cut VALUES ('none'); END;"
        )
        try:
            yield
        finally:
            connection.executescript("DROP TRIGGER cut_off; DROP TABLE cut;")


def test_new_routes_judge_each_story_once_when_they_begin(tmp_path: Path) -> None:
    channels = ("C1", "C2", "C2")
    rig = Rig(tmp_path, routes=[Route(name=f"r{at}", channel=one) for at, one in enumerate(channels)])
    for number in range(5):
        rig.write(f"{number}.md")
    rig.scan()
    assert decided(rig) == []
    rig.app.router.begin(rig.store, now=rig.now)
    assert decided(rig) == [(channel, LedgerKind.BASELINE) for channel in ("C1", "C2") for _ in range(5)]


def test_route_that_has_begun_owes_what_comes_while_another_of_its_channel_is_new(tmp_path: Path) -> None:
    known = Route(name="known", channel="C1")
    rig = Rig(tmp_path, routes=[known])
    rig.run_once()
    rig.restart(routes=[Route(name="new", channel="C1"), known, Route(name="elsewhere", channel="C2")])
    rig.write("a.md")
    rig.look()
    assert decided(rig) == [("C1", LedgerKind.OWED), ("C2", LedgerKind.BASELINE)]
    assert [row.route for row in rig.owed()] == ["known"]


def decided(rig: Rig) -> list[tuple[str, LedgerKind]]:
    """What the ledger says, by channel and story."""
    with rig.store.reading() as session:
        rows = session.outbox.ledger.rows(stories=[entry.story for entry in rig.entries().values()])
    return [(row.channel, row.kind) for row in rows]


def test_route_whose_beginning_was_cut_off_between_portions_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "SOME", 2)
    rig = Rig(tmp_path)
    for number in range(6):
        rig.write(f"{number}.md")
    rig.run_once()
    rig.restart(routes=[Route(name="all", channel="C1")])
    rig.scan()

    def cut(done: int, of: int) -> None:
        if done >= 4:
            raise Stopped

    with pytest.raises(Stopped):
        rig.app.router.begin(rig.store, now=rig.now, progress=cut)
    with rig.store.reading() as session:
        assert session.outbox.ledger.route_fingerprints() == {}
    rig.restart()
    rig.write("new.md")
    rig.run_once()
    assert rig.owed() == []
    rig.write("newer.md")
    rig.run_once()
    assert len(rig.owed()) == 1
