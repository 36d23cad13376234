"""Behaviour 17: what leaves a feed leaves a mark in its Atom documents (RFC 6721), and in no other feed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from lxml import etree
from sqlalchemy import create_engine, text

from syndicator.store.database import MIGRATIONS
from tests.publish.validators import check_atom
from tests.rig import Rig

HOUR = timedelta(hours=1)
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
STAYS = {"publishedDateTime": "2026-03-13T09:00:00Z", "topics": ["AI", "Robots"]}
LEAVES: dict[str, tuple[dict[str, Any] | None, set[str]]] = {
    "deleted": (None, {"all", "ai", "robots"}),
    "unpublished": ({"published": False}, {"all", "ai", "robots"}),
    "expired": ({"expiresDateTime": "2026-03-14T12:30:00Z"}, {"all", "ai", "robots"}),
    "embargoed": ({"publishedDateTime": "2026-03-15T09:00:00Z"}, {"all", "ai", "robots"}),
    "without the topic": ({"topics": ["AI"]}, {"robots"}),
}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, tombstones=True, limit=2)
    for number in range(3):
        rig.write(f"{number}.md", **STAYS)
    rig.write("a.md", topics=["AI", "Robots"])
    rig.run_once()
    return rig


def stones(rig: Rig) -> dict[str, list[tuple[str, str]]]:
    """Of each Atom document that has any, the guids that left and when."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path, data in rig.documents("atom.xml").items():
        assert check_atom(data) == []
        marks = [
            (str(one.attrib["ref"]), str(one.attrib["when"])) for one in etree.fromstring(data).iter(DELETED)
        ]
        if marks:
            found[path] = marks
    return found


@pytest.mark.parametrize(("change", "feeds"), LEAVES.values(), ids=LEAVES.keys())
def test_entry_leaves_a_mark_in_the_feeds_and_archives_it_leaves(
    rig: Rig, change: dict[str, Any] | None, feeds: set[str]
) -> None:
    guid = rig.stored("a.md").guid
    page = {topic: f"feeds/{topic}/archive/1/atom.xml" for topic in feeds}
    assert stones(rig) == {}
    rig.wait(HOUR)
    if change is None:
        (rig.folder / "a.md").unlink()
    else:
        rig.write("a.md", **{"topics": ["AI", "Robots"]} | change)
    rig.run_once()
    left = stones(rig)
    assert set(left) == {f"feeds/{topic}/atom.xml" for topic in feeds} | set(page.values())
    # What is gone is believed at the second look, five seconds later.
    when = "2026-03-14T13:00:05+00:00" if change is None else "2026-03-14T13:00:00+00:00"
    assert {mark for marks in left.values() for mark in marks} == {(guid, when)}
    rig.wait(HOUR)
    rig.write("0.md", **STAYS | {"title": "Another thing is changed"})
    rig.run_once()
    assert stones(rig) == left
    rig.write("a.md", topics=["AI", "Robots"])
    rig.run_once()
    assert stones(rig) == {}


def test_level_has_the_marks_of_what_was_good_enough_for_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, tombstones=True, levels={"good": 50})
    rig.write("good.md", quality=60)
    rig.write("bad.md", quality=40)
    rig.run_once()
    good = rig.stored("good.md").guid
    for name in ("good.md", "bad.md"):
        (rig.folder / name).unlink()
    rig.write("other.md")
    rig.run_once()
    assert [ref for ref, _ in stones(rig)["feeds/all/good/atom.xml"]] == [good]
    assert len(stones(rig)["feeds/all/atom.xml"]) == 2


def test_quality_that_changes_with_or_after_the_leaving_changes_no_mark(tmp_path: Path) -> None:
    rig = Rig(tmp_path, tombstones=True, levels={"good": 50})
    for name, quality in (("good.md", 90), ("poor.md", 10)):
        rig.write(name, quality=quality)
    rig.run_once()
    for name, quality in (("good.md", 10), ("poor.md", 90)):
        rig.write(name, quality=quality, published=False)
    rig.run_once()
    marks = stones(rig)["feeds/all/good/atom.xml"]
    assert [guid for guid, _ in marks] == [rig.stored("good.md").guid]
    rig.write("good.md", quality=20, published=False)
    rig.run_once()
    rig.restart(version="2")
    rig.run_once()
    assert stones(rig)["feeds/all/good/atom.xml"] == marks


def test_falling_below_a_level_leaves_no_mark(tmp_path: Path) -> None:
    rig = Rig(tmp_path, tombstones=True, levels={"good": 50})
    rig.write("a.md", quality=60)
    rig.run_once()
    rig.write("a.md", quality=40)
    rig.run_once()
    assert rig.titles(level="good") == []
    assert stones(rig) == {}


def test_without_the_setting_there_are_none(rig: Rig) -> None:
    (rig.folder / "a.md").unlink()
    rig.run_once()
    assert stones(rig)
    rig.restart(tombstones=False, version="2")
    rig.run_once()
    assert stones(rig) == {}


def test_state_of_a_version_without_the_column_dates_what_left_by_its_entry(rig: Rig) -> None:
    guid = rig.stored("a.md").guid
    (rig.folder / "a.md").unlink()
    rig.run_once()
    before = stones(rig)
    rig.write("0.md", **STAYS | {"expiresDateTime": "2026-03-14T12:30:00Z"})
    rig.wait(HOUR)
    rig.run_once()
    rig.close()
    migrate_again(rig)
    rig.restart(version="2")
    rig.publish()
    marks = dict(stones(rig)["feeds/all/atom.xml"])
    assert marks.pop(guid) == dict(before["feeds/all/atom.xml"])[guid]
    assert list(marks.values()) == ["2026-03-14T12:30:00+00:00"]


def migrate_again(rig: Rig) -> None:
    """Takes back the migration that brought the column, and runs it on what there is."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    script = next(one for one in scripts.walk_revisions() if "when_entries_left" in one.path)
    engine = create_engine(f"sqlite:///{rig.base}/var/state.db")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE memberships RENAME TO standings"))
        connection.execute(text("ALTER TABLE standings DROP COLUMN removed"))
        with Operations.context(MigrationContext.configure(connection)):
            script.module.upgrade()
        connection.execute(text("ALTER TABLE standings RENAME TO memberships"))
    engine.dispose()
