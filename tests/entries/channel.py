"""A route on a folder and its channel at a local Slack: pipeline and sender, with time as an argument."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from syndicator.settings.models import Route
from syndicator.slack.client import SlackBot
from syndicator.slack.sender import Sender
from tests.rig import Rig
from tests.sending import deliver_once
from tests.slack_server import TOKEN, Posted, SlackServer

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
AT_ONCE = Route(name="sea", channel="C1", deliver="immediate")


class Channel:
    """A route on a folder, and its channel at the local Slack. `pass_time` is the service at work."""

    def __init__(self, base: Path, server: SlackServer, route: Route = AT_ONCE, **rig: object) -> None:
        self.rig = Rig(base, routes=[route], publishes=False, **rig)  # type: ignore[arg-type]  # passed through
        self.server, self.route = server, route
        self.rig.run_once()
        self.restart()

    def restart(self) -> None:
        self.enqueuer = self.rig.enqueuer([self.route])
        bot = SlackBot(TOKEN, api_url=self.server.url)
        self.sender = Sender(
            self.rig.app.outbox,
            lambda _: bot,
            clock=lambda: self.rig.now,
            hold_back=self.enqueuer.hold_back,
        )
        self.sender.begin()

    def arrive(self, count: int, name: str = "n") -> None:
        for number in range(count):
            self.rig.write(f"{name}{number:02}.md")
        self.rig.run_once()

    def pass_time(self, time: timedelta, *, step: timedelta = SECOND) -> None:
        """Lets the time pass; the pipeline enqueues and the sender sends what it may, as the service does it.

        Both say when they have more to do: they are asked then, on the grid of `step`, and every hour.
        """
        until, due = self.rig.now + time, self.rig.now
        while self.rig.now < until:
            deliver_once(self.sender)
            steps = max(-((self.rig.now - due) // step), 1)
            self.rig.wait(min(steps * step, max(step, HOUR), until - self.rig.now))
            told = (self.rig.enqueue(), self._sender_due())
            due = min((moment for moment in told if moment is not None), default=until)
        deliver_once(self.sender)

    def _sender_due(self) -> datetime | None:
        with self.rig.app.outbox() as outbox:
            return outbox.next_time()

    def mute(self, length: timedelta) -> None:
        with self.rig.store.transaction() as session:
            now = self.rig.now
            session.outbox.ledger.mute(self.route.name, since=now, until=now + length, why="launch")

    def counts(self) -> list[int]:
        """How many stories each message in the channel has."""
        return [count(posted) for posted in self.server.slack.posted]

    def states(self) -> set[str]:
        with self.rig.store.reading() as session:
            return {one.state.value for one in session.outbox.list(limit=1_000)}


def count(posted: Posted) -> int:
    """How many stories a message is about: the number in a digest's head, else one."""
    head = posted.body["blocks"][0]
    if head["type"] != "header":
        return 1
    return int(head["text"]["text"].rpartition(": ")[2].split()[0])
