"""The beginning of a real site's life before routes, sender and a local Slack; that the checks notice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.histories import RECORDED, Write, recorded
from tests.faults.replay import beginning, run
from tests.faults.versions import ArticleVersions
from tests.making import utc
from tests.rig import article_text
from tests.slack_server import Edited, Posted

NOON, HOUR = utc(2026, 3, 14, 12), timedelta(hours=1)


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"1 replay left out: no recorded history at {RECORDED}")
def test_channels_have_each_story_once_with_its_last_text_and_the_simulation_agrees(tmp_path: Path) -> None:
    outcome = run(beginning(recorded(), 30), tmp_path)
    assert outcome.bad == []
    assert outcome.figures["alerts: messages"] >= 3 and outcome.figures["digest: messages"] >= 3
    assert outcome.figures["alerts: edits made"] >= 1


def told(*versions: dict[str, Any]) -> ArticleVersions:
    """One article as it was written hour by hour; None was no write."""
    found = ArticleVersions(include=False)
    for hour, front in enumerate(versions):
        text = article_text("a.md", **front)
        found.note(NOON + hour * HOUR, [Write(path="a.md", content=text.encode())])
    return found


@pytest.mark.parametrize(
    ("versions", "cause"),
    [
        ([{}], "a new article"),
        ([{"published": False}, {}], "public at last"),
        ([{"quality": 50}, {"quality": 90}], "quality reached the minimum"),
        ([{"title": "One"}, {"title": "Two"}], "its text changed"),
        ([{"secured": "b25l"}, {"secured": "dHdv"}], "`secured` or line endings"),
        ([{"quality": 90}, {"quality": 50}, {"quality": 90}], "it came back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_cause_is_what_the_commit_changed(versions: list[dict[str, Any]], cause: str) -> None:
    found = told(*versions).cause(["a.md"], NOON + (len(versions) - 1) * HOUR, 80)
    assert found == cause
    assert (found in ArticleVersions.GOOD) == (cause not in ("`secured` or line endings", "it came back"))


def posted(text: str, *, ts: str = "1.1", edits: tuple[str, ...] = ()) -> Posted:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"<https://news.example/a|{text}>"}}]
    made = [
        Edited(
            body={"text": one, "blocks": [{"text": f"<https://news.example/a|{one}>"}]}, accepted=0, applied=0
        )
        for one in edits
    ]
    return Posted(
        ts=ts, channel="C1", body={"text": text, "blocks": blocks}, accepted=0, applied=0, edits=made
    )


def test_story_in_two_messages_and_text_of_before_are_noticed() -> None:
    story, when = told({"title": "One"}, {"title": "Two"}), {"1.1": NOON}
    assert list(story.twice([posted("One")])) == []
    assert list(story.twice([posted("One"), posted("Two", ts="1.2")])) == ["a.md in 2 messages"]
    assert list(story.stale([posted("One", edits=("Two",))], when)) == []
    assert len(list(story.stale([posted("One")], when))) == 1
    assert len(list(told({}, {"published": False}).stale([posted("About a")], when))) == 1
