"""What others do to the output folder is found at the next scan or start, and published anew."""

from __future__ import annotations

import ctypes
import errno
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from syndicator.errors import OutputUnwritable
from syndicator.models import Format
from syndicator.publish import build, formats, output
from syndicator.publish.feed import Item
from syndicator.settings.models import Site
from syndicator.store.feeds import FeedTables
from tests.rig import Rig

FEED = "feeds/ai/atom.xml"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, levels={"good": 50}, limit=2)
    for number in range(5):
        rig.write(f"{number}.md", topics=["AI", f"Topic {number % 2}"])
    rig.run_once()
    return rig


def tree(rig: Rig) -> dict[str, bytes]:
    found = (path for path in rig.output.rglob("*") if path.is_file())
    return {path.relative_to(rig.output).as_posix(): path.read_bytes() for path in found}


def test_first_article_after_a_start_is_all_that_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, made, make = Rig(tmp_path), set[str](), formats._made

    def note(item: Item, form: Format, site: Site) -> bytes:
        made.add(item.entry.article.path)
        return make(item, form, site)

    rig.write("a.md")
    rig.run_once()
    rig.restart()
    monkeypatch.setattr(formats, "_made", note)
    before, topics = tree(rig), rig.app.sources.catalog
    rig.app.output.warm_up(rig.store, topics.stored)
    assert made == {"a.md"} and tree(rig) == before, "rendered, and nothing written"
    made.clear()
    rig.write("b.md")
    rig.run_once()
    assert made == {"b.md"}


def test_first_article_after_a_start_has_only_its_own_topics_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, counted, count = Rig(tmp_path), set[str](), FeedTables.count_shown

    def note(tables: FeedTables, topic: str) -> tuple[int, datetime | None, datetime | None]:
        counted.add(topic)
        return count(tables, topic)

    rig.write("a.md", topics=["AI"])
    rig.write("b.md", topics=["Space"])
    rig.run_once()
    rig.restart()
    monkeypatch.setattr(FeedTables, "count_shown", note)
    rig.app.output.warm_up(rig.store, rig.app.sources.catalog.stored)
    assert counted == {"all", "ai", "space"}
    counted.clear()
    rig.write("c.md", topics=["AI"])
    rig.run_once()
    assert counted == {"all", "ai"}


def test_list_of_feeds_stays_as_it_is_when_an_article_comes(rig: Rig) -> None:
    before = (rig.output / "feeds.opml").stat()
    rig.write("new.md", topics=["AI"])
    rig.run_once()
    assert "About new" in rig.titles("ai")
    assert (rig.output / "feeds.opml").stat() == before


def test_what_is_asked_of_each_topic_is_put_together_once(tmp_path: Path) -> None:
    rig, asked = Rig(tmp_path), list[Any]()
    rig.write("a.md", topics=["AI", "Space", "Sea"])
    rig.run_once()
    rig.restart()

    def note(_connection: object, statement: object, *_values: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_execute", note)
    rig.app.output.warm_up(rig.store, rig.app.sources.catalog.stored)
    event.remove(Engine, "before_execute", note)
    of_each = {str(one) for one in asked if sum(str(one) == str(other) for other in asked) >= 4}
    assert len(of_each) == 2 == len({id(one) for one in asked if str(one) in of_each})


@pytest.mark.parametrize("down", [False, True], ids=["while it runs", "while it is down"])
def test_emptied_feed_is_published_anew(rig: Rig, down: bool) -> None:
    before = tree(rig)
    (rig.output / FEED).write_bytes(b"")
    if down:
        rig.restart()
    with capture_logs() as logs:
        rig.loop.recover()
    (said,) = (line for line in logs if "published anew" in line["event"])
    assert (said["files"], said["first"]) == (1, FEED)
    assert "each service needs its own output folder" in said["fix"]
    rig.publish()
    assert tree(rig) == before
    rig.loop.recover()
    assert rig.publish().written == 0


def test_page_that_was_removed_is_published_anew_though_articles_keep_coming(rig: Rig) -> None:
    before = tree(rig)
    page = "topics/topic-1/index.html"
    (rig.output / page).unlink()
    rig.write("9.md", topics=["Topic 0"])
    rig.look()
    rig.loop.recover()
    rig.publish()
    assert tree(rig)[page] == before[page]


def test_changed_feed_that_is_no_longer_wanted_goes(rig: Rig) -> None:
    changed = rig.output / "feeds/ai/good/atom.xml"
    changed.write_bytes(b"")
    rig.loop.recover()
    rig.restart(levels={})
    rig.publish()
    assert not changed.parent.exists()


@pytest.mark.parametrize("down", [False, True], ids=["while it runs", "while it is down"])
def test_older_copy_of_the_whole_folder_is_brought_up_to_date(rig: Rig, down: bool) -> None:
    older = rig.base / "older"
    shutil.copytree(rig.output, older)
    rig.write("9.md", topics=["AI", "New"])
    rig.write("0.md", topics=["AI", "Topic 0"], title="Another title")
    rig.run_once()
    before = tree(rig)
    shutil.rmtree(rig.output)
    shutil.copytree(older, rig.output)
    assert tree(rig) != before
    if down:
        rig.restart()
    rig.loop.recover()
    rig.publish()
    assert tree(rig) == before


def test_start_on_what_is_as_it_was_renders_nothing(rig: Rig) -> None:
    rig.restart()
    with rig.store.reading() as session:
        assert session.feeds.dirty() == set()
    rig.loop.recover()
    assert rig.publish().written == 0


def test_lost_memory_of_what_was_written_costs_one_more_reading(rig: Rig) -> None:
    before = tree(rig)
    with rig.store.transaction() as session:
        session.feeds.put_written(dict.fromkeys(session.feeds.written()))
    rig.restart()
    with rig.store.reading() as session:
        assert {topic for topic, _ in session.feeds.dirty()} == {"all", "ai", "topic-0", "topic-1"}
    assert rig.publish().written == 0
    assert tree(rig) == before
    rig.restart()
    with rig.store.reading() as session:
        assert session.feeds.dirty() == set()


def test_publishing_that_was_cut_off_is_no_change_by_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "AT_ONCE_S", 60)  # however slow the machine, the portion has a second document

    class Cut(Exception):
        pass

    def cut(done: int, of: int) -> None:
        if done:
            raise Cut

    for number in range(3):
        rig.write(f"cut{number}.md", topics=[f"Cut {number}"])
    rig.look()
    with pytest.raises(Cut):
        rig.publish_portion(cut)
    rig.restart()
    assert not rig.app.output.recover(rig.store)
    rig.publish()
    assert not rig.app.output.recover(rig.store)


def test_memory_older_than_the_folder_as_after_a_crash_still_tells_what_is_torn(rig: Rig) -> None:
    with rig.store.reading() as session:
        older = session.feeds.written()
    rig.write("9.md", topics=["AI"])
    rig.run_once()
    before = tree(rig)
    with rig.store.transaction() as session:
        session.feeds.put_written(older)
    (rig.output / FEED).write_bytes(b"torn")
    rig.restart()
    rig.loop.recover()
    rig.publish()
    assert tree(rig) == before


def test_portion_is_on_disk_before_the_store_takes_it_for_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    rig.look()
    owed = list[bool]()

    def sync(folder: int) -> int:
        with rig.store.reading() as session:
            owed.append((rig.output / FEED).exists() and bool(session.feeds.dirty()))
        return 0

    monkeypatch.setattr(output, "_SYNCFS", sync)
    rig.publish()
    assert owed and all(owed)
    owed.clear()
    assert rig.publish().written == 0
    assert not owed, "nothing written, nothing to sync"


def test_what_a_disk_could_not_take_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    rig.look()

    def fail(folder: int) -> int:
        ctypes.set_errno(errno.EIO)
        return -1

    monkeypatch.setattr(output, "_SYNCFS", fail)
    with pytest.raises(OutputUnwritable, match="Check the disk"):
        rig.publish()
    inode = (rig.output / FEED).stat().st_ino
    monkeypatch.undo()
    rig.publish()
    assert (rig.output / FEED).stat().st_ino != inode
    with rig.store.reading() as session:
        assert not session.feeds.dirty()
