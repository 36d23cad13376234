"""Behaviour 6, 9 to 12, 16 and 17 from end to end: real files, a real database, the bytes of real feeds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syndicator.models import Visibility
from syndicator.settings.models import Digest, Route
from tests.making import NOON
from tests.rig import Rig, article_text

HOUR = timedelta(hours=1)
ROUTE = Route(name="ai", channel="C1", deliver=Digest(cron="0 9 * * *"))
SHARED_LINK = "https://elsewhere.example/one-and-the-same"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def edited(before: str, after: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert before in text
        return text.replace(before, after)

    return edit


def reordered(text: str) -> str:
    """The keys in the opposite order; what each says is unchanged."""
    _, front, body = text.split("---\n")
    return f"---\n{''.join(sorted(front.splitlines(keepends=True), reverse=True))}---\n{body}"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(edited('secured: "b2s="', 'secured: "bmV3;bmV3"'), id="secured"),
        pytest.param(edited("\n", "\r\n"), id="line endings"),
        pytest.param(edited("quality: 80", "quality: 12"), id="quality"),
        pytest.param(edited("quality: 80", "quality: 80\nheat: 7"), id="heat"),
        pytest.param(reordered, id="order of keys"),
        pytest.param(edited('title: "About a"', "title:   'About a'  # as it was"), id="quoting"),
        pytest.param(edited("published: true", "published: yes"), id="another way to say yes"),
        pytest.param(edited("type:", "unheard_of: {of: [1, 2]}\ntype:"), id="unknown key"),
        pytest.param(edited("Text.", "Text.\n\n\n"), id="blank lines at the end of the body"),
        pytest.param(edited("https://news.example/a", "https://news.example/a?utm_source=x"), id="tracking"),
    ],
)
def test_what_no_one_can_see_moves_no_updated(rig: Rig, edit: Callable[[str], str]) -> None:
    rig.write("a.md", body="Text.\n")
    rig.run_once()
    before, entry = rig.documents("rss.xml", "atom.xml"), rig.entries()["a.md"]
    rig.wait(HOUR)
    rig.put("a.md", edit(article_text("a.md", body="Text.\n")))
    assert rig.count(rig.run_once).revised == 0
    after = rig.entries()["a.md"]
    assert (after.updated, after.guid) == (entry.updated, entry.guid)
    assert after.article.revision == entry.article.revision
    if after.article.link == entry.article.link:
        assert rig.documents("rss.xml", "atom.xml") == before


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(edited("About a", "All about a"), id="title"),
        pytest.param(edited("What there is", "All there is"), id="summary"),
        pytest.param(edited("Text.", "Another text."), id="body"),
        pytest.param(edited("[", '["Azure", '), id="topics"),
        pytest.param(edited("09:00:00Z", "08:00:00Z"), id="published time"),
        pytest.param(edited("https://news.example/a", "https://news.example/b"), id="link"),
        pytest.param(edited('type: "article"', 'type: "video"'), id="type"),
    ],
)
def test_what_a_subscriber_can_see_moves_updated(rig: Rig, edit: Callable[[str], str]) -> None:
    rig.write("a.md", body="Text.\n")
    rig.run_once()
    before, guid = rig.feed(), rig.entries()["a.md"].guid
    rig.wait(HOUR)
    rig.put("a.md", edit(article_text("a.md", body="Text.\n")))
    assert rig.count(rig.run_once).revised == 1
    after = rig.entries()["a.md"]
    assert (after.updated, after.guid) == (NOON + HOUR, guid)
    assert rig.feed() != before


def test_updated_is_the_published_time_at_first_sight(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    entry = rig.entries()["a.md"]
    assert entry.updated == entry.article.published < entry.seen


def test_nothing_of_secured_or_unknown_keys_leaves_the_file(rig: Rig) -> None:
    rig.write("a.md", secured="canary-one", unheard_of="canary-two", body="Text.\n")
    rig.run_once()
    rig.close()
    written = [
        path.read_bytes() for path in (*rig.output.rglob("*"), *rig.base.glob("var/*")) if path.is_file()
    ]
    assert any(b"About a" in data for data in written)
    assert not [data for data in written if b"canary" in data]


def test_good_edit_writes_the_feeds_of_its_topics_alone(rig: Rig) -> None:
    rig.write("a.md", topics=["AI"])
    rig.write("b.md", topics=["Azure"])
    rig.run_once()
    azure = rig.documents()
    rig.write("a.md", topics=["AI"], title="Another title")
    rig.look()
    assert rig.publish().written > 0
    changed = [path for path, data in rig.documents().items() if azure[path] != data]
    assert {path.split("/")[1] for path in changed} == {"ai", "all"}
    assert rig.publish().written == 0


def test_broken_article_keeps_its_last_good_version_until_it_is_mended(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    before = rig.documents()
    rig.put("a.md", "---\ntitle: [\n---\n")
    rig.write("c.md")
    assert rig.count(rig.run_once).problems == 1
    assert sorted(rig.titles()) == ["About a", "About b", "About c"]
    (problem,) = rig.problems()
    assert problem.startswith("a.md:3:1: ")
    rig.restart()
    rig.run_once()
    assert len(rig.titles()) == 3
    assert len(rig.problems()) == 1
    (rig.folder / "c.md").unlink()
    rig.write("a.md")
    assert rig.count(rig.run_once).revised == 0
    assert rig.problems() == []
    assert rig.documents() == before


def test_broken_article_that_is_deleted_is_withdrawn(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    rig.put("a.md", "no front matter")
    rig.run_once()
    (rig.folder / "a.md").unlink()
    rig.run_once()
    assert rig.titles() == ["About b"]
    assert rig.problems() == []


@pytest.mark.parametrize("year", [1601, 2262, 2444])
def test_file_whose_time_is_wrong_by_centuries_holds_up_nothing(rig: Rig, year: int) -> None:
    """2262: what 64 bits of nanoseconds end with. Windows' clock begins in 1601."""
    seconds = int(datetime(year, 7, 1, tzinfo=UTC).timestamp())
    os.utime(rig.write("a.md"), (seconds, seconds))
    rig.write("b.md")
    rig.run_once()
    os.utime(rig.output / "feeds/all/atom.xml", (seconds, seconds))
    rig.restart()
    rig.write("a.md", title="Another title")
    rig.run_once()
    assert sorted(rig.titles()) == ["About b", "Another title"]


def test_flag_that_cannot_be_understood_leaks_no_draft(rig: Rig) -> None:
    rig.write("a.md", published="perhaps")
    rig.run_once()
    assert rig.titles() == []
    assert "published" in rig.problems()[0]


def test_draft_becomes_public_and_goes_back(rig: Rig) -> None:
    rig.write("a.md", published=False)
    rig.run_once()
    assert rig.titles() == []
    assert rig.entries()["a.md"].visibility is Visibility.DRAFT
    rig.write("a.md", published=True)
    rig.run_once()
    first = rig.entries()["a.md"]
    assert rig.titles("ai") == ["About a"]
    rig.write("a.md", published=False)
    rig.run_once()
    assert rig.titles() == rig.titles("ai") == []
    rig.write("a.md", published=True)
    rig.run_once()
    again = rig.entries()["a.md"]
    assert (again.guid, again.updated) == (first.guid, first.updated)


def test_embargo_ends_without_any_file_event(rig: Rig) -> None:
    rig.write("a.md", publishedDateTime="2026-03-14T15:00:00Z")
    rig.run_once()
    assert rig.titles() == []
    assert rig.app.sources.next_time_change(rig.now) == NOON + 3 * HOUR
    rig.now = NOON + 3 * HOUR - timedelta(seconds=1)
    assert rig.app.sources.apply_time(rig.now) == 0
    rig.now = NOON + 3 * HOUR
    assert rig.app.sources.apply_time(rig.now) == 1
    rig.publish()
    assert rig.titles() == ["About a"]
    assert rig.entries()["a.md"].updated == NOON + 3 * HOUR
    assert rig.app.sources.next_time_change(rig.now) is None


def test_embargo_that_ended_while_it_was_down_ends_at_the_start(rig: Rig) -> None:
    rig.write("a.md", publishedDateTime="2026-03-14T15:00:00Z")
    rig.run_once()
    rig.restart(now=NOON + 30 * HOUR)
    rig.run_once()
    assert rig.titles() == ["About a"]
    assert rig.entries()["a.md"].updated == NOON + 3 * HOUR


def test_embargoed_article_edited_before_its_time_is_not_updated_before_it_is_out(rig: Rig) -> None:
    rig.write("a.md", publishedDateTime="2026-03-14T15:00:00Z")
    rig.run_once()
    rig.wait(HOUR)
    rig.write("a.md", publishedDateTime="2026-03-14T15:00:00Z", title="Better")
    rig.run_once()
    rig.now = NOON + 3 * HOUR
    rig.run_once()
    assert rig.titles() == ["Better"]
    assert rig.entries()["a.md"].updated == NOON + 3 * HOUR


def test_entry_expires_on_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="hugo")
    rig.put(
        "content/a.md",
        "---\ntitle: A\ndate: 2026-03-14T09:00:00Z\nexpiryDate: 2026-03-14T15:00:00Z\n---\nText.\n",
    )
    rig.run_once()
    assert rig.titles() == ["A"]
    rig.now = NOON + 3 * HOUR
    assert rig.app.sources.apply_time(rig.now) == 1
    rig.publish()
    assert rig.titles() == []
    assert rig.entries()["content/a.md"].visibility is Visibility.EXPIRED


@pytest.mark.parametrize("tombstones", [False, True])
def test_withdrawn_entry_leaves_every_feed_at_once(tmp_path: Path, tombstones: bool) -> None:
    rig = Rig(tmp_path, levels={"good": 50}, limit=2, tombstones=tombstones)
    for number in range(5):
        rig.write(f"{number}.md", publishedDateTime=f"2026-03-1{number}T09:00:00Z")
    rig.run_once()
    guid = rig.entries()["1.md"].guid
    assert sum(guid.encode() in data for data in rig.documents().values()) > 0
    (rig.folder / "1.md").unlink()
    (rig.folder / "4.md").unlink()
    rig.run_once()
    assert rig.titles() == rig.titles("ai") == rig.titles(level="good") == ["About 3", "About 2"]
    assert rig.titles(page=0) == rig.titles("ai", page=0) == ["About 0"]
    stands = [path for path, data in rig.documents().items() if b"About 1" in data or b"About 4" in data]
    assert stands == []
    assert (b"deleted-entry" in rig.feed()) is tombstones


def test_of_copies_the_first_shown_stays_until_it_is_withdrawn(rig: Rig) -> None:
    rig.write("b.md", webUrl=SHARED_LINK, quality=10)
    rig.write("z.md", webUrl="https://elsewhere.example/")
    rig.run_once()
    for name, quality in (("a.md", 50), ("c.md", 90), ("d.md", 70)):
        rig.write(name, webUrl=f"{SHARED_LINK}/?utm_source={name}", quality=quality)
    rig.run_once()
    assert sorted(rig.titles()) == ["About b", "About z"]
    (rig.folder / "b.md").unlink()
    rig.run_once()
    assert sorted(rig.titles()) == ["About c", "About z"]
    rig.write("b.md", webUrl=SHARED_LINK, quality=95)
    rig.run_once()
    assert sorted(rig.titles()) == ["About c", "About z"]
    rig.write("c.md", webUrl=f"{SHARED_LINK}/?utm_source=c.md", quality=90, published=False)
    rig.run_once()
    assert sorted(rig.titles()) == ["About b", "About z"]
    assert len({entry.story for entry in rig.entries().values()}) == 2


def test_copies_in_different_topics_stand_in_each(rig: Rig) -> None:
    rig.write("a.md", webUrl=SHARED_LINK, topics=["AI"])
    rig.write("b.md", webUrl=SHARED_LINK, topics=["Azure"])
    rig.run_once()
    assert (rig.titles("ai"), rig.titles("azure")) == (["About a"], ["About b"])
    assert len(rig.titles()) == 1


def test_restart_changes_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[ROUTE], limit=2, levels={"good": 50})
    rig.run_once()
    for number in range(5):
        rig.write(f"{number}.md", quality=20 * number)
    rig.run_once()
    before, entries, owed = rig.documents(), rig.entries(), rig.owed()
    assert len(owed) == 5
    for version in ("1", "2"):
        rig.restart(now=rig.now + HOUR, version=version)
        assert rig.count(rig.run_once).guids == frozenset()
        assert (rig.documents(), rig.entries(), rig.owed()) == (before, entries, owed)


def test_html_spelled_otherwise_by_another_version_is_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, routes=[ROUTE])
    rig.run_once()
    rig.write("a.md", body="Some ~~old~~ text")
    rig.run_once()
    before, owed = rig.entries()["a.md"], rig.owed()
    assert len(owed) == 1
    monkeypatch.setattr("syndicator.parse.article.render_body", lambda *_, **__: "<p>Otherwise</p>")
    rig.restart(now=rig.now + HOUR, version="2")
    rig.run_once()
    after = rig.entries()["a.md"]
    assert after.article.body == "<p>Otherwise</p>"
    assert (after.updated, after.guid, rig.owed()) == (before.updated, before.guid, owed)
    assert any(b"Otherwise" in data for data in rig.documents().values())


def test_crash_between_intake_and_publish_leaves_no_page_behind(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limit=2)
    for number in range(6):
        rig.write(f"{number}.md", publishedDateTime=f"2026-03-1{number % 4}T09:00:00Z")
    rig.run_once()
    rig.write("0.md", publishedDateTime="2026-03-10T09:00:00Z", title="Edited, and then the power failed")
    rig.look()
    rig.restart()
    rig.publish()
    holding = [path for path, data in rig.documents().items() if b"the power failed" in data]
    assert {path.rsplit("/", 1)[0] for path in holding} == {"feeds/all/archive/0", "feeds/ai/archive/0"}
    rig.restart()
    assert rig.publish().written == 0


def test_lost_output_is_written_anew(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limit=2)
    for number in range(6):
        rig.write(f"{number}.md")
    rig.run_once()
    before = rig.documents()
    for path in before:
        (rig.output / path).unlink()
    rig.restart()
    rig.loop.recover()
    rig.publish()
    assert rig.documents() == before


def test_other_publishers_of_a_link_are_counted_and_no_change_of_the_entry(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md", webUrl="https://news.example/s", provider={"name": "Globe"})
    rig.run_once()
    (item,) = json.loads(rig.feed("feeds/ai/feed.json"))["items"]
    assert item["_syndicator"]["publishers"] == 1
    rig.write("b.md", webUrl="https://news.example/s?utm_source=x", provider={"name": "Herald"})
    rig.run_once()
    (shown,) = json.loads(rig.feed("feeds/ai/feed.json"))["items"]
    assert shown["_syndicator"]["publishers"] == 2
    assert (shown["id"], shown["date_modified"]) == (item["id"], item["date_modified"])
    (rig.folder / "b.md").unlink()
    rig.run_once()
    (shown,) = json.loads(rig.feed("feeds/ai/feed.json"))["items"]
    assert shown["_syndicator"]["publishers"] == 1
