"""The operator's commands on a state that a service has made."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import Running, running, wait_for
from tests.rig import article_text
from tests.slack_server import SlackServer, script

ROUTES: list[dict[str, Any]] = [
    {"name": "ai", "channel": "C1", "topics": ["AI"], "deliver": "immediate"},
    {"name": "daily", "channel": "C2", "deliver": {"digest": "0 9 * * *"}},
]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, slack: SlackServer) -> Iterator[Running]:
    """A site that has been built once, with two articles of an hour ago."""
    with running(tmp_path, routes=ROUTES, watch={"quiet": "0s", "scan_every": "1h"}) as site:
        site.use(slack)
        for name in ("a", "b"):
            write(site, f"{name}.md")
        assert site.command("build").returncode == 0
        yield site


def write(site: Running, path: str, **front: Any) -> None:
    published = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    text = article_text(path, publishedDateTime=published, **front)
    (site.articles / path).write_text(text, encoding="utf-8")


def facts(site: Running, *arguments: str) -> Any:
    done = site.command(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(site: Running, *arguments: str, code: int = 0) -> str:
    """What a command prints, on either stream, with blanks and line ends folded."""
    done = site.command(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_build_tells_programs_what_it_did(site: Running) -> None:
    write(site, "c.md")
    (site.articles / "bad.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    done = site.command("build", "--json")
    assert done.returncode == 1, "there are problems"
    told = json.loads(done.stdout)
    assert told["entries"] == {"public": 3}
    assert [(one["path"], one["line"]) for one in told["problems"]] == [("bad.md", 3)]
    assert told["files_written"] > 3


def test_check_names_each_folder_and_what_it_has(site: Running) -> None:
    (site.articles / "bad.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    site.configure(
        sources=[{"name": "news", "path": "articles"}, {"name": "lost", "path": "nowhere"}],
        watch={"quiet": "0s"},
    )
    text = said(site, "check", code=1)
    assert f"news: 2 articles and 1 bad in {site.articles}" in text
    assert f"lost: 0 articles in {site.base}/nowhere" in text
    assert f"lost: the source folder is not there: {site.base}/nowhere" in text
    assert text.endswith("2 problems"), "the bad article, and the folder"
    told = json.loads(site.command("check", "--json").stdout)
    assert told["sources"]["news"] == {"path": str(site.articles), "articles": 2, "bad": 1}
    assert list(told["missing"]) == ["lost"]


def test_page_that_is_no_article_is_counted_and_explained(site: Running) -> None:
    hugo = {"name": "news", "path": "articles", "profile": "hugo", "base_url": "https://site.example/"}
    (site.articles / "about.md").write_text("---\ntitle: About us\n---\n", encoding="utf-8")
    site.configure(sources=[{**hugo, "fields": {"published": "publishedDateTime"}}], watch={"quiet": "0s"})
    assert f"news: 2 articles in {site.articles}; 1 other file is no article" in said(site, "check")
    assert facts(site, "check")["no_articles"] == {"news": 1}
    assert site.command("build").returncode == 0
    text = said(site, "explain", "about.md")
    assert "about.md (source news) is no article" in text and "add `date` if it is to be one" in text
    assert facts(site, "explain", "about.md")["no_articles"] == [{"source": "news", "path": "about.md"}]


def test_preview_shows_messages_and_sends_none(site: Running, slack: SlackServer) -> None:
    drawn = said(site, "preview")
    assert "ai → C1" in drawn and "daily → C2" in drawn
    assert "About a" in drawn and "About b" in drawn
    (message,) = facts(site, "preview", "ai")
    assert message["blocks"] and message["text"]
    assert "no route 'best'" in said(site, "preview", "best", code=2)
    write(site, "c.md")
    write(site, "d.md")
    assert site.command("build").returncode == 0
    assert "ai → C1: 2 stories are owed, and one of them is shown" in said(site, "preview", "ai")
    assert slack.slack.calls == []
    assert facts(site, "deliveries", "list") == []


def test_send_test_posts_once_and_changes_nothing(site: Running, slack: SlackServer) -> None:
    sent = site.command("send-test", "ai")
    assert slack.slack.problems == []
    assert "Sent to C1" in sent.stdout, sent.stderr
    (posted,) = slack.slack.in_channel("C1")
    assert "A test from syndicator" in str(posted.body["blocks"])
    assert slack.slack.problems == []
    assert facts(site, "deliveries", "list") == []
    site.start()
    write(site, "new.md")
    wait_for(lambda: len(slack.slack.in_channel("C1")) == 2, why="the real alert")
    assert site.stop() == 0


def test_send_test_posts_nothing_where_messages_are_only_drawn(site: Running, slack: SlackServer) -> None:
    site.configure(routes=ROUTES, slack="preview")
    assert "Nothing is posted with `slack: preview`" in said(site, "send-test", "ai", code=1)
    assert slack.slack.in_channel("C1") == []


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [("429", 75, "C1"), ("500-after", 75, "may have arrived"), ("channel_not_found", 1, "channel_not_found")],
)
def test_send_test_that_fails_says_what_to_do(
    site: Running, slack: SlackServer, fault: str, code: int, word: str
) -> None:
    slack.slack.faults = script(fault)
    assert word in said(site, "send-test", "ai", code=code)


def test_send_test_without_a_way_to_slack_says_where_to_look(site: Running) -> None:
    site.environment["SLACK_API_URL"] = "http://127.0.0.1:1/"
    assert "DNS, firewall and proxy" in said(site, "send-test", "ai", code=75)


def test_mute_holds_back_lists_and_lifts(site: Running, slack: SlackServer) -> None:
    assert "No route is muted" in said(site, "mute")
    for forgotten in (["--for", "2h"], ["--why", "x"], ["--lift"]):
        assert "say which route" in said(site, "mute", *forgotten, code=2)
    assert facts(site, "mute") == []
    assert "ai is muted until" in said(site, "mute", "ai", "--for", "2h", "--why", "launch [day]")
    (mute,) = facts(site, "mute")
    assert (mute["route"], mute["why"]) == ("ai", "launch [day]")
    length = datetime.fromisoformat(mute["until"]) - datetime.fromisoformat(mute["since"])
    assert length == timedelta(hours=2)
    assert "launch [day]" in said(site, "mute")
    site.start()
    write(site, "new.md")
    wait_for(lambda: "new" in site.get("feeds/all/feed.json").text, why="the feed, which is not muted")
    assert slack.slack.in_channel("C1") == []
    assert "1 mute of ai lifted" in said(site, "mute", "ai", "--lift")
    wait_for(lambda: slack.slack.in_channel("C1"), patience_s=60, why="what was held back")
    assert site.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["other", "--for", "2h"], "no route 'other'"),
        (["ai", "--all"], "not both"),
        (["ai", "--for", "2 moons"], "--for"),
    ],
)
def test_mute_used_wrongly_says_how(site: Running, arguments: list[str], word: str) -> None:
    assert word in said(site, "mute", *arguments, code=2)


def test_messages_are_readable_at_80_columns(site: Running) -> None:
    route = {"name": "satellites-at-once", "channel": "#satellite-launches", "deliver": "immediate"}
    site.configure(routes=[route])
    said(site, "build")
    said(site, "backfill", route["name"], "--since", "1d", "--limit", "1")
    site.environment["SLACK_API_URL"] = "http://127.0.0.1:1/"
    site.start()
    way = "satellites-at-once → #satellite-launches"
    wait_for(lambda: way in site.command("deliveries").stdout, why="the message")
    assert max(map(len, site.command("deliveries").stdout.splitlines())) <= 80
    assert site.stop() == 0


def test_mute_of_all_routes_holds_each_and_is_lifted(site: Running, slack: SlackServer) -> None:
    assert "ai is muted until" in said(site, "mute", "ai"), "for an hour, where nothing else is said"
    told = said(site, "mute", "--all", "--for", "2h", "--why", "launch day")
    assert told.startswith("all routes are muted until ") and "`syndicator mute --all --lift`" in told
    assert [mute["route"] for mute in facts(site, "mute")] == ["ai", None]
    site.start()
    write(site, "new.md")
    listed = wait_for(
        lambda: {one["name"]: one for one in facts(site, "routes") if one["owes"]} or None, why="the story"
    )
    wait_for(lambda: facts(site, "routes")[1]["owes"], why="the digest's")
    assert (listed["ai"]["held"], len(listed["ai"]["mutes"])) == ("held back: muted", 2)
    assert listed["ai"]["channel"] == "C1"
    table = said(site, "routes")
    assert "1 story owed" in table and "(launch day)" in table and "at once" in table
    status = site.command("status").stdout
    assert status.startswith("well  ") and "held back: muted until " in status and "(launch day)" in status
    assert said(site, "mute", "--all", "--lift").startswith("1 mute of all routes lifted")
    assert slack.slack.in_channel("C1") == []
    said(site, "mute", "ai", "--lift")
    wait_for(lambda: slack.slack.in_channel("C1"), patience_s=60, why="what was held back")
    assert facts(site, "routes")[0]["held"] is None
    assert site.stop() == 0


def test_unclear_webhook_message_is_sent_again_only_anyway(site: Running, slack: SlackServer) -> None:
    site.environment = {"SLACK_WEBHOOK_URL": slack.webhook("C1")}
    site.start()
    slack.slack.faults = script("500-after")
    write(site, "new.md")
    wait_for(lambda: facts(site, "deliveries", "list", "--state", "failed"), why="the unclear message")
    (message,) = facts(site, "deliveries", "list")
    told = said(site, "deliveries", "retry", message["id"], code=1)
    assert "a webhook cannot look" in told and "--anyway" in told
    assert facts(site, "deliveries", "list") == [message]
    assert "is sent again" in said(site, "deliveries", "retry", message["id"], "--anyway")
    assert site.process is not None
    site.process.send_signal(signal.SIGHUP)  # It would see the command's work within half a minute by itself.
    wait_for(lambda: len(slack.slack.in_channel("C1")) == 2, patience_s=60, why="the message again")
    assert site.stop() == 0


def test_failed_message_is_listed_retried_and_dropped(site: Running, slack: SlackServer) -> None:
    slack.slack.faults = script(*["channel_not_found"] * 2)
    site.start()
    write(site, "new.md")
    wait_for(lambda: facts(site, "deliveries", "list")[:1], why="the message")
    wait_for(lambda: facts(site, "deliveries", "list")[0]["error"], why="what Slack said")
    (message,) = facts(site, "deliveries", "list")
    assert (message["route"], message["channel"]) == ("ai", "C1")
    listed = said(site, "deliveries")
    assert message["id"][:8] in listed and "channel_not_found" in listed
    assert "No message has" in said(site, "deliveries", "drop", "ffffffff-nothing", code=2)
    assert "About new" in listed and message["titles"] == ["About new"]
    assert "is dropped" in said(site, "deliveries", "drop", message["id"][:8], "--why", "not wanted")
    explained = said(site, "explain", "new.md")
    assert "dropped before it was sent" in explained and "not wanted" in explained
    assert f" dropped {datetime.now(UTC):%Y-%m-%d}" in explained
    assert "C1: owed: waits for its message" not in explained
    assert "not to be changed" in said(site, "deliveries", "drop", message["id"], code=1)
    assert [one["state"] for one in facts(site, "deliveries", "list")] == ["dropped"]
    assert facts(site, "deliveries", "list", "--state", "owed") == []
    assert site.stop() == 0
    assert slack.slack.in_channel("C1") == []


def test_backfill_announces_older_articles_beside_a_service(site: Running, slack: SlackServer) -> None:
    site.start()
    dry = said(site, "backfill", "ai", "--since", "1d", "--dry-run")
    assert dry.startswith("ai → C1: 2 stories would be owed 80 ") and "About a" in dry
    assert facts(site, "backfill", "daily", "--since", "10m", "--dry-run")["stories"] == []
    assert facts(site, "deliveries", "list") == []
    told = facts(site, "backfill", "ai", "--since", "1d", "--limit", "1")
    assert (len(told["stories"]), told["left_out"]) == (1, {"beyond the limit of `backfill`": 1})
    wait_for(lambda: slack.slack.in_channel("C1"), patience_s=60, why="the older article")
    asked = told["stories"][0]["guid"]
    wait_for(lambda: "announced in this channel" in said(site, "explain", asked), why="the word of it")
    assert "route ai: asked for by `backfill`)" in said(site, "explain", asked)
    again = said(site, "backfill", "ai", "--since", "1d", "--dry-run")
    assert "1 story would be owed" in again and "1 announced in this channel before" in again
    assert len(slack.slack.in_channel("C1")) == 1
    assert site.stop() == 0


def test_backfill_used_wrongly_says_how(site: Running) -> None:
    assert "no route 'best'" in said(site, "backfill", "best", "--since", "7d", code=2)
    assert "--since" in said(site, "backfill", "ai", "--since", "2 moons", code=2)


def test_simulate_shows_what_other_settings_would_have_posted(site: Running) -> None:
    """Before anything was announced: both articles count from when they were published."""
    write(site, "poor.md", quality=20)
    assert site.command("build").returncode == 0
    old = site.config.rename(site.base / "old.yaml")
    site.configure(routes=[{**ROUTES[0], "min_quality": 50}])
    page = site.base / "simulation.html"
    site.environment["SYNDICATOR_CONFIG"] = str(old)
    text = said(site, "simulate", "--since", "1d", "--html", str(page))
    assert text.startswith("1 day, ") and "old.yaml → syndicator.yaml" in text
    assert "an estimate from the folder" in text
    assert "ai C1 any → 50+ 3 → 2 3.0 → 2.0 3 → 2" in text
    assert "C1 20 About poor — not by the new settings: quality below the route's minimum" in text
    assert "<h1>What would have been posted</h1>" in page.read_text()
    assert "sent on C1 C2" in text
    site.environment["SYNDICATOR_CONFIG"] = str(site.config)
    text = said(site, "simulate", "--since", "90d")
    assert re.search(r"sent on C1 \d\d days 0 \w{3} \S+ [1-9]", text), text
    told = facts(site, "simulate", "--since", "1d")
    assert [(one["route"], one["after"]["stories"]) for one in told["routes"]] == [("ai", 2)]
    assert "does not match the formats" in said(site, "simulate", "--until", "tomorrow", code=2)


def test_explain_tells_of_feeds_and_routes(site: Running) -> None:
    text = said(site, "explain", "a.md")
    assert "feeds/ai" in text and "baseline" in text
    told = facts(site, "explain", "https://news.example/a")
    assert [one["path"] for one in told["entries"]] == ["a.md"]
    assert "Nothing is known" in said(site, "explain", "https://news.example/never", code=1)


def test_explain_tells_what_is_so_now_from_what_was_decided(site: Running) -> None:
    site.configure(routes=[{**route, "min_quality": 99} for route in ROUTES])
    text = " ".join(said(site, "explain", "a.md").split())
    assert "quality below the route's minimum, 99; baseline before (decided 20" in text


def test_explain_ticks_the_route_that_took_the_story_and_no_other_of_its_channel(site: Running) -> None:
    way = {"channel": "C1", "deliver": "immediate"}
    others = [{**way, "name": "second"}, {**way, "name": "robots", "topics": ["Robots"]}]
    site.configure(routes=[ROUTES[0], *others])
    said(site, "build")
    write(site, "new.md")
    said(site, "build")
    text = said(site, "explain", "new.md")
    assert "✓ ai → C1: owed: waits" in text
    assert "– second → C1: owed: waits" in text and "– robots → C1: not of the route's topics" in text


def test_commands_before_the_first_build_say_what_is_missing(tmp_path: Path) -> None:
    site = Running(tmp_path, routes=ROUTES)
    for command in (["preview"], ["explain", "a.md"], ["mute"], ["deliveries"]):
        assert "syndicator run" in said(site, *command, code=1)


def test_withdrawn_is_said_once_and_in_the_right_number(site: Running) -> None:
    (site.articles / "a.md").unlink()
    assert "1 is withdrawn: its file is gone" in said(site, "build", "--confirm-removals")
    explained = said(site, "explain", "a.md")
    assert "withdrawn: its file is gone, since" in explained
    assert "withdrawn: withdrawn" not in explained
