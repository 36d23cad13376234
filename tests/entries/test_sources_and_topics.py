"""Behaviour 1, 11, 14, 17 and 18 end to end: sources and settings that change, topics that come and go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from syndicator.models import TopicStatus, Visibility
from syndicator.publish import build
from syndicator.settings.models import Digest, Route
from syndicator.store.types import PAGE
from tests.rig import Rig, article_text

ROUTE = Route(name="all", channel="C1", deliver=Digest(cron="0 9 * * *"))
TOPICS = ("_data/*.yaml",)


def statuses(rig: Rig) -> dict[str, tuple[TopicStatus, str | None]]:
    with rig.store.reading() as session:
        return {topic.slug: (topic.status, topic.moved_to) for topic in session.topics()}


def folders(rig: Rig) -> list[str]:
    return sorted(path.name for path in (rig.output / "feeds").iterdir())


def put_into(folder: Path, name: str, **front: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(article_text(name, **front))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, routes=[ROUTE], topics=TOPICS)


def test_first_start_is_silent_and_what_comes_later_is_owed(rig: Rig) -> None:
    for number in range(50):
        rig.write(f"{number}.md")
    rig.write("draft.md", published=False)
    rig.run_once()
    assert len(rig.titles()) == 50
    assert rig.owed() == []
    rig.write("new.md")
    rig.write("draft.md", published=True)
    rig.run_once()
    entries = rig.entries()
    assert {one.guid for one in rig.owed()} == {entries["new.md"].guid, entries["draft.md"].guid}


def test_two_sources_stand_side_by_side(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[ROUTE])
    other = tmp_path / "other"
    rig.write("a.md")
    rig.run_once()
    put_into(other, "a.md", title="From the other", webUrl="https://other.example/a")
    put_into(other, "b.md", title="Known to both", webUrl="https://news.example/a")
    rig.restart(sources=(rig.source("news", rig.folder), rig.source("other", other)))
    rig.run_once()
    assert sorted(rig.titles()) == ["About a", "From the other"]
    assert rig.owed() == [], "a source begins silently"
    put_into(other, "new.md", title="New in the other", webUrl="https://other.example/new")
    rig.run_once()
    assert len(rig.owed()) == 1


def test_source_gone_from_the_settings_is_withdrawn_and_comes_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[ROUTE])
    other = tmp_path / "other"
    news, second = rig.source("news", rig.folder), rig.source("other", other)
    rig.write("a.md")
    put_into(other, "b.md")
    rig.restart(sources=(news, second))
    rig.run_once()
    before, guid = rig.documents(), rig.entries()["b.md"].guid
    rig.restart(sources=(news,))
    rig.run_once()
    assert rig.titles() == ["About a"]
    assert rig.entries()["b.md"].visibility is Visibility.WITHDRAWN
    rig.restart(sources=(news, second))
    rig.run_once()
    assert rig.documents() == before
    assert rig.entries()["b.md"].guid == guid
    assert rig.owed() == []


def test_article_that_moves_between_sources_is_another_entry_of_its_story(tmp_path: Path) -> None:
    rig = Rig(tmp_path, routes=[ROUTE])
    other = tmp_path / "other"
    put_into(other, "z.md")
    rig.restart(sources=(rig.source("news", rig.folder), rig.source("other", other)))
    rig.write("z2.md")
    rig.run_once()
    rig.write("a.md")
    rig.run_once()
    (rig.folder / "a.md").rename(other / "a.md")
    rig.run_once()
    assert sorted(rig.titles()) == ["About a", "About z", "About z2"]
    with rig.store.reading() as session:
        known = session.of_stories(one.story for one in rig.owed())
    public = [one.article for one in known if one.visibility is Visibility.PUBLIC]
    assert [(article.source, article.path) for article in public] == [("other", "a.md")]


def test_unpublished_include_shows_drafts_silently_and_moves_no_updated(rig: Rig) -> None:
    rig.write("a.md", published=False)
    rig.write("b.md")
    rig.run_once()
    before = {path: entry.updated for path, entry in rig.entries().items()}
    rig.restart(include_unpublished=True, now=rig.now + timedelta(hours=1))
    rig.run_once()
    assert sorted(rig.titles()) == ["About a", "About b"]
    assert {path: entry.updated for path, entry in rig.entries().items()} == before
    assert rig.owed() == []
    rig.restart(include_unpublished=False, now=rig.now + timedelta(hours=1))
    rig.run_once()
    assert rig.titles() == ["About b"]
    assert {path: entry.updated for path, entry in rig.entries().items()} == before


def test_unpublished_include_publishes_nothing_that_is_marked_a_draft(rig: Rig) -> None:
    rig.restart(include_unpublished=True)
    rig.write("a.md", published=False)
    rig.write("b.md", draft=True)
    rig.write("c.md", draft=True, published=False)
    rig.run_once()
    assert rig.titles() == ["About a"]
    rig.restart(include_unpublished=False)
    rig.run_once()
    assert rig.titles() == []
    with rig.store.reading() as session:
        assert session.count_unpublished() == 1


def test_levels_added_later_are_built_and_move_no_updated(rig: Rig) -> None:
    rig.write("a.md", quality=90)
    rig.write("b.md", quality=10)
    rig.run_once()
    before = rig.entries()
    rig.restart(levels={"good": 50})
    rig.run_once()
    assert rig.titles(level="good") == ["About a"]
    assert rig.entries() == before
    rig.write("b.md", quality=60)
    rig.run_once()
    assert sorted(rig.titles(level="good")) == ["About a", "About b"]
    assert rig.entries()["b.md"].updated == before["b.md"].updated


def test_topic_renamed_by_its_file_leaves_a_redirect(rig: Rig) -> None:
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.write("a.md", topics=["AI"])
    rig.run_once()
    updated = rig.entries()["a.md"].updated
    assert folders(rig) == ["ai", "all"]
    rig.put("_data/ai.yaml", "name: Machine minds\nslug: machine-minds\naliases: [AI]\n")
    rig.run_once()
    assert folders(rig) == ["all", "machine-minds"]
    assert not (rig.output / "topics" / "ai").exists()
    assert statuses(rig)["ai"] == (TopicStatus.MOVED, "machine-minds")
    assert rig.titles("machine-minds") == ["About a"]
    assert rig.entries()["a.md"].updated == updated
    rig.put("_data/ai.yaml", "name: Machine minds\nslug: minds\naliases: [AI]\n")
    rig.run_once()
    moved = statuses(rig)
    assert moved["machine-minds"] == (TopicStatus.MOVED, "minds")
    assert moved["ai"][0] is TopicStatus.MOVED
    rig.restart()
    rig.run_once()
    assert statuses(rig) == moved


def test_topic_that_becomes_anothers_alias_leads_there_and_comes_back_when_it_is_none(rig: Rig) -> None:
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.write("a.md", topics=["AI"])
    rig.write("b.md", topics=["A.I."])
    rig.run_once()
    assert folders(rig) == ["a-i", "ai", "all"]
    rig.put("_data/ai.yaml", "name: AI\naliases: [A.I.]\n")
    rig.run_once()
    assert statuses(rig)["a-i"] == (TopicStatus.MOVED, "ai")
    assert rig.titles("ai") == ["About a", "About b"]
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.run_once()
    assert statuses(rig)["a-i"] == (TopicStatus.LIVE, None)
    assert (rig.titles("a-i"), rig.titles("ai")) == (["About b"], ["About a"])


def test_topic_that_no_one_names_any_more_is_gone_and_can_come_back(rig: Rig) -> None:
    rig.write("a.md", topics=["AI", "Azure"])
    rig.run_once()
    assert folders(rig) == ["ai", "all", "azure"]
    rig.write("a.md", topics=["AI"])
    rig.run_once()
    assert folders(rig) == ["ai", "all"]
    assert statuses(rig)["azure"][0] is TopicStatus.GONE
    rig.write("b.md", topics=["azure"])
    rig.run_once()
    assert statuses(rig)["azure"][0] is TopicStatus.LIVE
    assert rig.titles("azure") == ["About b"]


def test_topic_of_drafts_alone_is_not_named_anywhere(rig: Rig) -> None:
    rig.write("a.md", topics=["Secret plan"], published=False)
    rig.write("b.md")
    rig.run_once()
    assert folders(rig) == ["ai", "all"]
    assert statuses(rig)["secret-plan"][0] is TopicStatus.WAITING
    assert not [
        path for path in rig.output.rglob("*") if path.is_file() and b"ecret plan" in path.read_bytes()
    ]


def test_topic_names_match_by_alias_and_without_regard_to_case(rig: Rig) -> None:
    rig.put("_data/cpp.yaml", "name: C++\nslug: cpp\nkeywords: [cplusplus]\n")
    rig.write("a.md", topics=["CPlusPlus"])
    rig.write("b.md", topics=["c++"])
    rig.write("c.md", topics=["C#"])
    rig.write("d.md", topics=["日本語"])
    rig.run_once()
    assert sorted(rig.titles("cpp")) == ["About a", "About b"]
    assert len(folders(rig)) == 4


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200d"], ids=ascii)
def test_letters_that_are_not_seen_make_no_other_topic(rig: Rig, hidden: str) -> None:
    rig.write("a.md", topics=["Power Apps"])
    rig.write("b.md", topics=[f"Power{hidden} Apps"])
    rig.write("c.md", topics=[f"{hidden}Power Apps", "Power Apps"])
    rig.run_once()
    assert statuses(rig).keys() == {"power-apps"}
    assert {one.topics for one in rig.entries().values()} == {("power-apps",)}


def test_topic_file_edited_shelves_anew_silently(rig: Rig) -> None:
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.write("a.md", topics=["Robots"])
    rig.run_once()
    updated = rig.entries()["a.md"].updated
    rig.put("_data/ai.yaml", "name: AI\naliases: [Robots]\ndescription: Minds and machines\n")
    rig.run_once()
    assert rig.titles("ai") == ["About a"]
    assert folders(rig) == ["ai", "all"]
    assert rig.entries()["a.md"].updated == updated
    assert b"Minds and machines" in rig.feed("feeds/ai/rss.xml")
    assert rig.owed() == []


def test_broken_topic_file_is_a_problem(rig: Rig) -> None:
    rig.put("_data/ai.yaml", "name: [\n")
    rig.write("a.md")
    rig.run_once()
    assert rig.titles("ai") == ["About a"]
    assert [problem.split(":")[0] for problem in rig.problems()] == ["_data/ai.yaml"]
    rig.put("_data/ai.yaml", "name: AI\n")
    rig.run_once()
    assert rig.problems() == []


def test_child_topics_roll_up_where_set(rig: Rig) -> None:
    rig.put("_data/science.yaml", "name: Science\n")
    rig.put("_data/ai.yaml", "name: AI\nparent: Science\n")
    rig.write("a.md", topics=["AI"])
    rig.run_once()
    assert rig.titles("science") == []
    rig.restart(roll_up=True)
    rig.run_once()
    assert rig.titles("science") == rig.titles("ai") == ["About a"]
    rig.restart(roll_up=False)
    rig.run_once()
    assert rig.titles("science") == []


def test_child_topics_roll_up_where_only_articles_name_the_parent(rig: Rig) -> None:
    rig.restart(roll_up=True)
    rig.put("_data/ai.yaml", "name: AI\nparent: Science\n")
    rig.write("a.md", topics=["AI"])
    rig.run_once()
    assert [problem.split(":")[0] for problem in rig.problems()] == ["_data/ai.yaml"]
    rig.write("b.md", topics=["Science"])
    rig.run_once()
    assert rig.problems() == []
    assert sorted(rig.titles("science")) == ["About a", "About b"]
    (rig.folder / "b.md").unlink()
    rig.run_once()
    assert rig.stored("a.md").topics == ("ai",)


def test_first_scan_knows_the_topics_that_only_articles_name(rig: Rig) -> None:
    rig.restart(roll_up=True)
    rig.put("_data/ai.yaml", "name: AI\nparent: Science\n")
    rig.write("a.md", topics=["AI"])
    rig.write("b.md", topics=["Science"])
    with capture_logs() as logs:
        rig.scan()
    rig.publish()
    assert [one for one in logs if one["log_level"] != "info"] == []
    assert sorted(rig.titles("science")) == ["About a", "About b"]


def test_new_or_changed_route_begins_silently(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    second = Route(name="more", channel="C2", deliver=Digest(cron="0 9 * * *"))
    rig.restart(routes=[ROUTE, second])
    rig.run_once()
    assert rig.owed() == []
    rig.write("b.md")
    rig.run_once()
    assert sorted(one.route for one in rig.owed()) == ["all", "more"]


def test_route_that_begins_does_not_silence_another_of_its_channel(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    first = Route(name="more", channel=ROUTE.channel, deliver=Digest(cron="0 9 * * *"))
    rig.restart(routes=[first, ROUTE])
    rig.write("b.md")
    rig.run_once()
    assert [one.route for one in rig.owed()] == ["all"]


def test_source_that_begins_does_not_silence_another(rig: Rig, tmp_path: Path) -> None:
    rig.write("a.md")
    rig.run_once()
    put_into(tmp_path / "other", "a.md", title="From the other", webUrl="https://other.example/a")
    rig.restart(sources=(rig.source("news", rig.folder), rig.source("other", tmp_path / "other")))
    rig.write("b.md")
    rig.run_once()
    assert [one.guid for one in rig.owed()] == [rig.entries()["b.md"].guid]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param("name: Machine minds\nslug: ai\naliases: [AI]\n", id="name"),
        pytest.param("name: AI\nslug: ai\ndescription: Minds and machines\n", id="description"),
        pytest.param("name: AI\nslug: ai\nlanguage: de\n", id="language"),
        pytest.param("name: AI\nslug: minds\n", id="slug"),
    ],
)
def test_topic_reworded_is_so_in_every_archive_too(tmp_path: Path, after: str) -> None:
    """Rule 10: the same entries and settings give the same bytes, however they came about."""
    lived, cold = (tmp_path / name for name in ("lived", "cold"))

    def grown(base: Path, words: str) -> Rig:
        base.mkdir()
        rig = Rig(base, topics=TOPICS, limit=2)
        rig.put("_data/ai.yaml", words)
        for number in range(7):
            rig.write(f"{number}.md", topics=["AI", "Azure"] if number % 3 else ["Azure"])
        rig.run_once()
        return rig

    rig = grown(lived, "name: AI\nslug: ai\n")
    before = rig.documents()
    rig.put("_data/ai.yaml", after)
    rig.run_once()
    assert rig.documents() == grown(cold, after).documents()
    assert rig.documents() != before


def test_former_parent_no_longer_shows_the_topic(tmp_path: Path) -> None:
    rig = Rig(tmp_path, topics=TOPICS)
    for name in ("Science", "Tech"):
        rig.put(f"_data/{name}.yaml", f"name: {name}\n")
    rig.put("_data/ai.yaml", "name: AI\nparent: Science\n")
    rig.write("a.md")
    rig.run_once()
    pages = [rig.output / f"topics/{slug}/index.html" for slug in ("science", "tech")]
    assert ["topics/ai/" in page.read_text() for page in pages] == [True, False]
    rig.put("_data/ai.yaml", "name: AI\nparent: Tech\n")
    rig.run_once()
    assert ["topics/ai/" in page.read_text() for page in pages] == [False, True]


def test_topic_without_a_file_is_shown_as_most_articles_spell_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md", topics=["Robots"])
    rig.run_once()
    for name in ("b.md", "c.md"):
        rig.write(name, topics=["robots"])
    rig.run_once()
    assert b"<title>robots" in rig.feed("feeds/robots/atom.xml")
    lived = rig.documents()
    rig.restart()
    rig.run_once()
    assert rig.documents() == lived
    (rig.folder / "b.md").unlink()
    rig.write("d.md", topics=["Robots"])
    rig.run_once()
    assert b"<title>Robots" in rig.feed("feeds/robots/atom.xml")


def test_redirect_of_a_renamed_topic_never_leads_to_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.put("_data/a.yaml", "name: Aaa\n")
    rig.write("x.md", topics=["Aaa"])
    rig.write("y.md", topics=["Bbb"])
    rig.run_once()
    rig.put("_data/a.yaml", "name: Aaa\nslug: zzz\n")
    rig.scan()
    monkeypatch.setattr(build, "AT_ONCE_S", 0.0)
    assert statuses(rig)["aaa"] == (TopicStatus.MOVED, "zzz")
    moved = rig.base / "var/moved.map"
    while "aaa zzz;" not in moved.read_text():
        assert (rig.output / "feeds/aaa/atom.xml").exists()
        assert rig.publish_portion().more
    assert rig.titles("zzz") == ["About x"]


def test_new_topic_writes_every_page_that_shows_it(tmp_path: Path) -> None:
    """Another version, which renders everything anew, finds each page as it is."""
    rig = Rig(tmp_path, topics=("_data/*.yaml",), roll_up=True)
    rig.put("_data/below.yaml", "name: Below\nparent: Above\n")
    for number in range(10):
        rig.write(f"{number}.md", topics=[f"Topic {number}"])
    rig.write("draft.md", topics=["Topic 1", "Held"], published=False)
    rig.write("copy.md", topics=["Topic 2", "Shared"], webUrl="https://news.example/2")
    rig.run_once()
    for path, topics in (
        ("new.md", ["Topic 3", "New"]),
        ("above.md", ["Above"]),
        ("held.md", ["Held"]),
        ("shared.md", ["Shared", "Topic 4"]),
    ):
        rig.write(path, topics=topics)
        rig.run_once()
        files = {file: file.read_bytes() for file in rig.output.rglob("*") if file.is_file()}
        rig.restart(version=path)
        rig.run_once()
        assert {file: file.read_bytes() for file in rig.output.rglob("*") if file.is_file()} == files


def test_new_topic_renders_no_other_page(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(10):
        rig.write(f"{number}.md", topics=[f"Topic {number}"])
    rig.run_once()
    rig.write("new.md", topics=["Topic 3", "New"])
    rig.scan()
    with rig.store.reading() as session:
        pages = {slug for slug, page in session.feeds.dirty() if page == PAGE}
    assert pages == {"all", "new", "topic-3"}


def test_files_of_a_hugo_bundle_are_no_entries(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="hugo")
    for name in ("alone/a.md", "alone/b.md", "post/c.md", "post/a/index.md", "post/a/b.md", "post/a/c/d.md"):
        rig.write(name, date="2026-01-01")
    rig.run_once()
    assert rig.entries().keys() == {"alone/a.md", "alone/b.md", "post/c.md", "post/a/index.md"}
    rig.write("post/a/e.md", date="2026-01-01")
    rig.write("alone/index.md", date="2026-01-01")
    rig.run_once()
    shown = {path for path, one in rig.entries().items() if one.visibility is Visibility.PUBLIC}
    assert shown == {"alone/index.md", "post/c.md", "post/a/index.md"}
