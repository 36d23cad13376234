"""The hub hears of every change, sooner or later, and a hub that is away costs nothing but time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from syndicator.publish import websub
from syndicator.publish.websub import GIVE_UP, UNUSABLE, HubNotifier, notify
from syndicator.store.database import Store, open_store
from syndicator.waiting import back_off
from tests.making import NOON
from tests.sockets import PLAIN

FEEDS = ["https://feeds.example.org/feeds/ai/atom.xml", "https://feeds.example.org/feeds/ai/rss.xml"]


class Hub(ThreadingHTTPServer):
    """A hub that remembers what it is told, answers as it is told to, and lets things happen meanwhile."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.forms: list[dict[str, list[str]]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    @property
    def told(self) -> list[str]:
        return [form["hub.topic"][0] for form in self.forms]


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.forms.append(parse_qs(body.decode()))
        self.server.meanwhile()
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        if 300 <= self.server.status < 400:
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


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5, **PLAIN) as client:
        yield client


def test_hub_is_told_of_a_feed_in_both_forms(hub: Hub, client: httpx.Client) -> None:
    assert notify(client, hub.address, FEEDS[0]) is None
    assert hub.forms == [{"hub.mode": ["publish"], "hub.url": [FEEDS[0]], "hub.topic": [FEEDS[0]]}]


@pytest.mark.parametrize(
    ("status", "why"),
    [(200, None), (202, None), (302, "HTTP 302"), (404, "HTTP 404"), (429, "HTTP 429"), (503, "HTTP 503")],
)
def test_answer_says_whether_it_was_told(
    hub: Hub, client: httpx.Client, status: int, why: str | None
) -> None:
    hub.status = status
    assert notify(client, hub.address, FEEDS[0]) == why
    assert len(hub.forms) == 1, "no redirect is followed"


def test_hub_that_is_not_there_is_not_told(client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert notify(client, f"http://127.0.0.1:{port}/", FEEDS[0]) == "ConnectError"


def test_hub_that_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, httpx.Client(timeout=0.1, **PLAIN) as client:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert notify(client, address, FEEDS[0]) == "ReadTimeout"


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "hub", "http://hub:port/"])
def test_address_that_is_none_is_not_told(client: httpx.Client, address: str) -> None:
    assert notify(client, address, FEEDS[0])


class World:
    def __init__(self, folder: Path, hub: Hub) -> None:
        self.now, self.hub, self.stop = NOON, hub, threading.Event()
        self.store: Store = open_store(f"sqlite:///{folder}/state.db", now=NOON)
        self.notifier = HubNotifier(self.store, hub.address, clock=lambda: self.now)

    def tell(self) -> float:
        return self.notifier.tell(self.stop)

    def owe(self) -> None:
        with self.store.transaction() as session:
            session.feeds.owe_hub(FEEDS, self.now)

    def owed(self) -> int:
        with self.store.reading() as session:
            return len(session.feeds.due_to_hub(self.now + timedelta(days=9), limit=99))


@pytest.fixture
def world(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(websub, "back_off", lambda *wait: back_off(*wait[:3]))
    world = World(tmp_path, hub)
    world.owe()
    yield world
    world.store.close()


def test_hub_is_told_of_each_feed_once(world: World) -> None:
    world.tell()
    world.tell()
    assert world.hub.told == FEEDS
    assert world.owed() == 0


def test_why_the_hub_is_not_told_is_known_until_it_is(world: World) -> None:
    for status, failure in ((403, ("HTTP 403", NOON)), (503, ("HTTP 503", NOON)), (204, None)):
        world.hub.status = status
        world.owe()
        world.tell()
        assert world.notifier.failure == failure
        world.now += timedelta(seconds=30)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:port", "ftp://127.0.0.1:1"])
def test_proxy_that_cannot_be_used_is_why_the_hub_is_not_told(
    world: World, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("ALL_PROXY", proxy)
        assert world.tell() == pytest.approx(5.0)
    assert world.notifier.failure == (UNUSABLE, NOON)
    world.now += timedelta(seconds=5)
    world.tell()
    assert world.hub.told == FEEDS


def test_hub_that_is_away_is_asked_again_later(world: World) -> None:
    world.hub.status = 503
    assert world.tell() == pytest.approx(5.0)
    assert world.tell() == pytest.approx(5.0)
    assert world.hub.told == FEEDS, "not again before its time"
    world.hub.status = 204
    world.now += timedelta(seconds=5)
    world.tell()
    assert world.hub.told == FEEDS * 2
    assert world.owed() == 0


def test_change_while_the_hub_is_told_is_told_as_well(world: World) -> None:
    def change() -> None:
        world.hub.meanwhile = lambda: None
        world.now += timedelta(seconds=1)
        world.owe()

    world.hub.meanwhile = change
    world.tell()
    world.tell()
    assert world.hub.told == FEEDS * 2
    assert world.owed() == 0


def test_what_is_not_heard_for_a_day_is_given_up(world: World) -> None:
    world.hub.status = 503
    world.now += GIVE_UP
    world.tell()
    assert world.owed() == 0


def test_notifier_ends_after_the_call_under_way_when_told_to(world: World) -> None:
    wake = threading.Event()

    def end() -> None:
        world.stop.set()
        wake.set()

    world.hub.meanwhile = end
    thread = threading.Thread(target=world.notifier.run, args=(world.stop, wake))
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert world.hub.told == FEEDS[:1]
    assert world.owed() == 1, "the other is told by the next start"
