"""`backup` beside a real service, `restore` between two of its lives: nothing is posted twice or lost."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.running import Running, running, wait_for
from tests.acceptance.test_service import ROUTES, drop, titles
from tests.slack_server import Channel, SlackServer, script


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, slack: SlackServer) -> Iterator[Running]:
    with running(tmp_path, routes=ROUTES, backup={"folder": "backups"}) as service:
        service.use(slack)
        yield service


def posted(slack: SlackServer) -> list[int]:
    """How often each of the articles was posted."""
    texts = [str(one.body["blocks"]) for one in slack.slack.in_channel("C1")]
    return [sum(f"About {name}" in text for text in texts) for name in ("before", "owed", "after", "new")]


def states(service: Running) -> list[str]:
    with closing(sqlite3.connect(service.base / "var/state.db")) as connection:
        return sorted(state for (state,) in connection.execute("SELECT state FROM deliveries"))


def test_what_a_restored_backup_owed_or_has_forgotten_is_not_posted_again(
    service: Running, slack: SlackServer
) -> None:
    file = str(service.base / "hourly.gz")
    service.start()
    wait_for(lambda: list((service.base / "backups").glob("state-*Z.db.gz")), why="the backup of the start")
    drop(service, "before.md")
    wait_for(lambda: posted(slack)[0], why="the message before the backup")
    wait_for(lambda: states(service) == ["sent"], why="its answer")
    again = threading.Event()
    slack.slack.faults = lambda method: None if again.is_set() or method != "chat.postMessage" else "429"
    drop(service, "owed.md")
    wait_for(lambda: states(service) == ["owed", "sent"], why="a message that waits")
    made = service.command("backup", file, "--json")
    assert made.returncode == 0, made.stderr
    facts = json.loads(made.stdout)
    assert facts["owed"] == 1 and facts["database_bytes"] > 100_000
    refused = service.command("restore", file)
    assert (refused.returncode, "Stop it first" in refused.stderr) == (78, True)
    again.set()
    wait_for(lambda: posted(slack)[1], why="what waited")
    drop(service, "after.md")
    wait_for(lambda: posted(slack)[2], why="the message after the backup")
    assert service.stop() == 0

    restored = service.command("restore", file)
    assert restored.returncode == 0, restored.stderr
    assert "1 message owed" in restored.stdout
    assert ".before-restore-" in restored.stdout
    service.start()
    assert service.text().count("database restored") == 1
    assert sorted(titles(service, "feeds/all/rss.xml")) == ["About after", "About before", "About owed"]
    wait_for(lambda: states(service) == ["sent", "sent"], why="what it owed found in the channel")
    drop(service, "new.md")
    wait_for(lambda: posted(slack)[3], why="what is really new")
    assert service.stop() == 0
    assert posted(slack) == [1, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_articles_and_a_thousand_owed_come_back(tmp_path: Path, slack: SlackServer) -> None:
    channels = [f"C{number:04}" for number in range(50)]
    routes = [{"name": one, "channel": one, "deliver": "immediate", "topics": ["fresh"]} for one in channels]
    with running(tmp_path, routes=routes) as service:
        service.use(slack)
        slack.slack.channels |= {one: Channel(id=one, name=one.lower()) for one in channels}
        for number in range(10_000):
            drop(service, f"old-{number}.md")
        drop(service, "first.md", topics=["Fresh"])
        service.start(patience_s=300)
        slack.slack.faults = script(*["429"] * 100_000, method="chat.postMessage")
        for number in range(20):
            drop(service, f"news-{number}.md", topics=["Fresh"])
        wait_for(lambda: states(service) == ["owed"] * 1_000, why="1,000 messages owed", patience_s=120)
        file, times = str(tmp_path / "backup.gz"), [time.monotonic()]
        made = service.command("backup", file, "--json")
        times.append(time.monotonic())
        assert (made.returncode, json.loads(made.stdout)["owed"]) == (0, 1_000), made.stderr
        assert service.stop() == 0
        times.append(time.monotonic())
        assert service.command("restore", file).returncode == 0
        times.append(time.monotonic())
        slack.slack.faults = lambda _method: None
        service.start(patience_s=300)
        wait_for(lambda: set(states(service)) == {"sent"}, why="all sent", patience_s=600)
        assert service.stop() == 0
        print(f"backup {times[1] - times[0]:.1f} s, restore {times[3] - times[2]:.1f} s")
        assert {one: len(slack.slack.in_channel(one)) for one in channels} == dict.fromkeys(channels, 20)
        assert sum(slack.slack.times().values()) == 1_000
