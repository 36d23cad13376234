"""Tells a WebSub hub that feeds have changed, so that it may tell their subscribers.

Publishing is not part of the WebSub recommendation (https://www.w3.org/TR/websub/#publishing); hubs agree on
a form with `hub.mode=publish`, some read the feed's address from `hub.url` and some from `hub.topic`. What is
to be told is in the store; a thread of its own works it off, so that a slow hub holds up nothing.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import httpx
import structlog

from syndicator.once import SaidOnce
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


class HubAnswer(StrEnum):
    """What came of telling the hub about one feed."""

    TOLD = "told"
    LATER = "not reached: try again"
    """No answer, a server error or 429."""
    REFUSED = "refused"
    """The hub does not want this feed; asking again does not help."""


class HubReply(NamedTuple):
    """One feed's outcome; `why` is short and holds no part of the hub's answer but its status."""

    answer: HubAnswer
    why: str


class HubNotifier:
    """Works off what the hub is owed, from `run` until it is stopped."""

    def __init__(self, store: Store, hub: str, *, clock: Callable[[], datetime]) -> None:
        self._store, self._hub, self._clock = store, hub, clock
        self._said = SaidOnce()
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
            with httpx.Client(timeout=TIMEOUT_S) as client:
                told = [(one, notify(client, self._hub, one.topic)) for one in due if not stop.is_set()]
            self._settle(told)
        with self._store.reading() as session:
            soonest = session.feeds.next_due_to_hub()
        if soonest is None:
            return LOOK_EVERY_S
        return min(max(0.0, (soonest - self._clock()).total_seconds()), LOOK_EVERY_S)

    def _settle(self, told: list[tuple[OwedNotification, HubReply]]) -> None:
        # All that failed together is tried again together.
        now, jitter = self._clock(), random.random()  # noqa: S311
        with self._store.transaction() as session:
            for owed, reply in told:
                if reply.answer is HubAnswer.LATER and now - owed.since < GIVE_UP:
                    session.feeds.postpone_hub(
                        owed.topic, now + back_off(owed.attempts + 1, FIRST_WAIT, LONGEST_WAIT, jitter)
                    )
                else:
                    session.feeds.forget_hub(owed.topic, since=owed.since)
        self._say([reply for _, reply in told])

    def _say(self, replies: list[HubReply]) -> None:
        """A hub that does not answer is told of once, and once when it answers again."""
        told, later, refused = (
            [reply.why for reply in replies if reply.answer is answer]
            for answer in (HubAnswer.TOLD, HubAnswer.LATER, HubAnswer.REFUSED)
        )
        if why := [*refused, *(later if not told else ())]:
            self.failure = why[0], self.failure[1] if self.failure else self._clock()
        elif told:
            self.failure = None
        if refused:
            log.warning("hub refuses feeds", feeds=len(refused), why=refused[0])
        if later and not told and self._said.changed("silent"):
            log.warning("hub not told, tried again until it answers", feeds=len(later), why=later[0])
        elif told:
            say = log.info if self._said.changed("") else log.debug
            say("hub told", feeds=len(told))


def notify(client: httpx.Client, hub: str, topic: str) -> HubReply:
    """Tells the hub about one feed address.

    Redirects are not followed and answers not read. May be repeated: a hub that is told twice looks twice and
    finds nothing new.
    """
    form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    try:
        with client.stream("POST", hub, data=form) as response:
            status = response.status_code
            later = status >= 500 or status in (408, 425, 429)
            refused = HubAnswer.LATER if later else HubAnswer.REFUSED
            return HubReply(HubAnswer.TOLD if 200 <= status < 300 else refused, f"HTTP {status}")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return HubReply(HubAnswer.REFUSED, "the hub's address is not one of http or https")
    except httpx.HTTPError as error:
        return HubReply(HubAnswer.LATER, type(error).__name__)
