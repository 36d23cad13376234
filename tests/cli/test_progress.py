"""How far long work is, where a person looks on and where none does."""

from __future__ import annotations

import io
import re
from contextlib import closing, redirect_stderr
from types import SimpleNamespace

import pytest
import structlog
from structlog.testing import capture_logs

from syndicator.cli import terminal
from syndicator.cli.log import configure_logs
from syndicator.cli.terminal import ProgressBar


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(terminal, "PATIENCE_S", -1.0)
    monkeypatch.setattr(terminal, "TOLD_EVERY_S", 0.0)


def test_line_of_the_log_stands_above_the_bar() -> None:
    screen = Screen()
    with redirect_stderr(screen), closing(ProgressBar(log=True)) as progress:
        configure_logs()
        progress.update("Reading articles", 100, 400)
        structlog.get_logger().info("source begun", source="news")
    assert re.search(r"\x1b\[2K\d\d:\d\d:\d\d \[info +\] source begun source=news\r?\n", screen.getvalue())


def test_line_of_the_log_is_broken_by_the_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    screen, path = Screen(), f"articles/{'a-long-name-' * 9}autumn.md"
    with redirect_stderr(screen), closing(ProgressBar(log=True)) as progress:
        configure_logs()
        progress.update("Reading articles", 100, 400)
        structlog.get_logger().info("problem", path=path, what="it has no date " * 5)
    assert f"problem path={path} what='{'it has no date ' * 5}'" in screen.getvalue()


def test_line_says_how_far_it_is_where_nobody_looks_on() -> None:
    stream = io.StringIO()
    with redirect_stderr(stream), closing(ProgressBar()) as progress:
        progress.update("Reading articles", 0, 400)
        progress.update("Reading articles", 100, 400)
        progress.update("Reading articles", 400, 400)
    assert stream.getvalue() == "Reading articles: 0 of 400\nReading articles: 100 of 400\n"


def test_line_of_the_service_is_one_of_its_log() -> None:
    stream = io.StringIO()
    with redirect_stderr(stream), capture_logs() as logs, closing(ProgressBar(log=True)) as progress:
        progress.update("Publishing", 10, 400)
    assert logs == [
        {"event": "publishing", "done": 10, "of": 400, "log_level": "info"},
    ]
    assert stream.getvalue() == ""


def test_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "TOLD_EVERY_S", 60.0)
    stream = io.StringIO()
    with redirect_stderr(stream), closing(ProgressBar()) as progress:
        for done in range(400):
            progress.update("Reading articles", done, 400)
    assert stream.getvalue() == "Reading articles: 0 of 400\n"


def test_first_line_comes_as_soon_as_the_bar_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "TOLD_EVERY_S", 60.0)
    monkeypatch.setattr(terminal, "PATIENCE_S", 1.0)
    ticks, stream = iter((0.0, 0.9, 1.1, 60.0, 61.2)), io.StringIO()
    monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    with redirect_stderr(stream), closing(ProgressBar()) as progress:
        for done in (1, 2, 3, 4):
            progress.update("", done, 400)
    assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["2", "4"]


def test_bar_names_each_stage_and_is_gone_in_the_end() -> None:
    screen = Screen()
    with redirect_stderr(screen), closing(ProgressBar(log=True)) as progress, capture_logs() as logs:
        progress.update("Reading articles", 100, 400)
        progress.update("Publishing", 1, 20)
    shown = screen.getvalue()
    assert shown.index("Reading articles") < shown.index("Publishing")
    assert "100/400" in shown
    assert shown.endswith("\x1b[2K"), "the last line is erased"
    assert logs == []
