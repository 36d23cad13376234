"""Precision and recall of stories on pairs that were labelled by hand, and what joins in a stream.

    python -m tests.stories --texts DIR [--show]

Each folder in DIR is a site in the form of the `smartable` profile; a `history.jsonl.gz` in it adds what its
files said earlier. The texts are not ours to publish: `labels.csv` names articles by a hash of link and
title. Those labelled are the `_news` folders of these repositories on GitHub: SmartableAI/diablo4,
SmartableAI/microsoft-power-apps (all versions of its files), everyday-cc/azure, scottge/coronavirus.

A pair is one event (1) where whoever was told of the one article would not want to be told of the other;
guides to one subject are not. Labels were read once more by readers who saw neither label nor outcome,
and where these differed by two more. Pairs that are `drawn` were taken by a hash from all that are
compared.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from syndicator.entries.joining import join_stories
from syndicator.entries.match import StoredChange
from syndicator.entries.stories import account_of, best_lead, weigh
from syndicator.errors import ArticleError
from syndicator.models import Article, Entry, Visibility
from syndicator.parse.article import parse_article
from syndicator.parse.identity import mint_guid, story_id
from syndicator.settings.models import Source
from syndicator.store.database import Store, open_store
from syndicator.store.types import StoredEntry
from tests.making import NOON

LABELS = Path(__file__).with_name("labels.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A pair of articles by their keys, and whether they are of one event. `part`: `tuned`, `drawn`, or
    `stream`, which are those that joined in a stream and say nothing of recall."""

    pair: frozenset[str]
    one: bool
    part: str


def key_of(article: Article) -> str:
    return hashlib.sha256(f"{article.canonical_link}\n{article.title}".encode()).hexdigest()[:12]


def read_labels() -> list[Label]:
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Label(pair=frozenset((row["first"], row["second"])), one=row["one"] == "1", part=row["part"])
        for row in rows
    ]


def read_site(folder: Path) -> list[Article]:
    """All articles of a site, each text once, the earliest published first."""
    source = Source(name=folder.name, path=folder, unpublished="include")
    files = ((str(file.relative_to(folder)), file.read_bytes()) for file in sorted(folder.rglob("*.md")))
    found: dict[str, Article] = {}
    for path, data in (*files, *_earlier(folder)):
        try:
            article = parse_article(data, source=source, path=path)
        except ArticleError:
            continue
        if article is not None:
            found.setdefault(key_of(article), article)
    return sorted(found.values(), key=lambda article: (article.published, article.canonical_link))


def _earlier(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in folder.rglob("history.jsonl.gz"):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        yield from ((row["path"], row["content"].encode()) for row in rows if row["content"])


Judged = dict[frozenset[str], tuple[bool, Article, Article]]


def judge_pairs(sites: Iterable[Sequence[Article]]) -> Judged:
    """Whether the later of two joins the earlier, for each labelled pair, all words of the site counted."""
    wanted = {label.pair for label in read_labels()}
    judged: Judged = {}
    for site in sites:
        accounts = {key_of(article): account_of(article) for article in site}
        counts = Counter(word for account in accounts.values() for word in account.words)
        weights, articles = weigh(counts, counts, len(accounts)), {key_of(one): one for one in site}
        for pair in wanted:
            if pair <= accounts.keys():
                lead, later = sorted(pair, key=lambda key: (accounts[key].published, key))
                joins = best_lead(accounts[later], [("story", accounts[lead])], weights) is not None
                judged[pair] = (joins, articles[lead], articles[later])
    return judged


def report_pairs(sites: Iterable[Sequence[Article]]) -> None:
    labels, judged = read_labels(), judge_pairs(sites)
    for part, name in (("tuned", "looked at while tuning"), ("drawn", "drawn by a hash")):
        some = [label for label in labels if label.part == part and label.pair in judged]
        right = sum(label.one and judged[label.pair][0] for label in some)
        wrong = [label for label in some if not label.one and judged[label.pair][0]]
        one = sum(label.one for label in some)
        recall, false = right / max(one, 1), len(wrong) / max(len(some) - one, 1)
        even = recall / (recall + false) if recall else 0.0
        print(
            f"{name}: {len(some)} pairs, {one} of one event; {right} joined rightly, {len(wrong)} wrongly;"
            f" recall {recall:.2f}, precision {even:.2f} where half of the pairs are of one event"
        )
        for label in wrong:
            _, lead, later = judged[label.pair]
            print(f"  wrong: {lead.title!r} and {later.title!r}")
    print(f"{sum(label.pair not in judged for label in labels)} labelled pairs were not in the texts")


def stream(store: Store, site: Sequence[Article], batch: int) -> list[tuple[Article, Article]]:
    """The articles as they come, so many at a time: each that joined, after the lead that it joined."""
    joined: list[tuple[Article, Article]] = []
    for start in range(0, len(site), batch):
        changes = [as_new(article) for article in site[start : start + batch]]
        with store.transaction() as session:
            done = join_stories(session, changes, {site[0].source}, site[0].published)
            session.put_entries(change.after for change in done)
            moved = [new.after.entry for old, new in zip(changes, done, strict=True) if old is not new]
            leads = session.stories.leads({entry.story for entry in moved})
            found = session.entries(leads.values())
        joined += [(found[leads[entry.story]].entry.article, entry.article) for entry in moved]
    return joined


def as_new(article: Article) -> StoredChange:
    entry = Entry(
        guid=mint_guid(article.source, key_of(article)),
        story=story_id(article.canonical_link),
        article=article,
        updated=article.published,
        seen=article.published,
        visibility=Visibility.PUBLIC,
    )
    return StoredChange(before=None, after=StoredEntry(entry=entry, digest=b""))


def report_stream(
    name: str, site: Sequence[Article], labels: Mapping[frozenset[str], bool], show: bool
) -> None:
    for batch, how in ((1_000, "as in a first scan"), (1, "one by one")):
        with TemporaryDirectory() as folder:
            store = open_store(f"sqlite:///{folder}/state.db", now=NOON)
            joined = stream(store, site, batch)
            store.close()
        known = [(labels.get(frozenset(map(key_of, pair))), pair) for pair in joined]
        right = sum(one is True for one, _ in known)
        wrong = [pair for one, pair in known if one is False]
        print(
            f"{name}, {how}: {len(site)} articles, {len(joined)} joined another: {right} rightly,"
            f" {len(wrong)} wrongly, {len(joined) - right - len(wrong)} not labelled;"
            f" precision {right / max(right + len(wrong), 1):.3f}"
        )
        for lead, article in wrong:
            print(f"  wrong: {lead.title!r} and {article.title!r}")
        for one, (lead, article) in known if show else ():
            if one is None:
                print(f"{key_of(lead)},{key_of(article)}  {lead.title!r} | {article.title!r}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path, required=True, help="a folder with a folder for each site")
    parser.add_argument("--show", action="store_true", help="list what joined and was not labelled")
    options = parser.parse_args()
    sites = {folder.name: read_site(folder) for folder in sorted(options.texts.iterdir()) if folder.is_dir()}
    labels = {label.pair: label.one for label in read_labels()}
    for name, site in sites.items():
        report_stream(name, site, labels, show=options.show)
    report_pairs(sites.values())


if __name__ == "__main__":
    main()
