"""The service's parts that run beside its work."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from syndicator import threads
from syndicator.errors import StoreUnavailable
from syndicator.threads import Parts


def test_part_that_breaks_begins_anew_until_it_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.0)
    calls: list[int] = []

    def run() -> None:
        calls.append(len(calls))
        if len(calls) < 3:
            raise RuntimeError("broken")

    Parts().keep_running("sender", run, threading.Event())
    assert len(calls) == 3


def test_part_that_breaks_while_the_service_ends_is_left() -> None:
    stop = threading.Event()

    def run() -> None:
        stop.set()
        raise RuntimeError("broken")

    Parts().keep_running("sender", run, stop)
    assert stop.is_set()


def test_part_that_waits_for_the_database_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.0)
    calls: list[int] = []

    def run() -> None:
        calls.append(len(calls))
        if len(calls) < 4:
            raise StoreUnavailable("the database cannot be written", why="the disk is full")

    with capture_logs() as logs:
        Parts().keep_running("slack check", run, threading.Event())
    assert len(calls) == 4
    (line,) = logs
    assert (line["log_level"], line["part"]) == ("warning", "slack check")
    assert "the disk is full" in line["why"] and "exc_info" not in line


def test_part_that_breaks_again_and_again_is_told_until_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.0)
    parts, errors = Parts(), [KeyError("a"), KeyError("b"), ValueError("c")]

    def run() -> None:
        if errors:
            raise errors.pop(0)

    with capture_logs() as logs:
        parts.keep_running("sender", run, threading.Event())
    assert [line["log_level"] for line in logs] == ["error", "error"], "each reason once"
    assert [(part, why) for part, why, _ in parts.broken()] == [("sender", "ValueError")]
    monkeypatch.setattr(threads, "STAYS_S", 0.0)
    assert list(parts.broken()) == []
