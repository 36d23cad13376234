"""One channel has one ledger, whatever the settings call it, and keeps what it had under its name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syndicator.alerts import Delivery, DeliveryState, LedgerKind
from syndicator.errors import StoreBusy
from syndicator.settings.models import Route
from tests.rig import Rig

BY_ID = Route(name="by-id", channel="C0GENERAL", deliver="immediate")
BY_NAME = Route(name="by-name", channel="#general", deliver="immediate")
BARE = Route(name="bare", channel="General", deliver="immediate")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, publishes=False, routes=(BY_NAME, BY_ID))


def add_names(rig: Rig) -> None:
    """Slack has told the channel's id."""
    with rig.store.transaction() as session:
        session.outbox.channels.put_ids({"general": "C0GENERAL"}, rig.now)


def messages(rig: Rig, *states: DeliveryState) -> list[Delivery]:
    with rig.store.reading() as session:
        return list(session.outbox.list(states or (DeliveryState.OWED,)))


def send(rig: Rig, *channels: str) -> list[str]:
    """Sends what waits for these channels, as Slack would take it; their ids."""
    sent: list[str] = []
    second = timedelta(seconds=1)
    with rig.store.transaction() as session:
        while claims := session.outbox.claim(rig.now, lease=second * 60, pace=second * 0, limit=50):
            for claimed in claims:
                after = DeliveryState.SENT if claimed.channel in channels else DeliveryState.OWED
                later = rig.now + second
                done = Delivery(
                    **{
                        name: getattr(claimed, name)
                        for name in Delivery.__dataclass_fields__
                        if name not in ("state", "due")
                    },
                    state=after,
                    due=later,
                )
                session.outbox.settle(claimed, done, now=rig.now)
                sent += [claimed.id] if after is DeliveryState.SENT else []
    return sent


def kinds(rig: Rig) -> dict[str, LedgerKind]:
    """What the ledger says of each story, by channel; a story twice in a channel cannot be."""
    with rig.store.reading() as session:
        stories = [one.story for one in session.entries(session.guids()).values()]
        rows = session.outbox.ledger.rows(stories=stories)
    return {f"{row.channel} {row.route}": row.kind for row in rows}


def test_two_names_of_one_channel_share_its_ledger(rig: Rig) -> None:
    add_names(rig)
    rig.restart(routes=(BY_NAME, BY_ID, BARE))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    (message,) = messages(rig)
    assert (message.channel, message.route) == ("C0GENERAL", "by-name"), "the first in the settings takes it"


def test_what_was_announced_under_either_name_is_announced(rig: Rig) -> None:
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    ids = {one.channel: one.id for one in messages(rig)}
    assert set(ids) == {"C0GENERAL", "#general"}
    assert send(rig, "#general") == [ids["#general"]]
    add_names(rig)
    rig.restart()
    rig.run_once()
    assert messages(rig) == [], "what waited under the id was announced under the name"
    assert kinds(rig) == {"C0GENERAL by-name": LedgerKind.ANNOUNCED}
    (sent,) = messages(rig, DeliveryState.SENT)
    assert (sent.id, sent.channel) == (ids["#general"], "C0GENERAL"), "Slack knows it by its id"


def test_what_waits_under_both_names_is_posted_once(rig: Rig) -> None:
    rig.run_once()
    for name in ("a.md", "b.md"):
        rig.write(name)
    rig.run_once()
    assert len(messages(rig)) == 4
    add_names(rig)
    rig.restart()
    rig.run_once()
    assert sorted(one.guids for one in messages(rig)) == sorted(
        (entry.guid,) for entry in rig.entries().values()
    )
    assert {one.channel for one in messages(rig)} == {"C0GENERAL"}


def test_route_whose_name_is_found_begins_nothing_anew(rig: Rig) -> None:
    rig.restart(routes=(BY_NAME,))
    rig.run_once()
    rig.write("before.md")
    rig.run_once()
    assert [one.channel for one in messages(rig)] == ["#general"]
    add_names(rig)
    rig.app.adopt_channels(rig.now)
    rig.write("after.md")
    rig.run_once()
    assert [one.channel for one in messages(rig)] == ["C0GENERAL", "C0GENERAL"]
    rig.restart()
    rig.write("later.md")
    rig.run_once()
    assert len(messages(rig)) == 3, "no silent beginning after the restart"


def test_name_that_leads_to_another_channel_is_followed_at_once_and_back(rig: Rig) -> None:
    rig.restart(routes=(BY_NAME,))
    add_names(rig)
    rig.app.adopt_channels(rig.now)
    rig.run_once()
    for name, id in (("a.md", "C0OTHER"), ("b.md", "C0GENERAL")):
        rig.write(name)
        rig.run_once()
        with rig.store.transaction() as session:
            session.outbox.channels.put_ids({"general": id}, rig.now)
        rig.app.adopt_channels(rig.now)
        rig.write(f"after-{name}")
        rig.run_once()
        assert {one.channel for one in messages(rig)} == {id}
    assert len(messages(rig)) == 4, "what waited went along, and the new ones are owed there"


def test_channel_that_a_name_leads_to_now_begins_silently(rig: Rig) -> None:
    rig.restart(routes=(BY_NAME,))
    add_names(rig)
    rig.app.adopt_channels(rig.now)
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    assert len(send(rig, "C0GENERAL")) == 1
    with rig.store.transaction() as session:
        session.outbox.channels.put_ids({"general": "C0OTHER"}, rig.now)
    rig.app.adopt_channels(rig.now)
    rig.run_once()
    assert messages(rig) == []
    assert kinds(rig)["C0OTHER by-name"] is LedgerKind.BASELINE


def test_message_that_may_be_in_the_former_channel_stays_there(rig: Rig) -> None:
    rig.restart(routes=(BY_ID,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    minute = timedelta(minutes=1)
    with rig.store.transaction() as session:
        session.outbox.claim(rig.now, lease=minute, pace=minute)
        session.outbox.expire_leases(rig.now, confirm_after=minute, everything=True)
    with capture_logs() as logs:
        rig.restart(routes=(BY_ID.model_copy(update={"channel": "C0OTHER"}),))
    rig.run_once()
    (message,) = messages(rig, DeliveryState.UNCLEAR)
    assert message.channel == "C0GENERAL" and messages(rig) == []
    assert [line["event"] for line in logs if "go with their route" in line["event"]] == []


def test_settings_that_go_from_name_to_id_announce_nothing_again(rig: Rig) -> None:
    rig.restart(routes=(BY_NAME,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    send(rig, "#general")
    add_names(rig)
    rig.restart(routes=(BY_ID,))
    rig.run_once()
    assert messages(rig) == []
    rig.write("b.md")
    rig.run_once()
    assert [one.channel for one in messages(rig)] == ["C0GENERAL"]


def test_without_an_id_a_name_stays_as_it_is(rig: Rig) -> None:
    rig.restart(routes=(BY_NAME,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    rig.restart()
    rig.run_once()
    assert [one.channel for one in messages(rig)] == ["#general"]


def test_route_that_is_given_its_channels_id_takes_along_what_it_owes(rig: Rig) -> None:
    rig.restart(routes=(BY_NAME,))
    rig.run_once()
    for name in ("a.md", "b.md"):
        rig.write(name)
    rig.run_once()
    assert {one.channel for one in messages(rig)} == {"#general"}
    rig.restart(routes=(BY_NAME.model_copy(update={"channel": "C0GENERAL"}),))
    rig.run_once()
    assert [one.channel for one in messages(rig)] == ["C0GENERAL"] * 2
    assert len(send(rig, "C0GENERAL")) == 2
    rig.write("c.md")
    rig.run_once()
    assert [one.channel for one in messages(rig)] == ["C0GENERAL"]
    assert set(kinds(rig)) == {"C0GENERAL by-name"}, "nothing is left under the name"


def test_routes_that_swap_their_channels_take_along_what_both_owe(rig: Rig) -> None:
    one, other = (Route(name=name, channel=name.upper(), deliver="immediate") for name in ("c1", "c2"))
    rig.restart(routes=(one, other))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    swapped = (one.model_copy(update={"channel": "C2"}), other.model_copy(update={"channel": "C1"}))
    rig.restart(routes=swapped)
    rig.run_once()
    assert sorted((message.route, message.channel) for message in messages(rig)) == [
        ("c1", "C2"),
        ("c2", "C1"),
    ]
    assert len(send(rig, "C1", "C2")) == 2
    assert set(kinds(rig).values()) == {LedgerKind.ANNOUNCED}


def test_story_that_the_id_has_had_is_not_owed_again_by_a_route_that_is_given_it(rig: Rig) -> None:
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    assert len(send(rig, "C0GENERAL")) == 1
    rig.restart(routes=(BY_NAME.model_copy(update={"channel": "C0GENERAL"}), BY_ID))
    rig.run_once()
    assert messages(rig) == [] and rig.owed() == []
    assert kinds(rig) == {"C0GENERAL by-id": LedgerKind.ANNOUNCED}


def test_message_of_a_gone_route_goes_to_another_of_its_channel(rig: Rig) -> None:
    rig.restart(routes=(BY_ID,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    rig.restart(routes=(BY_ID.model_copy(update={"name": "renamed"}),))
    rig.run_once()
    assert [(one.route, one.channel) for one in messages(rig)] == [("renamed", "C0GENERAL")]


@pytest.mark.parametrize("cut_off", [False, True])
def test_message_that_a_gone_route_may_have_sent_is_left_to_another_of_its_channel(
    rig: Rig, cut_off: bool
) -> None:
    rig.restart(routes=(BY_ID,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    minute = timedelta(minutes=1)
    with rig.store.transaction() as session:
        session.outbox.claim(rig.now, lease=minute, pace=minute)
        if not cut_off:
            session.outbox.expire_leases(rig.now, confirm_after=minute, everything=True)
    rig.restart(routes=(BY_ID.model_copy(update={"name": "renamed", "per_hour": 1}),))
    with rig.store.transaction() as session:
        session.outbox.expire_leases(rig.now, confirm_after=minute, everything=True)
    (message,) = messages(rig, DeliveryState.UNCLEAR)
    assert (message.route, message.channel) == ("renamed", "C0GENERAL")
    assert kinds(rig) == {"C0GENERAL renamed": LedgerKind.OWED}


def test_message_of_a_route_that_is_gone_with_its_channel_waits(rig: Rig) -> None:
    rig.restart(routes=(BY_ID,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    rig.restart(routes=(Route(name="other", channel="C2", deliver="immediate"),))
    rig.run_once()
    assert [(one.route, one.channel) for one in messages(rig)] == [("by-id", "C0GENERAL")]


@pytest.mark.parametrize(("channel", "to"), [("C0GENERAL", "other"), ("C2", None)])
def test_log_says_whose_stories_are_let_go_and_what_to_do(rig: Rig, channel: str, to: str | None) -> None:
    gathers = BY_ID.model_copy(update={"gather": timedelta(hours=1)})
    rig.restart(routes=(gathers,))
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    with capture_logs() as logs:
        rig.restart(routes=(Route(name="other", channel=channel, deliver="immediate"),))
    (line,) = [line for line in logs if "owed by a gone route" in line["event"]]
    assert (line["route"], line["channel"], line["stories"]) == ("by-id", "C0GENERAL", 1)
    assert (line.get("to"), "`syndicator backfill`" in line.get("fix", "")) == (to, to is None)


def test_ids_that_could_not_be_taken_over_are_taken_over_by_the_next_run(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreBusy("the database is in use")

    add_names(rig)
    rig.loop.named.set()
    with monkeypatch.context() as patch:
        patch.setattr(rig.app.router, "use", fail)
        with pytest.raises(StoreBusy):
            rig.loop.run_once()
    rig.loop.run_once()
    assert {route.channel for route in rig.app.router.routes} == {"C0GENERAL"}
