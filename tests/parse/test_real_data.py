"""A real site's articles and nine months of its history, where they lie beside the repository."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from syndicator.parse.topic_file import parse_topic_file
from tests.parse.writing import read

SHARED = Path(__file__).resolve().parents[3] / "shared"
CORPUS = SHARED / "corpus" / "power-apps"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the reference corpus is not beside the repository"
)


def test_every_article_is_read_without_a_problem() -> None:
    files = [*sorted((CORPUS / "_news").glob("*.md")), *sorted((SHARED / "seeds").glob("*.md"))]
    articles = [read(file.read_bytes(), path=file.name) for file in files]
    corpus, seeds = articles[:192], articles[192:]
    assert (len(corpus), len(seeds)) == (192, 2)
    assert len({article.canonical_link for article in corpus}) == 191
    assert sum(not article.draft for article in corpus) == 132
    assert all(article.draft for article in seeds)
    assert [len(article.related) for article in seeds] == [1, 3]
    assert [article.quality for article in seeds] == [75, 94]
    assert not any("secured" in repr(article) for article in articles)


def test_every_topic_file_is_read_without_a_problem() -> None:
    files = sorted((CORPUS / "_data" / "topics").glob("*.yaml"))
    topics = [parse_topic_file(file.read_bytes(), source="a", path=file.name) for file in files]
    assert len(topics) == 7
    assert [topic.name for topic in topics if topic.parent is None] == ["Power Apps"]
    assert topics[-1].aliases == ("microsoft teams", "msteams", "teams")


def test_history_has_thirty_revisions() -> None:
    revisions: dict[str, str] = {}
    counted: Counter[str] = Counter()
    with gzip.open(CORPUS / "history.jsonl.gz", "rt", encoding="utf-8", newline="") as lines:
        for line in lines:
            write = json.loads(line)
            article = read(write["content"], path=write["path"])
            known = revisions.get(article.path)
            kind = "added" if known is None else "same" if known == article.revision else "revised"
            counted[kind] += 1
            revisions[article.path] = article.revision
    assert counted == {"added": 192, "same": 2_158 + 57, "revised": 30}
