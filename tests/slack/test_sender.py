"""The sender on a real database, with a scripted messenger and a clock that is set by hand."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from syndicator import threads
from syndicator.alerts import Delivery, DeliveryState, LedgerKind, Retry, SlackMethod
from syndicator.errors import Refused, Rejected, StoreBusy, Unclear
from syndicator.slack.client import SlackBot, SlackWebhook
from syndicator.slack.outage import OutageWatch
from syndicator.slack.retry import Drawn, RetryPolicy, SlackAnswer
from syndicator.slack.sender import Sender
from syndicator.slack.terminal import Terminal
from syndicator.store.outbox import Outbox
from syndicator.threads import Parts
from tests.sending import deliver_once
from tests.slack.values import NOON, SECOND, messaged
from tests.slack_server import AFTER, BEFORE, TOKEN, Channel, Slack, SlackServer, script
from tests.store.outbox_values import OutboxStore, make_owed, memory_store, open_engine

LOST = Unclear("not posted", on="C1", code="TimeoutError")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


class Script:
    """A messenger that answers from a list, and remembers what it was asked; then all is accepted."""

    def __init__(self, *answers: SlackAnswer | Exception, can_look: bool = True) -> None:
        self.answers, self.can_look = list(answers), can_look
        self.posts: list[str] = []
        self.looks: list[str] = []
        self.edits: list[str] = []

    def post(self, delivery: Delivery) -> str | None:
        self.posts.append(delivery.id)
        return self._answer(f"ts-{delivery.id}")

    def edit(self, edit: Delivery) -> str | None:
        self.edits.append(edit.id)
        return self._answer(edit.message_ts)

    def find(self, delivery: Delivery) -> str | None:
        self.looks.append(delivery.id)
        return self._answer(None)

    def _answer(self, otherwise: str | None) -> str | None:
        answer = self.answers.pop(0) if self.answers else otherwise
        if isinstance(answer, Exception):
            raise answer
        assert not isinstance(answer, Drawn)
        return answer


class World:
    """A store, a clock, a messenger and the sender between them."""

    def __init__(self, messenger: Script | None = None, store: OutboxStore | None = None) -> None:
        self.clock, self.store = Clock(), store or memory_store()
        self.messenger = messenger or Script()
        self.sender = Sender(self.store, lambda _: self.messenger, clock=self.clock, jitter=lambda: 1.0)

    def restart(self) -> None:
        """As a start does, or a reload."""
        self.sender = Sender(self.store, lambda _: self.messenger, clock=self.clock, jitter=lambda: 1.0)
        self.sender.begin()

    def owe(self, *deliveries: Delivery) -> None:
        with self.store() as outbox:
            for delivery in deliveries:
                outbox.write(delivery, [])

    def states(self) -> dict[str, DeliveryState]:
        with self.store() as outbox:
            return {one.id: one.state for one in outbox.list()}

    def step(self, by: timedelta = timedelta(0)) -> int:
        self.clock.advance(by)
        return deliver_once(self.sender)


def test_owed_message_is_sent_once() -> None:
    world = World()
    world.owe(messaged("d1"))
    assert world.step() == 1 and world.step(SECOND * 90) == 0
    assert world.messenger.posts == ["d1"]
    with world.store() as outbox:
        found = outbox.find("d1")
        assert found is not None and found.message_ts == "ts-d1"


def test_seconds_until_slack_had_a_message_are_counted() -> None:
    world, outages = World(Script(LOST, "found-ts")), OutageWatch()
    world.sender = Sender(world.store, lambda _: world.messenger, clock=world.clock, outages=outages)
    world.owe(messaged("d1"), edit_of("d0"))
    for seconds in (5, 90, 90):
        world.step(SECOND * seconds)
    assert set(world.states().values()) == {DeliveryState.SENT}
    assert (outages.to_slack.sum_s, outages.to_slack.buckets()[-1][1]) == (95.0, 1), "the edit does not count"


def test_lost_answer_is_looked_for_and_not_sent_again() -> None:
    world = World(Script(LOST, "found-ts"))
    world.owe(messaged("d1"))
    world.step()
    assert world.states() == {"d1": DeliveryState.UNCLEAR}
    assert world.step(SECOND * 59) == 0
    world.step(SECOND)
    assert (world.messenger.posts, world.messenger.looks) == (["d1"], ["d1"])
    assert world.states() == {"d1": DeliveryState.SENT}


def test_message_that_is_not_there_is_sent_again_after_two_looks() -> None:
    world = World(Script(LOST, None, None))
    world.owe(messaged("d1"))
    for wait in (0, 60, 30, 1):
        world.step(SECOND * wait)
    assert (world.messenger.posts, world.messenger.looks) == (["d1", "d1"], ["d1", "d1"])
    assert world.states() == {"d1": DeliveryState.SENT}


def edit_of(id: str, edit: str = "e1", **fields: Any) -> Delivery:
    made: Delivery = messaged(edit, kind="edit", edit_of=id, message_ts=f"ts-{id}", **fields)
    return made


def test_edit_whose_answer_is_lost_or_that_was_cut_off_is_made_again_and_never_looked_for() -> None:
    world = World(Script(LOST))
    world.owe(edit_of("d1"))
    world.step()
    assert world.states() == {"e1": DeliveryState.OWED}
    world.restart()
    assert world.step(SECOND * 59) == 0, "Slack may still apply what it accepted, a start is no reason"
    with world.store() as outbox:
        world.clock.advance(SECOND)
        assert len(outbox.claim(world.clock(), lease=SECOND * 60, pace=SECOND)) == 1
    world.sender.begin()
    assert (world.step(SECOND * 59), world.step(SECOND)) == (0, 1)
    assert (world.messenger.edits, world.messenger.looks) == (["e1", "e1"], [])
    assert world.states() == {"e1": DeliveryState.SENT}


def test_messages_go_before_edits_however_long_those_wait() -> None:
    world = World()
    world.owe(*(edit_of(f"d{n}", f"e{n}") for n in range(3)))
    world.clock.advance(SECOND * 100)
    world.owe(messaged("new", now=world.clock()))
    for _ in range(4):
        world.step(SECOND)
    assert (world.messenger.posts, len(world.messenger.edits)) == (["new"], 3)
    with world.store() as outbox:
        assert len(outbox.sent_lately("C1", world.clock())) == 1, "an edit is no message of the hour"


def test_late_answer_to_an_edit_that_is_owed_again_changes_nothing() -> None:
    world = World()
    world.owe(edit_of("d1"))
    with world.store() as outbox:
        (claimed,) = outbox.claim(world.clock(), lease=SECOND * 60, pace=SECOND)
        outbox.expire_leases(world.clock() + SECOND * 60, confirm_after=SECOND * 60)
        assert not outbox.settle(claimed, replace(claimed, state=DeliveryState.SENT), now=world.clock())
    assert world.states() == {"e1": DeliveryState.OWED}


def test_edit_is_retried_once_it_failed_and_not_before() -> None:
    world = World(Script(*[LOST] * 9))
    world.owe(edit_of("d1"))
    with world.store() as outbox:
        assert outbox.retry("e1", NOON) is Retry.NOT_NOW
    for _ in range(3):
        world.step(timedelta(hours=13))
    assert world.states() == {"e1": DeliveryState.FAILED}
    world.messenger.answers.clear()
    with world.store() as outbox:
        assert outbox.retry("e1", world.clock()) is Retry.AGAIN
    world.step(SECOND * 40)
    assert world.states() == {"e1": DeliveryState.SENT}


def test_webhook_never_sends_an_unclear_message_again() -> None:
    world = World(Script(LOST, can_look=False))
    world.owe(messaged("d1"))
    for _ in range(5):
        world.step(timedelta(hours=1))
    assert (world.messenger.posts, world.messenger.looks) == (["d1"], [])
    assert world.states() == {"d1": DeliveryState.FAILED}


def test_claim_cut_off_is_looked_for_after_the_next_start() -> None:
    world = World()
    world.owe(messaged("d1"))
    with world.store() as outbox:
        outbox.claim(world.clock(), lease=SECOND * 60, pace=SECOND)
    world.sender.begin()
    assert world.states() == {"d1": DeliveryState.UNCLEAR}
    for wait in (60, 30, 1):
        world.step(SECOND * wait)
    assert (len(world.messenger.looks), world.messenger.posts) == (2, ["d1"])


def test_broken_channel_does_not_hold_up_others_and_is_told_once() -> None:
    rejected = Rejected("not posted", on="C1", code="not_in_channel", why="no", fix="Invite the app")
    broken, well = Script(*[rejected] * 99), Script()
    world = World()
    sender = Sender(
        world.store,
        lambda one: broken if one.channel == "C1" else well,
        clock=world.clock,
        jitter=lambda: 1.0,
    )
    world.owe(messaged("a", channel="C1"), messaged("b", channel="C1"), messaged("c", channel="C2"))
    with capture_logs() as logs:
        for _ in range(60):
            deliver_once(sender)
            world.clock.advance(SECOND * 5)
    assert well.posts == ["c"]
    assert len(broken.posts) == 10, "one try each half minute"
    told = [line for line in logs if line["event"] == "channel is broken"]
    assert len(told) == 1 and "Invite the app" in told[0]["why"]
    assert world.states()["a"] is DeliveryState.OWED


def test_store_that_cannot_be_used_for_long_is_said_once() -> None:
    world, stop, wake = World(), Event(), Event()
    tries: list[int] = []

    def fail() -> AbstractContextManager[Outbox]:
        tries.append(1)
        wake.set()
        if len(tries) == 5:
            stop.set()
        raise StoreBusy("the database is in use")

    sender = Sender(fail, lambda _: world.messenger, clock=world.clock)
    with capture_logs() as logs:
        sender.run(stop, wake)
    assert len([line for line in logs if line["event"] == "outbox cannot be used, tried again"]) == 1
    assert len(tries) >= 5


def test_batch_goes_on_after_one_failure() -> None:
    refused = Refused("not posted", on="C1", code="dns")
    world = World(Script(refused))
    world.owe(*(messaged(f"d{n}", now=NOON + n * SECOND / 10) for n in range(3)))
    for _ in range(6):
        world.step(SECOND * 2)
    assert set(world.states().values()) == {DeliveryState.SENT}


def test_message_without_a_way_out_waits_untouched_and_goes_once_there_is_one() -> None:
    world = World()
    without = Sender(
        world.store, lambda _: world.messenger, clock=world.clock, has_way=lambda _route, _channel: False
    )
    world.owe(messaged("d1"))
    for _ in range(50):
        assert deliver_once(without) == 0
        world.clock.advance(timedelta(hours=1))
    with world.store() as outbox:
        owed = outbox.find("d1")
        assert owed is not None and (owed.state, owed.attempts) == (DeliveryState.OWED, 0)
        assert outbox.next_time(may_leave=lambda _route, _channel: False) is None
    assert world.step() == 1
    assert world.states() == {"d1": DeliveryState.SENT}


def test_route_without_a_way_holds_up_no_other_route_of_its_channel() -> None:
    world = World()
    world.owe(messaged("d1", route="bot"), messaged("d2", route="hook", now=NOON + SECOND))
    sender = Sender(
        world.store,
        lambda _: world.messenger,
        clock=world.clock,
        has_way=lambda route, _channel: route == "hook",
    )
    world.clock.advance(SECOND)
    assert deliver_once(sender) == 1
    assert world.states() == {"d1": DeliveryState.OWED, "d2": DeliveryState.SENT}


def test_message_that_is_only_drawn_is_shown_and_never_sent() -> None:
    world, screen = World(), Console(file=io.StringIO())
    preview = Sender(world.store, lambda _: Terminal(screen), clock=world.clock)
    with world.store() as outbox:
        story = make_owed("s1")
        outbox.ledger.add([story])
        outbox.write(messaged("d1"), [story])
    assert deliver_once(preview) == 1
    assert "What d1 says." in str(screen.file.getvalue())  # type: ignore[attr-defined]  # it is a StringIO
    assert world.states() == {"d1": DeliveryState.SHOWN}
    with world.store() as outbox:
        assert outbox.ledger.kinds(["s1"], [], ["C1"])["C1", "s1"] is LedgerKind.SHOWN
    assert world.step(timedelta(days=2)) == 0, "what was shown stays shown"
    with world.store() as outbox:
        assert outbox.retry("d1", world.clock()) is Retry.AGAIN
    assert world.step() == 1, "but by the operator's word it is posted"
    assert world.states() == {"d1": DeliveryState.SENT}


def test_message_that_slack_may_have_is_looked_for_when_it_is_posted_after_it_was_shown() -> None:
    world = World(Script(LOST, "found-ts"))
    world.owe(messaged("d1"))
    world.step()
    preview = Sender(world.store, lambda _: Terminal(Console(file=io.StringIO())), clock=world.clock)
    world.clock.advance(SECOND * 60)
    deliver_once(preview)
    assert world.states() == {"d1": DeliveryState.SHOWN}
    with world.store() as outbox:
        outbox.retry("d1", world.clock())
    world.step()
    assert (world.messenger.posts, world.messenger.looks) == (["d1"], ["d1"])


def test_drawing_that_was_cut_off_is_drawn_again() -> None:
    world = World()
    preview = Sender(world.store, lambda _: Terminal(Console(file=io.StringIO())), clock=world.clock)
    world.owe(messaged("d1"))
    with world.store() as outbox:
        outbox.claim(world.clock(), lease=SECOND * 60, pace=SECOND)
    preview.begin()
    for wait in (60, 30, 1):
        world.clock.advance(SECOND * wait)
        deliver_once(preview)
    assert world.states() == {"d1": DeliveryState.SHOWN}


def test_channel_that_was_mended_gets_what_it_is_owed_within_a_minute() -> None:
    rejected = Rejected("not posted", on="C1", code="not_in_channel", why="no", fix="Invite the app")
    world = World(Script(*[rejected] * 100))
    world.owe(messaged("d1"), messaged("d2"))
    for _ in range(40):
        world.step(SECOND * 60)
    world.messenger.answers.clear()
    for _ in range(6):
        world.step(SECOND * 10)
    assert set(world.states().values()) == {DeliveryState.SENT}


def unanswered() -> Refused:
    return Refused("not posted", on="C1", code="dns", why="no such host", answered=False)


def test_end_of_an_outage_lets_all_channels_send_at_once() -> None:
    world = World(Script(*[unanswered() for _ in range(20)]))
    world.owe(messaged("d1", channel="C1"), messaged("d2", channel="C2"))
    with capture_logs() as logs:
        for _ in range(10):
            world.step(SECOND * 40)
        with world.store() as outbox:
            waiting, long = outbox.channels.get("C2"), world.clock() + timedelta(hours=1)
            assert waiting is not None
            outbox.channels.put(replace(waiting, not_before=long))
        assert world.step(SECOND * 30) == 1, "the one that could be tried ends the outage"
        assert world.step(SECOND) == 1, "and the other one waits no longer"
    told = [line for line in logs if line["log_level"] in ("warning", "info") and "Slack" in line["event"]]
    assert [line["event"] for line in told] == ["Slack cannot be reached", "Slack answers again"]
    assert set(world.states().values()) == {DeliveryState.SENT}


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        ("403-html", "Slack cannot be reached"),
        ("500-before", "Slack cannot be reached"),
        ("message_limit_exceeded", "channel is broken"),
        ("a_new_word", "channel is broken"),
    ],
)
def test_posting_that_fails_alone_is_said_once_and_its_end_too(fault: str, event: str) -> None:
    world, check, watch = World(), SlackMethod.AUTH_TEST, OutageWatch()
    world.owe(messaged("d1"))
    with SlackServer(Slack(channels={"C1": Channel(id="C1", name="c1")})) as server:
        bot = SlackBot(TOKEN, api_url=server.url)
        sender = Sender(world.store, lambda _: bot, clock=world.clock, jitter=lambda: 1.0, outages=watch)

        def pass_time(steps: int) -> list[str]:
            with capture_logs() as logs:
                for _ in range(steps):
                    deliver_once(sender)
                    with world.store() as outbox:
                        watch.note(check, outbox, error=None, now=world.clock())
                    world.clock.advance(SECOND * 10)
            return [line["event"] for line in logs if line["log_level"] != "debug"]

        server.slack.faults = lambda method: fault if method == "chat.postMessage" else None
        assert pass_time(60) == [event]
        with world.store() as outbox:
            outage, channel = watch.outage, outbox.channels.get("C1")
        assert (outage is None) == (channel is not None and channel.broken is not None)
        server.slack.faults = lambda method: None
        end = "Slack answers again" if outage is not None else "channel works again"
        assert sorted(pass_time(15)) == sorted([end, "message delivered"])


def test_slack_is_asked_about_a_token_that_is_no_longer_accepted_or_is_again() -> None:
    world, watch = World(), OutageWatch()
    world.owe(messaged("d1"))
    with SlackServer(Slack(token="xoxb-another")) as server:
        bot = SlackBot(TOKEN, api_url=server.url)
        sender = Sender(world.store, lambda _: bot, clock=world.clock, outages=watch)

        def is_doubted() -> bool:
            watch.doubt.clear()
            deliver_once(sender)
            world.clock.advance(SECOND * 60)
            return watch.doubt.is_set()

        assert is_doubted()
        watch.refusal = Rejected("the token could not be checked", code="invalid_auth")
        assert not is_doubted(), "that is known"
        server.slack.token = TOKEN
        assert is_doubted()
        assert set(world.states().values()) == {DeliveryState.SENT}


def test_defect_in_a_messenger_is_unclear_and_does_not_end_the_sender() -> None:
    world = World(Script(RuntimeError("a defect")))
    world.owe(messaged("d1"))
    with capture_logs() as logs:
        assert world.step() == 1
    assert world.states() == {"d1": DeliveryState.UNCLEAR}
    assert logs[0]["event"] == "delivery broke"


def test_given_up_message_is_logged_as_an_error() -> None:
    world = World(Script(*[Refused("not posted", on="C1", code="dns")] * 999))
    world.owe(messaged("d1"))
    with capture_logs() as logs:
        for _ in range(75):
            world.step(timedelta(minutes=20))
    assert world.states() == {"d1": DeliveryState.FAILED}
    errors = [line for line in logs if line["log_level"] == "error"]
    assert [line["event"] for line in errors] == ["channel is broken", "message given up"]
    assert len(world.messenger.posts) > 50


# the running loop


class Running:
    def __init__(self, sender: Sender) -> None:
        self.stop, self.wake = Event(), Event()
        self.thread = threading.Thread(target=sender.run, args=(self.stop, self.wake))

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> float:
        began = time.monotonic()
        self.stop.set()
        self.wake.set()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()
        return time.monotonic() - began


def real_clock() -> datetime:
    return datetime.now(NOON.tzinfo)


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[OutboxStore]:
    engine = open_engine(tmp_path / "outbox.db")
    yield OutboxStore(engine)
    engine.dispose()


def states_of(store: OutboxStore) -> list[str]:
    with store() as outbox:
        return sorted(one.state.value for one in outbox.list())


def await_states(
    store: OutboxStore, ids: Sequence[str], state: DeliveryState, timeout_s: float = 10.0
) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        with store() as outbox:
            found = {one.id: one.state for one in outbox.list()}
        if all(found[id] is state for id in ids):
            return
        time.sleep(0.02)
    raise AssertionError(found)


class Gate(Script):
    """Holds each post back until it is opened, and knows how many are held at once."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.inside, self.most, self.lock = Event(), 0, 0, threading.Lock()

    def post(self, delivery: Delivery) -> str | None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.open.wait(20)
        with self.lock:
            self.inside -= 1
        return super().post(delivery)


QUICK = RetryPolicy(pace=timedelta(0), first=timedelta(milliseconds=1))


def test_slow_channel_holds_up_no_other(file_store: OutboxStore) -> None:
    slow, quick = Gate(), Script()
    sender = Sender(
        file_store, lambda one: slow if one.channel == "SLOW" else quick, clock=real_clock, policy=QUICK
    )
    with file_store() as outbox:
        outbox.write(messaged("s1", channel="SLOW", now=real_clock()), [])
        outbox.write(messaged("s2", channel="SLOW", now=real_clock()), [])
        for number in range(5):
            outbox.write(messaged(f"q{number}", channel="QUICK", now=real_clock()), [])
    with Running(sender):
        await_states(file_store, [f"q{n}" for n in range(5)], DeliveryState.SENT)
        assert slow.most == 1, "one at a time in a channel"
        slow.open.set()
        await_states(file_store, ["s1", "s2"], DeliveryState.SENT)


def test_woken_sender_sends_at_once(file_store: OutboxStore) -> None:
    messenger = Script()
    with Running(Sender(file_store, lambda _: messenger, clock=real_clock)) as running:
        time.sleep(0.5)
        with file_store() as outbox:
            outbox.write(messaged("d1", now=real_clock()), [])
        began = time.monotonic()
        running.wake.set()
        await_states(file_store, ["d1"], DeliveryState.SENT)
        assert time.monotonic() - began < 5, "long before the next look round"


def test_stop_waits_a_little_for_calls_under_way(file_store: OutboxStore) -> None:
    gate = Gate()
    with file_store() as outbox:
        outbox.write(messaged("d1", now=real_clock()), [])
    with Running(Sender(file_store, lambda _: gate, clock=real_clock)) as running:
        await_states(file_store, ["d1"], DeliveryState.SENDING)
        threading.Timer(0.3, gate.open.set).start()
        assert running.end() < 3
    await_states(file_store, ["d1"], DeliveryState.SENT)


def test_stop_leaves_a_call_that_hangs_to_be_looked_for(file_store: OutboxStore) -> None:
    gate = Gate()
    with file_store() as outbox:
        outbox.write(messaged("d1", now=real_clock()), [])
    with Running(Sender(file_store, lambda _: gate, clock=real_clock)) as running:
        await_states(file_store, ["d1"], DeliveryState.SENDING)
        assert running.end() < 5
    await_states(file_store, ["d1"], DeliveryState.SENDING)
    gate.open.set()
    Sender(file_store, lambda _: gate, clock=real_clock).begin()
    await_states(file_store, ["d1"], DeliveryState.UNCLEAR)


def test_store_that_is_busy_is_waited_for_and_nothing_is_lost(file_store: OutboxStore) -> None:
    messenger, trouble = Script(), [3]

    @contextmanager
    def sometimes() -> Iterator[Outbox]:
        with file_store() as outbox:
            yield outbox
            if trouble[0] and messenger.posts:
                trouble[0] -= 1
                raise StoreBusy("the database is in use")

    with file_store() as outbox:
        outbox.write(messaged("d1", now=real_clock()), [])
    with (
        capture_logs() as logs,
        Running(Sender(sometimes, lambda _: messenger, clock=real_clock, policy=QUICK)),
    ):
        await_states(file_store, ["d1"], DeliveryState.SENT)
    assert messenger.posts == ["d1"]
    assert any(line["event"] == "outbox cannot be used, tried again" for line in logs)


def test_defect_in_a_round_does_not_end_the_sender(
    file_store: OutboxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAUSE_S", 0.0)
    messenger, defects = Script(), [1]

    def defective() -> float:
        if defects[0]:
            defects[0] -= 1
            raise RuntimeError("a defect")
        return 1.0

    with file_store() as outbox:
        outbox.write(messaged("d1", now=real_clock() - SECOND), [])
        outbox.write(messaged("d2", channel="C2", now=real_clock()), [])
    sender = Sender(file_store, lambda _: messenger, clock=real_clock, policy=QUICK, jitter=defective)
    parts, stop, wake = Parts(), Event(), Event()
    with capture_logs(), ExitStack() as stack:
        parts.run_beside(stack, "sender", partial(sender.run, stop, wake), stop, stop.set, wake.set)
        end = time.monotonic() + 10
        while (states := states_of(file_store)) != ["sending", "sent"] and time.monotonic() < end:
            time.sleep(0.02)
    assert states == ["sending", "sent"], "the one that met it is looked for later, the other one is settled"
    assert [(part, why) for part, why, _ in parts.broken()] == [("sender", "RuntimeError")]


def test_stop_soon_after_a_defect_settles_what_came_back_meanwhile(file_store: OutboxStore) -> None:
    gate, parts, stop, wake, broken = Gate(), Parts(), Event(), Event(), Event()

    def defective(_outbox: Outbox, _now: datetime) -> None:
        if gate.inside:
            broken.set()
            raise RuntimeError("a defect")

    with file_store() as outbox:
        outbox.write(messaged("d1", now=real_clock()), [])
    sender = Sender(file_store, lambda _: gate, clock=real_clock, hold_back=defective)
    with capture_logs(), ExitStack() as stack:
        parts.run_beside(stack, "sender", partial(sender.run, stop, wake), stop, stop.set, wake.set)
        await_states(file_store, ["d1"], DeliveryState.SENDING)
        wake.set()
        assert broken.wait(10)
        gate.open.set()
    await_states(file_store, ["d1"], DeliveryState.SENT)


def test_clock_set_back_does_not_make_messages_wait_twice(file_store: OutboxStore) -> None:
    messenger, offset = Script(), [timedelta(hours=1)]

    def clock() -> datetime:
        return real_clock() + offset[0]

    with file_store() as outbox:
        outbox.write(messaged("d1", now=clock()), [])
    with Running(Sender(file_store, lambda _: messenger, clock=clock)) as running:
        await_states(file_store, ["d1"], DeliveryState.SENT)
        with file_store() as outbox:
            outbox.write(messaged("d2", now=clock()), [])
        offset[0] = timedelta(0)
        running.wake.set()
        await_states(file_store, ["d2"], DeliveryState.SENT)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=2), timedelta(days=400)], ids=str)
def test_clock_that_was_ahead_makes_nothing_wait_longer_than_it_should(ahead: timedelta) -> None:
    world = World(Script(LOST, ASKED, None))
    world.clock.advance(ahead)
    world.owe(messaged("d1", channel="C2", now=world.clock()))
    world.step()
    world.owe(messaged("d2", channel="C1", now=world.clock()))
    world.step()
    world.clock.advance(-ahead)
    world.restart()
    assert world.step(SECOND * 49) == 0, "what Slack asked for is waited for, and so is what is unclear"
    assert world.step(SECOND) == 1 and world.messenger.posts == ["d1", "d2", "d2"]
    world.step(SECOND * 10)
    assert world.messenger.looks == ["d1"]


# against a server


def test_pace_is_kept_between_messages_of_a_channel(file_store: OutboxStore) -> None:
    policy = RetryPolicy(pace=timedelta(seconds=0.2))
    with SlackServer() as server:
        bot = SlackBot(TOKEN, api_url=server.url)
        with file_store() as outbox:
            for number in range(4):
                outbox.write(messaged(f"d{number}", now=real_clock()), [])
        with Running(Sender(file_store, lambda _: bot, clock=real_clock, policy=policy)):
            await_states(file_store, [f"d{n}" for n in range(4)], DeliveryState.SENT)
        assert server.slack.closest() >= 0.2 and len(server.slack.posted) == 4


CANARY, HOOK_CANARY = "xoxb-canary-91ce", "hook-canary-07af"


@pytest.mark.parametrize("rejected", [False, True], ids=["faults", "rejected"])
def test_no_secret_in_logs_or_store(tmp_path: Path, caplog: pytest.LogCaptureFixture, rejected: bool) -> None:
    caplog.set_level(logging.DEBUG)
    store = OutboxStore(open_engine(tmp_path / "outbox.db"))
    faults = [fault for fault in (*BEFORE, *AFTER) if fault != "late"]
    with SlackServer(Slack(token="another" if rejected else CANARY)) as server, capture_logs() as logs:
        server.slack.faults = script(*(None if rejected else fault for fault in faults * 2))
        server.slack.any_channel = not rejected
        bot = SlackBot(CANARY, api_url=server.url)
        hook = SlackWebhook(server.webhook(HOOK_CANARY))
        with store() as outbox:
            for number in range(len(faults)):
                outbox.write(messaged(f"b{number}", channel=f"B{number}", now=real_clock()), [])
                outbox.write(messaged(f"h{number}", channel=f"H{number}", now=real_clock()), [])
        sender = Sender(store, lambda one: bot if one.id.startswith("b") else hook, clock=real_clock)
        assert deliver_once(sender) == len(faults) * 2
        server.slack.faults = script()
    store.engine.dispose()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    told = f"{logs} {caplog.text} {sender!r} {bot!r} {hook!r}"
    assert any(line["log_level"] == "debug" for line in logs) or rejected
    for secret in (CANARY, HOOK_CANARY):
        assert secret not in told and secret.encode() not in kept


ASKED = Refused("not posted", on="C1", code="ratelimited", retry_after=SECOND * 50)


def test_wait_that_slack_asks_for_outlasts_a_restart() -> None:
    world = World(Script(ASKED))
    world.owe(messaged("d1"))
    world.step()
    world.clock.advance(SECOND * 23)
    world.restart()
    assert world.step() == 0 and world.step(SECOND * 26) == 0
    assert world.step(SECOND) == 1 and world.messenger.posts == ["d1", "d1"]


def test_own_back_off_ends_with_a_restart() -> None:
    world = World(Script(Refused("not posted", on="C1", code="connection_refused")))
    world.owe(messaged("d1"))
    world.step()
    world.restart()
    assert world.step() == 1


def test_wait_that_slack_asks_for_holds_one_channel_alone() -> None:
    world = World(Script(ASKED))
    world.owe(messaged("d1"))
    world.step()
    world.owe(messaged("d2", channel="C1"), messaged("d3", channel="C2"))
    world.step(SECOND * 5)
    assert world.messenger.posts == ["d1", "d3"]


def test_wait_that_slack_asks_for_when_looking_holds_other_looks_and_no_posting() -> None:
    look_later = Refused("not searched", on="C1", code="ratelimited", retry_after=SECOND * 50)
    world = World(Script(LOST, LOST, look_later))
    world.owe(messaged("d1", channel="C1"), messaged("d2", channel="C2", now=NOON + SECOND * 2))
    world.step()
    world.step(SECOND * 2)
    world.step(SECOND * 58)
    assert world.messenger.looks == ["d1"]
    world.owe(messaged("d3", channel="C2"))
    for _ in range(4):
        world.step(SECOND * 5)
    assert (world.messenger.looks, world.messenger.posts) == (["d1"], ["d1", "d2", "d3"])
    world.restart()
    assert world.step() == 0
    world.step(SECOND * 30)
    assert sorted(world.messenger.looks) == ["d1", "d1", "d2"]


def test_sender_sleeps_until_slack_may_be_asked_again() -> None:
    world = World(Script(ASKED))
    world.owe(messaged("d1"))
    world.step()
    with world.store() as outbox:
        outbox.reset_back_off(NOON)
        assert outbox.next_time() == NOON + SECOND * 50
