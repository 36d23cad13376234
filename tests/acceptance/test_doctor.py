"""What `doctor` says beside a real service: nothing to see to, and then each thing that was broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.acceptance.running import Running, running, wait_for
from tests.slack_server import Channel, Slack, SlackServer

ARTICLE = "---\ntitle: One\nwebUrl: https://www.example.org/1\npublishedDateTime: 2026-03-14T09:00:00Z\n---\n"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer(Slack(channels={"C1": Channel(id="C1", name="news")})) as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, slack: SlackServer) -> Iterator[Running]:
    """Published by a web server that is not ours, as behind nginx."""
    front = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "public")))
    thread = Thread(target=front.serve_forever, args=(0.05,))
    thread.start()
    site = {"title": "Cloud News", "base_url": f"http://127.0.0.1:{front.server_address[1]}/"}
    route = {"name": "ai", "channel": "C1", "deliver": "immediate"}
    try:
        with running(tmp_path, site=site, routes=[route], watch={"scan_every": "1s"}) as service:
            (service.articles / "a.md").write_text(ARTICLE, encoding="utf-8")
            service.use(slack)
            yield service
    finally:
        front.shutdown()
        thread.join()
        front.server_close()


def test_doctor_finds_all_well_and_then_what_was_broken(service: Running, slack: SlackServer) -> None:
    service.start()
    wait_for(lambda: service.command("doctor").returncode == 0, why="all well")
    told = service.command("doctor")
    assert told.stdout.splitlines()[-1].startswith("0 wrong, 0 warnings, ")
    assert "what is served is ours" in told.stdout
    assert "ok       channel   #news (ai): the app is in it\n" in told.stdout
    service.articles.rename(service.base / "away")
    slack.slack.channels["C1"].archived = True
    told = service.command("doctor")
    assert told.returncode == 1
    assert "wrong    folder    news: folder missing: " in told.stdout
    assert "wrong    channel   Slack refuses C1 (ai): #news is archived. Unarchive the channel" in told.stdout
    service.environment.clear()
    words = "warning  token     none is set; if the service has none, nothing goes out for ai"
    assert words in service.command("doctor").stdout
    assert slack.slack.posted == []
    assert service.stop() == 0
    checks = json.loads(service.command("doctor", "--json").stdout)
    assert {"name": "service", "result": "wrong", "text": "the service does not run"}.items() <= checks[
        -1
    ].items()
    assert all(check["fix"] for check in checks if check["result"] != "ok")


def test_settings_that_are_wrong_are_told_with_their_place(tmp_path: Path) -> None:
    with running(tmp_path, watch={"scan_every": "soon"}) as service:
        told = service.command("doctor")
    assert told.returncode == 1
    assert told.stdout.startswith("wrong    settings  ")
    assert "watch.scan_every: " in told.stdout
