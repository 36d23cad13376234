"""A folder rewritten all day long by machines: what subscribers see is only what really happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.histories import (
    ENTRIES,
    RECORDED,
    REVISIONS,
    Mode,
    Write,
    count_revisions,
    invented,
    part,
    recorded,
)
from tests.faults.history import live, live_with_kills
from tests.faults.likeness import differences

needs_recording = pytest.mark.skipif(
    not RECORDED.is_file(), reason=f"the recorded history is not here: {RECORDED.name}"
)


def test_counting_by_the_text_alone() -> None:
    texts = ["title: A\nquality: 1\n", "title: A\r\nquality: 9\r\n", "title: B\nquality: 9\n", "title: A\n"]
    assert count_revisions([[Write(path="a", content=text.encode())] for text in texts]) == {"a": 2}


def test_likeness_sees_what_differs() -> None:
    one = {"all": {"1": "a", "2": "b"}, "ai": {}}
    assert differences(one, one) == []
    assert differences(one, {"all": {"1": "c", "3": "b"}}) == [
        "ai: in one only",
        "all: 2 in one only",
        "all: 3 in one only",
        "all: 1: a / c",
    ]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("articles", "commits", "revisions"),
    [(20, 30, 6), pytest.param(60, 90, 12, marks=pytest.mark.slow)],
    ids=["short", "long"],
)
def test_invented_history_comes_to_what_was_invented(
    articles: int, commits: int, revisions: int, mode: Mode, tmp_path: Path
) -> None:
    life = invented(seed=1, articles=articles, commits=commits, revisions=revisions)
    outcome = live(life, tmp_path, mode=mode, publish_every=5)
    assert outcome.bad == [], outcome.table()
    assert (outcome.entries, outcome.revised.total()) == (articles, revisions)


@pytest.mark.slow
@needs_recording
def test_recorded_history_comes_to_192_entries_and_30_revisions(tmp_path: Path) -> None:
    life = recorded()
    assert (len(life.paths), life.revisions.total()) == (ENTRIES, REVISIONS)
    outcome = live(life, tmp_path, publish_every=60)
    assert outcome.bad == [], outcome.table()
    assert (outcome.entries, outcome.guids, outcome.revised.total()) == (ENTRIES, ENTRIES, REVISIONS)


@pytest.mark.parametrize(
    ("mode", "commits", "kills"),
    [
        (Mode.REPLACE, 20, 1),
        pytest.param(Mode.REPLACE, 40, 3, marks=pytest.mark.slow),
        pytest.param(Mode.REWRITE, 40, 3, marks=pytest.mark.slow),
    ],
)
def test_killed_service_shows_no_revision_that_never_was(
    mode: Mode, commits: int, kills: int, tmp_path: Path
) -> None:
    life = invented(seed=1, articles=60, commits=90, revisions=12)
    outcome = live_with_kills(part(life, commits), tmp_path, mode=mode, kills=kills, seed=7)
    assert outcome.bad == [], outcome.table()
    assert outcome.kills == kills
