"""A topic file that breaks or is away for a moment must not end its topic: some readers take 410 for ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.put("_data/ai.yaml", "name: AI\nslug: minds\naliases: [ML]\ndescription: All of it\n")
    rig.put("_data/new.yaml", "name: New\n")
    for number in range(3):
        rig.write(f"{number}.md", topics=["ML"])
    rig.turn()
    return rig


@pytest.mark.parametrize("empty", [True, False], ids=["an empty mount point", "no folder"])
@pytest.mark.parametrize("restart", [True, False], ids=["found at a start", "while it runs"])
def test_topics_of_a_lost_folder_stay_until_it_is_back(rig: Rig, empty: bool, restart: bool) -> None:
    before = rig.documents()
    aside = rig.folder.rename(rig.base / "aside")
    if empty:
        rig.folder.mkdir()
    if restart:
        rig.restart()
    for _ in range(3):
        rig.turn()
        rig.wait(timedelta(minutes=1))
        assert rig.documents() == before
    if empty:
        rig.folder.rmdir()
    aside.rename(rig.folder)
    rig.turn()
    assert rig.documents() == before
    assert rig.problems() == []


@pytest.mark.parametrize("names", [["new.yaml"], ["ai.yaml", "new.yaml"]], ids=["one", "the last"])
def test_topic_file_deleted_on_purpose_counts_a_little_later(rig: Rig, names: list[str]) -> None:
    for name in names:
        (rig.folder / "_data" / name).unlink()
    rig.turn()
    assert (rig.output / "feeds/new").exists()
    rig.wait(timedelta(minutes=1))
    rig.turn()
    assert not (rig.output / "feeds/new").exists()


@pytest.mark.parametrize("restart", [True, False], ids=["found at a start", "while it runs"])
@pytest.mark.parametrize("name", ["ai", "new"])
def test_broken_topic_file_counts_as_it_was_until_mended(rig: Rig, name: str, restart: bool) -> None:
    before = rig.documents()
    rig.put(f"_data/{name}.yaml", "name: [\n")
    if restart:
        rig.restart()
    for _ in range(3):
        rig.turn()
        rig.wait(timedelta(minutes=1))
        assert rig.documents() == before
    assert [problem.split(":")[0] for problem in rig.problems()] == [f"_data/{name}.yaml"]
    rig.put(f"_data/{name}.yaml", f"name: {name.upper()} again\nslug: {name}-again\n")
    rig.turn()
    assert rig.problems() == []
    assert (rig.output / f"feeds/{name}-again").exists()
    rig.wait(timedelta(minutes=1))
    rig.turn()
    assert not (rig.output / "feeds/new").exists() or name == "ai"


def test_topic_file_away_for_a_moment_changes_nothing(rig: Rig) -> None:
    before = rig.documents()
    file = rig.folder / "_data" / "new.yaml"
    text = file.read_text()
    file.unlink()
    rig.turn()
    assert rig.documents() == before
    rig.wait(timedelta(seconds=3))
    file.write_text(text)
    rig.turn()
    rig.wait(timedelta(minutes=1))
    rig.turn()
    assert rig.documents() == before


def test_topic_file_under_another_name_is_the_same_topic(rig: Rig) -> None:
    before = rig.documents()
    folder = rig.folder / "_data"
    (folder / "ai.yaml").rename(folder / "minds.yaml")
    rig.turn()
    assert rig.documents() == before
    assert rig.problems() == []


def test_name_of_a_broken_file_can_be_taken_by_another(rig: Rig) -> None:
    rig.put("_data/new.yaml", "name: [\n")
    rig.put("_data/other.yaml", "name: New\nslug: fresh\n")
    rig.turn()
    assert (rig.output / "feeds/fresh").exists()
    assert not (rig.output / "feeds/new").exists()
    assert [problem.split(":")[0] for problem in rig.problems()] == ["_data/new.yaml"]
