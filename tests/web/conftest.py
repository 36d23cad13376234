"""A real server, in its own process, on a free loopback port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from syndicator.publish.addresses import render_nginx_map
from syndicator.threads import Parts
from syndicator.web.app import WebOptions
from syndicator.web.process import WebServer

BASE = "https://feeds.example.org/"
Start = Callable[..., WebServer]


def options(output: Path, **others: Any) -> WebOptions:
    """Serves `output` on a free port; nothing has moved."""
    values: dict[str, Any] = {
        "base_url": BASE,
        "host": "127.0.0.1",
        "port": 0,
        "moved_map": str(output) + ".moved",
    }
    return WebOptions(output=str(output), **values | others)


def write_moved_map(output: Path, moved: Mapping[str, str]) -> None:
    """Where `options` look for it."""
    output.with_name(output.name + ".moved").write_bytes(render_nginx_map(moved))


@contextmanager
def serving(output: Path, **others: Any) -> Iterator[WebServer]:
    """A server on the folder, stopped at the end."""
    server = WebServer(options(output, **others))
    server.start()
    with ExitStack() as stack:
        stack.callback(server.close)
        Parts().run_beside(stack, "web server", server.run, server.stopping, server.stop)
        server.wait_until_ready(threading.Event())
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers on `public` in the test's folder, or another, that are stopped when the test ends."""
    with ExitStack() as opened:

        def run(output: Path = tmp_path / "public", **others: Any) -> WebServer:
            return opened.enter_context(serving(output, **others))

        yield run


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A folder with one page, `hello`."""
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "index.html").write_bytes(b"hello")
    return folder


def url(server: WebServer, path: str = "/") -> str:
    host, port = server.address
    return f"http://{host}:{port}{path}"


def talk(server: WebServer, request: bytes, *, deadline_s: float = 15) -> bytes:
    """Sends bytes and returns all that comes back until the server closes; fails after the deadline."""
    with socket.create_connection(server.address, timeout=deadline_s) as connection:
        connection.sendall(request)
        return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    got = bytearray()
    try:
        while chunk := connection.recv(1 << 16):
            got += chunk
    except ConnectionResetError:
        pass
    return bytes(got)
