"""A topic that cannot be written costs no other topic anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicator.errors import OutputUnwritable
from syndicator.pipeline.output import PORTION
from tests.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """More topics than one portion holds, three of which have something in the way."""
    rig = Rig(tmp_path)
    for number in range(PORTION + 10):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    (rig.output / "feeds/topic-000/rss.xml/kept").mkdir(parents=True)
    (rig.output / "feeds/topic-007").write_text("in the way")
    (rig.output / "topics/topic-055/index.html").mkdir(parents=True)
    rig.look()
    return rig


def test_others_are_published_and_then_the_fault_is_told(rig: Rig) -> None:
    with pytest.raises(OutputUnwritable, match="topic-0"):
        rig.publish()
    for number in range(PORTION + 10):
        assert (rig.output / f"feeds/topic-{number:03}/feed.json").is_file() == (number not in (0, 7))
    assert (rig.output / "index.html").is_file()
    assert (rig.output / "feeds.opml").is_file()


def test_what_is_mended_is_published_at_once(rig: Rig) -> None:
    with pytest.raises(OutputUnwritable):
        rig.publish()
    rig.write("new.md", topics=["Topic 007", "Topic 030"])
    rig.look()
    with pytest.raises(OutputUnwritable):
        rig.publish()
    assert sorted(rig.titles("topic-030")) == ["About 30", "About new"]
    (rig.output / "feeds/topic-000/rss.xml/kept").rmdir()
    (rig.output / "feeds/topic-000/rss.xml").rmdir()
    (rig.output / "feeds/topic-007").unlink()
    (rig.output / "topics/topic-055/index.html").rmdir()
    rig.publish()
    assert rig.titles("topic-000") == ["About 0"]
    assert sorted(rig.titles("topic-007")) == ["About 7", "About new"]
    assert (rig.output / "topics/topic-055/index.html").is_file()
    assert rig.publish().written == 0


def test_front_page_that_cannot_be_written_stays_owed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md")
    (rig.output / "index.html").mkdir(parents=True)
    with pytest.raises(OutputUnwritable, match="index"):
        rig.turn()
    assert rig.titles("ai") == ["About a"]
    (rig.output / "index.html").rmdir()
    rig.publish()
    assert (rig.output / "index.html").is_file()


def test_folder_that_cannot_be_written_at_all_ends_the_pass_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(PORTION + 10):
        rig.write(f"{number}.md", topics=[f"Topic {number:03}"])
    rig.look()
    rig.output.write_text("in the way")
    with pytest.raises(OutputUnwritable):
        rig.publish()
    rig.output.unlink()
    assert rig.publish().feeds == 3 * (PORTION + 11)
