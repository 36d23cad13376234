"""Real folders, databases and addresses are looked at: nothing is changed, nobody waits for what hangs."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from syndicator.cli import app, build  # noqa: F401  it registers itself
from syndicator.cli.doctor import RESULTS
from syndicator.monitoring.doctor import well
from syndicator.monitoring.examination import Probe, examine, run
from syndicator.monitoring.health import ALERTS_FIX, NO_WAY_FIX, Finding, HealthLevel, Kind, no_way
from syndicator.monitoring.status import StatusFile, hindered, status_path
from syndicator.settings.load import load_settings
from syndicator.store.lock import hold_state
from tests.forked import Forked
from tests.slack_server import TOKEN, Channel, Slack, SlackServer

SETTINGS = """\
site: {title: Cloud News, base_url: "http://127.0.0.1:1/"}
sources: [{name: news, path: articles}]
output: public
state: sqlite:///var/state.db
server: null
watch: {quiet: 0s}
"""
ARTICLE = "---\ntitle: One\nwebUrl: https://www.example.org/1\npublishedDateTime: 2026-03-14T09:00:00Z\n---\n"
PATIENCE_S = 20.0
CUT_OFF = "not done within 1 s, given up"
"""Said where even the call's own, shorter patience came too late, as under load."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.md").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "syndicator.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path / "syndicator.yaml"


@pytest.fixture
def built(config: Path) -> Path:
    result = CliRunner().invoke(app, ["build", "--config", str(config)])
    assert result.exit_code == 0, result.output
    return config


def found(
    config: Path, name: str, *, slack: SlackServer | None = None, patience_s: float = PATIENCE_S, **named: str
) -> list[tuple[str, str]]:
    """Result and text of the checks of this name."""
    settings = load_settings(config, named)
    if slack is not None:
        to = settings.credentials.model_copy(update={"token": SecretStr(TOKEN), "api_url": slack.url})
        settings = settings.model_copy(update={"credentials": to})
    checks = examine(settings, config=config, environment=named, now=datetime.now(UTC), patience_s=patience_s)
    return [(RESULTS[check.level], check.text) for check in checks if check.kind == name]


def test_what_hangs_is_cut_off_and_said() -> None:
    forever, ok = threading.Event(), well(Kind.CLOCK, "done")

    def hang() -> Iterator[Finding]:
        forever.wait()
        yield ok

    began = time.monotonic()
    slow, quick = run([Probe(Kind.SPACE, hang, "Look there"), Probe(Kind.CLOCK, lambda: [ok], "")], 0.5)
    forever.set()
    assert time.monotonic() - began < PATIENCE_S
    assert (slow.level, slow.text, slow.fix) == (
        HealthLevel.DEGRADED,
        "not done within 0.5 s, given up",
        "Look there",
    )
    assert quick is ok


def test_mistake_of_ours_is_not_taken_for_a_finding() -> None:
    def fail() -> list[Finding]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(run([Probe(Kind.CLOCK, fail, "")], PATIENCE_S))


def test_address_that_never_answers_is_cut_off(built: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        told = found(built, "address", patience_s=1.0, SYNDICATOR_SITE__BASE_URL=base)
    ((result, text),) = told
    assert (result, text.endswith(("not reached: timed out", CUT_OFF))) == ("warning", True)


def test_state_is_read_beside_the_service_that_holds_it(built: Path) -> None:
    path = built.parent / "var/state.db"
    assert found(built, "database") == [("ok", f"{path}: sound")]
    StatusFile(status_path(f"sqlite:///{path}")).write({"level": 0, "pid": 77, "findings": [], "line": ""})
    with hold_state(f"sqlite:///{path}"):
        assert found(built, "database") == [("ok", f"{path}: sound, in use by process 77")]


def test_looking_changes_nothing(built: Path) -> None:
    def everything() -> dict[str, bytes]:
        files = [path for path in built.parent.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files if not path.name.endswith(("-wal", "-shm"))}

    before = everything()
    assert found(built, "output")[0][0] == "ok"
    assert everything() == before


def test_damaged_or_missing_database_is_told(config: Path) -> None:
    path = config.parent / "var/state.db"
    assert found(config, "database") == [("warning", f"{path}: there is no state yet")]
    assert not path.parent.exists()
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    ((result, text),) = found(config, "database")
    assert result == "wrong"
    assert text.startswith(f"the database is damaged: {path}")
    assert path.read_bytes() == b"no database" * 1000


def test_files_of_the_output_that_were_changed_are_told(built: Path) -> None:
    public = built.parent / "public"
    assert found(built, "output") == [("ok", f"{public}: {len([*public.rglob('*.*')])} files")]
    (public / "feeds.opml").write_text("", encoding="utf-8")
    text = f"{public}: 1 file is not as written, such as feeds.opml"
    assert found(built, "output") == [("warning", text)]


def test_file_dated_in_the_future_is_told(config: Path) -> None:
    os.utime(config.parent / "articles/a.md", (time.time() + 86400,) * 2)
    told = found(config, "clock")
    assert told == [("warning", "news: 1 file is dated in the future, such as a.md")]


def test_secret_that_everybody_may_read_is_told_and_not_shown(config: Path) -> None:
    secret = config.parent / "token"
    secret.write_text(TOKEN, encoding="utf-8")
    secret.chmod(0o644)
    told = found(config, "rights", SLACK_BOT_TOKEN_FILE=str(secret))
    assert told == [("warning", f"{secret}: everybody may read this secret")]
    secret.chmod(0o600)
    assert found(config, "rights", SLACK_BOT_TOKEN_FILE=str(secret))[0][0] == "ok"
    hook = config.parent / "hook"
    hook.write_text("https://hooks.example/canary", encoding="utf-8")
    hook.chmod(0o644)
    told = found(config, "rights", SYNDICATOR_ALERTS_TO__WEBHOOK_FILE=str(hook))
    assert told == [("warning", f"{hook}: everybody may read this secret")]


def test_each_channel_is_asked_about_once_and_nothing_is_posted(config: Path) -> None:
    routes = "routes: [{name: a, channel: C1}, {name: b, channel: C1}, {name: c, channel: '#old'}"
    to = "alerts_to: {channel: C3}"
    config.write_text(f"{SETTINGS}{routes}, {{name: d, channel: '#none'}}]\n{to}\n", encoding="utf-8")
    channels = {
        "C3": Channel(id="C3", name="ops", member=False),
        "C1": Channel(id="C1", name="news"),
        "C2": Channel(id="C2", name="old", archived=True),
    }
    with SlackServer(Slack(channels=channels)) as slack:
        assert found(config, "channel", slack=slack) == [
            ("wrong", "Slack refuses #none (d): the app sees no such channel"),
            ("ok", "#news (a, b): the app is in it"),
            ("wrong", "Slack refuses C2 (c): #old is archived"),
            ("wrong", "Slack refuses C3 (alerts_to): the app is not in #ops"),
        ]
        methods = ["auth.test", "conversations.list", *["conversations.info"] * 3]
        assert [method for method, _ in slack.slack.calls] == methods
        slack.slack.token = "xoxb-other"
        assert found(config, "channel", slack=slack) == []
        token = found(config, "token", slack=slack)
        assert token == [("wrong", "the Slack token was not accepted: invalid_auth")]
    assert slack.slack.posted == []


def test_no_way_to_slack_is_said_once_with_what_mends_it(config: Path) -> None:
    more = "routes: [{name: ai, channel: C1}]\nalerts_to: {channel: C3}\n"
    config.write_text(SETTINGS + more, encoding="utf-8")
    settings = load_settings(config, {})
    now = datetime.now(UTC)

    def told() -> dict[str, str]:
        checks = examine(settings, config=config, environment={}, now=now, patience_s=PATIENCE_S)
        return {check.text: check.fix for check in checks if "no way to Slack" in check.text}

    alone = {"no way to Slack for route ai": NO_WAY_FIX, "no way to Slack for alerts_to": ALERTS_FIX}
    assert told() == alone
    (config.parent / "var").mkdir()
    status = StatusFile(status_path(settings.state))
    status.write(hindered(no_way(["ai"], NO_WAY_FIX), now, started=now))
    assert told() == {"no way to Slack for route ai": NO_WAY_FIX}, "the service says it itself"


def test_slack_that_hangs_is_told(config: Path) -> None:
    with SlackServer(Slack(faults=lambda _method: "hang-before")) as slack:
        told = found(config, "token", slack=slack, patience_s=1.0)
    ((result, text),) = told
    assert (result, text.endswith(("Slack unreachable: no answer in time", CUT_OFF))) == ("warning", True)


def test_state_that_may_not_be_written_is_told_by_rights(built: Path) -> None:
    state = built.parent / "var"
    state.chmod(0o500)
    log = built.parent / "log"
    try:
        code = Forked(["doctor", "--config", str(built)], os.environ, log, powerless=True).wait(60)
    finally:
        state.chmod(0o700)
    told = log.read_text()
    assert code == 1 and "Traceback" not in told
    assert " cannot write the state. Make its folder" in told
    assert f"wrong    database  {state / 'state.db'}: this user cannot open it. " in told
