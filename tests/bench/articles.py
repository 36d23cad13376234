"""Articles for the benchmark: the same for the same seed, shaped like those of a site of links.

Topics follow a power law, as they do in life: a few have very many articles, most have few.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SPAN_S = 2 * 365 * 86_400
_SOME = """harbour tide turbine market orchard signal bridge cloud query index ledger kernel sensor battery
orbit rail garden museum clinic school budget treaty summit launch patch release audit outage region cluster
service model vision speech language robot design pattern story report update growth funding startup"""
WORDS = _SOME.split()
TOPICS = [f"{WORDS[number % len(WORDS)].title()} {number}" for number in range(200)]
_WEIGHTS = list(accumulate(1 / (number + 1) for number in range(len(TOPICS))))


class Articles:
    """Makes articles one after another, each with a link and a title of its own."""

    def __init__(self, seed: int = 1, *, bodies: bool = False) -> None:
        self._random = random.Random(seed)
        self._bodies = bodies
        self._made = 0

    def make(self, mark: str = "", topics: Sequence[str] = ()) -> tuple[str, str]:
        """A file's name and text, with `mark` in the title; with topics it is newer than all made before."""
        choose, number = self._random, self._made
        self._made += 1
        published = FIRST + timedelta(seconds=SPAN_S + number if topics else choose.randrange(SPAN_S))
        topics = topics or self._some_topics()
        domain = f"{choose.choice(WORDS)}.example"
        lines = [
            f'title: "{mark} {self._words(6, 14)} {number}"',
            f'excerpt: "{self._words(18, 50)}"',
            f"publishedDateTime: {published:%Y-%m-%dT%H:%M:%SZ}",
            f'webUrl: "https://{domain}/{published:%Y/%m/%d}/{number}/"',
            "type: article",
            f"quality: {choose.randint(20, 140)}",
            f'provider:\n  name: "The {domain} Daily"\n  domain: {domain}',
            "topics:\n" + "\n".join(f"  - {topic}" for topic in topics),
            f'images:\n  - url: "https://{domain}/{number}.jpg"\n    width: 1200\n    height: 630',
            f'secured: "{choose.getrandbits(1600):x}"',
        ]
        body = self._body() if self._bodies else ""
        return f"{published:%Y-%m-%d}-{number}.md", "---\n" + "\n".join(lines) + f"\n---\n{body}"

    def write(self, folder: Path, count: int) -> None:
        """Writes `count` articles into the folder, which is made."""
        folder.mkdir(parents=True)
        for _ in range(count):
            name, text = self.make()
            (folder / name).write_text(text, encoding="utf-8")

    def _some_topics(self) -> list[str]:
        count = self._random.choice((1, 1, 1, 2, 2, 3))
        return list(dict.fromkeys(self._random.choices(TOPICS, cum_weights=_WEIGHTS, k=count)))

    def _body(self) -> str:
        parts = [f"{self._words(30, 90)}." for _ in range(self._random.randint(3, 10))]
        parts.insert(1, f"## {self._words(3, 6)}")
        parts.append("\n".join(f"- *{self._words(1, 3)}* [{self._words(2, 4)}](/{n})" for n in range(5)))
        parts.append(f"```python\n{self._words(4, 8)} = {{}}\n```")
        return "\n\n".join(parts) + "\n"

    def _words(self, least: int, most: int) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randint(least, most))).capitalize()
