"""Behaviour 13 from end to end: whatever became of an article, there is a word for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.alerts import DeliveryState, LedgerKind, RouteReason, Slot
from syndicator.cli.explain import held_words
from syndicator.explain import Explanation
from syndicator.models import FeedReason, Visibility
from syndicator.notify.due import DueReason, Hold
from syndicator.schedule import latest_slot
from syndicator.settings.models import Digest, QuietHours, Route
from tests.entries.test_joining import LAUNCH, OTHER, SAME
from tests.making import NOON, utc
from tests.rig import Rig

ANY = Route(name="any", channel="C1", deliver=Digest(cron="0 9 * * *"))
GOOD = Route(name="good", channel="C2", topics=("AI",), min_quality=50, deliver=Digest(cron="0 9 * * *"))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, publishes=False, routes=[ANY, GOOD], levels={"good": 50}, limit=2)
    rig.write("old.md", publishedDateTime="2026-03-13T09:00:00Z")
    rig.run_once()
    return rig


def explained(rig: Rig, text: str) -> Explanation:
    (explanation,) = rig.explain(text).explanations
    return explanation


def feeds(rig: Rig, text: str) -> dict[tuple[str, str | None], FeedReason]:
    return {(word.topic, word.level): word.reason for word in explained(rig, text).feeds}


def routes(rig: Rig, text: str) -> dict[str, RouteReason]:
    return {word.route.name: word.reason for word in explained(rig, text).routes}


def test_entry_is_found_by_path_link_and_guid(rig: Rig) -> None:
    entry = rig.entries()["old.md"]
    for text in ("old.md", entry.guid, entry.article.link, f"{entry.article.link}/?utm_source=x#top"):
        assert explained(rig, text).entry == entry
    assert rig.explain("nothing.md").explanations == ()


def test_what_a_route_that_has_not_begun_would_owe_is_its_baseline(rig: Rig) -> None:
    rig.write("new.md")
    rig.run_once()
    assert routes(rig, "new.md")["any"] is RouteReason.WAITING
    rig.restart(routes=[ANY, GOOD, Route(name="added", channel="C3")])
    assert routes(rig, "new.md")["added"] is RouteReason.BASELINE
    rig.run_once()
    assert routes(rig, "new.md")["added"] is RouteReason.BASELINE


def test_baseline_and_new_entry(rig: Rig) -> None:
    rig.write("new.md", topics=["Azure"], quality=20)
    rig.run_once()
    assert routes(rig, "old.md") == {"any": RouteReason.BASELINE, "good": RouteReason.BASELINE}
    assert routes(rig, "new.md") == {"any": RouteReason.WAITING, "good": RouteReason.OTHER_TOPIC}
    (word, _) = explained(rig, "new.md").routes
    assert word.held == Hold(reason=DueReason.SLOT, until=utc(2026, 3, 15, 9))
    assert word.ledger is not None and word.ledger.at == rig.now
    assert feeds(rig, "new.md") == {
        ("all", None): FeedReason.IN,
        ("all", "good"): FeedReason.BELOW_LEVEL,
        ("ai", None): FeedReason.OTHER_TOPIC,
        ("ai", "good"): FeedReason.OTHER_TOPIC,
        ("azure", None): FeedReason.IN,
        ("azure", "good"): FeedReason.BELOW_LEVEL,
    }


def test_message_is_named_once_it_is_written(rig: Rig) -> None:
    def at_once(digest: Digest, now: datetime) -> Slot:
        return Slot(nominal=f"{now:%Y-%m-%dT%H:%M}", at=now)

    rig.write("new.md")
    rig.run_once()
    rig.restart(latest_slot=at_once, now=rig.now + timedelta(hours=1))
    rig.run_once()
    for word in explained(rig, "new.md").routes:
        assert word.delivery is not None
        assert word.delivery.guids == (rig.entries()["new.md"].guid,)


def test_story_that_a_digest_carried_over_says_so_until_it_is_told(tmp_path: Path) -> None:
    few = Route(name="few", channel="C1", deliver=Digest(cron="0 9 * * *", minimum=2))
    rig = Rig(tmp_path, publishes=False, routes=[few], latest_slot=latest_slot)
    rig.run_once()
    rig.write("new.md")
    rig.run_once()
    (word,) = explained(rig, "new.md").routes
    assert word.held == Hold(reason=DueReason.SLOT, until=utc(2026, 3, 15, 9))
    rig.now = utc(2026, 3, 15, 9)
    rig.run_once()
    rig.now += timedelta(hours=1)
    (word,) = explained(rig, "new.md").routes
    assert word.held is not None
    words = "fewer stories than the digest's minimum: carried over until 2026-03-16 09:00 UTC"
    assert held_words(word.held) == words


def test_story_that_a_removed_route_owed_says_so(tmp_path: Path) -> None:
    daily = Route(name="daily", channel="C1", deliver=Digest(cron="0 9 * * *"))
    rig = Rig(tmp_path, publishes=False, routes=[daily])
    rig.run_once()
    rig.write("new.md")
    rig.run_once()
    rig.restart(routes=[])
    rig.run_once()
    rig.restart(routes=[daily])
    rig.run_once()
    assert routes(rig, "new.md") == {"daily": RouteReason.LET_GO}


@pytest.mark.parametrize(
    ("settings", "held"),
    [
        (
            {"gather": timedelta(minutes=5)},
            Hold(reason=DueReason.GATHERING, until=NOON + timedelta(minutes=5)),
        ),
        (
            {"quiet_hours": QuietHours(start=time(8), end=time(18))},
            Hold(reason=DueReason.QUIET, until=utc(2026, 3, 14, 18)),
        ),
        ({"per_hour": 1}, Hold(reason=DueReason.CAPPED, until=NOON + timedelta(minutes=61))),
    ],
    ids=["gather", "quiet hours", "cap"],
)
def test_held_story_says_until_when(tmp_path: Path, settings: dict[str, Any], held: Hold) -> None:
    rig = Rig(
        tmp_path, publishes=False, routes=[Route(name="fast", channel="C1", deliver="immediate", **settings)]
    )
    rig.run_once()
    rig.write("first.md")
    rig.run_once()
    with rig.store.transaction() as session:
        for one in session.outbox.list():  # Slack takes it a minute later.
            claimed = session.outbox.claim(rig.now, lease=timedelta(minutes=5), pace=timedelta(0))
            after = replace(claimed[0], state=DeliveryState.SENT, message_ts="1.2")
            assert session.outbox.settle(claimed[0], after, now=rig.now + timedelta(minutes=1)), one.id
    rig.write("new.md")
    rig.run_once()
    (word,) = explained(rig, "new.md").routes
    assert (word.reason, word.held) == (RouteReason.WAITING, held)


@pytest.mark.parametrize("deliver", ["immediate", ANY.deliver], ids=["immediate", "digest"])
def test_of_all_that_holds_a_story_back_the_longest_is_named(tmp_path: Path, deliver: Any) -> None:
    gather = {"gather": timedelta(minutes=5)} if deliver == "immediate" else {}
    hours = QuietHours(start=time(8), end=time(18))
    route = Route(name="slow", channel="C1", deliver=deliver, quiet_hours=hours, **gather)
    rig = Rig(tmp_path, publishes=False, routes=[route])
    rig.run_once()
    with rig.store.transaction() as session:
        until = rig.now + timedelta(hours=1)
        session.outbox.ledger.mute("slow", since=rig.now, until=until, why="launch")
    rig.write("new.md")
    rig.run_once()
    (word,) = explained(rig, "new.md").routes
    assert word.held == Hold(reason=DueReason.QUIET, until=utc(2026, 3, 14, 18))
    assert held_words(word.held) == "held back: quiet hours until 2026-03-14 18:00 UTC"


def test_other_entries_of_the_story_are_named_and_the_one_that_tells_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, publishes=False, routes=[Route(name="fast", channel="C1", deliver="immediate")])
    rig.run_once()
    rig.write("first.md")
    rig.run_once()
    rig.write("second.md", webUrl="https://news.example/first", quality=20)
    rig.run_once()
    first, second = rig.entries()["first.md"], rig.entries()["second.md"]
    assert (explained(rig, "first.md").others, explained(rig, "second.md").others) == ((second,), (first,))
    (word,) = explained(rig, "second.md").routes
    assert word.ledger is not None and word.ledger.guid == first.guid


def test_words_that_joined_are_told_from_either_side(tmp_path: Path) -> None:
    rig = Rig(tmp_path, publishes=False)
    rig.write("lead.md", **LAUNCH)
    rig.look()
    rig.write("joined.md", **SAME)
    rig.write("copy.md", **OTHER, webUrl="https://news.example/lead")
    rig.look()
    lead, joined = rig.entries()["lead.md"], rig.entries()["joined.md"]
    words = explained(rig, "joined.md").words[lead.guid]
    assert set(words[:4]) == {"Cloud", "Northwind", "Orbit", "partners"}
    assert explained(rig, "lead.md").words == {joined.guid: words}, "not for the copy: it has the same link"
    assert explained(rig, "copy.md").words == {}
    rig.close()


def test_message_that_ended_or_is_held_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, publishes=False, routes=[Route(name="fast", channel="C1", deliver="immediate")])
    rig.run_once()
    rig.write("new.md")
    rig.run_once()
    with rig.store.transaction() as session:
        now, until = rig.now, rig.now + timedelta(hours=1)
        session.outbox.ledger.mute("fast", since=now, until=until, why="launch")
    (word,) = explained(rig, "new.md").routes
    assert word.reason is RouteReason.WAITING and word.held is not None
    assert (word.held.reason, word.held.until) == (DueReason.MUTED, until)
    assert word.delivery is not None
    with rig.store.transaction() as session:
        session.outbox.drop(word.delivery.id, "not wanted", rig.now)
    (word,) = explained(rig, "new.md").routes
    assert (word.reason, word.held) == (RouteReason.DROPPED, None)
    assert word.delivery is not None
    assert (word.delivery.ended, word.delivery.error) == (rig.now, "not wanted")


def test_entries_crowded_out_stand_in_the_archive(rig: Rig) -> None:
    for number in range(2):
        rig.write(f"{number}.md")
    rig.run_once()
    found = feeds(rig, "old.md")
    assert found["all", None] is found["ai", None] is FeedReason.ARCHIVED
    assert found["all", "good"] is FeedReason.CROWDED_OUT


def test_copy_names_the_one_shown_instead(rig: Rig) -> None:
    rig.write("copy.md", webUrl="https://news.example/old")
    rig.run_once()
    words = {(word.topic, word.level): word for word in explained(rig, "copy.md").feeds}
    assert words["all", None].reason is FeedReason.OTHER_COPY
    assert words["all", None].instead == rig.entries()["old.md"]


@pytest.mark.parametrize(
    ("front", "visibility"),
    [
        ({"published": False}, Visibility.DRAFT),
        ({"publishedDateTime": "2026-03-15T09:00:00Z"}, Visibility.EMBARGOED),
    ],
)
def test_entry_that_is_not_public_says_why(
    rig: Rig, front: dict[str, object], visibility: Visibility
) -> None:
    rig.write("a.md", **front)
    rig.run_once()
    assert explained(rig, "a.md").entry.visibility is visibility
    assert set(feeds(rig, "a.md").values()) == {FeedReason.NOT_PUBLIC}
    assert routes(rig, "a.md") == {"any": RouteReason.NOT_PUBLIC, "good": RouteReason.NOT_PUBLIC}


def test_withdrawn_entry_says_since_when(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    rig.wait(timedelta(hours=1))
    (rig.folder / "a.md").unlink()
    rig.run_once()
    explanation = explained(rig, "a.md")
    assert explanation.entry.visibility is Visibility.WITHDRAWN
    assert explanation.entry.withdrawn is not None and explanation.entry.withdrawn >= NOON + timedelta(
        hours=1
    )
    assert set(feeds(rig, "a.md").values()) == {FeedReason.NOT_PUBLIC}


def test_quality_below_the_bar_and_age_are_told_apart(rig: Rig) -> None:
    rig.write("poor.md", quality=20)
    rig.write("ancient.md", publishedDateTime="2026-01-01T09:00:00Z")
    rig.run_once()
    assert routes(rig, "poor.md") == {"any": RouteReason.WAITING, "good": RouteReason.BELOW_MINIMUM}
    (word, _) = explained(rig, "ancient.md").routes
    assert word.reason is RouteReason.TOO_OLD
    assert word.ledger is not None and word.ledger.kind is LedgerKind.BASELINE


def test_story_owed_before_the_minimum_was_raised_is_still_owed(rig: Rig) -> None:
    rig.write("new.md", quality=60)
    rig.run_once()
    raised = ANY.model_copy(update={"min_quality": 80, "deliver": "immediate", "gather": timedelta(hours=1)})
    rig.restart(routes=[raised])
    word = explained(rig, "new.md").routes[0]
    assert (word.reason, word.delivery) == (RouteReason.WAITING, None)
    rig.wait(timedelta(hours=2))
    rig.run_once()
    word = explained(rig, "new.md").routes[0]
    assert word.reason is RouteReason.WAITING and word.delivery is not None
    rig.write("new.md", quality=60, published=False)
    rig.run_once()
    assert routes(rig, "new.md") == {"any": RouteReason.NOT_PUBLIC}


def test_rising_quality_is_told(rig: Rig) -> None:
    rig.write("a.md", quality=20)
    rig.run_once()
    rig.write("a.md", quality=60)
    rig.run_once()
    (_, word) = explained(rig, "a.md").routes
    assert word.ledger is not None and word.ledger.reason is RouteReason.RISING


def test_broken_article_shows_its_problem_and_its_last_good_version(rig: Rig) -> None:
    rig.put("old.md", "---\ntitle: [\n---\n")
    rig.put("never.md", "no front matter")
    rig.run_once()
    explanation = explained(rig, "old.md")
    assert explanation.problem is not None and explanation.problem.path == "old.md"
    assert feeds(rig, "old.md")["all", None] is FeedReason.IN
    answer = rig.explain("never.md")
    assert answer.explanations == ()
    assert [problem.path for problem in answer.problems] == ["never.md"]
