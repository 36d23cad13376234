"""A real server on a free loopback port for each test that asks for one."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from syndicator.serve.messages import App
from syndicator.serve.server import Server

Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers that are stopped when the test ends."""
    with ExitStack() as opened:

        def run(app: App, **limits: float) -> Server:
            server = Server(app, host="127.0.0.1", port=0, **limits)
            server.start()
            opened.callback(server.stop, 2.0)
            return server

        yield run


def talk(server: Server, request: bytes, *, deadline_s: float = 15) -> bytes:
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
