"""The example articles and the demo that runs on them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from examples import demo
from syndicator.parse.article import parse_article
from syndicator.settings.load import load_settings
from syndicator.store.lock import hold_state
from tests.alone import alone
from tests.sockets import get

HOME = Path(__file__).parent.parent
EXAMPLES = HOME / "examples"
NEWS = sorted((EXAMPLES / "articles/news").glob("*.md"))
TODAY = date(2031, 3, 2)


def test_demo_shows_both_readings_of_published_false() -> None:
    sources = {source.name: source for source in load_settings(EXAMPLES / "syndicator.yaml", {}).sources}
    assert sources["news"].unpublished == "include"
    assert sources["house"].unpublished == "exclude"
    for source in sources.values():
        texts = [path.read_text(encoding="utf-8") for path in source.path.rglob("*.md")]
        assert any("published: false" in text for text in texts)
        assert not all("published: false" in text for text in texts)


@pytest.mark.parametrize("name", ["news", "house"])
def test_every_example_is_a_good_article(name: str) -> None:
    source = next(one for one in load_settings(EXAMPLES / "syndicator.yaml", {}).sources if one.name == name)
    paths = sorted(source.path.rglob("*.md"))
    articles = [parse_article(path.read_bytes(), source=source, path=path.name) for path in paths]
    assert len(articles) == {"news": 12, "house": 4}[name]
    assert all(article is not None and article.summary and article.topics for article in articles)


def test_examples_link_to_nobody_real() -> None:
    """Only names that are kept for examples (RFC 2606), so that no reader of the demo asks a real site."""
    for path in [*(EXAMPLES / "articles").rglob("*.md"), *EXAMPLES.glob("fresh/*.md")]:
        hosts = re.findall(r"https?://([^/\s\"]+)", path.read_text(encoding="utf-8"))
        assert [host for host in hosts if not host.endswith(".example")] == [], path


def test_one_example_has_windows_line_endings() -> None:
    assert sum(b"\r\n" in path.read_bytes() for path in NEWS) == 1


def test_preparing_moves_the_newest_article_to_yesterday(tmp_path: Path) -> None:
    made = demo.prepare(tmp_path / "work", {}, today=TODAY)
    assert demo.newest_day(made.inbox.parent) == TODAY - timedelta(days=1)


def test_preparing_moves_every_date(tmp_path: Path) -> None:
    made = demo.prepare(tmp_path / "work", {}, today=TODAY)
    copies = [path for path in made.inbox.parent.rglob("*.*") if path.is_file()]
    old = [path.name for path in copies if "2025-" in path.name + path.read_text(encoding="utf-8")]
    assert old == []
    days = {day for path in copies for day in re.findall(r"20\d\d-\d\d-\d\d", path.read_text("utf-8"))}
    assert len(days) == 8, "the stories are of several days"


def test_every_example_picture_is_served_by_the_demo(tmp_path: Path) -> None:
    address = demo.serve_pictures()
    made = demo.prepare(tmp_path / "work", {}, today=TODAY, pictures=address)
    texts = [path.read_text(encoding="utf-8") for path in made.inbox.parent.rglob("*.md")]
    shown = {url for text in texts for url in re.findall(rf"{re.escape(address)}[\w.-]+", text)}
    assert {Path(url).name for url in shown} == {path.name for path in demo.PICTURES.iterdir()}
    assert all(get(url).headers["content-type"] == "image/svg+xml" for url in shown)


def test_preparing_keeps_everything_else(tmp_path: Path) -> None:
    made = demo.prepare(tmp_path / "work", {}, today=TODAY)
    blank = b"2000-00-00"
    pattern = re.compile(rb"20\d\d-\d\d-\d\d")
    copies = sorted(path.relative_to(made.settings.parent) for path in made.inbox.parent.rglob("*.*"))
    assert len(copies) == len(list((EXAMPLES / "articles").rglob("*.*")))
    for path in NEWS:
        copy = made.inbox / path.name
        assert pattern.sub(blank, copy.read_bytes()) == pattern.sub(blank, path.read_bytes())


def test_preparing_removes_what_was_there_before(tmp_path: Path) -> None:
    old = tmp_path / "work/articles/news/old.md"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    demo.prepare(tmp_path / "work", {}, today=TODAY)
    assert not old.exists()


def test_demo_never_reaches_a_real_slack(tmp_path: Path) -> None:
    secrets = {"SLACK_BOT_TOKEN": "x", "SLACK_WEBHOOK_URL_FILE": "x", "CREDENTIALS_DIRECTORY": "x"}
    made = demo.prepare(tmp_path / "work", {"PATH": "kept", "SYNDICATOR_ROUTES": "[]"} | secrets, today=TODAY)
    assert made.environment["PATH"] == "kept"
    assert not set(secrets) & set(made.environment)
    assert "SYNDICATOR_ROUTES" not in made.environment
    assert made.environment["SYNDICATOR_SITE__BASE_URL"] == made.base_url


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        assert demo.free_port(port) != port


def test_dropped_articles_are_whole_and_of_this_moment(tmp_path: Path) -> None:
    now = datetime(2031, 3, 2, 12, 0, 5, tzinfo=UTC)
    dropped = demo.drop_fresh(tmp_path, now=now)
    assert len(dropped) == 2
    assert sorted(tmp_path.iterdir()) == sorted(dropped)
    for path in dropped:
        assert "publishedDateTime: 2031-03-02T12:00:05Z" in path.read_text(encoding="utf-8")


def test_one_dropped_article_is_above_the_alerts_bar_and_one_below(tmp_path: Path) -> None:
    routes = {route.name: route for route in load_settings(EXAMPLES / "syndicator.yaml", {}).routes}
    texts = [path.read_text(encoding="utf-8") for path in demo.drop_fresh(tmp_path, now=datetime.now(UTC))]
    found = [re.search(r"^quality: (\d+)$", text, re.MULTILINE) for text in texts]
    qualities = [int(match[1]) for match in found if match]
    alerts, digest = routes["alerts"].min_quality or 0, routes["digest"].min_quality or 0
    assert sum(quality >= alerts for quality in qualities) == 1
    assert all(quality >= digest for quality in qualities)


def test_demo_ends_by_itself(tmp_path: Path) -> None:
    with run_demo(tmp_path, "--seconds", "5") as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Both were in the feeds" in said
    assert re.search(r"bin/syndicator explain \S+\.md --config \S+", said), "as the README writes commands"
    assert "until the next demo makes it anew" in said


def test_demo_ends_cleanly_on_interrupt(tmp_path: Path) -> None:
    with run_demo(tmp_path, "--seconds", "60") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "are dropped into the folder" in line:
                break
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "The demo is over" in said


def test_second_demo_is_refused_while_one_runs(tmp_path: Path) -> None:
    kept = tmp_path / "work/articles/news/mine.md"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with hold_state(f"sqlite:///{tmp_path}/work"), run_demo(tmp_path, "--seconds", "5") as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "A demo is running already (process" in said
    assert kept.read_text() == "mine"


@contextmanager
def run_demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """One at a time: a demo looks for a free port, and its service takes it a second later."""
    command = [sys.executable, str(EXAMPLES / "demo.py"), "--workplace", str(folder / "work"), *arguments]
    with (
        alone("demo"),
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # What a shell starts in the background ignores SIGINT, and so would all that is started from it.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        ) as process,
    ):
        yield process
