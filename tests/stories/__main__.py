"""Precision and recall of stories on pairs that were labelled by hand, and what joins in a stream.

    python -m tests.stories --texts DIR [--show]

Each folder in DIR is a site in the form of the `smartable` profile; a `history.jsonl.gz` in it adds what its
files said earlier. The texts are not ours to publish: `labels.csv` names articles by a hash of link and
title. Those labelled are of these repositories on GitHub: `_news` of SmartableAI/diablo4,
SmartableAI/microsoft-power-apps (all versions of its files), everyday-cc/azure and scottge/coronavirus; and
`_posts` of emilianoyoung/ai and detale/ai: once as in the last commit (ai-2020, ai-2019), once the last
version of each file that ever was, published before 2020 (ai-winter) and before 20 July 2019 (ai-summer), and
what came later and is in none of these (ai-january, ai-august); what everyday-cc/powerapps has in `_news` and
microsoft-power-apps has not; and the last version of each file that ever was in `_news` of scottge/ai,
published from 28 January 2020 on (ai-spring).

A pair is one event (1) where whoever was told of the one article would not want to be told of the other;
guides to one subject are not. Readers saw neither label nor outcome. Pairs that are `hard` are all that were
compared and 0.3 alike; limits were set with them in view. `held` are half of those of ai-spring, by a hash:
read when all limits were set, and none was changed since. `related` are of ai-winter, drawn by a hash from
all of 72 hours that name each other or one the other, and no limit was set by them.

Pairs are judged two by two, as if the earlier were the only lead; in a stream a story is also missed where
another lead stands between, and found where another entry supports it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from syndicator.entries import stories
from syndicator.entries.joining import join_stories
from syndicator.errors import ArticleError
from syndicator.models import Article, Change, Entry, Visibility
from syndicator.parse.article import parse_article
from syndicator.parse.identity import mint_guid, story_id
from syndicator.settings.models import Source
from syndicator.store.database import Store, open_store
from tests.making import NOON

LABELS = Path(__file__).with_name("labels.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A pair of articles by their keys, and whether they are of one event. `part`: `hard`, `held`, `related`,
    or `other`, which says nothing of recall."""

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


def join_two_by_two(site: Sequence[Article], pairs: Collection[frozenset[str]]) -> set[frozenset[str]]:
    """Those of the pairs whose later article joins the earlier one, with words counted in the whole site."""
    accounts = {key_of(article): stories.account_of(article) for article in site}
    words = Counter(word for account in accounts.values() for word in account.words)
    weights = stories.weigh(words, words, len(accounts))
    days = Counter(map(stories.day_of, accounts.values()))
    joined = set()
    for pair in pairs:
        lead, later = sorted((accounts[key] for key in pair), key=lambda one: (one.published, one.link))
        if stories.best_story(later, [("lead", [lead])], weights, days):
            joined.add(pair)
    return joined


def report_pairs(sites: Mapping[str, Sequence[Article]]) -> None:
    labels = read_labels()
    titles = {key_of(article): article.title for site in sites.values() for article in site}
    there, joined = set[frozenset[str]](), set[frozenset[str]]()
    for site in sites.values():
        keys = set(map(key_of, site))
        pairs = {label.pair for label in labels if label.pair <= keys}
        there |= pairs
        joined |= join_two_by_two(site, pairs)
    for part in ("hard", "held", "related"):
        some = [label for label in labels if label.part == part and label.pair in there]
        report_part(f"pairs that are {part}", some, joined, titles if part != "related" else {})
    print(f"{sum(label.pair not in there for label in labels)} labelled pairs were not in the texts")


def report_part(
    name: str, labels: Sequence[Label], joined: Collection[frozenset[str]], titles: Mapping[str, str]
) -> None:
    one = [label.pair for label in labels if label.one]
    two = [label.pair for label in labels if not label.one]
    right, wrong = sum(pair in joined for pair in one), [pair for pair in two if pair in joined]
    recall, false = right / max(len(one), 1), len(wrong) / max(len(two), 1)
    precision, even = right / max(right + len(wrong), 1), recall / (recall + false) if recall else 0.0
    print(
        f"{name}: {len(one)} of one event, {len(two)} not; joined {right} rightly, {len(wrong)} wrongly;"
        f" recall {recall:.3f}, precision {precision:.3f}, {even:.3f} if half were of one event"
    )
    for pair in wrong if titles else ():
        print("  wrong: " + " and ".join(repr(titles[key]) for key in sorted(pair)))


def stream(store: Store, site: Sequence[Article], batch: int) -> list[tuple[Article, Article]]:
    """The articles as they come, so many at a time: each that joined, after the lead that it joined."""
    joined: list[tuple[Article, Article]] = []
    for start in range(0, len(site), batch):
        changes = [as_new(article) for article in site[start : start + batch]]
        with store.transaction() as session:
            done = join_stories(session, changes, {site[0].source}, site[0].published)
            session.put_entries(change.entry for change in done)
            moved = [new.entry for old, new in zip(changes, done, strict=True) if old is not new]
            leads = session.stories.leads({entry.story for entry in moved})
            found = session.entries(leads.values())
        joined += [(found[leads[entry.story]].article, entry.article) for entry in moved]
    return joined


def as_new(article: Article) -> Change:
    entry = Entry(
        guid=mint_guid(article.source, key_of(article)),
        story=story_id(article.canonical_link),
        article=article,
        updated=article.published,
        seen=article.published,
        visibility=Visibility.PUBLIC,
    )
    return Change(entry=entry)


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
    parser.add_argument("--lower", type=float, default=0.0, help="by how much less two must be alike")
    options = parser.parse_args()
    stories.ALIKE, stories.VAGUE = stories.ALIKE - options.lower, stories.VAGUE - options.lower
    sites = {folder.name: read_site(folder) for folder in sorted(options.texts.iterdir()) if folder.is_dir()}
    labels = {label.pair: label.one for label in read_labels()}
    report_pairs(sites)
    for name, site in sites.items():
        report_stream(name, site, labels, show=options.show)


if __name__ == "__main__":
    main()
