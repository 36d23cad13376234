"""Behaviour 7 and 24 from end to end: one guid for life, whatever befalls the file; and losses in doubt."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from syndicator.alerts import DeliveryState
from syndicator.entries import scanner
from syndicator.models import Visibility
from syndicator.settings.models import Digest, Route
from syndicator.watch.changes import Hint
from tests.rig import Rig, article_text

ROUTE = Route(name="all", channel="C1", deliver=Digest(cron="0 9 * * *"))
MANY = 30


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, routes=[ROUTE])
    rig.run_once()
    return rig


def guids(rig: Rig) -> dict[str, str]:
    return {path: entry.guid for path, entry in rig.entries().items()}


def rename(rig: Rig, old: str, new: str) -> None:
    target = rig.folder / new
    target.parent.mkdir(parents=True, exist_ok=True)
    (rig.folder / old).rename(target)


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "while down"])
@pytest.mark.parametrize("edit", [False, True], ids=["as it was", "edited too"])
def test_renamed_article_keeps_guid_and_is_no_news(rig: Rig, restart: bool, edit: bool) -> None:
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    (guid, updated, before) = (guids(rig)["a.md"], rig.entries()["a.md"].updated, rig.documents())
    rig.wait(timedelta(hours=1))
    (rig.folder / "a.md").unlink()
    text = article_text("a.md", quality=20 if edit else 80)
    rig.put("sub/folder/renamed.md", text)
    if restart:
        rig.restart()
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.new, sync_counts.revised, sync_counts.moved, sync_counts.withdrawn) == (0, 0, 1, 0)
    assert set(guids(rig)) == {"sub/folder/renamed.md", "b.md"}
    entry = rig.entries()["sub/folder/renamed.md"]
    assert (entry.guid, entry.updated) == (guid, updated)
    assert len(rig.owed()) == 2
    if not edit:
        assert rig.documents() == before


def test_problem_of_an_article_is_over_where_it_moves_and_is_mended(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    rig.put("a.md", "---\ntitle: [\n---\n")
    rig.run_once()
    assert len(rig.problems()) == 1
    (rig.folder / "a.md").unlink()
    rig.put("b.md", article_text("a.md"))
    rig.run_once()
    assert set(guids(rig)) == {"b.md"}
    assert rig.problems() == []


@pytest.mark.parametrize("made", ["sub", "sub/a.md"], ids=["a new folder", "a new file"])
def test_article_keeps_guid_where_it_is_heard_of_before_its_leaving_is(rig: Rig, made: str) -> None:
    """watchdog tells at once of a new folder, and half a second later of what was renamed into it."""
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    before = guids(rig)
    rename(rig, "a.md", "sub/a.md")
    for path in (made, "a.md"):
        rig.wait(timedelta(seconds=1))
        rig.app.sources.scan(rig.moment(), {"news": [Hint(source="news", path=path)]})
    assert guids(rig) == {"sub/a.md": before["a.md"], "b.md": before["b.md"]}


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "while down"])
def test_renamed_folder_of_all_articles_moves_them_all(rig: Rig, restart: bool) -> None:
    for number in range(MANY):
        rig.write(f"old/{number}.md")
    rig.run_once()
    before, documents = guids(rig), rig.documents()
    rename(rig, "old", "new")
    if restart:
        rig.restart()
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.new, sync_counts.moved, sync_counts.withdrawn) == (0, MANY, 0)
    assert guids(rig) == {path.replace("old/", "new/"): guid for path, guid in before.items()}
    assert rig.documents() == documents
    assert rig.app.sources.losses() == {}
    assert len(rig.owed()) == MANY


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "while down"])
@pytest.mark.parametrize(
    "moves",
    [
        pytest.param([("0.md", "x"), ("1.md", "0.md"), ("x", "1.md")], id="two swapped"),
        pytest.param([("2.md", "3.md"), ("1.md", "2.md"), ("0.md", "1.md")], id="all moved up by one"),
        pytest.param([("0.md", "x"), ("1.md", "0.md"), ("2.md", "1.md"), ("x", "2.md")], id="turned round"),
    ],
)
def test_articles_that_take_each_others_names_stay_themselves(
    rig: Rig, moves: list[tuple[str, str]], restart: bool
) -> None:
    for number in range(3):
        rig.write(f"{number}.md")
    rig.run_once()
    before = {entry.article.title: entry for entry in rig.entries().values()}
    documents = rig.documents()
    for old, new in moves:
        rename(rig, old, new)
    if restart:
        rig.restart()
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.new, sync_counts.withdrawn, sync_counts.revised) == (0, 0, 0)
    for path, entry in rig.entries().items():
        assert (entry.guid, entry.updated) == (before[entry.article.title].guid, entry.article.published)
        assert entry.article.title == f"About {entry.article.link.rsplit('/', 1)[1]}"
        assert entry.article.title in (rig.folder / path).read_text()
    assert rig.documents() == documents
    assert len(rig.owed()) == 3


def test_copy_of_an_article_that_is_edited_at_once_takes_nothing_from_it(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    guid = guids(rig)["a.md"]
    shutil.copy(rig.folder / "a.md", rig.folder / "before-i-edit.md")
    rig.write("a.md", title="Edited")
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.new, sync_counts.revised, sync_counts.withdrawn) == (1, 1, 0)
    assert guids(rig)["a.md"] == guid


def test_article_written_over_another_is_an_edit_of_that_one(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    before = guids(rig)
    rename(rig, "a.md", "b.md")
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.new, sync_counts.revised, sync_counts.withdrawn) == (0, 1, 1)
    assert guids(rig)["b.md"] == before["b.md"]
    assert rig.titles() == ["About a"]


def test_copy_is_another_entry_and_deleting_the_original_moves_nothing(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("other.md")
    rig.run_once()
    original = guids(rig)["a.md"]
    shutil.copy(rig.folder / "a.md", rig.folder / "copy.md")
    assert rig.count(rig.run_once).new == 1
    copy = guids(rig)["copy.md"]
    assert copy != original
    assert len(rig.titles()) == 2
    (rig.folder / "a.md").unlink()
    rig.run_once()
    assert guids(rig) == {"a.md": original, "copy.md": copy, "other.md": guids(rig)["other.md"]}
    assert rig.entries()["a.md"].visibility is Visibility.WITHDRAWN
    assert copy.encode() in rig.feed()
    assert original.encode() not in rig.feed()
    stories = {rig.entries()[path].story for path in ("copy.md", "other.md")}
    assert {one.story for one in rig.owed()} == stories, "owed as before"


def test_deleted_article_comes_back_as_itself(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    entry, before = rig.entries()["a.md"], rig.documents()
    (rig.folder / "a.md").unlink()
    rig.run_once()
    assert rig.titles() == ["About b"]
    assert rig.stored("a.md").withdrawn is not None
    rig.wait(timedelta(days=40))
    rig.write("a.md")
    rig.run_once()
    assert rig.entries()["a.md"] == entry
    assert rig.documents() == before


def test_file_rewritten_by_delete_and_create_is_not_even_withdrawn(rig: Rig) -> None:
    rig.write("a.md")
    rig.write("b.md")
    rig.run_once()
    (rig.folder / "a.md").unlink()
    rig.scan()
    rig.write("a.md", quality=81)
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.withdrawn, sync_counts.new, sync_counts.revised) == (0, 0, 0)


def test_another_story_at_the_path_of_a_moved_article_is_new(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    guid = guids(rig)["a.md"]
    rename(rig, "a.md", "sub/a.md")
    rig.run_once()
    rig.write("a.md", webUrl="https://news.example/quite-another", title="Quite another")
    assert rig.count(rig.run_once).new == 1
    assert guids(rig)["sub/a.md"] == guid != guids(rig)["a.md"]


def test_guid_is_the_same_in_a_state_built_anew(tmp_path: Path, rig: Rig) -> None:
    for number in range(5):
        rig.write(f"{number}.md")
    rig.run_once()
    before, documents = guids(rig), rig.documents()
    rig.close()
    shutil.rmtree(tmp_path / "var")
    rig.open()
    rig.run_once()
    assert guids(rig) == before
    assert rig.documents() == documents
    assert rig.owed() == []


def test_guid_key_is_taken_and_a_second_file_with_it_waits_for_the_first_to_go(rig: Rig) -> None:
    key = "tag:news.example,2026:1"
    rig.write("a.md", guid=key)
    rig.write("c.md")
    rig.run_once()
    rig.write("b.md", guid=key, webUrl="https://news.example/another")
    assert rig.count(rig.run_once).new == 0
    assert guids(rig)["a.md"] == key
    assert sorted(rig.titles()) == ["About a", "About c"]
    (problem,) = rig.problems()
    assert problem.startswith("b.md:")
    assert "a.md" in problem
    (rig.folder / "a.md").unlink()
    rig.run_once()
    rig.run_once()
    assert rig.problems() == []
    assert guids(rig)["b.md"] == key
    assert sorted(rig.titles()) == ["About b", "About c"]


def test_guid_key_added_later_changes_nothing(rig: Rig) -> None:
    rig.write("a.md")
    rig.run_once()
    guid = guids(rig)["a.md"]
    rig.write("a.md", guid="tag:news.example,2026:late")
    assert rig.count(rig.run_once).revised == 0
    assert guids(rig)["a.md"] == guid


def empty(rig: Rig) -> None:
    shutil.rmtree(rig.folder)
    rig.folder.mkdir()


def remove(rig: Rig) -> None:
    shutil.rmtree(rig.folder)


def thin_out(rig: Rig) -> None:
    for number in range(MANY - 5):
        (rig.folder / f"{number}.md").unlink()


@pytest.mark.parametrize("lose", [empty, remove, thin_out])
def test_large_loss_is_believed_at_a_second_look_ten_minutes_later(
    rig: Rig, lose: Callable[[Rig], None]
) -> None:
    for number in range(MANY):
        rig.write(f"{number}.md")
    rig.run_once()
    before = rig.documents()
    lose(rig)
    for _ in range(3):
        assert rig.count(rig.run_once).withdrawn == 0
        assert rig.documents() == before
        assert list(rig.app.sources.losses()) == ["news"]
        rig.wait(timedelta(minutes=4))
    assert rig.count(rig.run_once).withdrawn == (MANY - 5 if lose is thin_out else MANY)
    assert len(rig.titles()) == (5 if lose is thin_out else 0)
    assert rig.app.sources.losses() == {} or lose is remove


def test_large_loss_is_believed_when_the_operator_confirms_it(rig: Rig) -> None:
    for number in range(MANY):
        rig.write(f"{number}.md")
    rig.run_once()
    empty(rig)
    assert rig.count(rig.run_once).withdrawn == 0
    assert rig.count(lambda: rig.look(confirmed=True)).withdrawn == MANY
    rig.publish()
    assert rig.titles() == []


def test_folder_that_comes_back_loses_nothing(rig: Rig) -> None:
    for number in range(MANY):
        rig.write(f"{number}.md")
    rig.run_once()
    before, entries = rig.documents(), rig.entries()
    rig.folder.rename(rig.base / "aside")
    rig.run_once()
    rig.restart()
    rig.run_once()
    assert rig.documents() == before
    (rig.base / "aside").rename(rig.folder)
    rig.wait(timedelta(minutes=30))
    assert rig.count(rig.run_once).guids == frozenset()
    assert (rig.documents(), rig.entries()) == (before, entries)


def test_few_deletions_are_believed_at_once(rig: Rig) -> None:
    for number in range(MANY):
        rig.write(f"{number}.md")
    rig.run_once()
    for number in range(20):
        (rig.folder / f"{number}.md").unlink()
    assert rig.count(rig.run_once).withdrawn == 20


def test_message_that_waits_for_a_story_goes_on_with_its_other_copy(tmp_path: Path) -> None:
    route = Route(name="all", channel="C1", deliver="immediate")
    rig = Rig(tmp_path, routes=[route])
    rig.run_once()
    rig.write("first.md", webUrl="https://news.example/one", title="By the first")
    rig.write("second.md", webUrl="https://news.example/one", title="By the second")
    rig.run_once()
    with rig.store.reading() as session:
        (before,) = session.outbox.list([DeliveryState.OWED])
    shown = "first" if "By the first" in str(before.message["blocks"]) else "second"
    other = {"first": "second", "second": "first"}[shown]
    (rig.folder / f"{shown}.md").unlink()
    rig.run_once()
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    with rig.store.reading() as session:
        waiting = session.outbox.list([DeliveryState.OWED])
    assert [f"By the {other}" in str(one.message["blocks"]) for one in waiting] == [True]


def test_article_with_a_key_keeps_its_guid_though_all_else_changes(rig: Rig) -> None:
    rig.write("a.md", guid="urn:example:1")
    rig.run_once()
    (rig.folder / "a.md").unlink()
    rig.write("b.md", guid="urn:example:1", title="Another title")
    sync_counts = rig.count(rig.run_once)
    assert (sync_counts.new, sync_counts.moved, sync_counts.withdrawn) == (0, 1, 0)
    assert guids(rig) == {"b.md": "urn:example:1"}


def test_moves_and_removals_of_many_batches_are_told_apart(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "BATCH_FILES", 4)
    for number in range(MANY):
        rig.write(f"old/{number:02}.md")
    rig.run_once()
    before = guids(rig)
    rename(rig, "old", "new")
    for number in range(5):
        (rig.folder / f"new/{number:02}.md").unlink()
    rig.write("new/another.md")
    first = rig.count(rig.run_once)
    rig.wait(timedelta(minutes=1))
    second = rig.count(rig.run_once)
    assert (first.new + second.new, first.moved + second.moved) == (1, MANY - 5)
    assert first.withdrawn + second.withdrawn == 5
    for path, guid in guids(rig).items():
        if path != "new/another.md":
            assert guid == before[path.replace("new/", "old/")]
