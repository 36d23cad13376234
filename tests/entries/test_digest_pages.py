"""The page to which a digest's "+N more" leads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.alerts import Delivery, Slot
from syndicator.settings.models import Digest, Route
from tests.making import NOON
from tests.rig import Rig

DAILY = Route(name="daily", channel="C1", deliver=Digest(cron="0 12 * * *"))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A digest of 15 stories has been written: 10 are shown, 5 only counted; no feed holds more than 3."""
    rig = Rig(
        tmp_path,
        routes=[DAILY],
        limit=3,
        latest_slot=lambda _, now: (
            Slot(nominal="2026-03-14T12:00", at=NOON + timedelta(minutes=1))
            if now > NOON + timedelta(minutes=1)
            else None
        ),
    )
    rig.run_once()
    for number in range(15):
        rig.write(f"n{number:02}.md", quality=number)
    rig.run_once()
    rig.wait(timedelta(minutes=2))
    rig.run_once()
    return rig


def message(rig: Rig) -> Delivery:
    with rig.store.reading() as session:
        (found,) = session.outbox.list()
    return found


def page(rig: Rig) -> Path:
    return rig.output / "digests" / message(rig).id / "index.html"


def shown(rig: Rig) -> int:
    return page(rig).read_text(encoding="utf-8").count("<h3")


def test_what_a_digest_only_counts_stands_on_the_page_that_it_links(rig: Rig) -> None:
    delivery = message(rig)
    (link,) = (part for part in _texts(delivery.message) if "more on" in part)
    assert f"<https://feeds.example.org/digests/{delivery.id}/|+5 more on Cloud News>" == link
    text = page(rig).read_text(encoding="utf-8")
    assert shown(rig) == 15 and "<h1>15 stories</h1>" in text
    assert text.index("About n14") < text.index("About n00")


def test_page_of_a_digest_follows_its_entries_and_is_healed(rig: Rig) -> None:
    (rig.folder / "n00.md").unlink()
    rig.write("n01.md", quality=1, title="Another title")
    rig.run_once()
    text = page(rig).read_text(encoding="utf-8")
    assert shown(rig) == 14 and "Another title" in text and "About n00" not in text
    page(rig).unlink()
    rig.loop.recover()
    rig.publish()
    assert shown(rig) == 14
    for file in rig.folder.glob("*.md"):
        file.unlink()
    rig.look(confirmed=True)
    rig.publish()
    assert not page(rig).parent.exists()


def test_page_of_a_digest_is_made_anew_by_another_version(rig: Rig) -> None:
    page(rig).write_text("old", encoding="utf-8")
    rig.restart(version="2")
    rig.publish()
    assert shown(rig) == 15


def test_page_of_a_digest_that_an_earlier_version_left_to_write_is_written(rig: Rig) -> None:
    page(rig).unlink()
    rig.write("new.md")
    rig.look()
    with rig.store.transaction() as session:
        session.feeds.mark_dirty([(f"digests/{message(rig).id}", 0)])
    rig.publish()
    assert shown(rig) == 15
    with rig.store.reading() as session:
        assert not session.feeds.dirty()


def test_digest_that_shows_all_links_the_topics_page(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[DAILY], latest_slot=lambda _, now: Slot(nominal=f"{now}", at=now))
    rig.run_once()
    rig.write("one.md")
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    assert any("https://feeds.example.org/|All stories" in part for part in _texts(message(rig).message))
    assert not (rig.output / "digests").exists()


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for part in value.values() for text in _texts(part)]
        case list() | tuple():
            return [text for part in value for text in _texts(part)]
        case _:
            return []
