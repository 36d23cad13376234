"""The operator is told of what goes wrong, once, and once when it is over; a dead man's switch is called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from syndicator.errors import DeliveryError, Rejected
from syndicator.monitoring.alerting import OperatorAlerter, call
from syndicator.monitoring.health import (
    SETTINGS_REFUSED,
    STARTING,
    Finding,
    bad_files,
    channels_broken,
    folder_lost,
    hindrance,
    no_backup,
    part_breaks,
    slack_unreachable,
)
from syndicator.monitoring.status import StatusFile
from syndicator.settings.models import AlertsTo, Credentials, Settings, Source
from syndicator.store.types import ProblemKind
from syndicator.watch.changes import LossReason
from tests import slack_rules
from tests.acceptance.running import wait_for
from tests.making import utc
from tests.rig import SITE
from tests.slack_server import TOKEN, Channel, SlackServer, script
from tests.test_service import alive

START = utc(2026, 3, 14, 12)
MINUTE = timedelta(minutes=1)


class Hearing:
    """A local server that takes whatever is sent to it, and answers with the codes of `answers`, then 200."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[tuple[str, str, Any]] = []
        self.answers: list[int] = []

    def texts(self) -> list[str]:
        return [str(body["text"]) for _, _, body in self.heard]


@contextmanager
def hearing() -> Iterator[Hearing]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            here.heard.append((self.command, self.path, json.loads(body) if body else None))
            self.send_response(here.answers.pop(0) if here.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Hearing(f"http://127.0.0.1:{server.server_address[1]}/secret-canary")
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


class Operated:
    """A service's status and time as a test sets them, and what then is told."""

    def __init__(
        self, base: Path, slack: SlackServer | None, webhook: Hearing | None, **settings: Any
    ) -> None:
        self.now = START
        self.status = StatusFile(base / "state.db.status")
        to = AlertsTo(**{"channel": "C1" if slack else None} | settings.pop("alerts_to", {}))
        self.settings = Settings(
            site=SITE,
            sources=(Source(name="news", path=base),),
            state=f"sqlite:///{base}/state.db",
            alerts_to=to,
            credentials=Credentials(
                token=SecretStr(TOKEN) if slack else None,
                api_url=slack.url if slack else "",
                alerts=SecretStr(webhook.url) if webhook else None,
            ),
            **settings,
        )
        self.restart()

    def restart(self) -> None:
        self.alerter = OperatorAlerter(self.settings, self.status, clock=lambda: self.now)

    def pass_by(self, minutes: float, *findings: Finding) -> None:
        """So much time in which this is what there is to see to."""
        until = self.now + timedelta(minutes=minutes)
        while self.now <= until:
            found = [one.facts(self.now) for one in findings]
            self.status.write({"level": max((one["level"] for one in found), default=0), "findings": found})
            self.alerter.look()
            self.now += MINUTE / 2


LOST = folder_lost("news", LossReason.MISSING, START)


def bad(count: int) -> Finding:
    return bad_files(ProblemKind.ARTICLE, count)


def texts(slack: SlackServer, channel: str = "C1") -> list[str]:
    assert slack.slack.problems == []
    return [str(one.body["text"]) for one in slack.slack.in_channel(channel)]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def webhook() -> Iterator[Hearing]:
    with hearing() as heard:
        yield heard


def test_what_lasts_is_told_once_and_once_when_it_is_over(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None)
    service.pass_by(9, LOST)
    assert texts(slack) == []
    service.pass_by(20, LOST)
    service.restart()
    service.pass_by(20, LOST)
    (told,) = texts(slack)
    title, what, fix, _ = told.splitlines()
    assert title == "Cloud News needs attention"
    assert what == "⚠ news: folder missing since 12:00"
    assert fix.startswith("Mount or mend it")
    service.pass_by(1)
    assert len(texts(slack)) == 1
    service.pass_by(10)
    service.restart()
    service.pass_by(10)
    assert [text.splitlines()[0] for text in texts(slack)][1:] == ["Cloud News is well again"]
    assert "✓ news: folder missing: over after 50 min" in texts(slack)[1]


def test_what_passes_by_itself_is_not_told(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None)
    service.pass_by(9, LOST)
    service.pass_by(30, bad(9))
    service.pass_by(5, bad(10))
    service.pass_by(5, part_breaks("web server", "signal 9", service.now))
    service.pass_by(5)
    assert texts(slack) == []


def test_number_that_changes_is_no_news(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None, alerts_to={"problems": 3})
    for count in (3, 4, 5):
        service.pass_by(12, bad(count))
    service.pass_by(5, bad(2))
    first, second = texts(slack)
    assert "⚠ 3 bad articles" in first
    assert "✓ 3 bad articles: over" in second


def test_settings_that_were_refused_are_told_at_once(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None)
    service.pass_by(0, SETTINGS_REFUSED)
    assert "⚠ settings refused" in texts(slack)[0]


def test_outage_of_slack_goes_the_other_way(tmp_path: Path, slack: SlackServer, webhook: Hearing) -> None:
    service = Operated(tmp_path, slack, webhook)
    service.pass_by(15, slack_unreachable(START, 3))
    assert texts(slack) == []
    (told,) = webhook.texts()
    assert "⚠ Slack unreachable since 12:00, 3 wait" in told
    service.pass_by(5)
    assert texts(slack) == []
    assert "✓ Slack unreachable: over after" in webhook.texts()[1]


def test_broken_channel_is_told_in_another(tmp_path: Path, slack: SlackServer, webhook: Hearing) -> None:
    service = Operated(tmp_path, slack, webhook)
    service.pass_by(1, channels_broken(["C2"]))
    service.pass_by(5, channels_broken(["C2", "C3"]))
    assert ["Slack refuses C2\n" in text for text in texts(slack)] == [True, False]
    assert "⚠ Slack refuses C2, C3" in texts(slack)[1]
    service.pass_by(5, channels_broken(["C1", "C2", "C3"]))
    assert len(texts(slack)) == 2
    assert "⚠ Slack refuses C1, C2, C3" in webhook.texts()[2]


def test_message_whose_answer_is_lost_is_sent_again(tmp_path: Path, slack: SlackServer) -> None:
    slack.slack.faults = script("500-after", method="chat.postMessage")
    service = Operated(tmp_path, slack, None)
    service.pass_by(10, SETTINGS_REFUSED)
    assert len(texts(slack)) == 2
    service.pass_by(10)
    assert len(texts(slack)) == 3


def test_message_that_was_refused_is_tried_again_and_that_said_once(
    tmp_path: Path, slack: SlackServer, webhook: Hearing
) -> None:
    slack.slack.channels["C1"] = Channel(id="C1", name="ops", archived=True)
    webhook.answers = [500, 301, 404]
    service = Operated(tmp_path, slack, webhook)
    with capture_logs() as logs:
        service.pass_by(10, SETTINGS_REFUSED)
        slack.slack.channels["C1"].archived = False
        service.pass_by(2, SETTINGS_REFUSED)
    assert len(texts(slack)) == 1
    assert [path for _, path, _ in webhook.heard] == ["/secret-canary"] * 4
    said = [line for line in logs if "not told" in line["event"]]
    assert [line["by"] for line in said] == ["C1", "webhook"]
    assert "canary" not in str(logs)


def test_way_that_does_not_work_is_a_finding_for_the_others(
    tmp_path: Path, slack: SlackServer, webhook: Hearing
) -> None:
    webhook.answers = [404, 410]
    service = Operated(tmp_path, slack, webhook, ping=webhook.url)
    service.pass_by(0, SETTINGS_REFUSED)
    found = service.alerter.findings()
    assert [one.words(service.now) for one in found] == [
        "the operator is not told by webhook since 12:00: it says HTTP 410",
        "the operator is not told by ping since 12:00: it says HTTP 404",
    ]
    webhook.answers = [404] * 50
    service.pass_by(15, SETTINGS_REFUSED, found[0])
    assert "not told by webhook" in texts(slack)[1]
    webhook.answers = []
    service.pass_by(5, SETTINGS_REFUSED, found[0])
    assert "not told by webhook" not in str(webhook.heard), "it works when it could be told"
    assert service.alerter.findings() == []


def test_commands_are_shown_as_code(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None)
    service.pass_by(15, channels_broken(["C2"]))
    (told,) = slack.slack.in_channel("C1")
    *_, section, _ = told.body["blocks"]
    *_, command, rest = section["elements"][0]["elements"]
    assert command == {"type": "text", "text": "syndicator deliveries", "style": {"code": True}}
    assert rest == {"type": "text", "text": " has what waits"}


def test_address_that_is_none_is_a_failure_of_its_way() -> None:
    with pytest.raises(DeliveryError, match="InvalidURL"):
        call("http://alerts:port/", {})


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1"])
def test_proxy_that_cannot_be_used_is_a_failure_of_the_way(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(DeliveryError, match="the environment's proxy or certificates cannot be used"):
        call("http://alerts.example/", {})


def test_channel_without_a_token_is_a_finding(tmp_path: Path) -> None:
    service = Operated(tmp_path, None, None, alerts_to={"channel": "C1"})
    (found,) = service.alerter.findings()
    assert found.words(service.now) == "the operator is not told by C1: no slack token"


def test_many_findings_are_one_message(tmp_path: Path, slack: SlackServer) -> None:
    losses = [folder_lost(f"s{n:02}", LossReason.MISSING, START) for n in range(30)]
    service = Operated(tmp_path, slack, None, alerts_to={"after": timedelta(0)})
    service.pass_by(5, *losses, SETTINGS_REFUSED)
    (told,) = texts(slack)
    assert "+21 more" in told
    service.pass_by(5, *losses[1:], SETTINGS_REFUSED)
    assert texts(slack)[1].splitlines()[:2] == [
        "Cloud News still needs attention",
        "✓ s00: folder missing: over after 5 min",
    ]


def test_words_of_a_failure_cannot_ping(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None)
    error = Rejected("it", code="x", why="<!channel> \u202e& `code`", fix="Mend <@U1>")
    service.pass_by(1, no_backup(error, START))
    assert slack_rules.mentions(slack.slack.posted[0].body) == []
    assert texts(slack) != []


@pytest.mark.parametrize(
    "down", [STARTING, hindrance(Rejected("it", code="x"), START)], ids=["starts", "waits"]
)
def test_nothing_is_over_while_the_service_does_not_work(
    tmp_path: Path, slack: SlackServer, down: Finding
) -> None:
    service = Operated(tmp_path, slack, None)
    service.pass_by(1, SETTINGS_REFUSED)
    service.restart()
    for _ in range(9):
        service.status.write({"level": down.level, "findings": [down.facts(service.now)]})
        service.alerter.look()
        service.now += MINUTE
    service.pass_by(1, SETTINGS_REFUSED)
    assert len(texts(slack)) == 1


def test_file_that_cannot_be_read_tells_all_once_more(tmp_path: Path, slack: SlackServer) -> None:
    service = Operated(tmp_path, slack, None)
    service.pass_by(1, SETTINGS_REFUSED)
    told = tmp_path / "state.db.told"
    assert told.stat().st_mode & 0o033 == 0, "as the file of the status"
    told.write_text("{", encoding="utf-8")
    service.restart()
    service.pass_by(1, SETTINGS_REFUSED)
    assert len(texts(slack)) == 2


def test_dead_mans_switch_hears_of_a_service_that_works(tmp_path: Path, webhook: Hearing) -> None:
    service = Operated(tmp_path, None, None, ping=webhook.url)
    webhook.answers = [503, 503]
    with capture_logs() as logs:
        service.pass_by(4, LOST)
    assert webhook.heard == [("GET", "/secret-canary", None)] * 5
    said = [(line["event"], line.get("why")) for line in logs]
    assert said == [
        ("heartbeat not taken, tried again", "it says HTTP 503"),
        ("heartbeat is taken again", None),
    ]


def test_clock_that_is_set_back_does_not_silence_the_dead_mans_switch(
    tmp_path: Path, webhook: Hearing
) -> None:
    service = Operated(tmp_path, None, None, ping=webhook.url)
    service.pass_by(0)
    service.now -= timedelta(hours=1)
    service.pass_by(0)
    assert len(webhook.heard) == 2


def test_clock_that_is_set_back_does_not_silence_a_way_that_waits(tmp_path: Path, webhook: Hearing) -> None:
    service = Operated(tmp_path, None, webhook)
    webhook.answers = [503]
    service.pass_by(0, SETTINGS_REFUSED)
    service.now -= timedelta(days=1)
    service.pass_by(0, SETTINGS_REFUSED)
    assert len(webhook.heard) == 2


def test_dead_mans_switch_hears_nothing_of_one_that_does_not(tmp_path: Path, webhook: Hearing) -> None:
    service = Operated(tmp_path, None, None, ping=webhook.url)
    down = hindrance(Rejected("it", code="x"), START)
    service.status.write({"level": down.level, "findings": [down.facts(START)]})
    service.alerter.look()
    assert webhook.heard == []


def test_service_tells_and_calls(tmp_path: Path, webhook: Hearing) -> None:
    address = tmp_path / "address"
    address.write_text(webhook.url.replace("canary", "alerts"), encoding="utf-8")
    to = {"webhook_file": str(address), "after": "0s", "problems": 1}
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles/bad.md").write_text("no front matter", encoding="utf-8")
    with alive(tmp_path, ping=webhook.url, alerts_to=to) as (_, logs):
        wait_for(lambda: len({path for _, path, _ in webhook.heard}) == 2, why="an alert and a call")
    assert "⚠ 1 bad article\n" in next(body["text"] for method, _, body in webhook.heard if method == "POST")
    assert "secret" not in str(logs)
