"""A folder that git checks out again and again, and whose git is killed on the way."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.running import running, wait_for
from tests.faults.folder import complete_titles
from tests.rig import article_text
from tests.slack_server import SlackServer

COMMON, OWN = 100, 10
"""Articles that differ between the two branches, and those that only one of them has."""


def git(folder: Path, *words: str, check: bool = True) -> None:
    options = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "gc.auto=0"]
    subprocess.run(["git", *options, *words], cwd=folder, check=check, capture_output=True)


def lay_branches(folder: Path) -> set[str]:
    """Two branches of articles, the first checked out; all titles that either has."""
    titles = set()
    for branch in ("one", "two"):
        git(folder, *(["init", "-q", "-b", branch] if branch == "one" else ["checkout", "-q", "-b", branch]))
        for old in folder.glob("only-*.md"):
            old.unlink()
        for name in [f"both-{n}" for n in range(COMMON)] + [f"only-{branch}-{n}" for n in range(OWN)]:
            titles.add(f"About {name} on {branch}")
            text = article_text(name, title=f"About {name} on {branch}", body="A line of text.\n" * 40)
            (folder / f"{name}.md").write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", branch)
    git(folder, "checkout", "-q", "one")
    return titles


@pytest.mark.parametrize("checkouts", [4, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.timeout(400)
def test_checkouts_and_a_git_that_is_killed_lose_and_tear_nothing(
    tmp_path: Path, checkouts: int, record_property: Callable[[str, object], None]
) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    dice, killed = random.Random(checkouts), 0
    routes = [{"name": "all", "channel": "C1", "deliver": "immediate", "flood_window": "1s"}]
    sources = [{"name": "news", "path": "articles"}]
    with (
        SlackServer() as slack,
        running(tmp_path, routes=routes, sources=sources, feeds={"limit": 500}) as one,
    ):
        folder = one.articles
        known = lay_branches(folder)
        one.use(slack)
        one.start()
        seen = set()
        for number in range(checkouts):
            branch = ("two", "one")[number % 2]
            if number % 4 == 3:
                with subprocess.Popen(["git", "checkout", "-q", "-f", branch], cwd=folder) as process:
                    time.sleep(dice.random() * 0.02)
                    killed += process.poll() is None
                    process.kill()
                for lock in (folder / ".git").rglob("*.lock"):  # as a person would, after a git that died
                    lock.unlink()
            else:
                git(folder, "checkout", "-q", "-f", branch)
            time.sleep(dice.random())
            seen |= complete_titles(one.public)
        git(folder, "checkout", "-q", "-f", "one")
        git(folder, "checkout", "-q", "-f", "two")
        wanted = {title for title in known if title.endswith("on two")}
        wait_for(lambda: complete_titles(one.public) == wanted, why="the folder as it is", patience_s=60)
        assert one.stop() == 0
    said = {
        re.sub(r"[*\\]", "", title) for post in slack.slack.posted for title in TITLE.findall(str(post.body))
    }
    assert (seen | said) <= known, "no title that never was"
    record_property(
        "seen",
        f"{checkouts + 2} checkouts, {killed} killed on the way: 0 missed, 0 torn titles in feeds or Slack",
    )


TITLE = re.compile(r"About (?:both|only)[\w-]* on \w+")
