"""What other settings would have posted is decided by the service's own rules on what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.alerts import DeliveryState, LedgerKind, RouteReason, Slot
from syndicator.notify.recorded import Recorded, read_recorded
from syndicator.settings.models import Digest, QuietHours, Route
from syndicator.simulation.comparison import Comparison, compare
from syndicator.simulation.page import render_comparison
from syndicator.simulation.replay import Replayed, replay
from tests.making import NOON
from tests.rig import Rig

DAY = timedelta(days=1)
AI = Route(name="ai", channel="C1", topics=("AI",), min_quality=80, deliver="immediate")
DAILY = Route(name="daily", channel="C2", deliver=Digest(cron="0 9 * * *"))


def at_nine(digest: Digest, now: datetime) -> Slot:
    nine = now.replace(hour=9, minute=0, second=0, microsecond=0)
    nine -= DAY if nine > now else timedelta()
    return Slot(nominal=f"{nine:%Y-%m-%dT%H:%M}", at=nine)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A service that has begun with an empty folder and an older article."""
    rig = Rig(tmp_path, publishes=False, routes=[AI, DAILY], latest_slot=at_nine)
    rig.write("old.md", quality=90)
    rig.run_once()
    return rig


def run_and_send(rig: Rig) -> None:
    """One run, after which Slack has all that was due."""
    rig.run_once()
    with rig.store.transaction() as session:
        while some := session.outbox.claim(rig.now, lease=timedelta(minutes=5), pace=timedelta(0)):
            for one in some:
                after = replace(one, state=DeliveryState.SENT, message_ts="1.2")
                assert session.outbox.settle(one, after, now=rig.now)


def wait(rig: Rig) -> None:
    """Thirteen hours, in which the digest's time may come."""
    then, nine = rig.now + timedelta(hours=13), at_nine(Digest(cron=""), rig.now).at + DAY
    if nine <= then:
        rig.now = nine
        run_and_send(rig)
    rig.now = then


def lived(rig: Rig) -> None:
    """Five days: arrivals, a rise, a fall and rise again, a draft published, a withdrawal, a copy."""
    for step in (
        {"good": 90, "poor": 50},
        {"rises": 60, "flaps": 93},
        {"rises": 85, "flaps": 53, "unrated": None},
        {"flaps": 93, "poor": 55},
        {"late": 100},
    ):
        wait(rig)
        for name, quality in step.items():
            rig.write(f"{name}.md", quality=quality, publishedDateTime=f"{rig.now - DAY:%Y-%m-%dT%H:%M:%SZ}")
        run_and_send(rig)
    wait(rig)
    rig.write("copy.md", webUrl="https://news.example/late", quality=120)
    rig.write("draft.md", published=False, quality=110)
    run_and_send(rig)
    wait(rig)
    rig.write("draft.md", published=True, quality=110)
    (rig.folder / "good.md").unlink()
    run_and_send(rig)
    wait(rig)
    run_and_send(rig)


def recorded(rig: Rig, *, days: float = 30, routes: Sequence[Route] = (AI, DAILY)) -> Recorded:
    with rig.store.reading() as session:
        return read_recorded(session, routes, since=rig.now - days * DAY, until=rig.now)


def titles(one: Replayed, past: Recorded, channel: str) -> list[str]:
    paths = {event.entry.guid: event.entry.article.path for event in past.events}
    return sorted(paths[row.guid].removesuffix(".md") for key, row in one.taken.items() if key[0] == channel)


def test_same_settings_give_what_was_really_decided_and_sent(rig: Rig) -> None:
    lived(rig)
    past = recorded(rig, days=(rig.now - NOON) / DAY)
    assert past.exact_since <= past.since, "all of it was recorded"
    played = replay(past, [AI, DAILY])
    with rig.store.reading() as session:
        rows = session.outbox.ledger.rows(stories=[entry.story for entry in rig.entries().values()])
        sent = session.outbox.list()
    really = {
        (row.channel, row.story): (row.route, row.guid, row.at)
        for row in rows
        if row.kind is not LedgerKind.BASELINE
    }
    assert {key: (row.route, row.guid, row.at) for key, row in played.taken.items()} == really
    assert len(really) == 12
    messages = sorted((one.route, one.kind, one.created, len(one.guids)) for one in sent)
    assert messages == sorted(
        (post.draft.route.name, post.draft.kind, post.at, len(post.draft.shown)) for post in played.posts
    )


def test_quality_as_it_was_decides_and_a_return_announces_nothing(rig: Rig) -> None:
    lived(rig)
    past = recorded(rig, days=4.4)
    assert titles(replay(past, [AI]), past, "C1") == ["draft", "flaps", "good", "late", "rises"]
    higher = AI.model_copy(update={"min_quality": 91})
    assert titles(replay(past, [higher]), past, "C1") == ["draft", "flaps", "late"]


def test_long_replay_tells_how_far_it_is(rig: Rig) -> None:
    lived(rig)
    told: list[tuple[int, int]] = []
    replay(recorded(rig), [AI, DAILY], lambda done, of: told.append((done, of)))
    assert told == sorted(told)
    assert {of for _, of in told} == {30 * 24}
    assert len({done for done, _ in told}) > 5


def test_what_comes_and_goes_says_why_not(rig: Rig) -> None:
    lived(rig)
    past = recorded(rig, days=4.4)
    lower = AI.model_copy(update={"min_quality": 50})
    fewer = DAILY.model_copy(update={"topics": ("Azure",)})
    one = compare(past, replay(past, [AI, DAILY]), replay(past, [lower, fewer]))
    assert [(c.channel, c.entry.article.path, c.why) for c in one.comes] == [
        ("C1", "poor.md", RouteReason.BELOW_MINIMUM)
    ]
    assert {(c.channel, c.why) for c in one.goes} == {("C2", RouteReason.OTHER_TOPIC)}
    ai, daily = one.routes
    assert ai.before is not None and ai.after is not None and daily.after is not None
    assert (ai.before.stories, ai.after.stories, daily.after.stories) == (5, 6, 0)
    assert sum(ai.after.per_day) == 6
    assert len(one.days) == 5


def test_before_anything_was_recorded_it_is_estimated_from_the_folder(rig: Rig) -> None:
    past = recorded(rig, days=30)
    assert past.exact_since > past.since
    assert titles(replay(past, [AI]), past, "C1") == ["old"]
    (event,) = past.events
    assert event.at == event.entry.article.published


def test_caps_and_quiet_hours_shape_the_messages(rig: Rig) -> None:
    for number in range(6):
        rig.wait(timedelta(minutes=2))
        rig.write(f"{number}.md", quality=90)
        rig.run_once()
    rig.wait(timedelta(hours=12))
    past = recorded(rig, days=12.25 / 24)
    capped = AI.model_copy(update={"per_hour": 2})
    posts = replay(past, [capped]).posts
    kinds = [(post.draft.kind, len(post.draft.stories)) for post in posts]
    assert kinds == [("alert", 1), ("alert", 1), ("digest", 4)]
    assert posts[2].at == posts[0].at + timedelta(hours=1)
    quiet = AI.model_copy(update={"quiet_hours": QuietHours(start=time(8), end=time(18))})
    (catch_up,) = replay(past, [quiet]).posts
    assert (catch_up.at.hour, len(catch_up.draft.stories)) == (18, 6)
    before_six = replace(past, until=catch_up.at - timedelta(hours=1))
    (route,) = compare(before_six, None, replay(before_six, [quiet])).routes
    assert route.after is not None
    assert (route.after.stories, sum(route.after.per_day)) == (6, 0)


@pytest.mark.parametrize(
    "fields", [{"gather": timedelta(hours=1)}, {"min_publishers": 2}], ids=["gathered", "several publishers"]
)
def test_story_of_several_publishers_is_led_and_counted_as_by_the_service(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    route = Route(name="any", channel="C1", deliver="immediate", **fields)
    rig = Rig(tmp_path, publishes=False, routes=[route])
    rig.run_once()
    for name, quality, minutes in (("GeekWire", 90, 10), ("ZDNet", 120, 20), ("Neowin", 60, 60)):
        rig.wait(timedelta(minutes=minutes))
        link = "https://news.example/lighthouse"
        rig.write(f"{name}.md", webUrl=link, provider={"name": name}, quality=quality)
        run_and_send(rig)
    rig.wait(timedelta(hours=2))
    run_and_send(rig)
    past = recorded(rig, days=1, routes=[route])
    with rig.store.reading() as session:
        (row,) = session.outbox.ledger.rows(stories=[entry.story for entry in rig.entries().values()])
        (sent,) = session.outbox.list()
    played = replay(past, [route])
    assert [(one.guid, one.at) for one in played.taken.values()] == [(row.guid, row.at)]
    assert row.guid == rig.entries()["ZDNet.md"].guid
    (post,) = played.posts
    if "gather" not in fields:  # the rig looks when something comes, the service when the wait is over
        assert post.at == sent.created


def compared(rig: Rig) -> Comparison:
    lived(rig)
    past = recorded(rig, days=4.4)
    higher = AI.model_copy(update={"min_quality": 91})
    return compare(past, replay(past, [AI, DAILY]), replay(past, [higher, DAILY]))


def test_topic_says_which_minimum_gives_how_much(rig: Rig) -> None:
    one = compared(rig)
    everything, ai = one.topics
    assert (everything.name, ai.name) == ("all topics", "AI")
    assert ai.minimums["10 a day"] is None, "there are not ten a day"
    assert ai.minimums["1 a day"] == 90, "the fourth best of the 4.4 days"


def test_minimum_is_new_only_beside_another(rig: Rig) -> None:
    both = compared(rig)
    alone = replace(both, routes=tuple(replace(route, before=None) for route in both.routes))
    pages = [render_comparison(one, new="new.yaml", today=None).decode() for one in (both, alone)]
    assert ["the new 91" in page for page in pages] == [True, False]
    assert "minimum 91" in pages[1]


def test_page_needs_nothing_beside_it(rig: Rig) -> None:
    rig.write("hostile.md", title='</script><img src=x onerror="x">', quality=85)
    page = render_comparison(compared(rig), new="new.yaml", today="syndicator.yaml").decode()
    assert "<link" not in page and " src=" not in page.replace("&lt;img src=x", "")
    assert "Goes: " in page and "quality below the route&#39;s minimum" in page
    assert page.count("</script>") == 1
