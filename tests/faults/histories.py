"""Lives of a folder: the recorded one, where it is there, and invented ones of the same kinds of change.

A life is a list of commits, oldest first; each writes some files. What of it a reader can see is worked out
here from the texts alone, without any code of the product, so that it can be held against it.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from tests.rig import SHARED

CORPUS = SHARED / "corpus" / "power-apps"
RECORDED = CORPUS / "history.jsonl.gz"
ENTRIES, REVISIONS = 192, 30
"""What the recorded life comes to, by those who know it."""

_UNSEEN = re.compile(r"(?m)^(secured|quality|heat|published):.*\n")


class Mode(StrEnum):
    """How a file is written: beside and renamed over, or cut to nothing and written in place."""

    REPLACE = "replace"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """`commits` oldest first, what they come to, and the topic files that lie beside."""

    name: str
    commits: Sequence[Sequence[Write]]
    topics: Path | None = None
    revisions: Counter[str] = field(default_factory=Counter)
    """How often each path changed in a way that a reader can see."""
    times: Sequence[datetime] = ()
    """When each commit was made, where that is known."""

    @property
    def paths(self) -> set[str]:
        return {write.path for commit in self.commits for write in commit}


def recorded() -> Life:
    """Nine months of a real topic site."""
    with gzip.open(RECORDED, "rt", encoding="utf-8", newline="") as lines:
        rows = [json.loads(line) for line in lines]
    groups = [list(group) for _, group in itertools.groupby(rows, key=lambda row: row["commit"])]
    commits = [
        [Write(path=row["path"], content=row["content"].encode()) for row in group] for group in groups
    ]
    return Life(
        name="recorded",
        commits=commits,
        topics=CORPUS / "_data" / "topics",
        revisions=count_revisions(commits),
        times=[datetime.fromtimestamp(group[0]["time"], UTC) for group in groups],
    )


def part(life: Life, commits: int) -> Life:
    """The last `commits` commits of a life; the folder as it was before comes first, as one commit."""
    early, late = life.commits[:-commits], life.commits[-commits:]
    before = {write.path: write for commit in early for write in commit}
    played = [list(before.values()), *late]
    return Life(
        name=f"{life.name}, last {commits}",
        commits=played,
        topics=life.topics,
        revisions=count_revisions(played),
    )


def count_revisions(commits: Iterable[Iterable[Write]]) -> Counter[str]:
    """How often each path's text changed in more than `secured`, `quality`, `heat`, the flag or line ends."""
    seen: dict[str, str] = {}
    found: Counter[str] = Counter()
    for write in itertools.chain.from_iterable(commits):
        text = _UNSEEN.sub("", write.content.decode().replace("\r\n", "\n")).rstrip()
        found[write.path] += seen.get(write.path, text) != text
        seen[write.path] = text
    return +found


def play(folder: Path, commit: Iterable[Write], mode: Mode) -> None:
    """Writes one commit's files, in order."""
    for write in commit:
        path = folder / write.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode is Mode.REWRITE:
            path.write_bytes(write.content)
            continue
        beside = path.with_name(f".{path.name}.tmp")
        beside.write_bytes(write.content)
        beside.replace(path)


def lay_topics(folder: Path, life: Life) -> None:
    """The life's topic files, where a source looks for them."""
    if life.topics is not None:
        shutil.copytree(life.topics, folder / "_data" / "topics")


@dataclass
class _Article:
    """An invented article and its moods."""

    number: int
    title: str
    topic: str
    quality: int = 80
    public: bool = True
    crlf: bool = False
    secured: str = ""

    def write(self) -> Write:
        link = 0 if self.number == 1 else self.number
        lines = [
            "---",
            "category: news",
            f'title: "{self.title}"',
            f'excerpt: "What happened, told for the {self.number}th time."',
            f"publishedDateTime: 2026-03-{1 + self.number % 28:02}T09:{self.number % 60:02}:00Z",
            f'webUrl: "https://news.example/{link}"',
            "type: article",
            f"quality: {self.quality}",
            f"heat: {-1 if self.quality % 2 else self.quality}",
            f"published: {str(self.public).lower()}",
            "",
            "provider:",
            "  name: The Daily Example",
            "  domain: daily.example",
            "",
            "topics:",
            f"  - {self.topic}",
            "",
            f'secured: "{self.secured}"',
            "---",
            "",
            "",
        ]
        text = ("\r\n" if self.crlf else "\n").join(lines)
        return Write(path=f"_news/article-{self.number}.md", content=text.encode())


def invented(*, seed: int, articles: int = 192, commits: int = 721, revisions: int = 30) -> Life:
    """A life of the recorded one's proportions, the same for the same arguments.

    Of a hundred writes to known articles 97 change `secured`, the others line endings too, and some flip
    quality, heat and the flag on the way; `revisions` in all change a title. Two articles share one link.
    """
    chance = random.Random(seed)
    born: list[_Article] = []
    when = Counter(chance.choices(range(commits - 1), k=articles - 1))
    visible = Counter(chance.choices(range(commits // 4, commits), k=revisions))
    told: list[list[Write]] = []
    for index in range(commits):
        for _ in range(when[index] + (index == 0)):
            topic = chance.choice(("AI", "Azure", "Power Apps", "Portals"))
            born.append(_Article(number=len(born), title=f"Story {len(born)}", topic=topic))
        fresh = born[len(born) - when[index] - (index == 0) :]
        changed = {one.number: one for one in fresh}
        for _ in range(visible[index]):
            one = chance.choice([one for one in born if one.number not in changed])
            one.title += ", corrected"
            changed[one.number] = one
        for one in chance.sample(born, min(len(born), chance.choice((1, 2, 3, 4, 4, 10)))):
            changed[one.number] = one
        for one in changed.values():
            _change_unseen(one, chance)
        told.append([one.write() for _, one in sorted(changed.items())])
    return Life(name=f"invented {seed}", commits=told, revisions=count_revisions(told))


def _change_unseen(one: _Article, chance: random.Random) -> None:
    one.secured = base64.b64encode(chance.randbytes(96)).decode()
    if chance.random() < 0.03:
        one.crlf = not one.crlf
    if chance.random() < 0.2:
        one.quality = {80: 93, 93: 53}.get(one.quality, 80)
    if chance.random() < 0.05:
        one.public = not one.public


def lives(*, short: bool) -> Iterator[Life]:
    """The lives to prove things on: an invented one, and the recorded one where it is there."""
    yield invented(seed=1, articles=60, commits=200, revisions=12) if short else invented(seed=1)
    if RECORDED.is_file():
        yield recorded()
