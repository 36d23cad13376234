"""What a restored backup still owes, and what was told since it was made in other messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicator.alerts import Slot
from syndicator.notify.backfill import find_backfill
from syndicator.settings.models import Digest, Route
from tests.entries.channel import AT_ONCE, HOUR, MINUTE, Channel
from tests.slack_server import SlackServer

DAILY = Route(name="daily", channel="C1", deliver=Digest(cron="0 9 * * *"))


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def back_to(channel: Channel, backup: bytes) -> None:
    """As `syndicator restore` does: the file takes the place of the database, and the service starts."""
    channel.rig.close()
    database = channel.rig.base / "var/state.db"
    database.unlink()
    database.write_bytes(backup)
    channel.rig.open()
    channel.restart()
    channel.rig.run_once()


def backup_of(channel: Channel) -> bytes:
    channel.rig.restart()
    channel.restart()
    return (channel.rig.base / "var/state.db").read_bytes()


def test_story_that_a_catch_up_told_since_the_backup_is_not_told_again(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server, AT_ONCE.model_copy(update={"edits": True}))
    channel.mute(HOUR)
    channel.arrive(1, "first")
    backup = backup_of(channel)
    channel.arrive(1, "second")
    channel.pass_time(2 * HOUR, step=MINUTE)
    assert channel.counts() == [2]
    back_to(channel, backup)
    channel.pass_time(2 * HOUR, step=MINUTE)
    assert (channel.counts(), channel.states()) == ([2], {"sent"})
    channel.rig.write("first00.md", title="Another title")
    channel.rig.run_once()
    channel.pass_time(2 * HOUR, step=MINUTE)
    assert not server.slack.posted[0].edits, "the catch-up stays what it is"


def test_story_that_a_digest_told_since_the_backup_is_not_told_by_a_later_one(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server, DAILY)
    channel.arrive(1, "first")
    backup = backup_of(channel)
    come_to_nine(channel, day=15)
    channel.pass_time(HOUR, step=MINUTE)
    assert channel.counts() == [1]
    come_to_nine(channel, day=17)
    back_to(channel, backup)
    channel.pass_time(HOUR, step=MINUTE)
    assert (channel.counts(), channel.states()) == ([1], {"sent"})


def test_story_that_is_new_is_told_beside_one_that_was_told_since_the_backup(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server)
    channel.mute(2 * HOUR)
    channel.arrive(1, "first")
    backup = backup_of(channel)
    with channel.rig.store.transaction() as session:
        session.outbox.ledger.unmute(channel.route.name, channel.rig.now)
    channel.pass_time(HOUR, step=MINUTE)
    assert channel.counts() == [1]
    back_to(channel, backup)
    channel.arrive(1, "second")
    channel.pass_time(2 * HOUR, step=MINUTE)
    assert (channel.counts(), channel.states()) == ([1, 2], {"sent"}), "the second would else be lost"


def test_story_that_was_told_since_the_backup_and_qualifies_again_is_not_told_again(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server, AT_ONCE.model_copy(update={"min_quality": 80}))
    rate(channel, 50)
    backup = backup_of(channel)
    rate(channel, 90)
    channel.pass_time(HOUR, step=MINUTE)
    assert channel.counts() == [1]
    rate(channel, 50)
    back_to(channel, backup)
    rate(channel, 90)
    rate(channel, 90, "b.md")
    channel.pass_time(HOUR, step=MINUTE)
    assert (channel.counts(), channel.states()) == ([1, 1], {"sent"}), "the second was never told"


def test_backfill_looks_for_what_was_told_since_the_backup(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    backup = backup_of(channel)
    channel.arrive(1, "first")
    channel.pass_time(HOUR, step=MINUTE)
    back_to(channel, backup)
    rig, route = channel.rig, channel.route
    with rig.store.transaction() as session:
        found = find_backfill(session, route, since=rig.now - 7 * 24 * HOUR, limit=None, now=rig.now)
        assert len(session.outbox.ledger.reopen(row for row, _ in found.stories)) == 1
    channel.pass_time(HOUR, step=MINUTE)
    assert (channel.counts(), channel.states()) == ([1], {"sent"})


def rate(channel: Channel, quality: int, name: str = "a.md") -> None:
    channel.rig.write(name, quality=quality)
    channel.rig.run_once()


def come_to_nine(channel: Channel, *, day: int) -> None:
    at = channel.rig.now = channel.rig.now.replace(day=day, hour=9, minute=0)
    channel.rig.latest_slot = lambda *_: Slot(nominal=f"{at:%Y-%m-%dT%H:%M}", at=at)
