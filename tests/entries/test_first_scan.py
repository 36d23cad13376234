"""A source begins silently, with all that was there at its first look; but it does begin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from syndicator.entries import scanner
from syndicator.errors import SourceUnreadable
from syndicator.settings.models import Digest, Route
from tests.rig import Rig

ROUTE = Route(name="all", channel="C1", deliver=Digest(cron="0 9 * * *"))
MINUTE = timedelta(minutes=1)


def test_source_begins_though_one_file_never_rests(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[ROUTE], quiet_s=3600.0)
    rig.write("log.md")
    for minute in range(12):
        assert is_silent(rig) == (minute < 11)
        rig.look()
        rig.wait(MINUTE)


def test_what_comes_to_rest_while_much_is_read_is_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, passed_s = Rig(tmp_path, quiet_s=15), [0.0]
    rig.write("written.md")
    scan, moment = rig.app.sources.scan, rig.moment

    def slow_scan(*arguments: Any, **options: Any) -> int:
        changed = scan(*arguments, **options)
        passed_s[0] += 20
        return changed

    monkeypatch.setattr(rig.app.sources, "scan", slow_scan)
    monkeypatch.setattr(rig, "moment", lambda: replace(moment(), monotonic=passed_s[0]))
    rig.loop.sync_all()
    assert list(rig.entries()) == ["written.md"]


def test_source_whose_folder_is_not_there_waits_for_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[ROUTE])
    rig.folder.rmdir()
    for _ in range(20):
        rig.look()
        rig.wait(MINUTE)
    assert is_silent(rig)
    rig.folder.mkdir()
    rig.write("a.md")
    rig.look()
    assert not is_silent(rig)
    assert rig.owed() == []
    rig.write("b.md")
    rig.look()
    assert len(rig.owed()) == 1


def is_silent(rig: Rig) -> bool:
    with rig.store.reading() as session:
        state = session.sources().get("news")
    return state is None or state.began is None


def test_files_that_could_not_be_read_at_the_first_look_are_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, routes=[ROUTE])
    for number in range(5):
        rig.write(f"{number}.md")

    def refuse(root: Path, path: str, expected: object = None) -> object:
        raise SourceUnreadable("Cannot read the source folder", on=str(root), why="Too many open files")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(scanner, "read_article", refuse)
        rig.look()
    assert len([line for line in logs if line["event"] == "source folder unreadable, feeds kept"]) == 1
    assert is_silent(rig)
    rig.look()
    assert len(rig.public()) == 5
    assert rig.owed() == []
