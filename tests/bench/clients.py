"""A small HTTP client that loads one server over loopback for a bounded time.

Two processes with sixteen connections each, which stay open. One request is under way on each: several on one
(pipelining) would measure how Nagle's rule and delayed acknowledgements get on, which no reader meets.
"""

from __future__ import annotations

import http.client
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

CONNECTIONS = 16
CLIENTS = 2


def etag(port: int, path: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        return connection.getresponse().headers["etag"] or ""


def latencies_s(port: int, path: str, seconds: float) -> list[float]:
    """How long single requests took, one after another."""
    took: list[float] = []
    until = time.monotonic() + seconds
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        while time.monotonic() < until:
            began = time.perf_counter()
            connection.request("GET", path)
            connection.getresponse().read()
            took.append(time.perf_counter() - began)
    return took


def per_second(port: int, path: str, header: str, status: int, seconds: float = 2.0) -> float:
    """Answers per second to a request with this header. Raises RuntimeError where the status is another."""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n".encode()
    first = _first_answer(port, asked)
    if not first.startswith(b"HTTP/1.1 %d" % status):
        raise RuntimeError(f"port {port} answered {first[:200]!r}, not {status}")
    load = partial(_load, asked=asked, size=len(first), seconds=seconds)
    with ProcessPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(load, [port] * CLIENTS))


def _first_answer(port: int, asked: bytes) -> bytes:
    """All of one answer: what comes until the server is silent."""
    answer = b""
    with _connect(port, timeout_s=0.5) as connection:
        connection.sendall(asked)
        while True:
            try:
                answer += connection.recv(1 << 20)
            except TimeoutError:
                return answer


def _load(port: int, asked: bytes, size: int, seconds: float) -> float:
    answers, began = 0, time.monotonic()
    with ExitStack() as opened:
        connections = [opened.enter_context(_connect(port)) for _ in range(CONNECTIONS)]
        while time.monotonic() - began < seconds:
            for connection in connections:
                connection.sendall(asked)
            for connection in connections:
                _receive(connection, size)
            answers += len(connections)
    return answers / (time.monotonic() - began)


def _receive(connection: socket.socket, size: int) -> None:
    while size > 0:
        if not (got := len(connection.recv(min(size, 1 << 20)))):
            raise RuntimeError("the server closed the connection")
        size -= got


def _connect(port: int, timeout_s: float = 10.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout_s)
