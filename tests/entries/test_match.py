"""Behaviour 7 to 9: identity over edits, moves, copies and deletions; `updated` moves with the revision."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syndicator.entries.match import Known, ScannedFile, judge_again, recognise, withdraw
from syndicator.models import Article, Change, Entry, Problem, Visibility
from syndicator.parse.identity import mint_guid, story_id
from syndicator.store.types import Stamp
from tests.making import NOON, make_article, make_entry

LATER = NOON + timedelta(hours=1)


def topics(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def found(article: Article, content: str = "") -> ScannedFile:
    return ScannedFile(
        path=article.path,
        stamp=Stamp(1, 2, 3, 4, 5),
        digest=digest(content or repr(article)),
        article=article,
    )


def stored(path: str = "a.md", content: str = "", **changes: Any) -> Entry:
    entry = make_entry(path, **changes)
    return replace(entry, digest=digest(content or repr(entry.article)))


def gone(one: Entry) -> Entry:
    return withdraw(one, now=NOON).entry


def only(recognised: tuple[dict[str, Change], dict[str, Problem]]) -> Entry:
    (change,) = recognised[0].values()
    return change.entry


def test_new_article_gets_minted_guid_and_published_time_as_updated() -> None:
    article = make_article("sub/a.md")
    after = only(recognise([found(article)], Known(), topics, now=NOON))
    assert after.guid == mint_guid("news", "sub/a.md", 0)
    assert after.updated == article.published
    assert after.seen == NOON
    assert after.story == story_id(article.canonical_link)
    assert after.topics == ("ai",)


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        pytest.param({"quality": 12.0, "heat": 3.0}, False, id="quality and heat"),
        pytest.param({"draft": True}, False, id="draft flag"),
        pytest.param({"revision": "another"}, True, id="revision"),
    ],
)
def test_updated_moves_only_with_the_revision(changes: dict[str, Any], moves: bool) -> None:
    before = stored()
    article = replace(before.article, **changes)
    known = Known(by_file={"a.md": before})
    after = only(recognise([found(article)], known, topics, now=LATER))
    assert after.guid == before.guid
    assert (after.updated == LATER) is moves


def test_updated_stays_when_the_same_bytes_are_read_otherwise() -> None:
    before = stored(content="same bytes")
    article = replace(before.article, revision="as other settings read it")
    after = only(
        recognise([found(article, "same bytes")], Known(by_file={"a.md": before}), topics, now=LATER)
    )
    assert after.article.revision == "as other settings read it"
    assert after.updated == before.updated


def test_articles_own_modified_time_is_taken_when_it_can_be_true() -> None:
    before = stored()
    for modified, expected in [
        (NOON, NOON),
        (before.updated - timedelta(days=1), LATER),
        (LATER + timedelta(days=1), LATER),
    ]:
        article = replace(before.article, revision="new", modified=modified)
        after = only(recognise([found(article)], Known(by_file={"a.md": before}), topics, now=LATER))
        assert after.updated == expected


@pytest.mark.parametrize("by", ["content", "link"])
def test_moved_article_keeps_guid(by: str) -> None:
    was = stored("old/a.md", content="text")
    article = replace(was.article, path="new/a.md")
    if by == "content":
        article = replace(article, canonical_link="https://elsewhere.example/")
    one = found(article, "text" if by == "content" else "another text")
    known = Known(others=[was], vacant=frozenset({was.guid}))
    change = recognise([one], known, topics, now=LATER)[0]["new/a.md"]
    assert change.before == was
    assert change.entry.guid == was.guid
    assert change.entry.article.path == "new/a.md"


def test_copy_beside_the_original_is_another_entry_of_the_same_story() -> None:
    original = stored("a.md")
    copy = replace(original.article, path="b.md")
    after = only(recognise([found(copy)], Known(others=[original]), topics, now=LATER))
    assert after.guid == mint_guid("news", "b.md", 0)
    assert after.story == original.story


def test_new_file_at_the_path_of_a_moved_one_gets_a_salted_guid() -> None:
    article = make_article("a.md", link="https://news.example/quite-another")
    known = Known(taken=frozenset({mint_guid("news", "a.md", 0)}))
    assert only(recognise([found(article)], known, topics, now=NOON)).guid == mint_guid("news", "a.md", 1)


def test_deleted_article_that_comes_back_keeps_guid_and_updated() -> None:
    was = gone(stored("a.md", content="text"))
    known = Known(others=[was], vacant=frozenset({was.guid}))
    after = only(recognise([found(was.article, "text")], known, topics, now=LATER))
    assert after.guid == was.guid
    assert after.updated == was.updated
    assert after.visibility is Visibility.PUBLIC
    assert after.withdrawn is None


def test_of_several_that_left_the_one_with_the_path_is_taken_first() -> None:
    here = gone(stored("a.md", content="text", guid="urn:here"))
    there = stored("b.md", content="text", guid="urn:there")
    known = Known(others=[there, here], vacant=frozenset({"urn:here", "urn:there"}))
    after = only(recognise([found(make_article("a.md"), "text")], known, topics, now=LATER))
    assert after.guid == "urn:here"


def test_two_files_never_take_one_entry() -> None:
    was = stored("old.md", content="text", guid="urn:one")
    link = was.article.canonical_link
    batch = [found(make_article(path, link=link), "text") for path in ("b.md", "c.md")]
    known = Known(others=[was], vacant=frozenset({"urn:one"}))
    changes = recognise(batch, known, topics, now=LATER)[0]
    assert changes["b.md"].entry.guid == "urn:one"
    assert changes["c.md"].entry.guid == mint_guid("news", "c.md", 0)
    assert {change.entry.story for change in changes.values()} == {was.story}


def test_guid_key_comes_before_minting() -> None:
    after = only(recognise([found(make_article(guid="tag:example,2026:1"))], Known(), topics, now=NOON))
    assert after.guid == "tag:example,2026:1"


def test_guid_key_is_read_at_first_sight_only() -> None:
    before = stored()
    article = replace(before.article, guid="tag:example,2026:late")
    after = only(recognise([found(article)], Known(by_file={"a.md": before}), topics, now=LATER))
    assert after.guid == before.guid


@pytest.mark.parametrize("where", ["in the batch", "in the store"])
def test_second_file_with_a_guid_is_a_problem(where: str) -> None:
    key = "tag:example,2026:1"
    first, second = make_article("a.md", guid=key), make_article("b.md", guid=key)
    if where == "in the batch":
        recognised = recognise([found(second), found(first)], Known(), topics, now=NOON)
        assert list(recognised[0]) == ["a.md"]
    else:
        known = Known(others=[stored("a.md", guid=key)])
        recognised = recognise([found(second)], known, topics, now=NOON)
        assert not recognised[0]
    (problem,) = recognised[1].values()
    assert problem.path == "b.md"
    assert key in problem.what
    assert "a.md" in problem.what


def test_guid_key_takes_over_the_entry_whose_file_is_gone() -> None:
    key = "tag:example,2026:1"
    was = gone(stored("a.md", guid=key))
    known = Known(others=[was], vacant=frozenset({key}))
    article = make_article("elsewhere.md", guid=key)
    change = recognise([found(article)], known, topics, now=LATER)[0]["elsewhere.md"]
    assert change.before == was


def test_order_of_the_batch_does_not_matter() -> None:
    batch = [found(make_article(f"{n}.md", link="https://one.example/")) for n in range(5)]
    assert recognise(batch, Known(), topics, now=NOON) == recognise(batch[::-1], Known(), topics, now=NOON)


def test_withdrawal_is_remembered_once() -> None:
    first = withdraw(stored(), now=NOON).entry
    assert first.visibility is Visibility.WITHDRAWN
    assert withdraw(first, now=LATER).entry.withdrawn == NOON


def test_judging_again_never_revives_a_withdrawn_entry() -> None:
    change = judge_again(gone(stored()), now=LATER, topics=("ai",))
    assert change.entry.visibility is Visibility.WITHDRAWN


def test_embargo_ends_with_time_alone() -> None:
    article = make_article(published=LATER)
    waiting = only(recognise([found(article)], Known(), topics, now=NOON))
    assert waiting.visibility is Visibility.EMBARGOED
    after = judge_again(waiting, now=LATER, topics=("ai",)).entry
    assert after.visibility is Visibility.PUBLIC
    assert after.updated == article.published


def test_moving_very_many_at_once_takes_no_more_than_a_look_at_each() -> None:
    """A renamed folder: comparing each file with each entry would be 64 million comparisons, a minute."""
    was = [gone(stored(f"old/{number}.md", guid=f"urn:{number}")) for number in range(8_000)]
    batch = [found(replace(one.article, path=f"new{one.article.path}")) for one in was]
    known = Known(others=was, vacant=frozenset(one.guid for one in was))
    began = time.process_time()
    changes = recognise(batch, known, topics, now=LATER)[0]
    assert time.process_time() - began < 10
    assert [change.entry.guid for change in changes.values()] == [
        change.before.guid for change in changes.values() if change.before is not None
    ]
