"""The user's two articles and a real site's 192, where they are there: counts, feeds, one announcement."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from syndicator.models import Visibility
from syndicator.settings.models import Route
from tests import slack_rules
from tests.acceptance.running import running, wait_for
from tests.making import utc
from tests.rig import SHARED, Rig

SEEDS = SHARED / "seeds"
CORPUS = SHARED / "corpus" / "power-apps"
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the user's two articles are not here")
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the real site's articles are not here")
THEN = utc(2020, 10, 20, 15)
"""Two hours after both were published."""


@needs_seeds
def test_seeds_are_not_public_by_default_and_everything_says_why(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        for seed in SEEDS.glob("*.md"):
            shutil.copy(seed, service.articles)
        service.start()
        assert feedparser.parse(service.get("feeds/all/atom.xml").content).entries == []
        # Files just copied come to rest a little later.
        wait_for(lambda: "published: false" in service.get("").text, why="the front page says why")
        wait_for(lambda: "nothing is public" in service.text(), why="the log says why")
        assert service.stop() == 0
        checked = service.command("check")
        assert "2 are not published (`published: false`" in checked.stdout
        assert "unpublished: include" in checked.stdout


@needs_seeds
def test_seeds_included_are_in_their_feeds_and_announced_as_one_story(tmp_path: Path) -> None:
    route = Route(name="good", channel="C1", min_quality=80, deliver="immediate")
    rig = Rig(tmp_path, now=THEN, include_unpublished=True, routes=[route])
    rig.run_once()
    for seed in SEEDS.glob("*.md"):
        shutil.copy(seed, rig.folder)
    rig.run_once()
    rig.wait(timedelta(minutes=1))
    rig.run_once()
    assert len(rig.titles("azure")) == len(rig.titles("ai")) == len(rig.titles("microsoft-ai")) == 1
    assert len(rig.titles()) == 2
    with rig.store.reading() as session:
        (message,) = session.outbox.list()
    words = " ".join(slack_rules.all_texts(message.message["blocks"]))
    assert words.startswith("https://www.geekwire.com/2020/")
    assert words.count("techcrunch.com/2020/") == 1
    assert words.endswith("TechCrunch  · 2 publishers")


@pytest.fixture(params=[False, True], ids=["exclude", "include"])
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    shutil.copytree(CORPUS, tmp_path / "articles", dirs_exist_ok=True)
    rig = Rig(tmp_path, include_unpublished=request.param, topics=("_data/topics/*.yaml",), limit=500)
    rig.run_once()
    yield rig
    rig.close()


@needs_corpus
def test_corpus_has_seven_topics_and_the_right_counts(corpus: Rig) -> None:
    assert corpus.problems() == []
    assert len(corpus.entries()) == 192
    public, shown = (192, 191) if corpus.include_unpublished else (132, 131)
    assert len(corpus.public()) == public
    with corpus.store.reading() as session:
        assert len(session.topics()) == 7
        assert session.count_entries()[Visibility.PUBLIC] == public
    for name in ("rss.xml", "atom.xml"):
        everything = feedparser.parse(corpus.feed(f"feeds/all/{name}"))
        assert not everything.bozo
        assert len(everything.entries) == shown, "two share one link, and stand once"
        for folder in (corpus.output / "feeds").iterdir():
            assert not feedparser.parse((folder / name).read_bytes()).bozo
