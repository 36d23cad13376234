"""A topic that cannot be written costs no other topic anything."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syndicator.errors import OutputUnwritable
from syndicator.publish import build
from tests.rig import Rig

MANY = 10


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each portion is of one document's work."""
    monkeypatch.setattr(build, "AT_ONCE_S", 0.0)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """More topics than one portion holds, three of which have something in the way."""
    rig = Rig(tmp_path)
    for number in range(MANY + 10):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    (rig.output / "feeds/topic-000/rss.xml/kept").mkdir(parents=True)
    (rig.output / "feeds/topic-007").write_text("in the way")
    (rig.output / "topics/topic-015/index.html").mkdir(parents=True)
    rig.look()
    return rig


def test_others_are_published_and_then_the_fault_is_told(rig: Rig) -> None:
    with pytest.raises(OutputUnwritable, match="topic-0"):
        rig.publish()
    for number in range(MANY + 10):
        assert (rig.output / f"feeds/topic-{number:03}/feed.json").is_file() == (number not in (0, 7))
    assert (rig.output / "index.html").is_file()
    assert (rig.output / "feeds.opml").is_file()


def test_what_is_mended_is_published_at_once(rig: Rig) -> None:
    with pytest.raises(OutputUnwritable):
        rig.publish()
    rig.write("new.md", topics=["Topic 007", "Topic 012"])
    rig.look()
    with pytest.raises(OutputUnwritable):
        rig.publish()
    assert sorted(rig.titles("topic-012")) == ["About 12", "About new"]
    (rig.output / "feeds/topic-000/rss.xml/kept").rmdir()
    (rig.output / "feeds/topic-000/rss.xml").rmdir()
    (rig.output / "feeds/topic-007").unlink()
    (rig.output / "topics/topic-015/index.html").rmdir()
    rig.publish()
    assert rig.titles("topic-000") == ["About 0"]
    assert sorted(rig.titles("topic-007")) == ["About 7", "About new"]
    assert (rig.output / "topics/topic-015/index.html").is_file()
    assert rig.publish().written == 0


def test_page_of_a_topic_counts_what_came_while_its_feed_could_not_be_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    feed, page = rig.output / "feeds/ai/atom.xml", rig.output / "topics/ai/index.html"
    rig.write("a.md")
    rig.run_once()
    feed.unlink()
    feed.mkdir()
    rig.write("b.md")
    rig.look()
    while b"2 so far" not in page.read_bytes():
        assert rig.publish_portion().more
    rig.write("c.md")
    rig.look()
    with pytest.raises(OutputUnwritable):
        rig.publish()
    feed.rmdir()
    rig.publish()
    assert b"3 so far" in page.read_bytes()


def test_front_page_that_cannot_be_written_stays_owed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    (rig.output / "index.html").mkdir(parents=True)
    with pytest.raises(OutputUnwritable, match="index"):
        rig.run_once()
    assert rig.titles("ai") == ["About a"]
    (rig.output / "index.html").rmdir()
    rig.publish()
    assert (rig.output / "index.html").is_file()


def test_folder_that_cannot_be_written_at_all_ends_the_pass_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(MANY + 10):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    rig.look()
    rig.output.write_text("in the way")
    with pytest.raises(OutputUnwritable):
        rig.publish()
    rig.output.unlink()
    assert rig.publish().feeds == 3 * (MANY + 11)


def obstruct(rig: Rig, numbers: range) -> None:
    for number in numbers:
        (rig.output / f"feeds/topic-{number:03}/rss.xml/kept").mkdir(parents=True)


def test_more_than_a_portion_of_them_costs_no_other_anything(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(MANY + 12):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    rig.write("fine.md", topics=["Zed"])
    obstruct(rig, range(MANY + 12))
    rig.look()
    for _ in range(2):
        with pytest.raises(OutputUnwritable):
            rig.publish()
    assert rig.titles("zed") == ["About fine"]
    assert (rig.output / "index.html").is_file()
    shutil.rmtree(rig.output / f"feeds/topic-{MANY + 11:03}")
    with pytest.raises(OutputUnwritable):
        rig.publish()
    assert rig.titles(f"topic-{MANY + 11:03}") == [f"About {MANY + 11}"]


def test_whole_portion_of_them_does_not_end_a_build(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(3 * MANY):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    obstruct(rig, range(MANY - 1, 2 * MANY - 1))
    rig.look()
    with pytest.raises(OutputUnwritable):
        rig.publish()
    assert rig.titles(f"topic-{3 * MANY - 1:03}") == [f"About {3 * MANY - 1}"]


def test_feed_of_everything_comes_first_whatever_cannot_be_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (rig.output / "index.html/x").mkdir(parents=True)
    for number in range(MANY + 10):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    rig.look()
    with pytest.raises(OutputUnwritable):
        rig.publish()
    rig.write("new.md", publishedDateTime="2026-03-14T10:00:00Z", topics=[f"Topic {n:03}" for n in range(40)])
    rig.look()
    rig.publish_portion()
    assert rig.titles()[0] == "About new"


def test_link_in_the_place_of_a_topic_is_one_of_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, levels={"good": 50, "top": 60})
    rig.write("a.md", topics=["One"])
    rig.run_once()
    (rig.output / "feeds/one").rename(tmp_path / "elsewhere")
    (rig.output / "feeds/one").symlink_to(tmp_path / "elsewhere")
    rig.restart(levels={"good": 50})
    rig.write("b.md", topics=["One", "Two"])
    with pytest.raises(OutputUnwritable, match="link"):
        rig.run_once()
    assert rig.titles("two") == ["About b"]
    assert b"About b" not in (tmp_path / "elsewhere/rss.xml").read_bytes()


def test_service_becomes_ready_and_goes_on_though_one_is_obstructed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, hub="https://hub.example/")
    rig.write("a.md", topics=["One"])
    (rig.output / "feeds/one/rss.xml").mkdir(parents=True)
    guard = threading.Timer(20, rig.loop.stop)
    guard.start()
    rig.loop.run_first()
    guard.cancel()
    assert not rig.loop.stopping.is_set(), "the first pass never ended"
    rig.write("b.md", topics=["One", "Two"])
    rig.loop.scan()
    rig.loop.published.clear()
    with capture_logs() as logs:
        for _ in range(2):
            rig.loop.scan()
            while rig.loop.run_once() == 0.0:
                pass
    assert len([line for line in logs if line["log_level"] == "error"]) == 1, "said once"
    assert rig.titles("two") == ["About b"]
    assert rig.loop.published.is_set(), "the hub is told"
