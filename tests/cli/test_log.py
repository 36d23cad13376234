"""Log lines: one per event, with a priority for the journal, and never a secret."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import weakref
from contextlib import redirect_stderr
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

import pytest
import structlog

from syndicator.cli.log import configure_logs
from syndicator.cli.options import LogFormat, LogLevel


class Log:
    """A log to a file, which passes for the journal or not."""

    def __init__(self, folder: Path, machine: pytest.MonkeyPatch) -> None:
        self._file, self._machine = folder / "log", machine

    def open(
        self, form: LogFormat = "text", level: LogLevel = "info", *, journal: bool = False
    ) -> structlog.BoundLogger:
        stream = self._file.open("w", encoding="utf-8", buffering=1)
        weakref.finalize(self, stream.close)
        stat = os.fstat(stream.fileno())
        self._machine.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}" if journal else "1:2")
        self._machine.setattr(sys, "stderr", stream)
        configure_logs(level, form)
        logger: structlog.BoundLogger = structlog.get_logger()
        return logger

    @property
    def text(self) -> str:
        return self._file.read_text(encoding="utf-8")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(tmp_path, monkeypatch)


KINDS = pytest.mark.parametrize(
    ("form", "journal"), [("text", True), ("text", False), ("json", True), ("json", False)]
)


@pytest.mark.parametrize(("method", "priority"), [("info", "<6>"), ("warning", "<4>"), ("error", "<3>")])
def test_journal_lines_carry_their_priority(log: Log, method: str, priority: str) -> None:
    getattr(log.open(journal=True), method)("message delivered", channel="C1", why="two words", path="a\nb")
    assert log.text == f"{priority}message delivered channel=C1 why='two words' path='a\\nb'\n"


@KINDS
def test_what_is_not_set_is_left_out(log: Log, form: LogFormat, journal: bool) -> None:
    log.open(form, journal=journal).info("route", minimum=None, fix="", owed=0, held=False)
    assert ("minimum" in log.text, "fix" in log.text) == (False, False)
    assert ("owed" in log.text, "held" in log.text) == (True, True)


def test_lines_elsewhere_carry_date_time_and_level(log: Log) -> None:
    log.open().warning("problem", path="a.md", line=2, column=1)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d warning problem path=a.md line=2 column=1\n", log.text
    )


def test_json_is_one_object_for_each_line(log: Log) -> None:
    log.open("json").warning("problem", path="a.md", line=2, examples=["b\nc"], at=Path("x"))
    facts = json.loads(log.text)
    assert datetime.fromisoformat(facts.pop("time")).tzinfo is not None
    assert [*facts.items()] == [
        ("level", "warning"),
        ("event", "problem"),
        ("path", "a.md"),
        ("line", 2),
        ("examples", ["b\nc"]),
        ("at", "x"),
    ]
    assert log.text.count("\n") == 1


def test_json_for_the_journal_has_its_priority_in_front(log: Log) -> None:
    log.open("json", journal=True).error("broken")
    assert json.loads(log.text.removeprefix("<3>"))["event"] == "broken"


@pytest.mark.parametrize(
    ("level", "said"),
    [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")],
)
def test_level_is_the_least_that_is_logged(log: Log, level: LogLevel, said: str) -> None:
    logger = log.open(level=level, journal=True)
    for method in ("debug", "info", "warning", "error"):
        getattr(logger, method)(method[0])
    assert "".join(line[-1] for line in log.text.splitlines()) == said


@KINDS
@pytest.mark.parametrize(
    "secret", ["xoxb-1234-canary", "https://hooks.slack.com/services/T0/B0/canary", "xoxe.xoxp-1-canary"]
)
def test_secrets_are_masked(log: Log, form: LogFormat, journal: bool, secret: str) -> None:
    logger = log.open(form, journal=journal)
    logger.error("something failed", why=f"POST {secret} said no", more=[secret], of={"it": secret})
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("it broke")
    logging.getLogger("some.library").warning("calls %s", secret)
    assert "canary" not in log.text
    assert log.text.count("***") == 5


def test_traceback_follows_its_line_with_its_priority(log: Log) -> None:
    logger = log.open(journal=True)
    try:
        raise ValueError("inside")
    except ValueError:
        logger.exception("a turn failed")
    first, second, *others = log.text.splitlines()
    assert first == "<3>a turn failed"
    assert second.startswith("<3>Traceback")
    assert others[-1] == "<3>ValueError: inside"


def test_traceback_in_json_is_a_field(log: Log) -> None:
    logger = log.open("json")
    try:
        raise ValueError("inside")
    except ValueError:
        logger.exception("a turn failed")
    assert json.loads(log.text)["exception"].endswith("ValueError: inside")


def test_libraries_speak_in_lines_of_ours_from_warnings_up(log: Log) -> None:
    log.open(level="debug", journal=True)
    logging.getLogger("some.library").info("GET https://canary")
    logging.getLogger("some.library").warning("slow")
    logging.getLogger("some.library").log(35, "slower")
    logging.getLogger("slack_sdk.web").warning("POST https://hooks.slack.com/services/canary")
    assert log.text == "<4>slow library=some.library\n<4>slower library=some.library\n"


@KINDS
def test_nothing_in_a_value_is_obeyed(log: Log, form: LogFormat, journal: bool) -> None:
    log.open(form, journal=journal).warning("entry left out of a feed", guid="tag:x\x1b[2J\x9b0m\u202e")
    assert r"tag:x\x1b[2J\x9b0m\u202e" in log.text.replace("\\\\", "\\")
    assert not {"\x1b", "\x9b", "\u202e"} & set(log.text)


def test_line_that_cannot_be_written_is_lost_and_nothing_else() -> None:
    # Without a buffer, whose end would fail once more.
    with Path("/dev/full").open("wb", buffering=0) as full:
        stream = TextIOWrapper(full, write_through=True)
        with redirect_stderr(stream):
            configure_logs()
            structlog.get_logger().error("said to nobody")
