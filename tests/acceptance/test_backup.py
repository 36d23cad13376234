"""`backup` beside a real service, `restore` between two of its lives: nothing is posted twice or lost."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.running import Running, running, wait_for
from tests.acceptance.test_service import ROUTES, drop, titles
from tests.slack_server import SlackServer


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
    assert json.loads(made.stdout)["owed"] == 1
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
