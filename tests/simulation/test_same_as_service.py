"""Whatever happens to a folder: the service's routes, played again, decide and send what they did."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.alerts import DeliveryState, LedgerKind
from syndicator.notify.recorded import read_recorded
from syndicator.settings.models import Digest, Exclude, Route
from syndicator.simulation.replay import replay
from tests.rig import Rig
from tests.simulation.test_simulation import at_nine

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAILY = Digest(cron="0 9 * * *", minimum=2)
ROUTES = (
    Route(name="top", channel="C1", min_quality=100, deliver="immediate", per_hour=2),
    Route(name="ai", channel="C1", topics=("AI",), min_quality=70, deliver="immediate", gather=HOUR / 2),
    Route(name="two", channel="C3", min_publishers=2, deliver="immediate"),
    Route(name="best", channel="C4", about="1 a week", deliver="immediate"),
    Route(name="few", channel="C5", about="2 a week", min_publishers=2, deliver=DAILY),
    Route(name="daily", channel="C2", exclude=Exclude(providers=("P0",)), deliver=DAILY),
)


def enqueue_and_send(rig: Rig) -> None:
    rig.app.sources.apply_time(rig.now)
    rig.enqueue()
    with rig.store.transaction() as session:
        while some := session.outbox.claim(rig.now, lease=HOUR, pace=timedelta(0)):
            for one in some:
                sent = replace(one, state=DeliveryState.SENT, message_ts="1.2")
                assert session.outbox.settle(one, sent, now=rig.now)


def live_until(rig: Rig, then: datetime) -> None:
    """As the loop wakes: at the digest's time, and each minute while an immediate route owes something."""
    while rig.now < then:
        waits = any(rig.owed(route.name) for route in ROUTES if route.deliver == "immediate")
        soon = rig.now + MINUTE if waits else then
        rig.now = min(then, soon, at_nine(DAILY, rig.now).at + DAY)
        enqueue_and_send(rig)


def change_some(rig: Rig, facts: dict[str, dict[str, Any]], chance: random.Random) -> None:
    """Articles come, change quality, publisher's flag and story, and go."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        name = f"a{chance.randrange(9)}"
        fact = facts.setdefault(
            name,
            {
                "quality": 80,
                "published": True,
                "provider": {"name": f"P{chance.randrange(3)}"},
                "webUrl": f"https://news.example/{chance.choice((name, name, 'shared', 'both'))}",
                "topics": [chance.choice(("AI", "Azure"))],
                "publishedDateTime": f"{rig.now - chance.randrange(200) * HOUR:%Y-%m-%dT%H:%M:%SZ}",
            },
        )
        what = chance.choice(("quality", "quality", "published", "gone", "same"))
        if what == "quality":
            fact["quality"] = chance.choice((50, 75, 90, 105, 130))
        if what == "published":
            fact["published"] = not fact["published"]
        if what == "gone" and chance.random() < 0.5:
            (rig.folder / f"{name}.md").unlink(missing_ok=True)
        else:
            rig.write(f"{name}.md", **fact)


@pytest.mark.parametrize("seed", [3, 17])
def test_what_was_decided_and_sent_is_simulated(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # repeatable, and nobody's secret
    rig = Rig(tmp_path, publishes=False, routes=ROUTES, latest_slot=at_nine)
    rig.run_once()
    start, facts = rig.now, dict[str, dict[str, Any]]()
    for _ in range(18):
        live_until(rig, rig.now + chance.choice((1, 7, 45, 200, 900)) * MINUTE)
        change_some(rig, facts, chance)
        rig.look()
        enqueue_and_send(rig)
    live_until(rig, rig.now + 2 * DAY)
    with rig.store.reading() as session:
        minimums = session.outbox.ledger.minimums(["best", "few"])
        played = replay(read_recorded(session, ROUTES, since=start, until=rig.now), ROUTES)
        rows = session.outbox.ledger.rows(stories=[one.story for one in rig.entries().values()])
        sent = session.outbox.list([DeliveryState.SENT], limit=999)
    assert {key: (row.route, row.guid, row.at) for key, row in played.taken.items()} == {
        (row.channel, row.story): (row.route, row.guid, row.at)
        for row in rows
        if row.kind is not LedgerKind.BASELINE
    }
    assert sorted((one.draft.route.name, one.at, len(one.draft.stories)) for one in played.posts) == sorted(
        (one.route, one.created, len(one.guids) + one.more) for one in sent
    )
    assert sent
    course = {(one.route, one.day): one for some in played.minimums.values() for one in some}
    for one in (one for some in minimums.values() for one in some):
        assert one == course[one.route, one.day]
    assert len({one.quality for one in minimums["best"]}) > 1
