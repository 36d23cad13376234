"""Signals to the real service: a reload that cannot be, a stop in the midst of one, what systemd hears."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.running import Notified, Running, running, wait_for


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as service:
        yield service


def hang_up(service: Running) -> None:
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)


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


def test_reload_with_a_state_that_is_no_database_keeps_the_old_settings(service: Running) -> None:
    service.start()
    service.configure(state="var/state.db")
    hang_up(service)
    wait_for(lambda: "write sqlite:///var/state.db" in service.text(), why="the refusal")
    assert service.get("feeds/all/rss.xml").status_code == 200
    assert service.stop() == 0


def test_stop_in_the_midst_of_a_reload_is_a_stop(service: Running) -> None:
    service.start()
    hang_up(service)
    wait_for(lambda: "settings read anew" in service.text(), why="the reload")
    assert service.stop() == 0


def test_reload_is_no_stop_to_systemd(service: Running) -> None:
    service.start()
    notified = Notified(service.base / "notify")
    hang_up(service)
    wait_for(lambda: notified.has("READY=1"), why="READY")
    assert "RELOADING=1" in notified.lines
    assert "STOPPING=1" not in notified.lines, "systemd would wait for the end, and then kill"
    assert service.stop() == 0
    assert notified.has("STOPPING=1")
    notified.close()
