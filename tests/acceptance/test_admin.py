"""The operator's address of a real service, and the same words in all places."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.running import Running, running, wait_for
from tests.slack_server import TOKEN, Channel, SlackServer
from tests.sockets import PLAIN

STORY = "---\ntitle: {}\nwebUrl: https://news.example/{}\npublishedDateTime: {}\n---\n"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    sources = [{"name": "news", "path": "articles"}, {"name": "away", "path": "nowhere"}]
    routes = [
        {"name": name, "channel": channel, "deliver": "immediate"}
        for name, channel in (("ai", "C0GENERAL"), ("old", "C0OLD"))
    ]
    with running(tmp_path, sources=sources, routes=routes, admin={"port": 0}) as service:
        (service.articles / "bad <b>.md").write_text("no front matter", encoding="utf-8")
        yield service


def admin_of(service: Running) -> httpx.Client:
    line = next(line for line in service.text().splitlines() if "serving the operator's page" in line)
    return httpx.Client(base_url=line.split("address=")[1].split()[0], **PLAIN)


def write_story(service: Running, title: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    (service.articles / f"{title}.md").write_text(
        STORY.format(title, title.split()[0].lower(), now), encoding="utf-8"
    )


def see_everywhere(service: Running, admin: httpx.Client, *words: str) -> None:
    """Each of these stands in what `status` and `doctor` say, on the page, and in the metrics."""
    for some in words:
        wait_for(lambda some=some: some in service.command("status").stdout, why=some)  # type: ignore[misc]
    families = text_string_to_metric_families(admin.get("/metrics").text)
    findings = [family for family in families if family.name == "syndicator_finding"]
    labels = " ".join(sample.labels["text"] for family in findings for sample in family.samples)
    views = {
        "status": service.command("status").stdout,
        "doctor": service.command("doctor").stdout,
        "page": admin.get("/").text,
        "metrics": labels,
        "readyz": admin.get("/readyz").text,
    }
    missing = [(view, some) for view, text in views.items() for some in words if some not in text]
    assert not missing, views


def web_server_of(service: Running) -> int:
    """The process that serves the feeds."""
    asked = ["pgrep", "--full", f'"port": {service.port},']
    return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)


def test_what_is_wrong_is_seen_everywhere_in_the_same_words(service: Running) -> None:
    with SlackServer() as slack:
        slack.slack.channels["C0OLD"] = Channel(id="C0OLD", name="old", archived=True)
        service.use(slack)
        service.start()
        good = service.config.read_text(encoding="utf-8")
        service.config.write_text("site: {}\n", encoding="utf-8")
        assert service.process is not None
        service.process.send_signal(1)
        wait_for(lambda: "settings not taken over" in service.text(), why="the refusal")
        service.config.write_text(good, encoding="utf-8")
        write_story(service, "Storm in the north")
        os.kill(web_server_of(service), signal.SIGKILL)
        with admin_of(service) as admin:
            files, settings = ("1 bad article", "away: folder missing"), "settings refused"
            see_everywhere(service, admin, *files, "Slack refuses C0OLD", "1 message waits", settings)
            see_everywhere(service, admin, "a part of the service breaks: web server")
            slack.slack.token = "xoxb-another"
            write_story(service, "Elections held")
            token = "the Slack token was not accepted: invalid_auth"
            see_everywhere(service, admin, *files, token, "3 messages wait", settings)
            page, ready = admin.get("/").text, admin.get("/readyz")
            assert ready.status_code == 200, "degraded, and it does its work"
            assert admin.get("/healthz").text == "ok\n"
            assert "bad &lt;b&gt;.md:1:1" in page
            assert "<b>" not in page
            feed = feedparser.parse(admin.get("/problems.xml").content)
            assert not feed.bozo
            assert [entry.title for entry in feed.entries] == ["bad <b>.md: no front matter"]
            assert admin.get("/var/state.db").status_code == 404
            assert admin.post("/").status_code == 501
            rebound = admin.get("/", headers={"Host": f"evil.example:{admin.base_url.port}"})
            assert rebound.status_code == 421
            assert "Ask it as localhost" in rebound.text
            assert admin.get("/healthz", headers={"Host": "localhost:9090"}).text == "ok\n"
            head = admin.head("/")
            assert (head.status_code, head.content) == (200, b"")
            assert int(head.headers["content-length"]) > 1_000
            assert TOKEN not in page + admin.get("/metrics").text
        assert service.stop() == 0


def test_address_that_is_taken_is_one_clear_line(service: Running) -> None:
    service.start()
    with admin_of(service) as admin:
        port = admin.base_url.port
        other = service.base / "other"
        other.mkdir()
        with running(other, admin={"port": port}) as second:
            second.start(ready=False)
            assert second.process is not None
            assert second.process.wait(30) == 75
            assert f"cannot listen: 127.0.0.1:{port}" in second.text()
            assert "Set `admin`" in second.text()


def test_time_from_a_file_to_its_feeds_is_counted(service: Running) -> None:
    service.start()
    write_story(service, "Storm in the north")
    with admin_of(service) as admin:
        counted = 'syndicator_file_to_feed_seconds_bucket{le="+Inf"} 1.0'
        wait_for(lambda: counted in admin.get("/metrics").text, why="the first")
