"""What `deliveries` sends: messages that come to be owed, and their stories, which change meanwhile."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from syndicator.alerts import DeliveryState
from syndicator.notify.edits import EDITED_FOR, plan_edit
from syndicator.store.outbox import Outbox
from tests.slack.values import messaged
from tests.slack_server import Posted, Slack
from tests.store.outbox_values import OutboxStore

QUIET = timedelta(milliseconds=50)
OPEN = (DeliveryState.OWED, DeliveryState.SENDING, DeliveryState.UNCLEAR)
PORTIONS, LEAST = 20, 100
FEW = 10
"""So many stories change at a time, at most."""


class Workload:
    """Messages come in portions, each once most of the last is posted and the edits before it are made: edits
    wait for all messages, and would else come when the faults and kills are over."""

    def __init__(
        self,
        store: OutboxStore,
        dice: random.Random,
        slack: Slack,
        *,
        deliveries: int,
        edits: int,
        channels: int,
    ) -> None:
        self._store, self._dice, self._slack = store, dice, slack
        self._deliveries, self._edits, self._channels = deliveries, edits, channels
        self._portion = max(LEAST, -(-deliveries // PORTIONS))
        self._marked: set[str] = set()
        self.owed = self.changes = self.made = 0
        self.wanted: dict[str, str] = {}
        """The last text of each message whose story has changed."""

    def go_on(self) -> bool:
        """Adds what its time has come for. Whether all messages are owed, all edits made, and all settled."""
        now = datetime.now(UTC)
        with self._store() as outbox:
            counts, edits = outbox.count()
            self.made = edits[DeliveryState.SENT]
            waiting = sum(edits[state] for state in OPEN)
            messages = sum(counts[state] for state in OPEN)
            messages += self._owe(outbox, messages, now)
            posted = min(1.0, len(self._slack.posted) / self._deliveries)
            wanted = int(self._edits * posted) - self.made - waiting - len(self._marked)
            for _ in range(min(FEW, wanted)):
                self._change(outbox, now)
            rests = not messages and not waiting and outbox.edits.next_due() is None
            self._compare(outbox, now)
            return rests and self.owed == self._deliveries and self.made >= self._edits

    def wanted_of(self, posted: Posted) -> str:
        """The text that it should have."""
        return self.wanted.get(str(posted.delivery), str(posted.body["text"]))

    def describe(self, posted: Posted) -> str:
        """A message that is not as it should be, and how that came."""
        with self._store() as outbox:
            edits = [
                f"{one.state} {one.message['text']!r}, {one.created:%T.%f} to {one.ended}, {one.error}"
                for one in outbox.edits.of(str(posted.delivery))
            ]
            kept = outbox.find(str(posted.delivery))
        texts = [one.body["text"] for one in posted.edits]
        return (
            f"wanted {self.wanted_of(posted)!r}, first {posted.body['text']!r}, then {texts}; {kept}; {edits}"
        )

    def _owe(self, outbox: Outbox, waiting: int, now: datetime) -> int:
        """The next portion, if its time has come; how many messages."""
        before = self._edits * (self.owed - self._portion) // self._deliveries
        if waiting > self._portion // 10 or self.made < before:
            return 0
        some = range(self.owed, min(self.owed + self._portion, self._deliveries))
        for number in some:
            outbox.write(messaged(f"d{number}", channel=f"C{number % self._channels}", now=now), [])
        self.owed += len(some)
        return len(some)

    def _change(self, outbox: Outbox, now: datetime) -> None:
        """Mostly the story of a posted message; one in three changes back to what was posted first."""
        id = f"d{self._dice.randrange(self.owed)}"
        if self._slack.posted and self._dice.random() < 0.8:
            id = str(self._dice.choice(self._slack.posted).delivery)
        known = outbox.find(id)
        assert known is not None
        self.changes += 1
        text = f"Message {id}" if self._dice.random() < 0.33 else f"Message {id}, change {self.changes}"
        if known.state is DeliveryState.OWED:
            outbox.recompose(replace(known, message={**known.message, "text": text}))
        else:
            self._marked.add(id)
        outbox.edits.mark([id], now + QUIET, routes=[known.route], sent_after=now - EDITED_FOR)
        self.wanted[id] = text

    def _compare(self, outbox: Outbox, now: datetime) -> None:
        """As the enqueuer does."""
        for posted in outbox.edits.due(now):
            known = outbox.edits.of(posted.id)
            if any(edit.state is DeliveryState.SENDING for edit in known):
                continue
            self._marked.discard(posted.id)
            anew = replace(posted, message={**posted.message, "text": self.wanted[posted.id]})
            outbox.edits.put(posted, plan_edit(posted, known, anew, now=now, quiet=QUIET))
