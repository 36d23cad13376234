"""What is made of what was looked at: each thing that can be wrong, with its fix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syndicator.alerts import SlackMethod
from syndicator.cli.doctor import RESULTS
from syndicator.errors import Refused, Rejected, SettingProblem, SettingsError, StoreDamaged, StoreError
from syndicator.monitoring.doctor import (
    AS_SERVICE,
    DAMAGE_FIX,
    judge_address,
    judge_channel,
    judge_database,
    judge_failure,
    judge_folder,
    judge_rights,
    judge_service,
    judge_settings,
    judge_space,
    judge_token,
    judge_watches,
    no_token,
)
from syndicator.monitoring.health import Finding, HealthLevel, Kind
from syndicator.slack.client import SCOPES, Identity, SlackChannel
from syndicator.slack.errors import Call, from_answer
from syndicator.store.types import Stamp
from syndicator.watch.types import Scan, SkippedFile
from tests.making import utc

NOW = utc(2026, 3, 14, 12)
BASE = "https://feeds.example.org/"
OURS = b"<opml/>"
GB = 10**9


def whose(*scopes: str, ahead: timedelta = timedelta(0)) -> Identity:
    return Identity(team="Test", user="syndicator", scopes=frozenset(scopes or SCOPES), at=NOW - ahead)


def refused(code: str, method: SlackMethod = SlackMethod.INFO, needed: str = "") -> Rejected | Refused:
    call = Call(method=method, what="not looked at", on="C1")
    error = from_answer(call, NOW, status=200, code=code, headers={}, needed=needed)
    assert isinstance(error, Rejected | Refused)
    return error


def channel(*, member: bool = True, archived: bool = False) -> SlackChannel:
    return SlackChannel(id="C1", name="news", is_member=member, is_archived=archived)


def address(status: int, body: bytes = b"", ours: bytes | None = OURS) -> Finding:
    return judge_address(BASE, status, body, ours)


def status(*findings: tuple[int, str]) -> list[Finding]:
    found = [{"level": level, "text": text, "fix": "Do it"} for level, text in findings]
    return judge_service({"findings": found, "line": "3 public"})


UNREACHED = Refused("not looked at", code="dns", why="no such address", answered=False)
CASES = [
    pytest.param([judge_rights("a", "a", may_write=True)], "ok", "who may write", id="rights"),
    pytest.param([judge_rights("root", "a", may_write=True)], "warning", "belongs to a", id="root"),
    pytest.param([judge_rights("a", "a", may_write=False)], "wrong", "cannot write", id="no rights"),
    pytest.param(
        [judge_folder("news", "/n", Scan(there=True, files={"a.md": Stamp(1, 1, 1, 1, 0)}))],
        "ok",
        "news: 1 file in /n",
        id="folder",
    ),
    pytest.param([judge_folder("news", "/n", Scan(there=False))], "wrong", "folder missing", id="missing"),
    pytest.param([judge_folder("news", "/n", Scan(there=True))], "warning", "folder empty", id="empty"),
    pytest.param(
        [
            judge_folder(
                "news",
                "/n",
                Scan(there=True, unseen={"in": "Permission denied"}, skipped={"in": SkippedFile.UNREADABLE}),
            )
        ],
        "wrong",
        "news: folder partly unreadable: in: permission denied",
        id="unreadable",
    ),
    pytest.param([judge_watches(8192, 8192)], "ok", "8,192 folders of 8,192", id="watches"),
    pytest.param([judge_watches(8193, 8192)], "warning", "at most 8,192 are watched", id="few watches"),
    pytest.param([judge_watches(3, None)], "ok", "3 folders", id="no limit"),
    pytest.param([judge_space("output", 64 * GB)], "ok", "output: 64.0 GB free", id="space"),
    pytest.param([judge_space("state", GB // 10)], "warning", "100.0 MB", id="little space"),
    pytest.param([judge_space("state", 0)], "wrong", "0 bytes free", id="no space"),
    pytest.param([judge_database("d", "2", ["1", "2"])], "ok", "d: sound", id="db"),
    pytest.param([judge_database("d", "1", ["1", "2"])], "warning", "earlier version", id="old db"),
    pytest.param([judge_database("d", "3", ["1", "2"])], "wrong", "later version", id="new db"),
    pytest.param([judge_database("d", None, ["1"])], "wrong", "no tables of syndicator", id="not ours"),
    pytest.param([address(200, OURS)], "ok", "what is served is ours", id="address"),
    pytest.param([address(200, b"<html>")], "wrong", "not what stands in the output folder", id="others'"),
    pytest.param([address(404)], "wrong", "HTTP 404", id="not published"),
    pytest.param([address(200, ours=None)], "warning", "nothing is published here yet", id="not built"),
    pytest.param([no_token(["a", "b"])], "warning", "nothing goes out for a, b", id="no token"),
    pytest.param(judge_token(whose(), NOW)[:1], "ok", "syndicator in Test", id="token"),
    pytest.param(judge_token(whose(), NOW)[1:], "ok", "at most 30 s from Slack's", id="clock"),
    pytest.param(
        judge_token(whose(ahead=timedelta(minutes=2)), NOW)[1:],
        "wrong",
        "0:02:00 h ahead of Slack's",
        id="clock ahead",
    ),
    pytest.param(judge_token(whose("chat:write"), NOW)[:1], "wrong", "groups:history", id="scopes"),
    pytest.param(
        judge_token(refused("token_revoked", SlackMethod.AUTH_TEST), NOW),
        "wrong",
        "the Slack token was not accepted: token_revoked",
        id="revoked",
    ),
    pytest.param(judge_token(UNREACHED, NOW), "warning", "Slack unreachable: no such", id="no Slack"),
    pytest.param([judge_channel("C1", ["ai"], channel())], "ok", "#news (ai)", id="channel"),
    pytest.param(
        [judge_channel("C1", ["ai"], channel(member=False))],
        "wrong",
        "Slack refuses C1 (ai): the app is not in #news",
        id="no member",
    ),
    pytest.param(
        [judge_channel("C1", ["ai", "top"], channel(archived=True))],
        "wrong",
        "Slack refuses C1 (ai, top): #news is archived",
        id="archived",
    ),
    pytest.param(
        [judge_channel("C1", ["ai"], refused("channel_not_found"))],
        "wrong",
        "no such channel",
        id="no channel",
    ),
    pytest.param(
        [judge_channel("C1", ["ai"], refused("missing_scope", needed="channels:read"))],
        "warning",
        "C1: not looked at: the token lacks the scope channels:read",
        id="may not look",
    ),
    pytest.param(
        [judge_channel("C1", ["ai"], refused("ratelimited"))], "warning", "asks to wait", id="rate limit"
    ),
    pytest.param(status(), "ok", "well: 3 public", id="service"),
    pytest.param(status((1, "1 bad article")), "warning", "1 bad article", id="degraded"),
    pytest.param(status((2, "the service does not run")), "wrong", "does not run", id="down"),
]


@pytest.mark.parametrize(("checks", "result", "words"), CASES)
def test_judgement(checks: list[Finding], result: str, words: str) -> None:
    (check,) = checks
    assert RESULTS[check.level] == result
    assert words in check.text
    assert bool(check.fix) is (check.level is not HealthLevel.WELL)


FAILURES = {
    "a file": (PermissionError(13, "Permission denied", "/a"), "/a: permission denied", AS_SERVICE),
    "an error without a file": (OSError("no such luck"), "no such luck", AS_SERVICE),
    "the database": (
        StoreError("cannot be used", on="a.db", fix="Mend it"),
        "cannot be used: a.db",
        "Mend it",
    ),
    "a damaged database": (StoreDamaged("is damaged", on="a.db", fix="-"), "is damaged: a.db", DAMAGE_FIX),
}


@pytest.mark.parametrize(("error", "text", "fix"), FAILURES.values(), ids=FAILURES.keys())
def test_what_could_not_be_looked_at_is_wrong(error: StoreError | OSError, text: str, fix: str) -> None:
    found = judge_failure(Kind.DATABASE, error)
    assert (found.level, found.text, found.fix) == (HealthLevel.DOWN, text, fix)


def test_each_wrong_setting_is_said() -> None:
    error = SettingsError(SettingProblem(file="s.yaml", line=line, column=1, what="no") for line in (2, 1))
    assert [found.text for found in judge_settings(error)] == ["s.yaml:1:1: no", "s.yaml:2:1: no"]


def test_clock_is_not_judged_where_slack_does_not_tell_its_own() -> None:
    token = Identity(team="T", user="u", scopes=frozenset())
    assert [found.kind for found in judge_token(token, NOW)] == [Kind.TOKEN]
