"""What clients that only hold connections open may take."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from syndicator.admin import server
from syndicator.admin.operator import Operator
from syndicator.admin.server import AdminServer
from syndicator.clock import Clock
from syndicator.errors import CannotServe
from syndicator.monitoring.status import StatusFile
from tests.acceptance.running import wait_for
from tests.making import NOON


@pytest.mark.parametrize(("host", "code"), [("127.0.0.1", 75), ("192.0.2.1", 75)])
def test_address_that_may_be_had_later_is_waited_for(tmp_path: Path, host: str, code: int) -> None:
    operator = Operator(clock=Clock(), started=NOON, status=StatusFile(tmp_path / "status"))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotServe) as caught:
        AdminServer(host, taken.getsockname()[1], operator)
    assert caught.value.exit_code == code


def test_ipv6_is_answered(tmp_path: Path) -> None:
    operator = Operator(clock=Clock(), started=NOON, status=StatusFile(tmp_path / "status"))
    try:
        admin = AdminServer("::1", 0, operator)
    except CannotServe as error:
        pytest.skip(f"no IPv6 here: {error}")
    admin.start()
    with ExitStack() as stack:
        stack.callback(admin.stop)
        assert urlopen(f"{admin.url}healthz", timeout=5).read() == b"ok\n"


def test_connections_beyond_the_most_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_OPEN", 3)
    operator = Operator(clock=Clock(), started=NOON, status=StatusFile(tmp_path / "status"))
    admin = AdminServer("127.0.0.1", 0, operator)
    admin.start()
    with ExitStack() as stack:
        stack.callback(admin.stop)
        host, _, port = admin.url.removeprefix("http://").strip("/").partition(":")

        def held() -> socket.socket:
            return stack.enter_context(closing(socket.create_connection((host, int(port)), timeout=5)))

        holding = [held() for _ in range(3)]
        with pytest.raises(TimeoutError):
            holding[-1].settimeout(0.05)
            holding[-1].recv(1)
        assert held().recv(1) == b"", "closed at once"
        for one in holding:
            one.close()

        def is_answered() -> bool:
            try:
                return bool(urlopen(f"{admin.url}healthz", timeout=5).read() == b"ok\n")
            except OSError:
                return False

        wait_for(is_answered, why="places that are free again")


@pytest.mark.parametrize("request_head", ["GET / HTTP/1.1\r\nHost: evil.example", "POST / HTTP/1.1"])
def test_client_that_hangs_up_is_no_news(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], request_head: str
) -> None:
    with answering(tmp_path) as (admin, client, connection):
        client.sendall(f"{request_head}\r\n\r\n".encode())
        client.close()
        admin.process_request_thread(connection, ("127.0.0.1", 1))
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err


def test_client_that_takes_nothing_is_no_news(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.AdminHandler, "timeout", 0.05)
    with answering(tmp_path) as (admin, client, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        client.sendall(b"GET /style.css HTTP/1.1\r\n\r\n")
        admin.process_request_thread(connection, ("127.0.0.1", 1))
    said = capfd.readouterr()
    assert "failed" not in said.out + said.err


@contextmanager
def answering(folder: Path) -> Iterator[tuple[AdminServer, socket.socket, socket.socket]]:
    """A server, and both ends of a connection to it."""
    operator = Operator(clock=Clock(), started=NOON, status=StatusFile(folder / "status"))
    admin = AdminServer("127.0.0.1", 0, operator)
    client, connection = socket.socketpair()
    with closing(admin.socket), closing(client), closing(connection):
        yield admin, client, connection
