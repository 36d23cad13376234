"""Signals to the real service: a reload that cannot be, a stop in the midst of one, what systemd hears."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import Notified, Running, running, wait_for


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as service:
        yield service


def hang_up(service: Running) -> None:
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)


def status_facts(service: Running) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(service.command("status", "--json").stdout)
    return facts


def test_reload_that_cannot_start_goes_back_to_the_old_settings(service: Running) -> None:
    service.start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service.configure(server={"host": "127.0.0.1", "port": taken.getsockname()[1]})
        hang_up(service)
        wait_for(lambda: "settings not taken over" in service.text(), why="the refusal")
        assert "set `server.port` to another" in service.text()
        wait_for(lambda: service.text().count("serving feeds") == 2, why="ready again")
    service.port = service._port()
    assert service.get("feeds/all/rss.xml").status_code == 200
    assert service.stop() == 0


def test_reload_leaves_a_server_alone_that_stays_as_it_is(service: Running) -> None:
    service.start()
    port = service.port
    with socket.create_connection(("127.0.0.1", port)) as reader:
        service.configure(levels={"good": 90})
        hang_up(service)
        wait_for(lambda: service.text().count("serving feeds") == 2, why="ready again")
        reader.sendall(b"GET /feeds/all/good/rss.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert reader.recv(1024).startswith(b"HTTP/1.1 200 ")
    service.configure(feeds={"hub": "https://hub.example/"})
    hang_up(service)
    wait_for(lambda: service.text().count("serving feeds") == 3, why="ready again")
    service.port = service._port()
    assert service.get("feeds/all/rss.xml").headers["Link"].endswith('rel="hub"')
    assert service.stop() == 0


def test_reload_with_a_state_that_is_no_database_keeps_the_old_settings(service: Running) -> None:
    service.start()
    service.configure(state="var/state.db")
    hang_up(service)
    wait_for(lambda: "write sqlite:///var/state.db" in service.text(), why="the refusal")
    assert service.get("feeds/all/rss.xml").status_code == 200
    assert service.stop() == 0


def test_status_says_what_is_wrong_until_it_is_mended(service: Running) -> None:
    """One service through it all: a bad article, refused settings, a folder that is away."""
    (service.articles / "bad.md").write_text("no front matter", encoding="utf-8")
    service.configure(watch={"scan_every": "1s"})
    service.start()
    notified = Notified(service.notify_address)

    def status(expected: str) -> None:
        wait_for(lambda: notified.has(f"STATUS={expected}"), why=expected)
        notified.lines.clear()

    good = "---\ntitle: A story\nwebUrl: https://news.example/a\npublishedDateTime: 2026-03-14\n---\n"
    (service.articles / "bad.md").write_text(good, encoding="utf-8")
    status("1 public")
    started = status_facts(service)["started"]
    service.configure(site={"title": "Cloud News"})
    hang_up(service)
    status("1 public · settings refused")
    assert service.text().count("settings not taken over") == 1
    service.configure(watch={"scan_every": "1s"})
    hang_up(service)
    status("1 public")
    assert status_facts(service)["started"] == started, "the process goes on"
    away = service.articles.rename(service.base / "away")
    wait_for(lambda: notified.has_like("STATUS=1 public · news: folder missing since "), why="the folder")
    notified.lines.clear()
    away.rename(service.articles)
    status("1 public")
    assert service.stop() == 0
    notified.close()


def test_reload_with_an_output_that_cannot_be_written_keeps_the_old_settings(service: Running) -> None:
    service.start()
    (service.base / "taken").touch()
    service.configure(output="taken")
    hang_up(service)
    wait_for(lambda: "output: cannot be written" in service.text(), why="the refusal")
    assert service.get("feeds/all/rss.xml").status_code == 200
    assert service.stop() == 0
    with pytest.raises(AssertionError, match="Cannot write the output folder"):
        service.start()
    assert service.process is not None
    assert service.process.wait() == 1, "systemd starts it again"


def test_stop_in_the_midst_of_a_reload_is_a_stop(service: Running) -> None:
    service.start()
    hang_up(service)
    wait_for(lambda: "settings read anew" in service.text(), why="the reload")
    assert service.stop() == 0


UNIT = Path(__file__).parents[2] / "deploy/syndicator.service"


def reload_by_unit(service: Running) -> subprocess.CompletedProcess[str] | None:
    """What `systemctl reload` does: the unit's commands in turn; the first that fails, or None."""
    assert service.process is not None
    words = {
        "/opt/syndicator/bin/syndicator": f"{shlex.quote(sys.executable)} -m syndicator",
        "/etc/syndicator/syndicator.yaml": str(service.config),
        "$MAINPID": str(service.process.pid),
    }
    commands = re.findall(r"^ExecReload=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    # systemd names the credentials to these commands, and does not let them in.
    closed = service.base / "credentials"
    (closed / "slack_bot_token").mkdir(parents=True, exist_ok=True)
    for command in commands:
        for word, here in words.items():
            command = command.replace(word, here)
        ended = subprocess.run(
            shlex.split(command),
            capture_output=True,
            text=True,
            timeout=60,
            env=service.environment_of({"CREDENTIALS_DIRECTORY": str(closed)}),
        )
        if ended.returncode:
            return ended
    return None


def test_reload_by_the_unit_fails_where_the_settings_are_wrong(service: Running) -> None:
    service.start()
    service.configure(site={"title": "Cloud News"})
    refused = reload_by_unit(service)
    assert refused is not None
    assert refused.returncode == 78
    assert "base_url" in refused.stderr
    service.configure(site={"title": "Other News", "base_url": "https://feeds.example.org/"})
    changed = "site.title: Cloud News → Other News"
    assert changed in service.command("config", "diff").stdout.splitlines()
    assert reload_by_unit(service) is None
    wait_for(lambda: service.text().count("serving feeds") == 2, why="ready again")
    assert "setting changed" in service.text() and "before='Cloud News'" in service.text()
    wait_for(
        lambda: service.command("config", "diff").stdout.startswith("no differences"), why="the new ones"
    )
    assert "not taken over" not in service.text(), "the wrong settings never reached the service"
    service.port = service._port()
    assert "Other News" in service.get("feeds/all/rss.xml").text
    assert service.stop() == 0
    ended = service.command("config", "diff")
    assert (ended.returncode, "no service to compare with" in ended.stderr) == (1, True)
    assert "Start it: `syndicator run`" in ended.stderr


def test_settings_that_cannot_be_read_for_ever_hold_up_no_stop(service: Running) -> None:
    service.start()
    assert service.process is not None
    tasks = Path(f"/proc/{service.process.pid}/task")
    before = len([*tasks.iterdir()])
    service.config.unlink()
    os.mkfifo(service.config)  # as on a dead mount
    hang_up(service)
    wait_for(lambda: len([*tasks.iterdir()]) > before, why="the thread that reads")
    assert service.stop() == 0


def test_reload_is_no_stop_to_systemd(service: Running) -> None:
    service.start()
    notified = Notified(service.notify_address)
    hang_up(service)
    wait_for(lambda: notified.has("READY=1"), why="READY")
    assert "RELOADING=1" in notified.lines
    assert "STOPPING=1" not in notified.lines, "systemd would wait for the end, and then kill"
    assert service.stop() == 0
    assert notified.has("STOPPING=1")
    notified.close()


def test_signals_before_the_settings_are_read(tmp_path: Path) -> None:
    service = Running(tmp_path)
    good = service.config.read_text(encoding="utf-8")
    service.config.unlink()
    os.mkfifo(service.config)
    service.forks = False
    service.start(ready=False)
    assert service.process is not None
    with service.config.open("w", encoding="utf-8") as settings:  # once the service reads
        hang_up(service)
        settings.write(good[:10])
        settings.flush()
        time.sleep(0.5)
        assert service.process.poll() is None
        begun = time.monotonic()
        assert service.stop() == 0
    assert time.monotonic() - begun < 1.0
