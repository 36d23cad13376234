"""What `status` says of a real service, in the words that systemd is told."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicator.monitoring.status import status_path
from tests.acceptance.running import Notified, Running, running, wait_for


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    route = {"name": "ai", "channel": "C0GENERAL", "deliver": "immediate"}
    with running(tmp_path, routes=[route], watch={"scan_every": "1s"}) as service:
        (service.articles / "bad.md").write_text("no front matter", encoding="utf-8")
        yield service


def test_status_says_what_a_person_should_see_to(service: Running) -> None:
    service.start()
    notified = Notified(service.notify_address)
    wait_for(lambda: service.command("status").returncode == 1, why="degraded")
    told = service.command("status")
    assert told.stdout.startswith("degraded  0 public · 1 bad article · no way to Slack for route ai\n")
    assert "1 bad article. `syndicator check` or the log names each with its fix" in told.stdout
    assert "ai to C0GENERAL: at once" in told.stdout
    service.articles.rename(service.base / "away")
    wait_for(lambda: notified.has_like("STATUS=0 public · 1 bad article · news: folder"), why="the folder")
    wait_for(lambda: "news: folder missing since" in service.command("status").stdout, why="the folder")
    facts = json.loads(service.command("status", "--json").stdout)
    assert [(route["name"], route["next"], route["owes"]) for route in facts["routes"]] == [("ai", None, 0)]
    assert notified.has(f"STATUS={facts['line']}")
    assert {finding["kind"] for finding in facts["findings"]} == {"files", "folder", "way"}
    assert all(finding["fix"] for finding in facts["findings"])
    assert service.stop() == 0
    notified.close()
    ended = service.command("status")
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (2, "down  the service does not run")
    assert ended.stdout.count("does not run") == 1, "what the first line says is not said again"


def test_status_of_a_service_whose_settings_file_is_wrong_now(service: Running) -> None:
    service.start()
    wait_for(lambda: service.command("status").returncode == 1, why="degraded")
    state = "state: sqlite:///var/state.db\n"
    for wrong in (f"site: {{title: Cloud News}}\n{state}", f"site: [\n{state}", state.replace(" ", "")):
        service.config.write_text(wrong, encoding="utf-8")
        told = service.command("status")
        assert told.returncode == 1
        assert "1 bad article" in told.stdout and "ai to C0GENERAL: at once" in told.stdout
    assert service.stop() == 0
    ended = service.command("status")
    assert (ended.returncode, str(service.config) in ended.stderr) == (78, True)


def test_service_that_gives_no_sign_of_life_is_down(service: Running) -> None:
    service.start()
    wait_for(lambda: service.command("status").returncode == 1, why="degraded")
    assert service.process is not None
    service.process.kill()
    service.process.wait()
    path, long_ago = status_path(f"sqlite:///{service.base}/var/state.db"), time.time() - 120
    os.utime(path, (long_ago, long_ago))
    told = service.command("status")
    assert told.returncode == 2
    assert re.search(r"no sign of life for 1[23]\d s", told.stdout)
