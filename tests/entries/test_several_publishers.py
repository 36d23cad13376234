"""One story of several publishers, end to end: one message, led by the best, the others named in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.alerts import Delivery, RouteReason, Slot
from syndicator.settings.models import Digest, Route
from tests import slack_rules
from tests.rig import Rig, article_text

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINK = "https://news.example/lighthouse"
ROUTE: dict[str, Any] = {"name": "any", "channel": "C1", "deliver": "immediate", "topics": ("AI",)}
DAILY = Digest(cron="0 9 * * *")


def at_once(digest: Digest, now: datetime) -> Slot:
    return Slot(nominal=f"{now:%Y-%m-%dT%H:%M}", at=now)


def begun(base: Path, **fields: Any) -> Rig:
    """A rig whose route has begun."""
    rig = Rig(base, publishes=False, routes=[Route(**ROUTE | fields)])
    rig.run_once()
    return rig


def publish(rig: Rig, name: str, quality: int, *, path: str = "", **front: Any) -> None:
    """A publisher's article on the one story."""
    title = f"{name} on the lighthouse"
    values = {"title": title, "webUrl": LINK, "provider": {"name": name}, "quality": quality}
    rig.write(path or f"{name.lower()}.md", **values | front)
    rig.run_once()


def messages(rig: Rig) -> list[Delivery]:
    with rig.store.reading() as session:
        found = session.outbox.list()
    assert all(slack_rules.problems(dict(one.message)) == [] for one in found)
    return list(found)


def words(delivery: Delivery) -> str:
    return " ".join(slack_rules.all_texts(delivery.message["blocks"]))


def decided(rig: Rig) -> dict[str, RouteReason]:
    """What the ledger says, by the paths of the entries that it names."""
    paths = {entry.guid: path for path, entry in rig.entries().items()}
    with rig.store.reading() as session:
        return {paths[row.guid]: row.reason for row in session.outbox.ledger.rows(guids=list(paths))}


def test_gather_posts_the_better_that_came_second_and_names_the_first(tmp_path: Path) -> None:
    rig = begun(tmp_path, gather=10 * MINUTE)
    publish(rig, "GeekWire", 90)
    rig.wait(5 * MINUTE)
    publish(rig, "ZDNet", 120)
    assert messages(rig) == []
    rig.wait(5 * MINUTE)
    rig.run_once()
    (message,) = messages(rig)
    assert words(message).startswith(f"{LINK} ZDNet on the lighthouse")
    assert f"also:  {LINK} GeekWire  · 2 publishers" in words(message)
    assert [*decided(rig)] == ["zdnet.md"]
    assert message.guids == (rig.entries()["zdnet.md"].guid,)
    publish(rig, "Herald", 300)
    rig.wait(24 * HOUR)
    rig.run_once()
    assert [one.id for one in messages(rig)] == [message.id]


def test_better_that_the_route_does_not_take_leads_nothing(tmp_path: Path) -> None:
    rig = begun(tmp_path, gather=10 * MINUTE)
    publish(rig, "GeekWire", 90)
    publish(rig, "ZDNet", 120, topics=["Elsewhere"])
    rig.wait(10 * MINUTE)
    rig.run_once()
    (message,) = messages(rig)
    assert words(message).startswith(f"{LINK} GeekWire on the lighthouse")
    assert "ZDNet  · 2 publishers" in words(message)


def test_story_in_a_digest_is_one_line_led_by_the_best(tmp_path: Path) -> None:
    rig = begun(tmp_path, deliver=DAILY)
    rig.write("other.md", title="The best of all", quality=500)
    for name, quality in (("GeekWire", 80), ("ZDNet", 120), ("Herald", 90)):
        publish(rig, name, quality)
        rig.wait(HOUR / 3600)
    publish(rig, "ZDnet", 70, path="again.md")
    rig.restart(latest_slot=at_once, now=rig.now + HOUR)
    rig.run_once()
    (message,) = messages(rig)
    assert "ZDNet on the lighthouse   ZDNet, GeekWire, +1 · 4\xa0h" in words(message)
    assert words(message).count("on the lighthouse") == 1
    assert sorted(decided(rig)) == ["other.md", "zdnet.md"]


def test_message_that_waits_names_who_came_meanwhile_and_who_left_no_more(tmp_path: Path) -> None:
    rig = begun(tmp_path)
    publish(rig, "GeekWire", 90)
    (first,) = messages(rig)
    assert "publishers" not in words(first)
    publish(rig, "ZDNet", 120)
    (both,) = messages(rig)
    assert (both.id, [*decided(rig)]) == (first.id, ["zdnet.md"])
    assert "GeekWire  · 2 publishers" in words(both)
    (rig.folder / "zdnet.md").unlink()
    rig.run_once()
    (left,) = messages(rig)
    assert (left.id, [*decided(rig)], left.message) == (first.id, ["geekwire.md"], first.message)


def test_withdrawn_lead_of_an_owed_story_leaves_it_to_another(tmp_path: Path) -> None:
    rig = begun(tmp_path, gather=10 * MINUTE)
    publish(rig, "GeekWire", 90)
    publish(rig, "ZDNet", 120)
    rig.wait(9 * MINUTE)
    (rig.folder / "geekwire.md").unlink()
    rig.run_once()
    rig.wait(MINUTE)
    rig.run_once()
    (message,) = messages(rig)
    assert "ZDNet on the lighthouse" in words(message) and "publishers" not in words(message)


# min_publishers


def reasons(rig: Rig, path: str) -> list[RouteReason]:
    (explanation,) = rig.explain(path).explanations
    return [word.reason for word in explanation.routes]


def test_story_is_owed_once_when_its_second_publisher_comes(tmp_path: Path) -> None:
    rig = begun(tmp_path, min_publishers=2, min_quality=80)
    publish(rig, "GeekWire", 90)
    assert reasons(rig, "geekwire.md") == [RouteReason.FEW_PUBLISHERS]
    assert [*rig.owed(), *messages(rig)] == []
    rig.wait(24 * HOUR)
    publish(rig, "ZDNet", 10, topics=["Elsewhere"])
    (message,) = messages(rig)
    assert "GeekWire on the lighthouse" in words(message) and "2 publishers" in words(message)
    assert reasons(rig, "geekwire.md") == [RouteReason.WAITING]
    for name in ("Herald", "Globe"):
        publish(rig, name, 200)
    assert [one.id for one in messages(rig)] == [message.id]


def test_publisher_that_leaves_an_owed_story_changes_nothing(tmp_path: Path) -> None:
    rig = begun(tmp_path, min_publishers=2, gather=10 * MINUTE)
    publish(rig, "GeekWire", 90)
    publish(rig, "ZDNet", 80)
    (rig.folder / "geekwire.md").unlink()
    rig.run_once()
    rig.wait(10 * MINUTE)
    rig.run_once()
    (message,) = messages(rig)
    assert "ZDNet on the lighthouse" in words(message)


@pytest.mark.parametrize(
    ("name", "days", "reason"),
    [("Geekwire", 1, RouteReason.FEW_PUBLISHERS), ("ZDNet", 8, RouteReason.TOO_OLD)],
    ids=["the same publisher", "too late"],
)
def test_what_makes_no_second_publisher_in_time(
    tmp_path: Path, name: str, days: int, reason: RouteReason
) -> None:
    rig = begun(tmp_path, min_publishers=2)
    publish(rig, "GeekWire", 90)
    rig.wait(days * 24 * HOUR)
    values = {"webUrl": LINK, "provider": {"name": name}}
    rig.write("second.md", **values)
    rig.run_once()
    assert messages(rig) == []
    assert reasons(rig, "geekwire.md") == [reason]


def test_route_that_asks_for_publishers_begins_silently(tmp_path: Path) -> None:
    rig = begun(tmp_path)
    publish(rig, "GeekWire", 90)
    rig.restart(routes=[Route(**ROUTE | {"channel": "C2", "min_publishers": 2})])
    publish(rig, "ZDNet", 90)
    for name in ("Lake", "River"):
        rig.write(f"{name}.md", webUrl="https://news.example/other", provider={"name": name})
    rig.run_once()
    rig.restart(routes=[Route(**ROUTE | {"channel": "C2", "min_publishers": 2, "min_quality": 10})])
    rig.run_once()
    said = [one for one in messages(rig) if one.channel == "C2"]
    assert len(said) == 2
    publish(rig, "Herald", 90)
    assert len([one for one in messages(rig) if one.channel == "C2"]) == 2


def test_new_source_that_brings_second_publishers_announces_nothing(tmp_path: Path) -> None:
    rig = begun(tmp_path, min_publishers=2)
    publish(rig, "GeekWire", 90)
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.md").write_text(article_text("b.md", webUrl=LINK, provider={"name": "ZDNet"}))
    rig.restart(sources=(rig.source("news", rig.folder), rig.source("other", other)))
    rig.run_once()
    assert [*rig.owed(), *messages(rig)] == []
    publish(rig, "Herald", 90)
    assert messages(rig) == []


# rising


@pytest.mark.parametrize("deliver", ["immediate", DAILY], ids=["alert", "digest"])
def test_quality_that_rises_is_announced_once_and_says_so(tmp_path: Path, deliver: Any) -> None:
    rig = begun(tmp_path, min_quality=80, deliver=deliver)
    rig.restart(latest_slot=at_once)
    rig.write("good.md", quality=100)
    for quality in (53, 53, 93, 53, 93, 20, 300):
        rig.wait(HOUR)
        rig.write("a.md", quality=quality)
        rig.run_once()
        rig.restart()
    found = [one for one in messages(rig) if "About a" in words(one)]
    assert [words(one).count("rising") for one in found] == [1]
    assert len(messages(rig)) == 2
    assert decided(rig)["a.md"] is RouteReason.RISING


def test_quality_that_begins_high_and_returns_is_announced_once_and_not_as_rising(tmp_path: Path) -> None:
    rig = begun(tmp_path, min_quality=80)
    for quality in (93, 53, 93, 53, 93):
        rig.write("a.md", quality=quality)
        rig.run_once()
        rig.wait(HOUR)
    (message,) = messages(rig)
    assert "rising" not in words(message)


def test_quality_that_rises_too_late_is_not_announced(tmp_path: Path) -> None:
    rig = begun(tmp_path, min_quality=80)
    rig.write("a.md", quality=53)
    rig.run_once()
    rig.wait(8 * 24 * HOUR)
    for quality in (93, 53, 93):
        rig.write("a.md", quality=quality)
        rig.run_once()
    assert [*rig.owed(), *messages(rig)] == []
