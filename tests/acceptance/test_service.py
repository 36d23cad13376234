"""The real service as a process: a file dropped, two feeds, one message, a restart, a reload, a stop."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import feedparser
import pytest

from tests.acceptance.running import Running, running, wait_for
from tests.forked import Forked
from tests.rig import article_text
from tests.slack_server import Channel, SlackServer

TODAY = f"{datetime.now(UTC) - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
ROUTES = [{"name": "ai", "channel": "C1", "topics": ["AI"], "min_quality": 80, "deliver": "immediate"}]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, slack: SlackServer) -> Iterator[Running]:
    with running(tmp_path, routes=ROUTES) as service:
        service.use(slack)
        yield service


def drop(service: Running, name: str, *, age: timedelta = timedelta(minutes=5), **front: Any) -> None:
    """An article, written beside and renamed to its name, as careful writers do."""
    published = f"{datetime.now(UTC) - age:%Y-%m-%dT%H:%M:%SZ}"
    beside = service.articles / f".{name}"
    beside.write_text(article_text(name, **({"publishedDateTime": published} | front)), encoding="utf-8")
    beside.rename(service.articles / name)


def titles(service: Running, path: str) -> list[str]:
    response = service.get(path)
    return (
        [entry.title for entry in feedparser.parse(response.content).entries]
        if response.status_code == 200
        else []
    )


def holds(service: Running, path: str, text: str) -> bool:
    return text in service.get(path).text


def test_dropped_file_is_in_both_feeds_and_posted_once(service: Running, slack: SlackServer) -> None:
    service.forks = False
    service.start()
    drop(service, "hello.md", title="Hello, feeds")
    for path in ("feeds/ai/rss.xml", "feeds/ai/atom.xml", "feeds/all/rss.xml", "feeds/all/feed.json"):
        wait_for(partial(holds, service, path, "Hello, feeds"), why=path)
    wait_for(lambda: slack.slack.in_channel("C1"), why="the message")
    (posted,) = slack.slack.in_channel("C1")
    assert "Hello, feeds" in str(posted.body["blocks"])
    assert posted.body["text"]

    assert service.stop() == 0
    service.forks = True
    service.start()
    drop(service, "second.md", title="Another one")
    wait_for(lambda: len(slack.slack.in_channel("C1")) == 2, why="the second message")
    # Messages go out before feeds are written.
    both = ["Another one", "Hello, feeds"]
    wait_for(lambda: titles(service, "feeds/ai/atom.xml") == both, why="the feed")
    assert service.stop() == 0
    assert [str(p.body["blocks"]).count("Hello, feeds") for p in slack.slack.in_channel("C1")].count(0) == 1


def test_first_start_is_silent(service: Running, slack: SlackServer) -> None:
    for number in range(30):
        drop(service, f"{number}.md")
    service.start()
    assert len(titles(service, "feeds/ai/rss.xml")) == 30
    drop(service, "new.md", title="The only new one")
    wait_for(lambda: slack.slack.in_channel("C1"), why="the new one")
    assert service.stop() == 0
    (posted,) = slack.slack.in_channel("C1")
    assert "The only new one" in str(posted.body["blocks"])


def test_channel_whose_id_has_letters_alone_gets_its_messages(service: Running, slack: SlackServer) -> None:
    slack.slack.channels["CPNFRNLTS"] = Channel(id="CPNFRNLTS", name="sig-docs")
    service.configure(routes=[{"name": "docs", "channel": "#sig-docs", "deliver": "immediate"}])
    service.start()
    drop(service, "new.md")
    wait_for(lambda: slack.slack.in_channel("CPNFRNLTS"), why="the message")
    assert service.stop() == 0


def test_quality_that_flaps_over_the_minimum_is_posted_once_and_as_rising(
    service: Running, slack: SlackServer
) -> None:
    def is_posted(title: str) -> bool:
        return title in str([posted.body["blocks"] for posted in slack.slack.in_channel("C1")])

    for qualities in ((53, 93, 53, 93), (53, 93)):
        service.start()
        for quality in qualities:
            drop(service, "a.md", title="Now here, now there", quality=quality, publishedDateTime=TODAY)
            has = partial(holds, service, "feeds/all/feed.json", f'"quality": {quality}')
            wait_for(has, why=f"quality {quality}")
        last = f"After {len(qualities)} changes"
        drop(service, f"{len(qualities)}.md", title=last)
        wait_for(partial(is_posted, last), why=last)
        assert service.stop() == 0
    texts = [str(posted.body["blocks"]) for posted in slack.slack.in_channel("C1")]
    assert ["rising" in text for text in texts if "Now here" in text] == [True]
    assert len(texts) == 3


def test_what_happened_while_it_was_down_is_found(service: Running, slack: SlackServer) -> None:
    for name in ("kept.md", "deleted.md", "moved.md"):
        drop(service, name)
    service.start()
    service.stop()
    (service.articles / "deleted.md").unlink()
    (service.articles / "sub").mkdir()
    (service.articles / "moved.md").rename(service.articles / "sub" / "moved.md")
    drop(service, "new.md")
    service.start()
    wait_for(
        lambda: sorted(titles(service, "feeds/all/rss.xml")) == ["About kept", "About moved", "About new"],
        why="the feed as the folder is",
    )
    wait_for(lambda: slack.slack.in_channel("C1"), why="the new one")
    assert service.stop() == 0
    assert len(slack.slack.in_channel("C1")) == 1


def test_sixty_files_at_once_or_in_one_folder_are_one_digest(service: Running, slack: SlackServer) -> None:
    service.configure(routes=[ROUTES[0] | {"flood_window": "2s"}])
    service.start()
    beside = service.base / "beside"
    published = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for name in ("burst", "folder"):
        (beside / name).mkdir(parents=True)
        for number in range(60):
            text = article_text(f"{name}{number}", publishedDateTime=published)
            (beside / name / f"{name}{number}.md").write_text(text, encoding="utf-8")
    for file in sorted((beside / "burst").iterdir()):
        file.rename(service.articles / file.name)

    def told() -> list[int]:
        """How many stories each digest of the channel has."""
        heads = (str(posted.body["blocks"][0]) for posted in slack.slack.in_channel("C1"))
        return [int(found[1]) for head in heads if (found := re.search(r"(\d+) new stories", head))]

    wait_for(told, why="the digest of the burst")
    (beside / "folder").rename(service.articles / "folder")
    wait_for(lambda: len(told()) == 2, why="the digest of the folder")
    assert service.stop() == 0
    of_burst, of_folder = told()
    assert of_folder == 60
    # Where the machine stalls after the first rename, that story has been told before the others come.
    assert of_burst >= 59 and of_burst + len(slack.slack.in_channel("C1")) == 62


def test_restored_database_announces_nothing_again(service: Running, slack: SlackServer) -> None:
    state, backup = service.base / "var", service.base / "backup"
    service.start()
    drop(service, "before.md")
    wait_for(lambda: slack.slack.in_channel("C1"), why="the message before the backup")
    service.stop()
    shutil.copytree(state, backup)
    service.start()
    drop(service, "after.md")
    wait_for(lambda: len(slack.slack.in_channel("C1")) == 2, why="the message after the backup")
    service.stop()
    shutil.rmtree(state)
    shutil.copytree(backup, state)
    service.start()
    assert "database restored" in service.text()
    assert sorted(titles(service, "feeds/all/rss.xml")) == ["About after", "About before"]
    drop(service, "new.md")
    wait_for(lambda: len(slack.slack.in_channel("C1")) == 3, why="what is really new")
    service.stop()
    texts = [str(posted.body["blocks"]) for posted in slack.slack.in_channel("C1")]
    assert [sum(f"About {name}" in text for text in texts) for name in ("before", "after", "new")] == [
        1,
        1,
        1,
    ]


def test_broken_article_never_stops_another(service: Running) -> None:
    service.start()
    drop(service, "good.md")
    wait_for(lambda: "About good" in titles(service, "feeds/all/rss.xml"))
    (service.articles / "broken.md").write_text("---\ntitle: [\n---\n")
    (service.articles / "good.md").write_text("---\ntitle: [\n---\n")
    drop(service, "other.md")
    wait_for(lambda: "About other" in titles(service, "feeds/all/rss.xml"))
    checked = service.command("check")
    assert checked.returncode == 1
    assert "broken.md:" in checked.stdout
    assert "good.md:" in checked.stdout
    time.sleep(3)  # longer than a written file is left to rest
    assert sorted(titles(service, "feeds/all/rss.xml")) == ["About good", "About other"]


def test_reload_takes_over_new_settings_and_refuses_wrong_ones(service: Running) -> None:
    service.start()
    drop(service, "good.md", quality=95)
    wait_for(lambda: titles(service, "feeds/all/rss.xml"))
    assert service.process is not None
    right = service.config.read_text()
    service.config.write_text(right.replace("min_quality: 80", "min_quality: best"))
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "settings not taken over" in service.text())
    assert titles(service, "feeds/all/rss.xml") == ["About good"]
    service.config.write_text(right + "levels: {good: 90}\n")
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: service.text().count("ready") == 2, why="ready again")
    service.port = service._port()
    assert titles(service, "feeds/all/good/rss.xml") == ["About good"]
    assert service.stop() == 0


def test_second_instance_is_refused(service: Running) -> None:
    service.start()
    kept = service.base / "var/state.db.status"
    wait_for(kept.exists, why="the status of the first")
    log = service.base / "log of the second"
    arguments = ["run", "--config", str(service.config)]
    assert Forked(arguments, service.environment_of({}), log).wait(60) == 78
    assert "another syndicator works on this state already" in log.read_text()
    assert kept.exists(), "it is the first one's"


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        pytest.param({"output": "file/public"}, 1, "the output", id="unwritable output"),
        pytest.param({"state": "sqlite:///file/s.db"}, 1, "cannot be locked", id="unwritable state"),
        pytest.param({"site": {"title": "x"}}, 78, "site.base_url: is missing", id="settings"),
    ],
)
def test_start_that_cannot_be_gives_one_clear_line(
    tmp_path: Path, change: dict[str, object], code: int, words: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with running(tmp_path, **change) as service:
        ended = service.command("build")
        assert ended.returncode == code
        assert words in ended.stderr
        assert "Traceback" not in ended.stderr


def test_database_removed_while_it_runs_ends_the_service(service: Running) -> None:
    service.start()
    assert service.process is not None
    (service.base / "var" / "state.db").unlink()
    assert service.process.wait(20) == 75
    assert "removed or exchanged" in service.text()
    service.start()
    assert service.stop() == 0


def test_canary_secrets_are_nowhere(tmp_path: Path, slack: SlackServer) -> None:
    canary = "xoxb-471108150-found"
    with running(tmp_path, routes=ROUTES) as service:
        service.verbose = True
        service.environment |= {"SLACK_BOT_TOKEN": canary, "SLACK_API_URL": slack.url}
        service.start()
        drop(service, "hello.md")
        wait_for(lambda: titles(service, "feeds/all/rss.xml"))
        wait_for(lambda: "invalid_auth" in service.text())
        service.command("deliveries", "list")
        assert service.stop() == 0
        found = [path for path in tmp_path.rglob("*") if path.is_file() and b"471108150" in path.read_bytes()]
        assert found == []


def test_wrong_token_is_said_once_and_feeds_go_on(service: Running, slack: SlackServer) -> None:
    service.environment["SLACK_BOT_TOKEN"] = "xoxb-revoked-token"
    service.start()
    drop(service, "hello.md")
    wait_for(lambda: titles(service, "feeds/all/rss.xml"))
    wait_for(lambda: "invalid_auth" in service.text())
    time.sleep(2)
    assert service.text().count("invalid_auth") <= 2  # at the start, and for the first message
    assert "xoxb-revoked-token" not in service.text()
    assert service.stop() == 0


def test_missing_source_folder_is_said_and_waited_for(tmp_path: Path) -> None:
    with running(tmp_path, sources=[{"name": "news", "path": "later"}]) as service:
        service.start()
        assert "later" in service.text()
        (tmp_path / "later").mkdir()
        service.articles = tmp_path / "later"
        drop(service, "hello.md")
        wait_for(lambda: titles(service, "feeds/all/rss.xml"), why="the folder that appeared")


def test_alert_that_comes_while_the_token_is_lost_is_posted_when_it_is_back(
    service: Running, slack: SlackServer
) -> None:
    service.start()
    assert service.stop() == 0
    token = service.environment.pop("SLACK_BOT_TOKEN")
    service.start()
    drop(service, "hello.md", title="Hello, feeds")
    wait_for(lambda: "message owed" in service.text(), why="the message owed")
    said = [line for line in service.text().splitlines() if "no way to Slack" in line]
    assert len(said) == 1 and "for route ai" in said[0] and "SLACK_BOT_TOKEN" in said[0]
    assert "outcome=sent" not in service.text()
    # The line comes before its transaction ends.
    wait_for(lambda: '"state": "owed"' in service.command("deliveries", "--json").stdout, why="it is kept")
    assert service.stop() == 0
    service.environment["SLACK_BOT_TOKEN"] = token
    service.start()
    wait_for(lambda: slack.slack.in_channel("C1"), why="the message after the token is back")
    assert service.stop() == 0
    assert len(slack.slack.posted) == 1


def test_outage_of_slack_is_said_and_what_waited_is_posted_after_it(
    service: Running, slack: SlackServer
) -> None:
    service.start()
    wait_for(lambda: "slack token accepted" in service.text())
    slack.stop()
    drop(service, "hello.md", title="Hello, feeds")
    wait_for(lambda: "Slack cannot be reached" in service.text(), why="the outage")
    line = next(line for line in service.text().splitlines() if "Slack cannot be reached" in line)
    assert "waiting=1" in line and "not accepted" not in service.text()
    with SlackServer(port=slack.port) as again:
        wait_for(lambda: again.slack.in_channel("C1"), patience_s=60.0, why="the message after the outage")
        wait_for(lambda: "Slack answers again" in service.text(), why="its end")
        assert service.stop() == 0
    assert service.text().count("Slack cannot be reached") == 1


def test_channel_under_two_names_gets_a_story_once(tmp_path: Path, slack: SlackServer) -> None:
    routes = [
        {"name": "by-name", "channel": "#general", "deliver": "immediate"},
        {"name": "by-id", "channel": "C0GENERAL", "deliver": "immediate"},
    ]
    with running(tmp_path, routes=routes) as service:
        service.use(slack)
        service.start()
        drop(service, "hello.md", title="Hello, feeds")
        wait_for(lambda: "message owed" in service.text(), why="the message owed")
        wait_for(lambda: "its routes wait" in service.text(), why="the name that cannot be resolved")
        wait_for(lambda: slack.slack.in_channel("C0GENERAL"), why="the message of the other route")
        slack.slack.channels["C0GENERAL"].name = "general"
        assert service.stop() == 0
        service.start()
        wait_for(lambda: "kept by its id now" in service.text(), why="the ledger that is carried over")
        drop(service, "second.md", title="Another one")
        wait_for(lambda: len(slack.slack.posted) == 2, why="the second message")
        for words in (
            ["status"],
            ["routes"],
            ["explain", "second.md"],
            ["preview"],
            ["deliveries"],
            ["simulate"],
        ):
            service.environment["SYNDICATOR_CONFIG"] = str(service.config)
            done = service.command(*words)
            assert done.returncode == 0, done.stderr
            told = " ".join(done.stdout.split())
            assert re.search("by-name (to |→ )?#general", told), "as the settings call it"
            assert words[0] in ("simulate", "deliveries") or re.search("by-id (to |→ )?C0GENERAL", told)
        assert service.stop() == 0
        found = json.loads(service.command("deliveries", "--json").stdout)
        routes = json.loads(service.command("routes", "--json").stdout)
    assert {one["channel"]: one["called"] for one in routes if one["name"] == "by-name"} == {
        "C0GENERAL": "#general"
    }
    assert {one["channel"] for one in found} == {"C0GENERAL"}
    assert sorted(one["state"] for one in found if one["state"] != "released") == ["sent", "sent"]
    assert len(slack.slack.posted) == 2
