"""What the log names: entries that came, changed or went, and bad files, each once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.rig import Rig

ENTRIES = ("published", "revised", "moved", "withdrawn", "not public")
PROBLEMS = ("problem", "problem over")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, topics=("_data/*.yaml",))


def said(rig: Rig, *events: str) -> list[dict[str, Any]]:
    """The lines of these events that looking at everything brings; a second look is for what is gone."""
    loop = rig.loop
    loop.scan()
    with capture_logs() as lines:
        loop.run_once()
        rig.wait(timedelta(minutes=2))
        loop.scan()
        loop.run_once()
    kept = ("event", "log_level", "path", "title", "line", "what", "why", "was", "count", "examples")
    return [{name: line[name] for name in kept if name in line} for line in lines if line["event"] in events]


def titles(rig: Rig) -> list[tuple[str, str]]:
    return [(line["event"], line["title"]) for line in said(rig, *ENTRIES)]


def test_each_entry_that_comes_changes_or_goes_is_named(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("b.md")
    path = str(rig.folder / "a.md")
    assert said(rig, *ENTRIES)[0] == {
        "event": "published",
        "log_level": "info",
        "path": path,
        "title": "About a",
    }
    rig.write("a.md", title="Another title")
    rig.write("b.md", quality=7)
    assert titles(rig) == [("revised", "Another title")]
    (rig.folder / "a.md").rename(rig.folder / "c.md")
    assert titles(rig) == [("moved", "Another title")]
    (rig.folder / "c.md").unlink()
    assert [(line["event"], line["why"]) for line in said(rig, *ENTRIES)] == [("withdrawn", "file gone")]
    assert said(rig, *ENTRIES) == []


@pytest.mark.parametrize(
    ("front", "why"),
    [
        pytest.param({"published": False}, "draft", id="draft"),
        pytest.param({"publishedDateTime": "2099-01-01T00:00:00Z"}, "embargoed", id="embargoed"),
    ],
)
def test_what_is_not_public_says_why(rig: Rig, front: dict[str, Any], why: str) -> None:
    rig.write("a.md", **front)
    assert [(line["event"], line["why"]) for line in said(rig, *ENTRIES)] == [("not public", why)]
    rig.write("a.md")
    assert titles(rig) == [("published", "About a")]
    rig.write("a.md", **front)
    assert [(line["event"], line["why"]) for line in said(rig, *ENTRIES)] == [("withdrawn", why)]


def test_entry_that_time_makes_public_is_named(rig: Rig) -> None:
    rig.write("a.md", publishedDateTime="2026-03-14T12:30:00Z")
    said(rig)
    rig.wait(timedelta(hours=1))
    assert titles(rig) == [("published", "About a")]


@pytest.mark.parametrize(("entries", "expected"), [(10, 10), (11, 1)])
def test_above_ten_entries_are_counted(rig: Rig, entries: int, expected: int) -> None:
    for number in range(entries):
        rig.write(f"{number}.md")
    lines = said(rig, *ENTRIES)
    assert len(lines) == expected
    assert lines[0].get("count") == (entries if expected == 1 else None)


def spoil(rig: Rig, number: int = 0) -> None:
    rig.write(f"{number}.md", title=None)


def break_yaml(rig: Rig) -> None:
    rig.put("0.md", "---\ntitle: [\n---\n")


def link_away(rig: Rig) -> None:
    (rig.folder / "0.md").symlink_to("/etc/hostname")


def spoil_topic(rig: Rig) -> None:
    rig.put("_data/0.yaml", "slug: nothing\n")


@pytest.mark.parametrize("spoil", [spoil, break_yaml, link_away, spoil_topic])
def test_bad_file_is_said_once_with_its_place_and_fix_and_when_it_is_gone(
    rig: Rig, spoil: Callable[[Rig], None]
) -> None:
    rig.write("good.md")
    spoil(rig)
    loop = rig.loop
    with capture_logs() as lines:
        for _ in range(3):
            loop.scan()
            loop.run_once()
    (bad,) = (line for line in lines if line["event"] in PROBLEMS)
    assert bad["log_level"] == "warning"
    assert bad["path"].startswith(f"{rig.folder}/")
    assert bad.keys() >= {"line", "column", "what", "fix"}
    rig.restart()
    assert said(rig, *PROBLEMS) == [], "a restart repeats nothing"
    Path(bad["path"]).unlink()
    assert said(rig, *PROBLEMS) == [
        {"event": "problem over", "log_level": "info", "path": bad["path"], "was": bad["what"]}
    ]
    assert said(rig, *PROBLEMS) == []


def test_bad_file_that_is_mended_is_said(rig: Rig) -> None:
    spoil(rig)
    said(rig)
    rig.write("0.md")
    assert [(line["event"], line["was"]) for line in said(rig, *PROBLEMS)] == [("problem over", "no title")]


def test_file_that_is_bad_in_another_way_is_said_again(rig: Rig) -> None:
    spoil(rig)
    said(rig)
    break_yaml(rig)
    assert [line["event"] for line in said(rig, *PROBLEMS)] == ["problem"]


def test_hundred_files_that_are_bad_for_one_reason_are_one_line(rig: Rig) -> None:
    for number in range(87):
        spoil(rig, number)
    (line,) = said(rig, *PROBLEMS)
    assert line["count"] == 87
    assert line["what"] == "no title"
    assert line["examples"].split(", ")[0] == str(rig.folder / "0.md")
    assert "see" not in line


def test_topic_file_that_went_bad_while_the_service_was_down_is_said(rig: Rig) -> None:
    said(rig)
    rig.close()
    rig.put("_data/a.yaml", "slug: nothing\n")
    rig.open()
    assert [line["event"] for line in said(rig, *PROBLEMS)] == ["problem"]


def test_turn_that_is_cut_off_says_what_it_took_in(rig: Rig) -> None:
    rig.write("a.md")

    def refuse(done: int, of: int) -> None:
        raise OSError

    with capture_logs() as lines, pytest.raises(OSError):
        rig.scan(refuse)
    assert [line["title"] for line in lines if line["event"] == "published"] == ["About a"]


def test_articles_that_are_back_are_said(rig: Rig) -> None:
    rig.write("a.md")
    said(rig)
    away = rig.folder.rename(rig.base / "away")
    assert said(rig, "articles missing, feeds kept", "articles back")[0]["log_level"] == "warning"
    away.rename(rig.folder)
    assert [line["event"] for line in said(rig, "articles back")] == ["articles back"]


def test_folder_that_is_not_there_has_no_articles_that_are_missing(rig: Rig) -> None:
    rig.folder.rmdir()
    (line,) = said(rig, "articles missing, feeds kept", "source folder unreadable, feeds kept")
    assert line["event"] == "source folder unreadable, feeds kept"


@pytest.mark.parametrize("restarted", [False, True])
def test_bad_files_that_are_deleted_are_no_loss(rig: Rig, restarted: bool) -> None:
    for number in range(5):
        rig.write(f"{number}.md")
    bad = [rig.put(f"bad{number}.md", "no front matter\n") for number in range(40)]
    said(rig)
    if restarted:
        rig.restart()
    for path in bad:
        path.unlink()
    assert not said(rig, "articles missing, feeds kept")
    with rig.store.reading() as session:
        assert len(list(session.stamps("news"))) == 5
        assert not session.problems.all()


def test_bad_files_that_were_good_once_are_a_loss(rig: Rig) -> None:
    paths = [rig.write(f"{number}.md") for number in range(40)]
    said(rig)
    for path in paths:
        path.write_text("no front matter\n")
    said(rig)
    for path in paths:
        path.unlink()
    assert said(rig, "articles missing, feeds kept")
