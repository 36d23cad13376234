"""How things stand, in one line."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from syndicator.errors import StoreError
from syndicator.monitoring.health import (
    FILES,
    NO_WAY_FIX,
    SETTINGS_REFUSED,
    Finding,
    HealthLevel,
    bad_files,
    channels_broken,
    folder_lost,
    hub_not_told,
    messages_given_up,
    messages_wait,
    no_backup,
    no_way,
    only_polled,
    operator_not_told,
    part_breaks,
    scopes_missing,
    slack_unreachable,
    status_line,
)
from syndicator.store.types import ProblemKind
from syndicator.watch.changes import LossReason
from tests.making import utc

NOW = utc(2026, 3, 14, 12)
MISSING = folder_lost("news", LossReason.MISSING, utc(2026, 3, 14, 9, 12))
EVERYTHING = [
    bad_files(ProblemKind.ARTICLE, 1),
    MISSING,
    slack_unreachable(utc(2026, 3, 14, 9, 40), 3),
    SETTINGS_REFUSED,
]
FULL = StoreError("failed", why="No space left on device", fix="Make room")
CASES = [
    pytest.param([], "193 public", id="all is well"),
    pytest.param(
        EVERYTHING,
        "193 public · 1 bad article · news: folder missing since 09:12 · "
        "Slack unreachable since 09:40, 3 wait · settings refused",
        id="several at once",
    ),
    pytest.param(
        [bad_files(kind, count) for kind, count in zip(FILES, (87, 1, 2), strict=True)],
        "193 public · 87 bad articles · 1 bad topic file · 2 skipped files",
        id="each kind of problem",
    ),
    pytest.param(
        [no_backup(FULL, NOW)], "193 public · no backup since 12:00: No space left on device", id="no backup"
    ),
    pytest.param(
        [slack_unreachable(NOW, 1)], "193 public · Slack unreachable since 12:00, 1 waits", id="one"
    ),
    pytest.param([slack_unreachable(NOW)], "193 public · Slack unreachable since 12:00", id="nothing waits"),
    pytest.param(
        [no_way(["ai", "top"], NO_WAY_FIX)], "193 public · no way to Slack for routes ai, top", id="no token"
    ),
    pytest.param(
        [part_breaks("backup", "KeyError", NOW)],
        "193 public · a part of the service breaks: backup since 12:00: KeyError",
        id="broken part",
    ),
    pytest.param(
        [messages_given_up(2, NOW), hub_not_told("HTTP 403", NOW)],
        "193 public · 2 messages given up since 12:00 · the hub is not told since 12:00: HTTP 403",
        id="given up",
    ),
    pytest.param(
        [only_polled("news", "inotify watch limit reached", "Raise it")],
        "193 public · news: not all watched: inotify watch limit reached",
        id="polled",
    ),
    pytest.param(
        [operator_not_told("ping", "ConnectError", "See to it", NOW)],
        "193 public · the operator is not told by ping since 12:00: ConnectError",
        id="operator",
    ),
    pytest.param(
        [scopes_missing(["chat:write", "groups:read"])],
        "193 public · the Slack token lacks the scopes chat:write, groups:read",
        id="scopes",
    ),
    pytest.param([channels_broken(["C1"])], "193 public · Slack refuses C1", id="broken channel"),
    pytest.param(
        [channels_broken([f"C{n}" for n in range(7)])],
        "193 public · Slack refuses C0, C1, C2, C3, C4 and 2 more",
        id="very many",
    ),
    pytest.param(
        [folder_lost("news", LossReason.EMPTY, utc(2026, 3, 13, 22, 5))],
        "193 public · news: folder empty since 2026-03-13 22:05",
        id="since yesterday",
    ),
]


@pytest.mark.parametrize(("found", "expected"), CASES)
def test_line(found: list[Finding], expected: str) -> None:
    assert status_line(193, found, NOW) == expected


def test_times_are_the_readers() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    line = status_line(0, [MISSING], now)
    assert line == "0 public · news: folder missing since 14:42"


def test_messages_that_wait_are_told_and_matter_when_they_are_late() -> None:
    fresh = messages_wait(1, NOW - timedelta(minutes=2), NOW)
    assert (fresh.words(NOW), fresh.level) == ("1 message waits since 11:58", HealthLevel.WELL)
    assert status_line(3, [fresh], NOW) == "3 public"
    late = messages_wait(2, NOW - timedelta(hours=1), NOW)
    assert status_line(3, [late], NOW) == "3 public · 2 messages wait since 11:00"


@pytest.mark.parametrize(
    ("messages", "edits", "words"),
    [
        (1, 0, "1 message waits"),
        (0, 1, "1 edit waits"),
        (0, 2, "2 edits wait"),
        (1, 1, "1 message and 1 edit wait"),
        (1200, 3, "1,200 messages and 3 edits wait"),
    ],
)
def test_edits_that_wait_are_counted_apart(messages: int, edits: int, words: str) -> None:
    assert messages_wait(messages, NOW, NOW, edits).text == words


def test_every_finding_has_a_fix() -> None:
    found = [*EVERYTHING, no_way(["a"], NO_WAY_FIX), channels_broken(["C1"]), messages_wait(1, NOW, NOW)]
    assert all(finding.fix for finding in found)
