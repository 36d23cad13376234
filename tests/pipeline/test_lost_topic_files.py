"""A folder that is suddenly empty or not there must not end its topics: some readers take 410 for ever."""

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


def test_last_topic_file_deleted_on_purpose_counts_a_little_later(rig: Rig) -> None:
    for file in (rig.folder / "_data").iterdir():
        file.unlink()
    rig.turn()
    assert (rig.output / "feeds/new").exists()
    rig.wait(timedelta(minutes=1))
    rig.turn()
    assert not (rig.output / "feeds/new").exists()
