"""Tells the WebSub hub what has changed, in a thread of its own: a slow hub holds up nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from syndicator.errors import StoreError
from syndicator.publish.websub import HubAnswer, HubReply, next_attempt, notify
from syndicator.store.database import Store
from syndicator.store.websub import OwedNotification

log = structlog.get_logger()

AT_ONCE = 50
"""Feeds told of in one call."""
TIMEOUT = timedelta(seconds=15)
GIVE_UP = timedelta(hours=24)
LONGEST_WAIT_S = 30.0


class HubNotifier:
    """Works off what the hub is owed, from `run` until it is stopped."""

    def __init__(
        self,
        store: Store,
        hub: str,
        *,
        clock: Callable[[], datetime],
        call: Callable[[str, Sequence[str], timedelta], Sequence[HubReply]] = notify,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._hub, self._clock, self._call, self._jitter = store, hub, clock, call, jitter
        self._silent = False

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Tells until `stop`; `wake` says that there may be something new. Set both to end at once."""
        while not stop.is_set():
            wake.clear()
            try:
                wait_s = self.tell()
            except StoreError as error:
                log.warning("hub not told, tried again", why=str(error))
                wait_s = LONGEST_WAIT_S
            wake.wait(wait_s)

    def tell(self) -> float:
        """Tells what is due now; the seconds until more may be."""
        now = self._clock()
        with self._store.reading() as session:
            due = session.websub.due(now, limit=AT_ONCE)
        if due:
            outcomes = self._call(self._hub, [owed.topic for owed in due], TIMEOUT)
            self._settle(due, outcomes)
        with self._store.reading() as session:
            soonest = session.websub.next_due()
        if soonest is None:
            return LONGEST_WAIT_S
        return min(max(0.0, (soonest - self._clock()).total_seconds()), LONGEST_WAIT_S)

    def _settle(self, due: Sequence[OwedNotification], outcomes: Sequence[HubReply]) -> None:
        # All that failed together is tried again together.
        now, jitter = self._clock(), self._jitter()
        with self._store.transaction() as session:
            for owed, outcome in zip(due, outcomes, strict=True):
                if outcome.result is HubAnswer.LATER and now - owed.since < GIVE_UP:
                    session.websub.postpone(owed.topic, now + next_attempt(owed.attempts + 1, jitter))
                else:
                    session.websub.forget(owed.topic, since=owed.since)
        self._say(outcomes)

    def _say(self, outcomes: Sequence[HubReply]) -> None:
        """A hub that does not answer is told of once, and once when it answers again."""
        told = sum(outcome.result is HubAnswer.TOLD for outcome in outcomes)
        refused = [outcome for outcome in outcomes if outcome.result is HubAnswer.REFUSED]
        later = [outcome for outcome in outcomes if outcome.result is HubAnswer.LATER]
        if refused:
            log.warning("hub refuses feeds", feeds=len(refused), why=refused[0].why)
        if later and not told:
            tell = log.debug if self._silent else log.warning
            tell("hub not told, tried again until it answers", feeds=len(later), why=later[0].why)
            self._silent = True
        elif told:
            tell = log.info if self._silent else log.debug
            tell("hub told", feeds=told)
            self._silent = False
