"""Real folders, databases and addresses are looked at: nothing is changed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from syndicator.cli import app, build  # noqa: F401  it registers itself
from syndicator.cli.doctor import RESULTS
from syndicator.monitoring.examination import examine
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
TIMEOUT_S = 20.0
ARTICLE = "---\ntitle: One\nwebUrl: https://www.example.org/1\npublishedDateTime: 2026-03-14T09:00:00Z\n---\n"


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
    config: Path, name: str, *, slack: SlackServer | None = None, timeout_s: float = TIMEOUT_S, **named: str
) -> list[tuple[str, str]]:
    """Result and text of the checks of this name."""
    if slack is not None:
        named |= {"SLACK_BOT_TOKEN": TOKEN, "SLACK_API_URL": slack.url}
    checks = examine(config, named, timeout_s=timeout_s)
    return [(RESULTS[check.level], check.text) for check in checks if check.kind == name]


def test_address_that_never_answers_is_cut_off(built: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        told = found(built, "address", timeout_s=0.5, SYNDICATOR_SITE__BASE_URL=base)
    assert told == [("warning", f"{base}: not reached: timed out")]


def test_proxy_that_cannot_be_used_is_why_the_address_is_not_reached(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    ((result, text),) = found(built, "address", SYNDICATOR_SITE__BASE_URL="http://feeds.example/")
    assert result == "warning"
    assert text.startswith("http://feeds.example/: not reached: using socks proxy, but the 'socksio' package")


def test_state_is_read_beside_the_service_that_holds_it(built: Path) -> None:
    path = built.parent / "var/state.db"
    with hold_state(f"sqlite:///{path}"):
        assert found(built, "database") == [("ok", f"{path}: sound")]


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
            ("ok", "#news (a, b): the app is in it"),
            ("wrong", "Slack refuses C2 (c): #old is archived"),
            ("wrong", "Slack refuses #none (d): the app sees no such channel"),
            ("wrong", "Slack refuses C3 (alerts_to): the app is not in #ops"),
        ]
        methods = ["auth.test", "conversations.list", *["conversations.info"] * 3]
        assert [method for method, _ in slack.slack.calls] == methods
        slack.slack.token = "xoxb-other"
        assert found(config, "channel", slack=slack) == []
        token = found(config, "token", slack=slack)
        assert token == [("wrong", "the Slack token was not accepted: invalid_auth")]
    assert slack.slack.posted == []


def test_slack_that_hangs_is_told(config: Path) -> None:
    with SlackServer(Slack(faults=lambda _method: "hang-before")) as slack:
        told = found(config, "token", slack=slack, timeout_s=0.5)
    assert told == [("warning", "Slack unreachable: no answer in time")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the rights of root")
def test_root_who_works_in_the_folder_of_the_service_is_told_and_is_not_taken_for_it(built: Path) -> None:
    os.chown(built.parent / "var", 65534, 65534)
    with capture_logs() as lines, hold_state(f"sqlite:///{built.parent}/var/state.db"):
        pass
    (line,) = lines
    assert line["event"] == "root works in another user's folder"
    assert "`sudo -u '#65534' syndicator" in line["fix"]
    assert found(built, "rights") == [("warning", "this is root, and the state belongs to nobody")]


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
