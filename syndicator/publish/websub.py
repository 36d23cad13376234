"""Tells a WebSub hub that feeds have changed, so that it may tell their subscribers.

Publishing is not part of the WebSub recommendation (https://www.w3.org/TR/websub/#publishing); hubs agree on
a form with `hub.mode=publish`, some read the feed's address from `hub.url` and some from `hub.topic`. What is
to be told is in the store; a thread of its own works it off, so that a slow hub holds up nothing.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx
import structlog

from syndicator.store.database import Store
from syndicator.store.types import OwedNotification
from syndicator.waiting import back_off

log = structlog.get_logger()

AT_ONCE = 50
"""Feeds told of in a row."""
TIMEOUT_S = 10.0
GIVE_UP = timedelta(hours=24)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
LOOK_EVERY_S = 30.0
UNUSABLE = "the environment's proxy or certificates cannot be used, write HTTPS_PROXY or ALL_PROXY like http://host:port"


class HubNotifier:
    """Works off what the hub is owed, from `run` until it is stopped."""

    def __init__(self, store: Store, hub: str, *, clock: Callable[[], datetime]) -> None:
        self._store, self._hub, self._clock = store, hub, clock
        self.failure: tuple[str, datetime] | None = None
        """Why it is not told, and since when; None while it is. Read from any thread."""

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Tells until `stop`; `wake` says that there may be something new. Set both to end: at once, or after
        the call that is under way."""
        while not stop.is_set():
            wake.clear()
            wake.wait(self.tell(stop))

    def tell(self, stop: threading.Event) -> float:
        """Tells what is due now; the seconds until more may be due."""
        now = self._clock()
        with self._store.reading() as session:
            due = session.feeds.due_to_hub(now, limit=AT_ONCE)
        if due:
            self._settle(self._try(due, stop))
        with self._store.reading() as session:
            soonest = session.feeds.next_due_to_hub()
        if soonest is None:
            return LOOK_EVERY_S
        return min(max(0.0, (soonest - self._clock()).total_seconds()), LOOK_EVERY_S)

    def _try(
        self, due: Sequence[OwedNotification], stop: threading.Event
    ) -> list[tuple[OwedNotification, str | None]]:
        try:
            client = httpx.Client(timeout=TIMEOUT_S)
        except (httpx.InvalidURL, ImportError, OSError, ValueError):
            return [(one, UNUSABLE) for one in due]
        with client:
            return [(one, notify(client, self._hub, one.topic)) for one in due if not stop.is_set()]

    def _settle(self, tried: list[tuple[OwedNotification, str | None]]) -> None:
        # All that failed together is tried again together.
        now, jitter = self._clock(), random.random()  # noqa: S311
        with self._store.transaction() as session:
            for owed, why in tried:
                if why is not None and now - owed.since < GIVE_UP:
                    wait = back_off(owed.attempts + 1, FIRST_WAIT, LONGEST_WAIT, jitter)
                    session.feeds.postpone_hub(owed.topic, now + wait)
                else:
                    session.feeds.forget_hub(owed.topic, since=owed.since)
        self._say([why for _, why in tried])

    def _say(self, outcomes: list[str | None]) -> None:
        """A hub that does not take what it is told is told of once, and once when it does again."""
        failures = [why for why in outcomes if why is not None]
        if failures:
            if self.failure is None:
                log.warning("hub not told, tried again for a day", feeds=len(failures), why=failures[0])
            self.failure = failures[0], self.failure[1] if self.failure else self._clock()
        elif outcomes:
            say = log.debug if self.failure is None else log.info
            self.failure = None
            say("hub told", feeds=len(outcomes))


def notify(client: httpx.Client, hub: str, topic: str) -> str | None:
    """Tells the hub about one feed address; why that failed, with no part of its answer but its status, or
    None.

    Redirects are not followed and answers not read. May be repeated: a hub that is told twice looks twice and
    finds nothing new.
    """
    form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    try:
        with client.stream("POST", hub, data=form) as response:
            return None if response.is_success else f"HTTP {response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
