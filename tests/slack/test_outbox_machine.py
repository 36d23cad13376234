"""The outbox as a state machine: whatever happens in whatever order, nothing is lost and nothing comes twice.

The real sender and the real tables, a clock set by hand, and a Slack that refuses, loses answers before and
after acceptance, applies late, and cannot be searched; the process is killed at each of its points. Posted
messages change meanwhile, and in the end each shows its last text.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syndicator.alerts import Delivery, DeliveryState
from syndicator.errors import Refused, Rejected, Unclear, Uneditable
from syndicator.notify.edits import EDITED_FOR, plan_edit
from syndicator.slack.retry import Drawn, RetryPolicy
from syndicator.slack.sender import Sender
from tests.sending import deliver_once
from tests.slack.values import NOON, SECOND, message, messaged
from tests.store.outbox_values import memory_store

POLICY = RetryPolicy()
POST_FAULTS = ("refused", "rejected", "lost before", "lost after", "late")
ENDED = {DeliveryState.SENT, DeliveryState.SHOWN, DeliveryState.RELEASED}
LOOK_FAULTS = ("refused", "rejected", "unclear")


class Killed(BaseException):
    """What `kill -9` does to the code that runs."""


class ModelSlack:
    """Accepts, refuses or loses as it is told, and remembers when each message shows."""

    can_look = True

    def __init__(self, machine: OutboxMachine) -> None:
        self._machine = machine
        self.shows: dict[str, list[datetime]] = {}
        self.texts: dict[str, list[tuple[datetime, str]]] = {}
        """The texts that each message has had, with when Slack applied them."""
        self.post_faults: dict[str, deque[str]] = {}
        self.edit_faults: dict[str, deque[str]] = {}
        """By the message that is edited."""
        self.look_faults: deque[str] = deque()

    def post(self, delivery: Delivery) -> str:
        faults = self.post_faults.get(delivery.id, self.edit_faults.get(delivery.edit_of or ""))
        fault = faults.popleft() if faults else None
        what, now = "not posted", self._machine.now
        if fault == "refused":
            raise Refused(what, on=delivery.channel, code="ratelimited", retry_after=SECOND * 3)
        if fault == "rejected":
            raise Rejected(what, on=delivery.channel, code="is_archived", why="no", fix="Unarchive it")
        if fault != "lost before":
            shows = now + POLICY.confirm_after if fault == "late" else now
            if delivery.edit_of is None:
                self.shows.setdefault(delivery.id, []).append(shows)
            text = str(delivery.message["text"])
            self.texts.setdefault(delivery.edit_of or delivery.id, []).append((shows, text))
        if fault is not None:
            raise Unclear(what, on=delivery.channel, code="TimeoutError")
        return f"ts-{delivery.id}"

    def edit(self, edit: Delivery) -> str:
        if edit.message_ts is None:
            raise Uneditable("only drawn", on=edit.channel, code="not_posted")
        assert edit.message_ts == f"ts-{edit.edit_of}", "an edit of another message"
        assert self.shows[edit.edit_of or ""], "an edit of what was not posted"
        return self.post(edit)

    def find(self, delivery: Delivery) -> str | None:
        fault = self.look_faults.popleft() if self.look_faults else None
        what = "not searched"
        if fault == "refused":
            raise Refused(what, on=delivery.channel, code="ratelimited", retry_after=SECOND * 30)
        if fault == "rejected":
            raise Rejected(what, on=delivery.channel, code="missing_scope", why="no", fix="Add the scope")
        if fault == "unclear":
            raise Unclear(what, on=delivery.channel, code="TimeoutError")
        shown = [moment for moment in self.shows.get(delivery.id, ()) if moment <= self._machine.now]
        return f"ts-{delivery.id}" if shown else None


class Screen:
    """Where messages are only drawn."""

    can_look = True

    def __init__(self, machine: OutboxMachine) -> None:
        self._machine = machine

    def post(self, delivery: Delivery) -> Drawn:
        self._machine.drawn.add(delivery.id)
        return Drawn()

    def find(self, delivery: Delivery) -> Drawn:
        return self.post(delivery)

    def edit(self, edit: Delivery) -> Drawn:
        return self.post(edit)


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now, self.count = NOON, 0
        self.store, self.slack = memory_store(), ModelSlack(self)
        self.dropped: set[str] = set()
        self.drawn: set[str] = set()
        self.wanted: dict[str, str] = {}
        self.way = "slack"
        self.kill_at: str | None = None
        self.sender = self._start()

    def _start(self) -> Sender:
        sender = Sender(
            self.store,
            lambda _: Screen(self) if self.way == "preview" else self.slack,
            clock=lambda: self.now,
            has_way=lambda _route, _channel: self.way != "none",
            jitter=lambda: 0.5,
            passing=self._passing,
        )
        sender.begin()
        return sender

    def _passing(self, point: str) -> None:
        if self.kill_at == point:
            self.kill_at = None
            raise Killed

    def _all(self) -> dict[str, Delivery]:
        """The messages, without edits."""
        with self.store() as outbox:
            return {one.id: one for one in outbox.list(limit=1_000) if one.edit_of is None}

    def _edits(self) -> list[Delivery]:
        with self.store() as outbox:
            return [one for one in outbox.list(limit=1_000) if one.edit_of is not None]

    def _compare(self) -> None:
        """What the enqueuer does in each run: messages that are due are compared with their stories."""
        with self.store() as outbox:
            for posted in outbox.edits.due(self.now):
                known = outbox.edits.of(posted.id)
                if any(one.state is DeliveryState.SENDING for one in known):
                    outbox.edits.put(posted, None, again=self.now + SECOND * 60)
                    continue
                text = self.wanted.get(posted.id, posted.message["text"])
                anew = replace(posted, message={**posted.message, "text": text})
                outbox.edits.put(posted, plan_edit(posted, known, anew, now=self.now))

    # what may happen

    @initialize(faults=st.lists(st.lists(st.sampled_from(POST_FAULTS), max_size=2), min_size=2, max_size=4))
    def begin_with_some(self, faults: list[list[str]]) -> None:
        for number, some in enumerate(faults):
            self.owe("AB"[number % 2], some)

    @rule(channel=st.sampled_from(["A", "B"]), faults=st.lists(st.sampled_from(POST_FAULTS), max_size=3))
    def owe(self, channel: str, faults: list[str]) -> None:
        self.count += 1
        self.slack.post_faults[f"d{self.count}"] = deque(faults)
        with self.store() as outbox:
            outbox.write(messaged(f"d{self.count}", channel=channel, now=self.now), [])

    @rule(number=st.integers(1, 3))
    def owe_again(self, number: int) -> None:
        """A message that was taken back comes to life with the last text of its story."""
        if number <= self.count:
            id = f"d{number}"
            text = self.wanted.get(id, str(message(id)["text"]))
            anew = replace(messaged(id, channel="A", now=self.now), message=message(id) | {"text": text})
            with self.store() as outbox:
                written = outbox.write(anew, [])
            assert written is (id in self.dropped)
            self.dropped.discard(id)

    @precondition(lambda self: self.count > 0)
    @rule(
        number=st.integers(1, 3), text=st.sampled_from("ABC"), faults=st.lists(st.sampled_from(POST_FAULTS))
    )
    def change(self, number: int, text: str, faults: list[str]) -> None:
        """The story of a message changes; its edit, once it is tried, meets these faults."""
        id = f"d{min(number, self.count)}"
        with self.store() as outbox:
            waiting = outbox.find(id)
            assert waiting is not None
            if waiting.state is DeliveryState.OWED:
                outbox.recompose(replace(waiting, message=message(id) | {"text": text}))
            due, young = self.now + SECOND * 60, self.now - EDITED_FOR
            outbox.edits.mark([id], due, routes=["ai"], sent_after=young)
            known = outbox.find(id)
        if known is not None and (known.edit_due == due or known.state is DeliveryState.OWED):
            self.wanted[id] = text
            self.slack.edit_faults[id] = deque(faults)

    @rule(faults=st.lists(st.sampled_from(LOOK_FAULTS), max_size=3))
    def trouble_looking(self, faults: list[str]) -> None:
        self.slack.look_faults = deque(faults)

    @rule(
        seconds=st.sampled_from([0, 1, 3, 30, 60, 61, 900]),
        die=st.sampled_from([None, "claimed", "answered", "settled"]),
    )
    def deliver(self, seconds: int, die: str | None) -> None:
        self.now += SECOND * seconds
        self._compare()
        self.kill_at = die
        try:
            deliver_once(self.sender)
        except Killed:
            self.sender = self._start()
        self.kill_at = None

    @rule(rounds=st.integers(2, 8))
    def deliver_steadily(self, rounds: int) -> None:
        """As the running service does: often enough that nothing waits longer than it must."""
        for _ in range(rounds):
            self.deliver(30, None)

    @rule(way=st.sampled_from(["slack", "slack", "none", "preview"]))
    def restart(self, way: str) -> None:
        self.way = way
        self.sender = self._start()

    @precondition(lambda self: self.way == "none")
    @rule()
    def wait_for_days_without_a_token(self) -> None:
        before = self._all()
        self.now += timedelta(days=3)
        deliver_once(self.sender)
        assert self._all() == before, "without a way nothing is touched, and nothing given up"

    @rule()
    def fail_for_a_day(self) -> None:
        self.slack.post_faults = {id: deque(["refused"] * 2) for id in self._all()}
        self.now += timedelta(hours=25)
        deliver_once(self.sender)

    @precondition(lambda self: self.count > 0)
    @rule(data=st.data())
    def retry(self, data: Any) -> None:
        id = data.draw(st.sampled_from(sorted([*self._all(), *(edit.id for edit in self._edits())])))
        with self.store() as outbox:
            outbox.retry(id, self.now)

    @precondition(lambda self: self.count > 0)
    @rule(data=st.data())
    def drop_failed(self, data: Any) -> None:
        failed = [
            one.id for one in self._all().values() if one.state is DeliveryState.FAILED and not one.unsure
        ]
        if failed:
            id = data.draw(st.sampled_from(sorted(failed)))
            with self.store() as outbox:
                assert outbox.drop(id, "no longer wanted", self.now)
            self.dropped.add(id)

    @rule(channel=st.sampled_from(["A", "B"]))
    def hold(self, channel: str) -> None:
        """A mute begins: what waits for the channel is taken back, and may be written again."""
        waiting = {id for id, one in self._all().items() if _is_certain(one) and one.channel == channel}
        with self.store() as outbox:
            assert outbox.release(("ai", channel), "muted", self.now) == len(waiting)
        self.dropped |= waiting

    # what must always hold

    @invariant()
    def all_is_there_and_nothing_twice(self) -> None:
        known, shows = self._all(), self.slack.shows
        assert len(known) == self.count, "one disappeared"
        assert all(len(times) == 1 for times in shows.values()), "one came twice"
        sent = [one.id for one in known.values() if one.state is DeliveryState.SENT]
        assert all(id in shows for id in sent), "one counts as sent and was not"
        over = {*ENDED, DeliveryState.DROPPED}
        made = Counter(edit.edit_of for edit in self._edits() if edit.state not in over)
        assert max(made.values(), default=0) <= 1, "two edits of one message wait"
        shown = [one.id for one in known.values() if one.state is DeliveryState.SHOWN]
        assert all(id in self.drawn for id in shown), "one counts as shown and was not"

    @invariant()
    def each_field_says_what_the_docs_say(self) -> None:
        """The table of fields below the states in docs/architecture.md."""
        for one in (*self._all().values(), *self._edits()):
            is_edit, state = one.edit_of is not None, one.state
            there = (DeliveryState.SENT, DeliveryState.SHOWN)
            assert (one.lease_until is not None) is (state is DeliveryState.SENDING)
            assert (one.ended is not None) is (state in (*ENDED, DeliveryState.DROPPED))
            assert one.look_from is not None or not one.attempts
            assert not one.misses or (one.unsure and state not in (DeliveryState.OWED, *there))
            assert not one.unsure or is_edit or state not in (DeliveryState.OWED, DeliveryState.SENDING)
            assert not one.unsure or state is not DeliveryState.SENT
            assert one.message_ts is None or is_edit or state is DeliveryState.SENT
            assert one.failing_since is None or state not in there
            assert one.error is not None or state not in (DeliveryState.FAILED, DeliveryState.DROPPED)

    def teardown(self) -> None:
        """When all is well again, everything comes to its end, once."""
        self.slack.post_faults.clear()
        self.slack.look_faults.clear()
        self.restart("slack")
        over = (DeliveryState.SENT, DeliveryState.SHOWN)
        for _ in range(4 * self.count + 20):
            open_ones = [one for one in self._all().values() if one.state not in over]
            if {one.id for one in open_ones} <= self.dropped:
                break
            with self.store() as outbox:
                for one in open_ones:
                    outbox.retry(one.id, self.now)
            self.now += timedelta(minutes=16)
            deliver_once(self.sender)
        states = Counter(one.state for one in self._all().values() if one.id not in self.dropped)
        assert set(states) <= set(over), states
        self._settle_edits()
        self.all_is_there_and_nothing_twice()
        self.store.engine.dispose()

    def _settle_edits(self) -> None:
        """Each message that Slack has shows its last text. An edit that was only drawn is not made later, but
        the next change is."""
        self.slack.edit_faults.clear()
        drawn = [str(edit.edit_of) for edit in self._edits() if edit.state is DeliveryState.SHOWN]
        with self.store() as outbox:
            outbox.edits.mark(drawn, self.now, routes=["ai"], sent_after=self.now - 99 * EDITED_FOR)
        for _ in range(5 * len(self._edits()) + 10 * self.count):
            self.deliver(61, None)
            with self.store() as outbox:
                for edit in outbox.list([DeliveryState.FAILED]):
                    outbox.retry(edit.id, self.now)
                due = outbox.edits.next_due()
            if due is None and {edit.state for edit in self._edits()} <= {*ENDED, DeliveryState.DROPPED}:
                break
        assert {edit.state for edit in self._edits() if edit.message_ts is not None} <= ENDED
        sent = {id for id, one in self._all().items() if one.state is DeliveryState.SENT}
        # Sorting is stable: of two at one instant the one that was sent later counts.
        shown = {id: sorted(texts, key=lambda text: text[0])[-1][1] for id, texts in self.slack.texts.items()}
        wanted = {id: text for id, text in self.wanted.items() if id in sent}
        assert wanted == {id: shown[id] for id in wanted}


def _is_certain(delivery: Delivery) -> bool:
    return delivery.state is DeliveryState.OWED and not delivery.unsure


OutboxMachine.TestCase.settings = settings(max_examples=settings().max_examples // 10, stateful_step_count=25)
TestOutbox = OutboxMachine.TestCase
