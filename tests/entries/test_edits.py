"""A posted message follows its story: edited when that changes, settled where it flips, struck when gone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import text
from structlog.testing import capture_logs

from syndicator.alerts import Delivery, DeliveryState
from syndicator.monitoring.status import facts
from syndicator.slack.sender import Sender
from syndicator.slack.terminal import Terminal
from tests.commands import run_command
from tests.entries.channel import AT_ONCE, HOUR, MINUTE, SECOND, Channel
from tests.slack_server import Channel as SlackChannel
from tests.slack_server import Slack, SlackServer, script

ROUTE = AT_ONCE.model_copy(update={"edits": True})
PHRASE = {"title": "Tides", "webUrl": "https://news.example/tides"}


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(Slack(channels={"C1": SlackChannel(id="C1", name="sea")})) as server:
        yield server


@pytest.fixture
def channel(tmp_path: Path, server: SlackServer) -> Channel:
    return Channel(tmp_path, server, ROUTE)


def write(channel: Channel, **front: Any) -> None:
    channel.rig.write("tides.md", **(PHRASE | front))
    channel.rig.run_once()


def post(channel: Channel, **front: Any) -> None:
    write(channel, **front)
    channel.pass_time(SECOND)
    assert len(channel.server.slack.posted) == 1


def shown(channel: Channel) -> str:
    """The text that stands for the only message in the channel now."""
    (posted,) = channel.server.slack.posted
    assert channel.server.slack.problems == []
    return str(posted.shown["text"])


def updates(channel: Channel) -> int:
    """How often Slack was asked to edit."""
    return sum(method == "chat.update" for method, _ in channel.server.slack.calls)


def edits(channel: Channel) -> Sequence[Delivery]:
    with channel.rig.store.reading() as session:
        found = session.outbox.list(limit=100)
        return [edit for one in found for edit in session.outbox.edits.of(one.id)]


def test_changed_title_link_or_picture_edits_the_message_after_a_quiet_minute(channel: Channel) -> None:
    post(channel)
    for front in ({"title": "Tides rise"}, {"webUrl": "https://other.example/tides"}, {"excerpt": "Better."}):
        channel.pass_time(HOUR, step=MINUTE)
        before = updates(channel)
        write(channel, **front)
        channel.pass_time(MINUTE - SECOND)
        assert updates(channel) == before, "not before the story has come to rest"
        channel.pass_time(MINUTE)
        assert updates(channel) == before + 1
    (posted,) = channel.server.slack.posted
    assert "https://news.example/tides" in shown(channel) and "Better." in str(posted.shown["blocks"])
    assert posted.shown["metadata"] == posted.body["metadata"], "it can still be looked for"
    channel.pass_time(HOUR, step=MINUTE)
    assert updates(channel) == 3


def test_edit_that_waits_is_no_message_that_waits(channel: Channel) -> None:
    post(channel)
    write(channel, title="Tides rise")
    rig = channel.rig
    rig.now += 2 * MINUTE
    rig.run_once()
    with rig.store.reading() as session:
        texts = [finding.text for finding in rig.app.findings(session, rig.now)]
    assert "1 edit waits" in texts
    found = facts(rig.app, rig.now, started=rig.now)
    assert (found["routes"][0]["waiting"], found["edits"]) == (0, {"owed": 1})


def test_other_publisher_that_comes_later_is_named_and_leads_once_the_first_is_gone(channel: Channel) -> None:
    post(channel, provider={"name": "GeekWire"}, quality=80)
    for path, name, quality in (("zd.md", "ZDNet", 70), ("rt.md", "Reuters", 120)):
        channel.rig.write(path, **PHRASE | {"title": f"By {name}"}, provider={"name": name}, quality=quality)
        channel.rig.run_once()
        channel.pass_time(2 * MINUTE, step=SECOND * 10)
        if name == "ZDNet":
            assert "also: " in str(channel.server.slack.posted[0].shown) and updates(channel) == 1
    assert shown(channel).startswith("Tides (GeekWire, ZDNet, Reuters)") and updates(channel) == 2
    (channel.rig.folder / "tides.md").unlink()
    channel.rig.run_once()
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    assert shown(channel).startswith("By Reuters (Reuters, ZDNet)"), "the story is still there"


def test_quality_of_others_that_flips_edits_nothing(channel: Channel) -> None:
    """Five of seven are linked: which of them is no matter of their quality."""
    for name in "abcdefg":
        channel.rig.write(f"{name}.md", **PHRASE, provider={"name": f"Daily {name}"}, quality=50)
    post(channel, provider={"name": "VentureBeat"}, quality=93)
    for quality in (87, 20, 87):
        channel.rig.write("g.md", **PHRASE, provider={"name": "Daily g"}, quality=quality)
        channel.rig.run_once()
        channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert updates(channel) == 0


def test_quality_that_flips_leaves_the_posted_headline_alone(channel: Channel) -> None:
    """Nor does a copy of its title take the card over."""
    channel.rig.write("copy.md", **PHRASE, provider={"name": "ZDNet"}, quality=80)
    post(channel, provider={"name": "VentureBeat"}, quality=93)
    for quality in (53, 93, 53, 93, 53):
        write(channel, provider={"name": "VentureBeat"}, quality=quality)
        channel.pass_time(HOUR, step=MINUTE)
    assert updates(channel) == 0 and shown(channel).startswith("Tides (VentureBeat, ZDNet)")


def test_publisher_named_like_the_reason_is_corrected_and_stands_in_its_place(
    tmp_path: Path, server: SlackServer
) -> None:
    channel = Channel(tmp_path, server, ROUTE.model_copy(update={"show_reason": True}))
    post(channel, provider={"name": "Sent by the route nobody"})
    write(channel, provider={"name": "Sent by the route all"}, title="Tides rise")
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    (posted,) = server.slack.posted
    shape = [(block["type"], len(block.get("elements", ()))) for block in posted.body["blocks"]]
    assert [(block["type"], len(block.get("elements", ()))) for block in posted.shown["blocks"]] == shape
    assert "route all" in str(posted.shown["blocks"]) and "nobody" not in str(posted.shown["blocks"])
    assert posted.shown["blocks"][-1] == posted.body["blocks"][-1]


def test_what_no_reader_sees_edits_nothing(tmp_path: Path, server: SlackServer) -> None:
    reasoned = ROUTE.model_copy(update={"show_reason": True, "min_quality": 10.0})
    channel = Channel(tmp_path, server, reasoned)
    post(channel)
    for front in ({"quality": 93}, {"quality": 53}, {"secured": "bmV3"}, {"quality": 5}, {"heat": 7}):
        write(channel, **front)
        channel.pass_time(3 * MINUTE, step=MINUTE)
    assert updates(channel) == 0
    write(channel, title="Tides rise", quality=20)
    channel.pass_time(2 * MINUTE, step=SECOND * 30)
    (posted,) = server.slack.posted
    assert "Tides rise" in shown(channel) and posted.shown["blocks"][-1] == posted.body["blocks"][-1]


@pytest.mark.parametrize(("changes", "count"), [(6, 0), (7, 1)], ids=["back as it was", "another"])
def test_path_that_flips_between_two_publishers_settles(channel: Channel, changes: int, count: int) -> None:
    post(channel)
    for number in range(changes):
        name = "GeekWire" if number % 2 == 0 else "ZDNet"
        link = "https://geek.example/t" if number % 2 == 0 else PHRASE["webUrl"]
        write(channel, title="Tides" if number % 2 else f"Tides, by {name}", webUrl=link)
        channel.pass_time(SECOND * 20)
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    assert (updates(channel), len(edits(channel))) == (count, count)


def test_message_is_edited_once_a_minute_at_most(channel: Channel) -> None:
    post(channel)
    for number in range(6):
        write(channel, title=f"Tides {number}")
        channel.pass_time(SECOND * 61)
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    ended = sorted(edit.ended for edit in edits(channel) if edit.ended)
    assert "Tides 5" in shown(channel) and len(ended) >= 3
    assert all(later - sooner >= MINUTE for sooner, later in pairwise(ended))


def test_withdrawn_story_is_struck_through_with_the_reason_and_restored_when_it_returns(
    channel: Channel,
) -> None:
    channel.rig.write(
        "other.md", quality=1, published=False
    )  # a folder that is suddenly empty is not believed
    post(channel, featuredImage="https://img.example/a.jpg")
    (posted,) = channel.server.slack.posted
    (channel.rig.folder / "tides.md").unlink()
    channel.rig.run_once()
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    text, reason = posted.shown["blocks"]
    assert text["elements"][0]["elements"] == [{"type": "text", "text": "Tides", "style": {"strike": True}}]
    assert reason["elements"][0]["text"] == "Withdrawn: its file is gone"
    assert shown(channel) == "Withdrawn: its file is gone: Tides"
    write(channel, featuredImage="https://img.example/a.jpg")
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert posted.shown["blocks"] == posted.body["blocks"] and len(channel.server.slack.posted) == 1
    write(channel, published=False)
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert shown(channel).startswith("Withdrawn: no longer published"), "it does not wait as other edits do"


def test_title_of_a_draft_is_not_shown_in_the_message_that_it_withdraws(channel: Channel) -> None:
    post(channel, title="Tides rise")
    write(channel, title="Tides rise again")
    channel.pass_time(HOUR, step=MINUTE)
    for title in ("Not for anybody yet", "Not for anybody yet, second thoughts"):
        write(channel, title=title, published=False)
        channel.pass_time(HOUR, step=MINUTE)
    assert shown(channel) == "Withdrawn: no longer published: Tides rise again"
    assert "Not for anybody" not in str(channel.server.slack.posted)
    assert updates(channel) == 2, "and a draft that is worked on edits nothing"
    write(channel, title="Tides fall")
    channel.pass_time(HOUR, step=MINUTE)
    assert shown(channel).startswith("Tides fall")


def test_message_whose_entry_is_of_another_story_now_is_left_alone(channel: Channel) -> None:
    """As where an earlier version announced it, and it was a draft when this one came."""
    post(channel, provider={"name": "GeekWire"})
    write(channel, provider={"name": "GeekWire"}, published=False)
    channel.pass_time(2 * MINUTE, step=SECOND * 30)
    with channel.rig.store.transaction() as session:
        for table in ("stories", "story_words", "word_counts"):
            session._connection.execute(text(f"DELETE FROM {table}"))
    other = PHRASE | {"webUrl": "https://other.example/t", "excerpt": "What there is to know about tides."}
    channel.rig.write("other.md", **other, provider={"name": "ZDNet"})
    channel.rig.run_once()
    write(channel, provider={"name": "GeekWire"})
    entries = channel.rig.entries()
    assert entries["tides.md"].story == entries["other.md"].story
    before = updates(channel)
    channel.pass_time(2 * MINUTE, step=SECOND * 30)
    assert updates(channel) == before


def test_message_follows_its_story_for_seven_days(channel: Channel) -> None:
    post(channel)
    channel.rig.wait(timedelta(days=7) - MINUTE)
    write(channel, title="Just in time")
    channel.pass_time(2 * MINUTE, step=SECOND * 30)
    assert "Just in time" in shown(channel)
    write(channel, title="Too late")
    channel.pass_time(5 * MINUTE, step=SECOND * 30)
    assert "Just in time" in shown(channel)


def test_route_without_edits_leaves_what_it_posted(tmp_path: Path, server: SlackServer) -> None:
    channel = Channel(tmp_path, server, AT_ONCE)
    post(channel)
    write(channel, title="Another")
    channel.pass_time(5 * MINUTE, step=SECOND * 30)
    assert (updates(channel), shown(channel).count("Another")) == (0, 0)


def test_flood_of_an_immediate_route_is_a_digest_and_not_edited(channel: Channel) -> None:
    channel.arrive(30)
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    channel.rig.write("n29.md", title="Another", webUrl="https://news.example/n29")
    channel.rig.run_once()
    channel.pass_time(5 * MINUTE, step=SECOND * 30)
    assert updates(channel) == 0


def test_edit_goes_out_while_the_route_is_muted(channel: Channel) -> None:
    post(channel)
    channel.mute(HOUR)
    write(channel, title="Tides rise")
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert "Tides rise" in shown(channel), "it makes no notification"


def test_change_while_the_message_is_on_its_way_is_not_lost(channel: Channel) -> None:
    channel.server.slack.faults = script("reset-after")
    write(channel)
    channel.pass_time(SECOND)
    assert channel.states() == {"unclear"}
    write(channel, title="Tides rise")
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    assert "Tides rise" in shown(channel)


@pytest.mark.parametrize("word", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_message_that_can_be_edited_no_more_ends_its_edits_and_nothing_else(
    channel: Channel, word: str
) -> None:
    post(channel)
    channel.server.slack.faults = script(word, method="chat.update")
    write(channel, title="Tides rise")
    with capture_logs() as logs:
        channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert [line["event"] for line in logs if line["log_level"] != "debug"].count(
        "message is edited no more"
    ) == 1
    with channel.rig.store.reading() as session:
        assert session.outbox.channels.broken() == []
    write(channel, title="Tides fall")
    channel.arrive(1)
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    assert (updates(channel), len(channel.server.slack.posted)) == (1, 2)


def test_edit_waits_as_long_as_slack_asks_also_after_a_restart_and_holds_up_no_message(
    channel: Channel,
) -> None:
    post(channel)
    channel.server.slack.retry_after_s = 600
    channel.server.slack.faults = script("429", method="chat.update")
    write(channel, title="Tides rise")
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert updates(channel) == 1
    channel.arrive(1)
    channel.restart()
    channel.pass_time(7 * MINUTE, step=SECOND * 10)
    assert (updates(channel), len(channel.server.slack.posted)) == (1, 2)
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert updates(channel) == 2
    assert "Tides rise" in str(channel.server.slack.posted[0].shown["text"])


def test_edit_whose_answer_was_lost_is_made_again_once_slack_has_applied_it(channel: Channel) -> None:
    post(channel)
    channel.server.slack.faults = script("reset-after", method="chat.update")
    write(channel, title="Tides rise")
    channel.pass_time(SECOND * 70, step=SECOND * 5)
    assert updates(channel) == 1 and channel.states() == {"sent", "owed"}
    write(channel)  # back as it was posted: the channel may have the other text
    channel.pass_time(SECOND * 40, step=SECOND * 5)
    assert updates(channel) == 1, "not before `confirm_after`"
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    assert "rise" not in shown(channel) and channel.states() == {"sent"}


def test_edit_owed_survives_a_restart_and_a_restored_backup(channel: Channel) -> None:
    post(channel)
    write(channel, title="Tides rise")
    channel.rig.restart()
    channel.restart()
    with channel.rig.store.transaction() as session:
        session.outbox.distrust(channel.rig.now)
    channel.pass_time(SECOND * 61)
    with channel.rig.store.transaction() as session:
        session.outbox.distrust(channel.rig.now)
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert "Tides rise" in shown(channel)


def test_edits_owed_end_with_the_route_or_when_it_edits_no_longer(channel: Channel) -> None:
    post(channel)
    channel.server.slack.faults = script(*["429"] * 9, method="chat.update")
    write(channel, title="Tides rise")
    channel.pass_time(SECOND * 70, step=SECOND * 10)
    assert [edit.state for edit in edits(channel)] == [DeliveryState.OWED]
    channel.rig.restart(routes=[AT_ONCE])
    channel.rig.run_once()
    assert [edit.state for edit in edits(channel)] == [DeliveryState.RELEASED]


def test_edit_that_was_cut_off_ends_with_its_route(channel: Channel) -> None:
    post(channel)
    write(channel, title="Tides rise")
    channel.rig.wait(2 * MINUTE)
    channel.rig.enqueue()
    assert len(channel.sender._claim(limit=1)[0]) == 1
    channel.rig.restart(routes=[ROUTE.model_copy(update={"name": "ocean"})])
    channel.restart()
    assert [edit.state for edit in edits(channel)] == [DeliveryState.RELEASED]


def test_edit_given_up_after_a_day_is_visible_and_taken_up_by_the_next_change(channel: Channel) -> None:
    post(channel)
    channel.server.slack.faults = script(*["500-before"] * 999, method="chat.update")
    write(channel, title="Tides rise")
    channel.pass_time(timedelta(hours=26), step=HOUR)
    (edit,) = edits(channel)
    assert edit.state is DeliveryState.FAILED and edit.error
    channel.server.slack.faults = lambda _method: None
    write(channel, title="Tides fall")
    channel.pass_time(3 * MINUTE, step=SECOND * 20)
    assert "Tides fall" in shown(channel)
    assert [edit.state for edit in edits(channel)] == [DeliveryState.SENT]


def test_texts_before_are_kept(channel: Channel) -> None:
    post(channel)
    for title in ("Tides rise", "Tides fall"):
        write(channel, title=title)
        channel.pass_time(SECOND * 130, step=SECOND * 10)
    first, second = edits(channel)
    with channel.rig.store.reading() as session:
        posted = session.outbox.find(first.edit_of or "")
    assert posted is not None
    texts = [str(one.message["text"]).split(" http")[0] for one in (posted, first, second)]
    assert texts == ["Tides", "Tides rise", "Tides fall"]
    assert (first.why, first.message_ts) == ("its story changed", posted.message_ts)


def test_commands_show_what_became_of_a_message(channel: Channel) -> None:
    post(channel)
    write(channel, title="Tides rise")
    waits = command(channel, "explain", "tides.md")
    assert "its story has changed: compared with it 2026-" in waits
    channel.server.slack.retry_after_s = 90
    channel.server.slack.faults = script("429", method="chat.update")
    channel.pass_time(SECOND * 61)
    (owed,) = edits(channel)
    listed = command(channel, "deliveries", "list", "--state", "owed")
    assert f"edit of {(owed.edit_of or '')[:8]}, its story changed: Tides rise" in listed
    assert "edit owed: its story changed" in command(channel, "explain", "tides.md")
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    assert "edit sent 2026-" in command(channel, "explain", "tides.md")
    (entry,) = json.loads(command(channel, "explain", "tides.md", "--json"))["entries"]
    assert [one["text"].split(" http")[0] for one in entry["routes"][0]["edits"]] == ["Tides rise"]


def command(channel: Channel, *arguments: str) -> str:
    """What a command on the route's settings prints, with blanks and line ends folded."""
    base = channel.rig.base
    settings = {
        "site": {"title": "Cloud News", "base_url": "https://feeds.example.org/"},
        "sources": [{"name": "news", "path": "articles"}],
        "output": "public",
        "state": "sqlite:///var/state.db",
        "routes": [{"name": "sea", "channel": "C1", "deliver": "immediate", "edits": True}],
    }
    (base / "s.yaml").write_text(json.dumps(settings), "utf-8")
    done = run_command([*arguments, "--config", str(base / "s.yaml")], {"COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def test_preview_draws_the_edit(tmp_path: Path, server: SlackServer) -> None:
    channel, page = Channel(tmp_path, server, ROUTE), io.StringIO()
    terminal = Terminal(Console(file=page, width=100))
    channel.sender = Sender(channel.rig.app.outbox, lambda _: terminal, clock=lambda: channel.rig.now)
    write(channel)
    channel.pass_time(SECOND)
    write(channel, title="Tides rise")
    channel.pass_time(2 * MINUTE, step=SECOND * 10)
    first, _, second = page.getvalue().partition("(edited)")
    assert "Tides" in first and "Tides rise" in second and channel.states() == {"shown"}
    channel.restart()
    channel.pass_time(5 * MINUTE, step=SECOND * 10)
    assert server.slack.posted == [] and updates(channel) == 0


def test_message_given_up_and_retried_after_its_story_changed_is_corrected(channel: Channel) -> None:
    channel.server.slack.faults = script(*["503-before"] * 999)
    write(channel)
    channel.pass_time(timedelta(hours=26), step=HOUR)
    assert channel.states() == {"failed"}
    write(channel, title="Tides rise")
    channel.server.slack.faults = lambda _method: None
    with channel.rig.store.transaction() as session:
        (message,) = session.outbox.list()
        session.outbox.retry(message.id, channel.rig.now, anyway=True)
    channel.pass_time(3 * MINUTE, step=SECOND * 10)
    assert "Tides rise" in shown(channel)
