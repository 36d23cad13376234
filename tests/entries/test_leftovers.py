"""What other settings have made and these do not keep up is taken away: a stale feed is worse than none."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.errors import OutputUnwritable, StoreBusy
from syndicator.publish import build
from syndicator.store.feeds import FeedTables
from tests.rig import Rig


def test_level_that_the_settings_no_longer_have_is_removed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, levels={"good": 50, "top": 90})
    rig.write("a.md", quality=95)
    rig.run_once()
    assert rig.titles("ai", level="top") == ["About a"]
    rig.restart(levels={"good": 50})
    rig.run_once()
    assert not (rig.output / "feeds/ai/top").exists()
    assert not (rig.output / "feeds/all/top").exists()
    assert rig.titles("ai", level="good") == ["About a"]


def test_archive_pages_beyond_a_raised_limit_are_removed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limit=2, levels={"good": 50})
    for number in range(5):
        rig.write(f"{number}.md")
    rig.run_once()
    assert len(rig.titles(page=2)) == 1
    rig.restart(limit=3, version="2")
    rig.run_once()
    assert not (rig.output / "feeds/all/archive/2").exists()
    assert len(rig.titles(page=0)) == 3
    assert len(rig.titles(page=1)) == 2
    rig.restart(limit=50, version="3")
    rig.run_once()
    assert not list(rig.output.glob("feeds/*/archive/*"))
    assert len(rig.titles(level="good")) == 5


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    rig.run_once()
    theirs = rig.output / "feeds/ai/theirs/notes.txt"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    rig.write("b.md")
    rig.run_once()
    assert theirs.read_text() == "mine"


def test_hub_hears_of_feeds_written_by_a_pass_that_failed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, hub="https://hub.example/")
    rig.run_once()
    told(rig)
    rig.write("a.md")
    rig.look()
    blocked = rig.output / "topics" / "ai"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where the topic's page should be")
    with pytest.raises(OutputUnwritable):
        rig.publish()
    assert "https://feeds.example.org/feeds/ai/atom.xml" in told(rig)


def test_hub_hears_of_feeds_written_by_a_pass_that_was_killed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, hub="https://hub.example/")
    rig.write("a.md")
    rig.run_once()
    told(rig)
    rig.write("b.md")
    rig.look()
    rig.close()
    database = rig.base / "var/state.db"
    before = database.read_bytes()
    rig.open()
    rig.publish()
    rig.close()
    # What a kill leaves: files that were written, and a store that does not know it.
    database.write_bytes(before)
    rig.open()
    assert not rig.app.output.recover(rig.store), "nobody else changed them"
    rig.publish()
    assert "https://feeds.example.org/feeds/ai/atom.xml" in told(rig)


def test_hub_hears_of_feeds_written_by_a_pass_that_the_database_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise StoreBusy("the database is in use")

    rig = Rig(tmp_path, hub="https://hub.example/")
    rig.run_once()
    told(rig)
    rig.write("a.md")
    rig.look()
    with monkeypatch.context() as patch:
        patch.setattr(FeedTables, "put_written", refuse)
        with pytest.raises(StoreBusy):
            rig.publish()
    assert not rig.app.output.recover(rig.store), "nobody else changed them"
    rig.publish()
    assert "https://feeds.example.org/feeds/ai/atom.xml" in told(rig)


def told(rig: Rig) -> list[str]:
    """What the hub is owed; owed no longer after that."""
    with rig.store.transaction() as session:
        due = session.feeds.due_to_hub(rig.now, limit=99)
        for owed in due:
            session.feeds.forget_hub(owed.topic, since=owed.since)
    return [owed.topic for owed in due]


def test_feeds_are_published_before_pages_and_those_before_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "AT_ONCE_S", 0.0)
    monkeypatch.setattr(build, "ARCHIVES_S", 0.0)
    rig = Rig(tmp_path, limit=1)
    for number in range(3):
        rig.write(f"{number}.md", topics=["AI", "Azure"])
    rig.look()
    order, archives = list[str](), list[bool]()
    while True:
        before = files(rig)
        published = rig.publish_portion()
        order.append(min((files(rig) - before), default=""))
        archives.append(published.only_archives)
        if not published.more:
            break
    assert order[:6] == [
        "feeds/all/atom.xml", "feeds/ai/atom.xml", "feeds/azure/atom.xml",
        "topics/ai/index.html", "topics/azure/index.html", "feeds.opml",
    ]  # fmt: skip
    assert len(order) == 6 + 9 and all("/archive/" in path for path in order[6:])
    assert archives == [False] * 5 + [True] * 9 + [False]


def files(rig: Rig) -> set[str]:
    return {path.relative_to(rig.output).as_posix() for path in rig.output.rglob("*") if path.is_file()}


def test_level_whose_removal_was_cut_off_is_removed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, levels={"good": 50, "top": 60})
    rig.write("a.md")
    rig.run_once()
    (rig.output / "feeds/ai/top/rss.xml").unlink()
    rig.restart(levels={"good": 50})
    rig.run_once()
    assert not (rig.output / "feeds/ai/top").exists()


def test_what_somebody_else_put_into_the_output_stays(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    rig.run_once()
    foreign = [rig.output / "style-custom.css", rig.output / "feeds/ai/by-hand/rss.xml"]
    for file in foreign:
        file.parent.mkdir(exist_ok=True)
        file.write_text("theirs")
    rig.write("b.md")
    rig.run_once()
    rig.restart(version="2")
    rig.run_once()
    assert [file.read_text() for file in foreign] == ["theirs", "theirs"]


def test_style_that_somebody_removed_is_published_anew(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    rig.run_once()
    (style,) = rig.output.glob("style-*.css")
    style.unlink()
    rig.loop.recover()
    rig.publish()
    assert style.exists()


def test_topic_that_has_ended_is_said_to_be_gone_before_its_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    for number in range(4):
        rig.write(f"{number}.md", topics=[f"Topic {number}"])
    rig.run_once()
    for file in rig.folder.iterdir():
        file.unlink()
    rig.look(confirmed=True)
    monkeypatch.setattr(build, "AT_ONCE_S", 0.0)
    while len(list((rig.output / "feeds").iterdir())) == 5:
        assert rig.publish_portion().more
    lines = (tmp_path / "var/moved.map").read_text().splitlines()
    assert lines == [f"topic-{number} -;" for number in range(4)]


def test_page_that_is_wanted_again_before_it_was_removed_stays(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limit=1)
    for number in range(3):
        rig.write(f"{number}.md")
    rig.run_once()
    rig.restart(limit=2)
    for number in range(3, 5):
        rig.write(f"{number}.md")
    rig.run_once()
    assert rig.titles(page=2) == ["About 4"]
