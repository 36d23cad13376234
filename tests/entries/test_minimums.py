"""Routes that ask for so many stories a day: each day has a minimum, which judges the day's stories."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from syndicator.alerts import DailyMinimum, LedgerKind, RouteReason
from syndicator.explain import RouteWord
from syndicator.monitoring.status import route_facts
from syndicator.notify.backfill import find_backfill
from syndicator.notify.preview import preview
from syndicator.notify.recorded import day_of
from syndicator.settings.models import Digest, Route
from tests.rig import Rig
from tests.simulation.test_simulation import at_nine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEST = Route(name="best", channel="C1", about="1 a day", deliver="immediate")


def write(rig: Rig, name: str, quality: float | None, *, ago: timedelta = HOUR, **front: object) -> None:
    at = rig.now - ago
    rig.write(f"{name}.md", quality=quality, publishedDateTime=f"{at:%Y-%m-%dT%H:%M:%SZ}", **front)


def minimums(rig: Rig, route: str = "best") -> list[DailyMinimum]:
    with rig.store.reading() as session:
        return session.outbox.ledger.minimums([route]).get(route, [])


def word(rig: Rig, name: str) -> RouteWord:
    (found,) = rig.explain(f"{name}.md").explanations
    return found.routes[0]


def taken(rig: Rig, *names: str) -> list[str]:
    kinds = {name: word(rig, name).ledger for name in names}
    return [name for name, row in kinds.items() if row is not None and row.kind is not LedgerKind.BASELINE]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A service that begins over a folder of ten days: three stories a day, of qualities 1 to 30."""
    rig = Rig(tmp_path, publishes=False, routes=[BEST])
    for at in range(30):
        write(rig, f"old{30 - at}", 30 - at, ago=(at + 2) * 8 * HOUR)
    rig.run_once()
    return rig


def test_first_minimum_is_estimated_from_the_folder(rig: Rig) -> None:
    (today,) = minimums(rig)
    assert today == DailyMinimum(route="best", day=day_of(rig.now), quality=21, stories=10, days=10)
    write(rig, "good", 21)
    write(rig, "poor", 20)
    rig.run_once()
    assert taken(rig, "good", "poor") == ["good"]
    assert word(rig, "poor").reason is RouteReason.BELOW_MINIMUM
    assert word(rig, "old21").reason is RouteReason.BASELINE
    assert word(rig, "old20").reason is RouteReason.BELOW_MINIMUM


def test_new_day_has_a_new_minimum_and_the_stories_of_before_keep_theirs(rig: Rig) -> None:
    write(rig, "poor", 20)
    for at in range(20):
        write(rig, f"high{at}", 100)
    rig.run_once()
    rig.wait(DAY)
    rig.run_once()
    before, after = minimums(rig)
    assert (before.quality, after.quality) == (21, 100)
    write(rig, "poor", 21)
    write(rig, "new", 21)
    rig.run_once()
    assert taken(rig, "poor", "new") == ["poor"], "which rises over the minimum of its own day"
    assert word(rig, "poor").reason is RouteReason.WAITING
    row = word(rig, "poor").ledger
    assert row is not None and row.reason is RouteReason.RISING
    assert (word(rig, "poor").route.min_quality, word(rig, "new").route.min_quality) == (21, 100)


def test_lower_minimum_of_a_later_day_takes_no_story_that_was_judged(rig: Rig) -> None:
    write(rig, "poor", 20, webUrl="https://news.example/shared")
    rig.run_once()
    rig.restart(routes=[BEST])
    with rig.store.transaction() as session:
        low = DailyMinimum(route="best", day=day_of(rig.now + DAY), quality=5, stories=1, days=30)
        session.outbox.ledger.put_minimums([low])
    rig.wait(DAY)
    write(rig, "copy", 19, webUrl="https://news.example/shared")
    write(rig, "poor", 20.5, webUrl="https://news.example/shared")
    write(rig, "new", 6)
    rig.run_once()
    assert minimums(rig)[-1] == low, "a day's minimum never changes once it is written down"
    assert taken(rig, "poor", "copy", "new") == ["new"]
    write(rig, "copy", 21, webUrl="https://news.example/shared")
    rig.run_once()
    assert taken(rig, "poor", "copy") == ["poor", "copy"], "by another publisher, at its own day's minimum"


def test_day_of_a_clock_that_was_wrong_holds_up_none(rig: Rig) -> None:
    rig.run_once()
    with rig.store.transaction() as session:
        ahead = DailyMinimum(route="best", day=day_of(rig.now + 300 * DAY), quality=5, stories=1, days=30)
        session.outbox.ledger.put_minimums([ahead])
    rig.wait(DAY)
    rig.run_once()
    assert [one.day for one in minimums(rig)] == [day_of(rig.now - DAY), day_of(rig.now), ahead.day]


def test_draft_is_judged_by_the_day_on_which_it_becomes_public(rig: Rig) -> None:
    write(rig, "draft", 20, published=False)
    rig.run_once()
    with rig.store.transaction() as session:
        low = DailyMinimum(route="best", day=day_of(rig.now + DAY), quality=5, stories=1, days=30)
        session.outbox.ledger.put_minimums([low])
    rig.wait(DAY)
    write(rig, "draft", 20, ago=DAY)
    rig.run_once()
    assert taken(rig, "draft") == ["draft"]


def test_restart_and_reload_keep_the_minimum_and_a_change_of_the_route_begins_anew(rig: Rig) -> None:
    for at in range(20):
        write(rig, f"high{at}", 100)
    rig.run_once()
    before = minimums(rig)
    rig.restart()
    rig.run_once()
    rig.restart(routes=[BEST.model_copy(update={"gather": HOUR})])
    rig.run_once()
    assert minimums(rig) == before
    rig.wait(3 * DAY)
    rig.restart()
    rig.run_once()
    assert [one.day for one in minimums(rig)] == [before[0].day, before[0].day + 3 * DAY]
    rig.restart(routes=[BEST.model_copy(update={"about": "2 a day"})])
    rig.run_once()
    (anew,) = minimums(rig)
    assert anew.day == before[0].day + 3 * DAY
    assert taken(rig, "high0"), "what was taken stays so"
    rig.restart(routes=[])
    rig.run_once()
    assert minimums(rig) == []


def test_restored_database_judges_as_before(rig: Rig) -> None:
    write(rig, "poor", 20)
    rig.run_once()
    rig.wait(DAY)
    rig.run_once()
    before, judged = minimums(rig), word(rig, "poor")
    rig.close()
    database = rig.base / "var/state.db"
    shutil.copy(database, rig.base / "copy.db")
    rig.open()
    rig.run_once()
    rig.close()
    for left in (rig.base / "var").glob("state.db-*"):
        left.unlink()
    (rig.base / "copy.db").replace(database)
    rig.open()
    assert rig.store.restored
    rig.run_once()
    assert minimums(rig) == before
    assert word(rig, "poor") == judged
    write(rig, "poor", 21)
    rig.run_once()
    assert taken(rig, "poor") == ["poor"]


def test_digest_has_the_stories_of_each_day_by_its_own_minimum(tmp_path: Path) -> None:
    daily = BEST.model_copy(update={"deliver": Digest(cron="0 9 * * *"), "show_reason": True})
    rig = Rig(tmp_path, publishes=False, routes=[daily], latest_slot=at_nine)
    for at in range(30):
        write(rig, f"old{30 - at}", 30 - at, ago=(at + 2) * 8 * HOUR)
    rig.run_once()
    write(rig, "today", 21)
    rig.run_once()
    with rig.store.transaction() as session:
        high = DailyMinimum(route="best", day=day_of(rig.now + DAY), quality=50, stories=1, days=30)
        session.outbox.ledger.put_minimums([high])
    rig.now = day_of(rig.now + DAY) + 8 * HOUR
    write(rig, "tomorrow", 49)
    write(rig, "best", 50)
    rig.run_once()
    rig.wait(2 * HOUR)
    rig.run_once()
    with rig.store.reading() as session:
        (message,) = session.outbox.list()
    paths = {entry.guid: path for path, entry in rig.entries().items()}
    assert sorted(paths[guid] for guid in message.guids) == ["best.md", "today.md"]
    assert "Sent by the route best: all topics, the best, about 1 a day" in str(message.message["blocks"])


def test_new_folder_begins_with_no_minimum_and_has_one_the_next_day(tmp_path: Path) -> None:
    rig = Rig(tmp_path, publishes=False, routes=[BEST])
    rig.run_once()
    assert [(one.quality, one.days) for one in minimums(rig)] == [(None, 1)]
    for at in range(5):
        write(rig, f"a{at}", 50 + at)
    write(rig, "unrated", None)
    rig.run_once()
    assert len(taken(rig, "a0", "a1", "a2", "a3", "a4", "unrated")) == 6
    rig.wait(DAY)
    rig.run_once()
    assert [(one.quality, one.stories) for one in minimums(rig)] == [(None, 0), (54, 1)]


def test_minimum_is_asked_for_once_a_day(rig: Rig) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        rig.run_once()
        rig.wait(HOUR)
        rig.run_once()
        first = [one for one in asked if "minimums" in one]
        rig.wait(DAY)
        rig.run_once()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(first) <= 1, "after the start"
    assert [one for one in asked if "minimums" in one] != first


def test_article_and_status_read_no_minimums_of_years(rig: Rig) -> None:
    with rig.store.transaction() as session:
        (first,) = minimums(rig)
        session.outbox.ledger.put_minimums(replace(first, day=first.day + DAY * day) for day in range(900))
    rig.wait(900 * DAY)
    read = list[int]()

    def count(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT minimums"):
            read.append(len(connection.connection.driver_connection.execute(statement, values).fetchall()))

    write(rig, "new", 99)
    event.listen(Engine, "before_cursor_execute", count)
    try:
        rig.run_once()
        with rig.store.reading() as session:
            route_facts(session.outbox, [BEST], rig.app.enqueuer, rig.now)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert len(read) > 1 and max(read) == 1


def test_backfill_and_preview_take_what_the_minimum_lets_through(rig: Rig) -> None:
    with rig.store.reading() as session:
        found = find_backfill(session, BEST, since=rig.now - 11 * DAY, limit=None, now=rig.now)
        note, shown = preview(session, BEST, rig.enqueuer([BEST]), now=rig.now)
    assert sorted(entry.article.quality or 0 for _, entry in found.stories) == list(range(21, 31))
    assert shown is not None and note.endswith("the newest entries that match")


def test_todays_minimum_is_shown(rig: Rig) -> None:
    with rig.store.reading() as session:
        facts, other = route_facts(
            session.outbox,
            [BEST, BEST.model_copy(update={"name": "other", "channel": "C9"})],
            rig.enqueuer([BEST]),
            rig.now,
        )
    assert (facts["min_quality"], facts["about"]) == (21, "1 a day")
    assert (other["min_quality"], other["about"]) == (None, "1 a day"), "not begun yet"
    found = word(rig, "old3")
    assert found.minimum is not None and (found.route.about, found.route.min_quality) == ("1 a day", 21)
