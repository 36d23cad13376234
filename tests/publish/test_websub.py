from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from syndicator.publish.websub import LONGEST_WAIT, HubAnswer, HubReply, next_attempt, notify

TOPICS = ("https://feeds.example.org/feeds/all/atom.xml", "https://feeds.example.org/feeds/ai/rss.xml")
SECONDS = timedelta(seconds=1)


class Hub(ThreadingHTTPServer):
    """A hub that remembers what it is told and answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = [204]
        self.forms: list[dict[str, list[str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.forms.append(parse_qs(body.decode()))
        status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if 300 <= status < 400:
            self.send_header("Location", self.server.address)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_hub_is_told_of_each_feed_in_both_forms(hub: Hub) -> None:
    assert notify(hub.address, TOPICS, 5 * SECONDS) == tuple(
        HubReply(topic=topic, result=HubAnswer.TOLD, why="HTTP 204") for topic in TOPICS
    )
    assert hub.forms == [{"hub.mode": ["publish"], "hub.url": [t], "hub.topic": [t]} for t in TOPICS]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, HubAnswer.TOLD),
        (202, HubAnswer.TOLD),
        (302, HubAnswer.REFUSED),
        (400, HubAnswer.REFUSED),
        (404, HubAnswer.REFUSED),
        (408, HubAnswer.LATER),
        (429, HubAnswer.LATER),
        (500, HubAnswer.LATER),
        (503, HubAnswer.LATER),
    ],
)
def test_answer_says_whether_to_ask_again(hub: Hub, status: int, result: HubAnswer) -> None:
    hub.statuses = [status, 204]
    first, second = notify(hub.address, TOPICS, 5 * SECONDS)
    assert (first.result, first.why) == (result, f"HTTP {status}")
    assert second.result is HubAnswer.TOLD
    assert len(hub.forms) == 2


def test_hub_that_is_not_there_is_asked_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    (told,) = notify(f"http://127.0.0.1:{port}/", TOPICS[:1], 5 * SECONDS)
    assert (told.result, told.why) == (HubAnswer.LATER, "ConnectError")


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "hub", "http://hub:port/"])
def test_address_that_is_none_is_refused(address: str) -> None:
    (told,) = notify(address, TOPICS[:1], 5 * SECONDS)
    assert told.result is HubAnswer.REFUSED


def test_no_feeds_need_no_call() -> None:
    assert notify("http://127.0.0.1:1/", (), SECONDS) == ()


def test_hub_that_drips_its_answer_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                for byte in b"HTTP/1.1 204 " + b"x" * 1_000:
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        return
                    if over.wait(0.05):
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        told = notify(f"http://127.0.0.1:{server.getsockname()[1]}/", TOPICS, timedelta(seconds=0.5))
        took = time.monotonic() - started
        over.set()
        thread.join()
    assert [each.result for each in told] == [HubAnswer.LATER, HubAnswer.LATER]
    assert [each.topic for each in told] == list(TOPICS)
    assert took < 3


def test_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [next_attempt(attempt, 0.0).total_seconds() for attempt in range(1, 12)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    assert next_attempt(10**9, 0.0) == LONGEST_WAIT
    assert next_attempt(1, 1.0) == timedelta(seconds=2.5)
