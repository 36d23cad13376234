"""The service's parts that run beside its work."""

from __future__ import annotations

import threading

import pytest

from syndicator import threads
from syndicator.threads import keep_running


def test_part_that_breaks_begins_anew_until_it_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.0)
    calls: list[int] = []

    def run() -> None:
        calls.append(len(calls))
        if len(calls) < 3:
            raise RuntimeError("broken")

    keep_running("sender", run, threading.Event())
    assert len(calls) == 3


def test_part_that_breaks_while_the_service_ends_is_left() -> None:
    stop = threading.Event()

    def run() -> None:
        stop.set()
        raise RuntimeError("broken")

    keep_running("sender", run, stop)
    assert stop.is_set()
