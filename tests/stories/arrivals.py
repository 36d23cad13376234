"""What finding a story costs where many entries are stored: `python -m tests.stories.arrivals [--entries N]`.

Words are as frequent as in a language: 60,000 of them, the frequency falls with the rank. A third of the
arrivals are second accounts of an event that is there. Prints the cost in a first scan, and of arrivals one
by one what the joining takes of the processor and by the clock, and the whole transaction by the clock.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

from syndicator.entries.joining import join_stories
from syndicator.models import Article, Change, Provider
from syndicator.store.database import Store, open_store
from tests.making import NOON, make_article, utc
from tests.stories.__main__ import as_new

ARRIVALS, BATCH = 300, 1_000
PARTS = ("joining, CPU", "joining", "whole transaction")
TWO_YEARS = timedelta(days=730)
_WORDS = [f"w{rank:x}q" for rank in range(60_000)]
_SHARES = list(accumulate(1 / (rank + 8) for rank in range(60_000)))

Times = tuple[float, float, float]


def make_any(chance: random.Random, name: str, published: datetime, title: str = "") -> Article:
    return make_article(
        f"{name}.md",
        title=title or _text(chance, 11),
        summary=_text(chance, 32),
        published=published,
        provider=Provider(name=f"publisher {chance.randrange(1_000)}"),
    )


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, cum_weights=_SHARES, k=words))


def put(store: Store, changes: Sequence[Change]) -> Times:
    """Stores new entries; seconds of CPU and of wall time of the joining, and of the whole transaction."""
    start = perf_counter()
    with store.transaction() as session:
        before, cpu_before = perf_counter(), thread_time()
        joined = join_stories(session, changes, {"news"}, NOON)
        cpu, took = thread_time() - cpu_before, perf_counter() - before
        session.put_entries(change.entry for change in joined)
    return cpu, took, perf_counter() - start


def measure(entries: int) -> None:
    chance, start = random.Random(1), utc(2024, 1, 1)
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/state.db", now=NOON)
        spent = 0.0
        for first in range(0, entries, BATCH):
            many = range(first, min(first + BATCH, entries))
            made = [make_any(chance, str(at), start + TWO_YEARS * at / entries) for at in many]
            spent += put(store, [as_new(article) for article in made])[0]
        print(
            f"{entries:,} entries: {spent / entries * 1e6:.0f} µs of CPU each for the joining in a first scan"
        )
        report(arrive(store, chance, start))
        store.close()


def arrive(store: Store, chance: random.Random, start: datetime) -> list[Times]:
    times: list[Times] = []
    title = ""
    for at in range(ARRIVALS):
        published = start + TWO_YEARS / 2 + timedelta(minutes=at)
        article = make_any(chance, f"arrival {at}", published, title)
        title = f"{article.title} {_text(chance, 2)}" if at % 3 == 0 else ""
        times.append(put(store, [as_new(article)]))
    return times


def report(times: Sequence[Times]) -> None:
    for name, some in zip(PARTS, zip(*times, strict=True), strict=True):
        ordered = [f"{sorted(some)[len(some) * part // 100] * 1e3:.1f} ms" for part in (50, 99)]
        print(f"one arrival, {name}: p50 {ordered[0]}, p99 {ordered[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=100_000)
    measure(parser.parse_args().entries)


if __name__ == "__main__":
    main()
