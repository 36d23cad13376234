"""The hub hears of every change, sooner or later, and a hub that is away costs nothing but time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from syndicator.publish.websub import HubAnswer, HubReply
from syndicator.publish.websub_sender import GIVE_UP, HubNotifier
from syndicator.store.database import Store, open_store
from tests.making import NOON

FEEDS = ["https://feeds.example.org/feeds/ai/atom.xml", "https://feeds.example.org/feeds/ai/rss.xml"]


class Hub:
    """A hub that answers as it is told to, and lets things happen while it is asked."""

    def __init__(self) -> None:
        self.result = HubAnswer.TOLD
        self.told: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, hub: str, topics: Sequence[str], timeout: timedelta) -> list[HubReply]:
        self.meanwhile()
        self.told += topics if self.result is HubAnswer.TOLD else []
        return [HubReply(topic=topic, result=self.result) for topic in topics]


class World:
    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.hub = Hub()
        self.store: Store = open_store(f"sqlite:///{folder}/state.db", now=NOON)
        self.notifier = HubNotifier(
            self.store,
            "https://hub.example/",
            clock=lambda: self.now,
            call=self.hub,
            jitter=lambda: 0.0,
        )

    def owe(self) -> None:
        with self.store.transaction() as session:
            session.websub.owe(FEEDS, self.now)

    def owed(self) -> int:
        with self.store.reading() as session:
            return len(session.websub.due(self.now + timedelta(days=9), limit=99))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


def test_hub_is_told_of_each_feed_once(world: World) -> None:
    world.owe()
    world.notifier.tell()
    world.notifier.tell()
    assert world.hub.told == FEEDS
    assert world.owed() == 0


def test_hub_that_is_away_is_asked_again_later(world: World) -> None:
    world.owe()
    world.hub.result = HubAnswer.LATER
    assert world.notifier.tell() == pytest.approx(5.0)
    assert world.notifier.tell() == pytest.approx(5.0), "not before its time"
    world.hub.result = HubAnswer.TOLD
    world.now += timedelta(seconds=5)
    world.notifier.tell()
    assert world.hub.told == FEEDS


def test_change_while_the_hub_is_told_is_told_as_well(world: World) -> None:
    world.owe()

    def change() -> None:
        world.now += timedelta(seconds=1)
        world.owe()

    world.hub.meanwhile = change
    world.notifier.tell()
    world.hub.meanwhile = lambda: None
    world.notifier.tell()
    assert world.hub.told == FEEDS * 2
    assert world.owed() == 0


@pytest.mark.parametrize(
    ("result", "later"),
    [
        pytest.param(HubAnswer.REFUSED, timedelta(0), id="refused"),
        pytest.param(HubAnswer.LATER, GIVE_UP, id="away for a day"),
    ],
)
def test_what_will_not_be_heard_is_given_up(world: World, result: HubAnswer, later: timedelta) -> None:
    world.owe()
    world.hub.result = result
    world.now += later
    world.notifier.tell()
    assert world.owed() == 0


def test_teller_ends_at_once_when_told_to(world: World) -> None:
    stop, wake = threading.Event(), threading.Event()
    thread = threading.Thread(target=world.notifier.run, args=(stop, wake))
    thread.start()
    world.owe()
    wake.set()
    stop.set()
    wake.set()
    thread.join(5)
    assert not thread.is_alive()
