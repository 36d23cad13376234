"""Mutes, quiet hours and floods, asked again when a message is about to leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

import pytest

from syndicator.alerts import Slot
from syndicator.notify.due import FLOOD
from syndicator.schedule import latest_slot
from syndicator.settings.models import Digest, QuietHours, Route
from tests.entries.channel import AT_ONCE, HOUR, MINUTE, SECOND, Channel, count
from tests.making import NOON
from tests.rig import Rig
from tests.slack_server import Channel as SlackChannel
from tests.slack_server import Slack, SlackServer, script
from tests.store.outbox_values import make_delivery


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(Slack(channels={"C1": SlackChannel(id="C1", name="sea")})) as server:
        yield server


def test_mute_holds_what_is_composed_and_ends_with_one_catch_up(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    channel.arrive(18)
    channel.pass_time(SECOND)
    assert channel.counts() == [1, 1]
    channel.mute(HOUR)
    channel.pass_time(HOUR - SECOND, step=MINUTE)
    assert channel.counts() == [1, 1], "nothing leaves during the mute"
    assert len(channel.rig.owed()) == 16
    channel.pass_time(MINUTE)
    assert channel.counts() == [1, 1, 16]
    assert channel.states() == {"sent", "released"}


def test_mute_holds_what_waits_for_the_routes_former_channel_too(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    server.slack.channels["C2"] = SlackChannel(id="C2", name="lake")
    server.slack.faults = script("429")
    channel.arrive(3)
    channel.pass_time(SECOND * 0)
    channel.route = AT_ONCE.model_copy(update={"channel": "C2"})
    channel.rig.restart(routes=[channel.route])
    channel.rig.run_once()
    channel.restart()
    channel.mute(10 * MINUTE)
    channel.pass_time(9 * MINUTE, step=10 * SECOND)
    assert (channel.counts(), channel.states()) == ([], {"released"})
    channel.pass_time(2 * MINUTE, step=10 * SECOND)
    (posted,) = server.slack.posted
    assert (count(posted), posted.channel) == (3, "C2")


def test_quiet_hours_that_begin_while_slack_asks_to_wait_hold_everything(
    tmp_path: Path, server: SlackServer
) -> None:
    night = QuietHours(start=time(12, 1), end=time(13))
    route = Route(name="sea", channel="C1", deliver="immediate", quiet_hours=night)
    channel = Channel(tmp_path, server, route, now=NOON + 30 * SECOND)
    server.slack.faults, server.slack.retry_after_s = script("429"), 50
    channel.arrive(5)
    channel.pass_time(2 * MINUTE, step=10 * SECOND)
    channel.pass_time(57 * MINUTE, step=MINUTE)
    assert channel.counts() == []
    channel.restart()
    channel.pass_time(2 * MINUTE, step=10 * SECOND)
    assert channel.counts() == [5]


def test_composed_digest_is_held_and_comes_once_afterwards(tmp_path: Path, server: SlackServer) -> None:
    def slot(digest: Digest, now: datetime) -> Slot | None:
        return Slot(nominal="2026-03-14T12:01", at=NOON + MINUTE) if now >= NOON + MINUTE else None

    daily = Route(name="sea", channel="C1", deliver=Digest(cron="1 12 * * *"))
    channel = Channel(tmp_path, server, daily, now=NOON, latest_slot=slot)
    channel.arrive(4)
    server.slack.faults, server.slack.retry_after_s = script("429"), 50
    channel.pass_time(MINUTE + SECOND, step=10 * SECOND)
    assert (channel.counts(), channel.states()) == ([], {"owed"})
    channel.mute(HOUR)
    channel.pass_time(HOUR - SECOND, step=10 * MINUTE)
    assert (channel.counts(), channel.states()) == ([], {"released"})
    channel.pass_time(2 * MINUTE, step=10 * SECOND)
    assert (channel.counts(), channel.states()) == ([4], {"sent"})


def test_digest_of_a_route_that_began_by_a_clock_set_back_since_comes_at_its_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, publishes=False, routes=[Route(name="sea", channel="C1")], latest_slot=latest_slot)
    rig.wait(9_000 * HOUR)
    rig.restart(routes=[Route(name="sea", channel="C1", min_quality=50)])
    rig.run_once()
    rig.now = NOON
    rig.write("a.md")
    rig.run_once()
    rig.wait(24 * HOUR)
    rig.run_once()
    assert rig.owed() == []


def test_what_slack_may_have_is_looked_up_and_not_released(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    server.slack.faults = script("500-after")
    channel.arrive(3)
    channel.pass_time(SECOND * 0)
    channel.mute(4 * MINUTE)
    channel.pass_time(5 * MINUTE, step=10 * SECOND)
    assert channel.counts() == [1, 2] and channel.states() == {"sent", "released"}


def test_what_slack_does_not_have_after_all_joins_the_catch_up(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    server.slack.faults = script("500-before")
    channel.arrive(3)
    channel.pass_time(SECOND * 0)
    channel.mute(4 * MINUTE)
    channel.pass_time(5 * MINUTE, step=10 * SECOND)
    assert channel.counts() == [3]


def test_single_story_that_was_held_comes_as_itself_and_once(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    server.slack.faults = script("429")
    channel.arrive(1)
    channel.pass_time(SECOND * 0)
    channel.mute(MINUTE)
    channel.pass_time(2 * MINUTE, step=10 * SECOND)
    assert (channel.counts(), channel.states()) == ([1], {"sent"})
    assert set(server.slack.times().values()) == {1}


def test_single_story_leaves_at_once(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    channel.arrive(1)
    channel.pass_time(SECOND * 0)
    assert channel.counts() == [1]


def test_sixty_at_once_are_one_digest_when_no_more_come(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    channel.arrive(60)
    channel.pass_time(29 * SECOND, step=10 * SECOND)
    assert channel.counts() == []
    channel.rig.restart()
    channel.restart()
    channel.pass_time(SECOND)
    assert channel.counts() == [60]


def test_from_the_twenty_first_on_what_has_not_left_is_one_digest(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server)
    for batch in range(12):
        channel.arrive(5, name=f"b{batch:02}-")
        channel.pass_time(SECOND / 2)
    alerts = len(channel.counts())
    assert set(channel.counts()) == {1} and alerts <= 20
    channel.pass_time(28 * SECOND, step=7 * SECOND)
    assert len(channel.counts()) == alerts, "the flood is not over"
    channel.pass_time(3 * SECOND)
    assert channel.counts() == [1] * alerts + [60 - alerts]


def test_flood_that_goes_on_delays_its_stories_for_ten_minutes_at_most(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server)
    channel.arrive(30)
    for number in range(25):
        channel.pass_time(25 * SECOND, step=25 * SECOND)
        channel.arrive(1, name=f"late{number:02}-")
    assert channel.counts() == [30 + 23, 1] and channel.states() <= {"sent", "owed"}


def test_flood_in_a_mute_ends_in_the_same_catch_up(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server)
    channel.mute(10 * MINUTE)
    channel.arrive(25)
    channel.pass_time(5 * MINUTE, step=10 * SECOND)
    channel.arrive(2, name="more")
    channel.pass_time(6 * MINUTE, step=10 * SECOND)
    assert channel.counts() == [27]


def test_hours_cap_is_kept_when_an_outage_ends(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server, AT_ONCE.model_copy(update={"per_hour": 2}))
    server.slack.faults = lambda method: "429" if method == "chat.postMessage" else None
    for hour in range(5):
        channel.arrive(2, name=f"h{hour}")
        channel.pass_time(HOUR, step=10 * MINUTE)
    server.slack.faults = lambda method: None
    channel.pass_time(20 * SECOND)
    assert channel.counts() == [1, 1]
    channel.pass_time(59 * MINUTE, step=MINUTE)
    assert channel.counts() == [1, 1]
    for _ in range(2):
        channel.pass_time(MINUTE, step=10 * SECOND)
    assert channel.counts() == [1, 1, 1, 7], "what is over the cap comes as one digest"


def test_what_waits_behind_other_messages_is_looked_at_within_a_minute(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[AT_ONCE])
    rig.run_once()
    with rig.store.transaction() as session:
        for number in range(FLOOD):
            session.outbox.write(make_delivery(f"d{number}", route="gone"), [])
    rig.write("late.md")
    rig.look()
    assert rig.enqueue() == NOON + MINUTE, "no other scan or change need come"
    rig.close()
