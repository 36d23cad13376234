"""Behaviour 18: older stories are announced on request, once, and as calmly as new ones."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from syndicator.alerts import DeliveryState, LedgerKind, RouteReason
from syndicator.notify.backfill import Backfill, find_backfill
from syndicator.settings.models import Digest, Route
from tests.rig import Rig

AI = Route(name="ai", channel="C1", topics=("AI",), min_quality=50, deliver="immediate")
WEEK = timedelta(days=7)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Three good older articles, and one each that is not public, of another topic, too poor and too old."""
    rig = Rig(tmp_path, publishes=False, routes=[AI])
    rig.write("fair.md", quality=60)
    rig.write("best.md", quality=120)
    rig.write("good.md", quality=90, publishedDateTime="2026-03-10T09:00:00Z")
    rig.write("draft.md", published=False)
    rig.write("other.md", topics=["Azure"])
    rig.write("poor.md", quality=20)
    rig.write("ancient.md", publishedDateTime="2026-01-01T09:00:00Z")
    rig.run_once()
    return rig


def asked(rig: Rig, *, route: Route = AI, since: timedelta = WEEK, limit: int | None = None) -> Backfill:
    """As the command does it, in one transaction beside the service."""
    with rig.store.transaction() as session:
        found = find_backfill(session, route, since=rig.now - since, limit=limit, now=rig.now)
        session.outbox.ledger.reopen(row for row, _ in found.stories)
    return found


def paths(found: Backfill) -> list[str]:
    return [entry.article.path for _, entry in found.stories]


def messages(rig: Rig) -> list[tuple[str, int]]:
    """Kind and number of stories of each message that waits."""
    with rig.store.reading() as session:
        return [(one.kind, len(one.guids) + one.more) for one in session.outbox.list([DeliveryState.OWED])]


def test_baseline_is_announced_best_first_and_the_rest_is_counted(rig: Rig) -> None:
    assert messages(rig) == []
    found = asked(rig)
    assert paths(found) == ["best.md", "good.md", "fair.md"]
    assert found.left_out == {
        RouteReason.NOT_PUBLIC: 1,
        RouteReason.OTHER_TOPIC: 1,
        RouteReason.BELOW_MINIMUM: 1,
    }
    rig.run_once()
    assert messages(rig) == [("alert", 1)] * 3
    (word,) = rig.explain("good.md").explanations[0].routes
    assert word.ledger is not None
    assert (word.ledger.kind, word.ledger.reason) == (LedgerKind.OWED, RouteReason.BACKFILL)


def test_publisher_from_before_that_time_counts(rig: Rig) -> None:
    two = AI.model_copy(update={"min_publishers": 2})
    before = {"webUrl": "https://news.example/good", "publishedDateTime": "2026-03-01T09:00:00Z"}
    for provider, found in ((None, []), ({"name": "The Globe"}, ["good.md"])):
        rig.write("before.md", provider=provider, **before)
        rig.run_once()
        assert paths(asked(rig, route=two)) == found


def test_limit_takes_the_best(rig: Rig) -> None:
    found = asked(rig, limit=1)
    assert paths(found) == ["best.md"]
    assert found.left_out[RouteReason.BEYOND_LIMIT] == 2


def test_time_asked_for_stands_in_place_of_the_age_limit(rig: Rig) -> None:
    assert paths(asked(rig, since=timedelta(days=100))) == ["best.md", "good.md", "ancient.md", "fair.md"]
    rig.run_once()
    assert len(messages(rig)) == 4


def test_story_of_a_dropped_message_is_said_to_be_dropped(rig: Rig) -> None:
    asked(rig, limit=1)
    rig.run_once()
    with rig.store.transaction() as session:
        (one,) = session.outbox.list()
        assert session.outbox.drop(one.id, "not wanted", rig.now)
    found = asked(rig)
    assert paths(found) == ["good.md", "fair.md"]
    assert found.left_out[RouteReason.DROPPED] == 1
    assert found.left_out[RouteReason.WAITING] == 0


def test_what_the_channel_has_had_or_is_owed_is_never_announced_again(rig: Rig) -> None:
    asked(rig)
    assert asked(rig).left_out[RouteReason.WAITING] == 3
    rig.run_once()
    with rig.store.transaction() as session:
        for one in session.outbox.list():
            session.outbox.ledger.announced(one.id, LedgerKind.ANNOUNCED)
    again = asked(rig)
    assert again.stories == ()
    assert again.left_out[RouteReason.ANNOUNCED] == 3
    rig.write("copy.md", webUrl="https://news.example/best", quality=150)
    rig.run_once()
    assert asked(rig).stories == (), "the story is announced, whichever entry tells it"


def test_many_at_once_become_one_digest(rig: Rig) -> None:
    rig.restart(routes=[])
    for number in range(25):
        rig.write(f"{number}.md", quality=70)
    rig.run_once()
    rig.restart(routes=[AI])
    rig.run_once()
    assert len(asked(rig).stories) == 28
    rig.run_once()
    assert messages(rig) == [], "more may come within the window of a flood"
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    assert messages(rig) == [("digest", 28)]


def test_digest_route_waits_for_its_time_and_a_mute_holds(rig: Rig) -> None:
    digest = Route(name="weekly", channel="C2", deliver=Digest(cron="0 9 * * mon"))
    rig.restart(routes=[digest])
    rig.run_once()
    asked(rig, route=digest)
    rig.run_once()
    assert messages(rig) == []
    assert len(rig.owed("weekly")) == 5


def test_story_that_is_owed_already_is_not_opened_again(rig: Rig) -> None:
    with rig.store.reading() as session:
        found = find_backfill(session, AI, since=rig.now - WEEK, limit=None, now=rig.now)
    asked(rig)
    with rig.store.transaction() as session:
        assert session.outbox.ledger.reopen(row for row, _ in found.stories) == []
