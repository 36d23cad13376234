"""`syndicator explain` on what a real service and Slack have made of six articles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.running import Running, running, wait_for
from tests.acceptance.test_commands import facts, said, write
from tests.slack_server import SlackServer

ROUTES: list[dict[str, Any]] = [
    {"name": "ai", "channel": "C1", "min_quality": 50, "deliver": "immediate"},
    {"name": "daily", "channel": "C2", "deliver": {"digest": "0 9 1 1 *"}},
]
COPY = "https://news.example/told"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One article announced and one withdrawn after it was; then the draft, the poor one and the copy."""
    base = tmp_path_factory.mktemp("explained")
    quick = {"quiet": "0s", "scan_every": "1h"}
    with SlackServer() as slack, running(base, routes=ROUTES, watch=quick) as site:
        site.use(slack)
        site.start()
        write(site, "told.md")
        write(site, "gone.md")
        wait_for(lambda: len(slack.slack.in_channel("C1")) == 2, why="both alerts")
        assert site.stop() == 0
        (site.articles / "gone.md").unlink()
        write(site, "draft.md", published=False)
        write(site, "poor.md", quality=20)
        write(site, "copy.md", webUrl=COPY, quality=120)
        assert site.command("build", "--confirm-removals").returncode == 0
        yield site


def entry(site: Running, what: str) -> Any:
    (found,) = [one for one in facts(site, "explain", what)["entries"] if what in (one["path"], one["guid"])]
    return found


def reasons(found: Any) -> dict[str, str]:
    return {route["route"]: route["reason"] for route in found["routes"]}


def test_announced_entry_leads_to_its_message(site: Running) -> None:
    found = entry(site, "told.md")
    ai, daily = found["routes"]
    assert (ai["reason"], ai["state"], ai["decided_as"]) == (
        "announced in this channel before",
        "sent",
        "owed",
    )
    assert ai["permalink"] == f"https://slack.com/archives/C1/p{ai['message'].replace('.', '')}"
    assert daily["held"] == "waits for the digest's time"
    assert daily["until"][5:16] == "01-01T09:00", "the digest's next time"
    text = said(site, "explain", "told.md")
    assert ai["permalink"] in text
    assert "waits for the digest's time until 20" in text
    assert {one["reason"] for one in found["feeds"]["ai"]} == {"in the feed"}


def test_draft_says_what_holds_it(site: Running) -> None:
    assert set(reasons(entry(site, "draft.md")).values()) == {"not public"}
    assert "not published (`published: false` or a draft)" in said(site, "explain", "draft.md")


def test_poor_entry_says_which_quality_it_lacks(site: Running) -> None:
    assert reasons(entry(site, "poor.md")) == {
        "ai": "quality below the route's minimum",
        "daily": "owed: waits for its message",
    }
    text = said(site, "explain", "poor.md")
    assert "quality 20" in text and "ai → C1: quality below the route's minimum, 50" in text


def test_copy_names_its_story_and_the_entry_that_tells_it(site: Running) -> None:
    found, told = entry(site, "copy.md"), entry(site, "told.md")
    assert [one["path"] for one in found["story_entries"]] == ["told.md"]
    assert found["story"] == told["story"]
    assert reasons(found)["ai"] == "announced in this channel before"
    assert found["routes"][0]["decided_for"] == told["guid"]
    text = said(site, "explain", "copy.md")
    assert "Story, with these 80 About told: told.md" in text
    assert "announced in this channel before, by told.md (decided " in text


def test_withdrawn_entry_keeps_what_became_of_it(site: Running) -> None:
    found = entry(site, "gone.md")
    assert (found["visibility"], set(reasons(found).values())) == ("withdrawn", {"not public"})
    assert found["routes"][0]["state"] == "sent"
    text = said(site, "explain", "gone.md")
    assert "withdrawn: its file is gone, since 20" in text
    assert "not public; announced before (decided 20" in text


def test_what_never_was_ends_with_1(site: Running) -> None:
    text = said(site, "explain", "tolld.md", code=1)
    assert text.startswith("Nothing is known of tolld.md.")
    long = f"{'a' * 300}.md"
    assert "Nothing is known of aaa" in said(site, "explain", long, code=1)
    done = site.command("explain", "https://news.example/something-else-entirely", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"entries": [], "problems": [], "no_articles": []}
