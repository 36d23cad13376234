"""How things stand, in one line."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from syndicator.models import utc
from syndicator.status import status_line
from syndicator.store.types import ProblemKind
from syndicator.watch.deletion_guard import LossReason

NOW = utc(2026, 3, 14, 12)
MISSING = (LossReason.MISSING, utc(2026, 3, 14, 9, 12))
EVERYTHING = {
    "problems": {ProblemKind.ARTICLE: 1},
    "losses": {"news": MISSING},
    "unreachable": (utc(2026, 3, 14, 9, 40), 3),
    "refused": True,
}
CASES = [
    pytest.param({}, "193 public", id="all is well"),
    pytest.param(
        EVERYTHING,
        "193 public · 1 bad article · news: folder missing since 09:12 · "
        "Slack unreachable since 09:40, 3 wait · settings refused",
        id="several at once",
    ),
    pytest.param(
        {"problems": {ProblemKind.ARTICLE: 87, ProblemKind.TOPIC: 1, ProblemKind.FOLDER: 2}},
        "193 public · 87 bad articles · 1 bad topic file · 2 skipped files",
        id="each kind of problem",
    ),
    pytest.param({"unreachable": (NOW, 1)}, "193 public · Slack unreachable since 12:00, 1 waits", id="one"),
    pytest.param({"unreachable": (NOW, 0)}, "193 public · Slack unreachable since 12:00", id="nothing waits"),
    pytest.param({"wayless": ["ai", "top"]}, "193 public · no way to Slack for ai, top", id="no token"),
    pytest.param({"broken": ["C1"]}, "193 public · Slack refuses C1", id="broken channel"),
    pytest.param(
        {"broken": [f"C{n}" for n in range(7)]},
        "193 public · Slack refuses C0, C1, C2, C3, C4 and 2 more",
        id="very many",
    ),
    pytest.param(
        {"losses": {"news": (LossReason.EMPTY, utc(2026, 3, 13, 22, 5))}},
        "193 public · news: folder empty since 2026-03-13 22:05",
        id="since yesterday",
    ),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_line(facts: dict[str, Any], expected: str) -> None:
    assert status_line(public=193, now=NOW, **facts) == expected


def test_times_are_the_readers() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    line = status_line(public=0, losses={"news": MISSING}, now=now)
    assert line == "0 public · news: folder missing since 14:42"
