"""A link made of site and path belongs to one file: another one with it is a problem, never a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from syndicator.entries import scanner
from tests.rig import Rig, article_text

LINK = "https://www.example.org/2026/03/14/storm.html"
FIRST, SECOND, THIRD = (f"_posts/{folder}2026-03-14-storm.md" for folder in ("a/", "b/", "c/"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Rig]:
    """A Jekyll site, where folders below `_posts` are no part of a post's address."""
    rig = Rig(tmp_path, profile="jekyll")
    yield rig
    rig.close()


def post(site: Rig, path: str, more: str = "") -> None:
    site.put(path, f"---\ntitle: Storm {path[7]}\n{more}---\nIt blows.\n")


def links(site: Rig) -> dict[str, str]:
    return {path: entry.article.link for path, entry in site.entries().items()}


def test_second_file_with_a_derived_link_is_a_problem_that_names_both(site: Rig) -> None:
    post(site, FIRST)
    post(site, SECOND)
    sync_counts = site.count(site.look)
    assert links(site) == {FIRST: LINK}
    (problem,) = site.problems()
    assert problem.startswith(f"{SECOND}:1:1: has the same link as {FIRST}: {LINK}. Rename one of them")
    assert sync_counts.new == 1


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(
    "order", [*permutations((FIRST, SECOND, THIRD))], ids=lambda o: "".join(p[7] for p in o)
)
def test_first_seen_keeps_the_link_in_any_order(site: Rig, order: Sequence[str], restarts: bool) -> None:
    for path in order:
        post(site, path)
        site.look()
    before = site.entries()
    assert list(before) == [order[0]]
    for _ in range(2):
        if restarts:
            site.restart(version=site.version + "1")
        assert not site.count(site.look).guids
    assert site.entries() == before
    assert sorted(problem.split(":")[0] for problem in site.problems()) == sorted(order[1:])


def test_batches_make_no_difference(site: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "BATCH_FILES", 1)
    post(site, SECOND)
    site.look()
    post(site, FIRST)
    for version in ("1", "2", "2"):
        site.restart(version=version)
        site.look()
        assert list(site.entries()) == [SECOND]
        assert len(site.problems()) == 1


def test_second_becomes_an_entry_when_the_first_has_another_link(site: Rig) -> None:
    post(site, FIRST)
    post(site, SECOND)
    site.look()
    guid = site.entries()[FIRST].guid
    post(site, FIRST, "permalink: /elsewhere/\n")
    site.look()
    assert links(site) == {FIRST: "https://www.example.org/elsewhere/", SECOND: LINK}
    assert site.entries()[FIRST].guid == guid
    assert site.problems() == []
    assert not site.count(site.look).guids


def test_second_takes_over_when_the_first_is_gone(site: Rig) -> None:
    """It is the same address: to a subscriber, the entry goes on."""
    post(site, FIRST)
    post(site, SECOND)
    site.look()
    guid = site.entries()[FIRST].guid
    (site.folder / FIRST).unlink()
    site.look()
    assert site.public() == [SECOND]
    assert site.entries()[SECOND].guid == guid
    assert site.problems() == []
    assert not site.count(site.look).guids


def test_edit_that_takes_anothers_link_leaves_the_last_good_version_in_force(site: Rig) -> None:
    post(site, FIRST)
    post(site, SECOND, "permalink: /other/\n")
    site.look()
    before = site.entries()
    post(site, SECOND)
    site.look()
    assert site.entries() == before
    assert len(site.problems()) == 1
    post(site, SECOND, "permalink: /third/\n")
    site.look()
    assert links(site)[SECOND] == "https://www.example.org/third/"
    assert site.problems() == []


def test_links_may_be_exchanged(site: Rig) -> None:
    post(site, FIRST)
    post(site, SECOND, "permalink: /other/\n")
    site.look()
    guids = {path: entry.guid for path, entry in site.entries().items()}
    post(site, FIRST, "permalink: /other/\nlayout: post\n")
    post(site, SECOND, "layout: post\n")
    site.look()
    assert links(site) == {FIRST: "https://www.example.org/other/", SECOND: LINK}
    assert {path: entry.guid for path, entry in site.entries().items()} == guids
    assert site.problems() == []


def test_draft_is_in_nobodys_way(site: Rig) -> None:
    post(site, FIRST, "published: false\n")
    post(site, SECOND)
    site.look()
    assert site.public() == [SECOND]
    assert site.problems() == []
    post(site, FIRST)
    site.look()
    assert site.public() == [SECOND]
    assert site.problems()[0].startswith(FIRST)


def test_broken_first_keeps_its_link(site: Rig) -> None:
    post(site, FIRST)
    site.look()
    site.put(FIRST, "---\ntitle: [\n---\n")
    post(site, SECOND)
    site.look()
    assert links(site) == {FIRST: LINK}
    assert len(site.problems()) == 2


def test_copies_with_links_of_their_own_and_in_other_sources_stay_copies(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.close()
    other = tmp_path / "other"
    (other / "sub").mkdir(parents=True)
    (other / "own.md").write_text(
        article_text("own.md", webUrl="https://www.example.org/a"), encoding="utf-8"
    )
    (other / "a.md").write_text(article_text("a.md", webUrl=None), encoding="utf-8")
    rig.restart(sources=(rig.source("news", rig.folder), rig.source("other", other)))
    for path in ("a.md", "b.md"):
        rig.write(path, webUrl="https://www.example.org/a")
    rig.look()
    assert len(rig.entries()) == 4 - 1, "a.md is in both"
    assert rig.problems() == []
    rig.close()


def test_entries_of_an_earlier_version_stay_and_are_not_renewed(site: Rig) -> None:
    """Two that had the same link before it was a problem: both are kept, and the second is said."""
    post(site, FIRST)
    post(site, SECOND, "permalink: /other/\n")
    site.look()
    with site.store.transaction() as session:
        for stored in session.entries(session.guids()).values():
            article = replace(
                stored.article,
                derived=False,
                link=LINK,
                canonical_link=site.entries()[FIRST].article.canonical_link,
            )
            session.put_entries([replace(stored, article=article)])
    post(site, SECOND)
    site.restart(version="2")
    updated = {path: entry.updated for path, entry in site.entries().items()}
    assert site.count(site.look).withdrawn == 0
    assert {path: entry.updated for path, entry in site.entries().items()} == updated
    assert [problem.split(":")[0] for problem in site.problems()] == [SECOND]
