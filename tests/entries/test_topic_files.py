"""A topic file that breaks or is away for a moment must not end its topic: some readers take 410 for ever."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from syndicator.settings.models import Route
from tests.rig import Rig, article_text


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, topics=("_data/*.yaml",))
    rig.put("_data/ai.yaml", "name: AI\nslug: minds\naliases: [ML]\ndescription: All of it\n")
    rig.put("_data/new.yaml", "name: New\n")
    for number in range(3):
        rig.write(f"{number}.md", topics=["ML"])
    rig.run_once()
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
        rig.run_once()
        rig.wait(timedelta(minutes=1))
        assert rig.documents() == before
    if empty:
        rig.folder.rmdir()
    aside.rename(rig.folder)
    rig.run_once()
    assert rig.documents() == before
    assert rig.problems() == []


@pytest.mark.parametrize("names", [["new.yaml"], ["ai.yaml", "new.yaml"]], ids=["one", "the last"])
def test_topic_file_deleted_on_purpose_counts_a_little_later(rig: Rig, names: list[str]) -> None:
    for name in names:
        (rig.folder / "_data" / name).unlink()
    rig.run_once()
    assert (rig.output / "feeds/new").exists()
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    assert not (rig.output / "feeds/new").exists()


@pytest.mark.parametrize("restart", [True, False], ids=["found at a start", "while it runs"])
@pytest.mark.parametrize("name", ["ai", "new"])
def test_broken_topic_file_counts_as_it_was_until_mended(rig: Rig, name: str, restart: bool) -> None:
    before = rig.documents()
    rig.put(f"_data/{name}.yaml", "name: [\n")
    if restart:
        rig.restart()
    for _ in range(3):
        rig.run_once()
        rig.wait(timedelta(minutes=1))
        assert rig.documents() == before
    assert [problem.split(":")[0] for problem in rig.problems()] == [f"_data/{name}.yaml"]
    rig.put(f"_data/{name}.yaml", f"name: {name.upper()} again\nslug: {name}-again\n")
    rig.run_once()
    assert rig.problems() == []
    assert (rig.output / f"feeds/{name}-again").exists()
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    assert not (rig.output / "feeds/new").exists() or name == "ai"


def test_topic_file_that_names_another_is_no_problem_before_that_has_come_to_rest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=("_data/*.yaml",), quiet_s=5)
    child = rig.put("_data/child.yaml", "name: Child\nparent: Top\n")
    os.utime(child, (0, 0))
    top = rig.put("_data/top.yaml", "name: Top\n")
    with capture_logs() as logs:
        rig.scan()
        os.utime(top, (0, 0))
        rig.scan()
    assert not [line for line in logs if "problem" in line["event"]]
    top.write_text("name: Another\n")
    os.utime(top, (0, 0))
    rig.scan()
    assert [problem.split(":")[0] for problem in rig.problems()] == ["_data/child.yaml"]


def test_topic_file_away_for_a_moment_changes_nothing(rig: Rig) -> None:
    before = rig.documents()
    file = rig.folder / "_data" / "new.yaml"
    text = file.read_text()
    file.unlink()
    rig.run_once()
    assert rig.documents() == before
    rig.wait(timedelta(seconds=3))
    file.write_text(text)
    rig.run_once()
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    assert rig.documents() == before


def test_topic_file_under_another_name_is_the_same_topic(rig: Rig) -> None:
    before = rig.documents()
    folder = rig.folder / "_data"
    (folder / "ai.yaml").rename(folder / "minds.yaml")
    rig.run_once()
    assert rig.documents() == before
    assert rig.problems() == []


def test_name_of_a_broken_file_can_be_taken_by_another(rig: Rig) -> None:
    rig.put("_data/new.yaml", "name: [\n")
    rig.put("_data/other.yaml", "name: New\nslug: fresh\n")
    rig.run_once()
    assert (rig.output / "feeds/fresh").exists()
    assert not (rig.output / "feeds/new").exists()
    assert [problem.split(":")[0] for problem in rig.problems()] == ["_data/new.yaml"]


def two_sources(rig: Rig) -> Path:
    """A second source, whose articles carry the alias that only its topic file knows."""
    other = rig.base / "other"
    (other / "_data").mkdir(parents=True)
    (other / "_data/b.yaml").write_text("name: Beekeeping\nslug: bees\naliases: [Apiary]\n")
    for number in range(3):
        (other / f"{number}.md").write_text(article_text(f"bee{number}.md", topics=["Apiary"]))
    rig.restart(sources=(rig.source("news", rig.folder), rig.source("other", other)))
    rig.run_once()
    assert len(rig.titles("bees")) == 3
    return other


def wait_and_turn(rig: Rig, times: int = 3) -> None:
    for _ in range(times):
        rig.wait(timedelta(minutes=1))
        rig.run_once()


def test_two_files_found_broken_are_mended_one_by_one(rig: Rig) -> None:
    before = rig.documents()
    texts = {name: (rig.folder / "_data" / name).read_text() for name in ("ai.yaml", "new.yaml")}
    for name in texts:
        rig.put(f"_data/{name}", "name: [\n")
    rig.restart()
    wait_and_turn(rig)
    assert rig.documents() == before
    for name, text in texts.items():
        rig.put(f"_data/{name}", text)
        wait_and_turn(rig)
        assert rig.documents() == before
    assert rig.problems() == []


def test_two_sources_found_lost_come_back_one_by_one(rig: Rig) -> None:
    other = two_sources(rig)
    before = rig.documents()
    aside = {
        folder: folder.rename(folder.with_name(f"{folder.name} aside")) for folder in (rig.folder, other)
    }
    rig.restart()
    for folder, away in aside.items():
        wait_and_turn(rig)
        assert rig.documents() == before
        away.rename(folder)
    wait_and_turn(rig)
    assert rig.documents() == before


def test_file_is_mended_while_another_source_is_lost(rig: Rig) -> None:
    other = two_sources(rig)
    before, text = rig.documents(), (rig.folder / "_data/ai.yaml").read_text()
    aside = other.rename(rig.base / "aside")
    rig.put("_data/ai.yaml", "name: [\n")
    rig.restart()
    wait_and_turn(rig)
    assert rig.documents() == before
    rig.put("_data/ai.yaml", text)
    wait_and_turn(rig)
    assert rig.documents() == before
    aside.rename(other)
    wait_and_turn(rig)
    assert rig.documents() == before


@pytest.mark.parametrize("how", ["broken", "away", "lost"])
def test_topic_of_two_sources_keeps_what_one_file_gave(rig: Rig, how: str) -> None:
    other = two_sources(rig)
    rig.put("_data/bees.yaml", "name: Beekeeping\n")
    rig.run_once()
    assert rig.problems() == []
    before = rig.documents()
    match how:
        case "broken":
            (other / "_data/b.yaml").write_text("name: [\n")
        case "away":
            (other / "_data/b.yaml").unlink()
        case _:
            other.rename(rig.base / "aside")
    rig.run_once()
    assert rig.documents() == before


def test_alias_that_another_file_always_had_ends_no_broken_topic(rig: Rig) -> None:
    rig.put("_data/ai.yaml", "name: AI\nslug: minds\naliases: [ML, New]\n")
    rig.run_once()
    rig.put("_data/new.yaml", "name: [\n")
    rig.run_once()
    assert (rig.output / "feeds/new").exists()


def test_its_time_begins_when_the_articles_are_back(rig: Rig) -> None:
    aside = rig.folder.rename(rig.base / "aside")
    rig.folder.mkdir()
    wait_and_turn(rig)
    for number in range(3):
        (aside / f"{number}.md").rename(rig.folder / f"{number}.md")
    rig.run_once()
    rig.wait(timedelta(seconds=1))
    rig.run_once()
    assert (rig.output / "feeds/new").exists()
    wait_and_turn(rig)
    assert not (rig.output / "feeds/new").exists()


def test_each_absence_has_a_time_of_its_own(rig: Rig) -> None:
    file = rig.folder / "_data/new.yaml"
    text = file.read_text()
    for _ in range(3):
        file.unlink()
        rig.run_once()
        rig.wait(timedelta(seconds=2))
        rig.run_once()
        assert (rig.output / "feeds/new").exists()
        file.write_text(text)
        rig.run_once()


def settings_topics(tmp_path: Path, *folders: str) -> Rig:
    """A rig whose topics are declared outside any source."""
    for name in folders:
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.yaml").write_text(f"name: {name}\n")
    rig = Rig(tmp_path, topic_files=tuple(tmp_path / name / "*.yaml" for name in folders))
    rig.run_once()
    return rig


def test_settings_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    rig = settings_topics(tmp_path, "one", "two")
    (tmp_path / "one/t.yaml").write_text("name: [\n")
    rig.run_once()
    assert (rig.output / "feeds/one").exists() and (rig.output / "feeds/two").exists()
    with rig.store.reading() as session:
        assert [(one.source, one.path) for one in session.problems.all()] == [
            (str(tmp_path / "one"), "t.yaml")
        ]


def test_stars_in_the_settings_topics_stand_for_folders(tmp_path: Path) -> None:
    for name in ("top", "a/one", "a/b/two", ".c/hidden"):
        file = tmp_path / "topics" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"name: {file.stem}\n")
    rig = Rig(tmp_path, topic_files=(tmp_path / "topics/**/*.yaml",))
    rig.run_once()
    assert rig.problems() == []
    assert rig.app.sources.losses() == {}
    assert sorted(path.name for path in (rig.output / "topics").iterdir()) == ["one", "top", "two"]


@pytest.mark.parametrize("restart", [True, False], ids=["found at a start", "while it runs"])
def test_folder_of_the_settings_topics_must_be_there(tmp_path: Path, restart: bool) -> None:
    rig = settings_topics(tmp_path, "topics")
    (tmp_path / "topics").rename(tmp_path / "aside")
    if restart:
        rig.restart()
    wait_and_turn(rig)
    assert (rig.output / "feeds/topics").exists()
    assert [loss.reason.value for loss, _ in rig.app.sources.losses().values()] == [
        "the source folder is not there"
    ]


def test_folder_that_cannot_be_looked_into_keeps_its_topics(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, opened = rig.documents(), os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if path == "_data":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    # Root may read everything: the system's answer is the only thing made up here.
    monkeypatch.setattr(os, "open", refuse)
    wait_and_turn(rig)
    assert rig.documents() == before
    assert "cannot be read" in rig.problems()[0]


@pytest.mark.parametrize(
    "more", ["parent: AI", "aliases: [AI]", ""], ids=["file's parent", "alias", "parent"]
)
def test_what_a_topic_file_leads_to_a_route_is_no_news_when_it_changes_later(
    tmp_path: Path, more: str
) -> None:
    rig = Rig(tmp_path, topics=("_data/*.yaml",), routes=[Route(name="ai", channel="C1", topics=["AI"])])
    rig.put("_data/ml.yaml", f"name: ML\n{'' if more else 'parent: AI'}\n")
    rig.write("old.md", topics=["ML"], published=False)
    rig.write("edited.md", topics=["ML"])
    rig.run_once()
    rig.put("_data/ml.yaml", f"name: ML\n{more or 'parent: AI'}\n")
    if "aliases" not in more:
        rig.write("other.md", topics=["AI"], quality=1, publishedDateTime="2020-01-01T00:00:00Z")
    rig.run_once()
    rig.write("edited.md", topics=["ML"], title="Edited")
    rig.write("old.md", topics=["ML"], title="Public since")
    rig.run_once()
    assert [one.guid for one in rig.owed()] == [rig.entries()["old.md"].guid]
