"""First start and every kind of change, one after the other on one folder: what each may do, counted exactly.

Each row does one thing to a folder of generated articles and says what subscribers and channels may notice of
it: which RSS and Atom documents change, how often `updated` moves, how many stories each route comes to owe.
Two routes see everything: one without a minimum, one with that of the level `good`. Neither ever sends, so
whatever they were to announce stays counted.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from syndicator.settings.models import Digest, Route
from tests.making import NOON
from tests.rig import Rig, article_text

RECENT, DRAFTS, SOME = 200, 50, 100
"""Articles younger than any route's `max_age`; drafts among them; how many a row takes of one kind. At most:
a small table has a fifth, a twentieth and a tenth of its size."""
BAR = 80.0
TOPICS = ("AI", "Azure", "C++", "Portals", "Security")
GUID = re.compile(rb"urn:uuid:[0-9a-f-]{36}")

ANY = Route(name="any", channel="C1", deliver=Digest(cron="0 9 * * *"))
GOOD = Route(name="good", channel="C2", min_quality=BAR, deliver=Digest(cron="0 9 * * *"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What came of one row. `documents` are RSS and Atom files whose bytes changed; None: not counted."""

    entries: int = 0
    """New ones."""
    documents: int | None = 0
    updated: int = 0
    any: int = 0
    good: int = 0
    degraded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str
    expected: Counts
    seen: Counts

    def __str__(self) -> str:
        def cells(counts: Counts) -> str:
            documents = "-" if counts.documents is None else counts.documents
            numbers = (counts.entries, documents, counts.updated, counts.any, counts.good)
            return " ".join(f"{number:>6}" for number in numbers) + ("  degraded" if counts.degraded else "")

        if self.good:
            return f"ok  {self.name:<58} {cells(self.seen)}"
        return f"BAD {self.name:<58} {cells(self.seen)}\n{'expected':>62} {cells(self.expected)}"

    @property
    def good(self) -> bool:
        documents = self.seen.documents if self.expected.documents is not None else None
        return replace(self.seen, documents=documents) == self.expected


HEAD = f"    {'':<58} {'new':>6} {'docs':>6} {'update':>6} {'any':>6} {'good':>6}"


@dataclass
class _Was:
    """What a row is compared with."""

    documents: dict[str, str] = field(default_factory=dict)
    holding: dict[str, frozenset[str]] = field(default_factory=dict)
    """The guids that each document holds."""
    updated: dict[str, Any] = field(default_factory=dict)
    guids: dict[str, str] = field(default_factory=dict)
    owed: tuple[int, int] = (0, 0)


class Table:
    """A folder of `size` articles and the rows done to it. `rows` gives each as soon as it is done."""

    def __init__(self, base: Path, size: int) -> None:
        self.size = size
        self.recent, self.drafts, self.some = (
            min(RECENT, size // 5),
            min(DRAFTS, size // 20),
            min(SOME, size // 10),
        )
        base.mkdir(parents=True, exist_ok=True)
        self.rig = Rig(base, now=NOON, routes=[ANY, GOOD], levels={"good": BAR})
        self.now = NOON
        self.fields = {number: self._usual(number) for number in range(size)}
        self.was = _Was()

    def rows(self) -> Iterator[Row]:
        yield from self._what_is_no_news()
        yield from self._what_subscribers_see()
        yield from self._what_channels_hear()
        yield from self._what_is_not_believed()
        yield from self._what_begins_anew()

    def _what_is_no_news(self) -> Iterator[Row]:
        everything = range(self.size)
        yield self._row("first start", lambda: self._write(everything), entries=self.size, documents=None)
        yield self._row("nothing at all", lambda: None)
        yield self._row("restart", self.rig.restart)
        yield self._row("re-clone: new mtimes and inodes", self._clone_again)
        yield self._row("`secured` of all", lambda: self._change(everything, secured="bmV3"))
        yield self._row("line endings of all", lambda: self._write(everything, end="\r\n"))
        yield self._row("line endings back, heat of all", lambda: self._change(everything, heat=3))
        yield self._row("quality of all, none over or under the minimum", self._nudge_quality)
        yield self._row("folder of all renamed", lambda: self._rename("news", "blog"), same_guids=False)
        yield self._row("and back", lambda: self._rename("blog", "news"), same_guids=False)

    def _what_subscribers_see(self) -> Iterator[Row]:
        old = self._old(self.some)
        shown = self._holding(old)
        yield self._row(
            "titles of some",
            lambda: self._change(old, excerpt="Other words."),
            documents=shown,
            updated=len(old),
        )
        before = dict(self.was.documents)
        yield self._row("some deleted", lambda: self._delete(old), documents=shown)
        yield self._row("and there again", lambda: self._write(old), documents=shown)
        assert self.was.documents == before, "what comes back is as it was"
        yield self._row("some unpublished", lambda: self._change(old, published=False), documents=shown)
        yield self._row("and published again", lambda: self._change(old, published=True), documents=shown)
        assert self.was.documents == before, "what comes back is as it was"
        newest = [number for number in range(20) if number % 2 == 0]
        shown = self._holding(newest, level="good")
        yield self._row(
            "quality of the newest falls under the minimum",
            lambda: self._change(newest, quality=10),
            documents=shown,
        )
        yield self._row("and rises over it again", lambda: self._change(newest, quality=91), documents=shown)

    def _what_channels_hear(self) -> Iterator[Row]:
        young = [number for number in range(self.recent) if number % 2][: self.some // 2]
        old = [number for number in self._old(self.some) if number % 2]
        yield self._row(
            "quality of young ones rises over the minimum",
            lambda: self._change(young, quality=95),
            documents=None,
            good=len(young),
        )
        yield self._row("falls", lambda: self._change(young, quality=10), documents=None)
        yield self._row("and rises again", lambda: self._change(young, quality=95), documents=None)
        yield self._row(
            "quality of old ones rises over it",
            lambda: self._change(old, quality=95),
            documents=None,
        )
        drafts = range(self.recent, self.recent + self.drafts)
        yield self._row(
            "drafts are published",
            lambda: self._change(drafts, published=True),
            documents=None,
            any=self.drafts,
            good=self.drafts // 2,
        )
        yield self._row(
            "unpublished before they were sent: owed no longer",
            lambda: self._change(drafts, published=False),
            documents=None,
            any=-self.drafts,
            good=-(self.drafts // 2),
        )
        yield self._row(
            "and published again",
            lambda: self._change(drafts, published=True),
            documents=None,
            any=self.drafts,
            good=self.drafts // 2,
        )
        future = range(self.size, self.size + self.some)
        self.fields |= {number: self._usual(number, age=timedelta(hours=-20)) for number in future}
        yield self._row("articles of the future", lambda: self._write(future), entries=self.some)
        yield self._row(
            "a second before their time",
            lambda: self._wait_until(NOON + timedelta(hours=20) - timedelta(seconds=1)),
        )
        yield self._row(
            "their time",
            lambda: self._wait_until(NOON + timedelta(hours=20)),
            documents=None,
            any=self.some,
            good=self.some // 2,
        )
        past = range(self.size + self.some, self.size + 2 * self.some)
        self.fields |= {number: self._usual(number, age=timedelta(days=30)) for number in past}
        yield self._row("back-dated articles", lambda: self._write(past), entries=self.some, documents=None)

    def _what_is_not_believed(self) -> Iterator[Row]:
        news, aside = self.rig.folder / "news", self.rig.base / "aside"
        yield self._row("folder suddenly empty", lambda: _move(news, aside), degraded=True)
        yield self._row("and full again", lambda: _move(aside, news))
        yield self._row("folder not there", lambda: _move(self.rig.folder, aside), degraded=True)
        yield self._row("restart without it", self.rig.restart, degraded=True)
        yield self._row("and there again", lambda: self._bring_back(aside))
        lost = range(self.size // 3)
        yield self._row("a third is gone", lambda: self._delete(lost), degraded=True)
        yield self._row("and there again", lambda: self._write(lost))

    def _what_begins_anew(self) -> Iterator[Row]:
        shutil.copytree(self.rig.base / "var", self.rig.base / "backup")
        any_owed, good_owed = self.was.owed
        for name, lose in LOSSES.items():
            yield self._row(f"state {name}", partial(self._lose, lose), documents=None, rebuilt=True)
        yield self._row(
            "state restored from a backup: owes what it owed",
            partial(self._lose, _restore),
            documents=None,
            rebuilt=True,
            any=any_owed,
            good=good_owed,
        )
        other = self.rig.base / "other"
        other.mkdir()
        sources = (self.rig.source("news", self.rig.folder), self.rig.source("other", other))
        for number in range(self.some):
            (other / f"{number}.md").write_text(
                self._text(self.size * 2 + number, self._usual(number + 10**6))
            )
        yield self._row(
            "new source", lambda: self.rig.restart(sources=sources), entries=self.some, documents=None
        )
        more = ANY.model_copy(update={"name": "more", "channel": "C3"})
        yield self._row("new route", lambda: self.rig.restart(routes=[ANY, GOOD, more]))
        lower = GOOD.model_copy(update={"min_quality": 10.0})
        yield self._row("route changed", lambda: self.rig.restart(routes=[ANY, lower, more]))
        renamed = ANY.model_copy(update={"name": "renamed"})
        yield self._row("route renamed", lambda: self.rig.restart(routes=[renamed, lower, more]))
        fresh = 3 * self.size
        self.fields[fresh] = self._usual(fresh)
        yield self._row(
            "one new article, after all that",
            lambda: self._write([fresh]),
            entries=1,
            documents=None,
            any=1,
            good=1,
        )

    # one row

    def _row(
        self,
        name: str,
        do: Callable[[], object],
        *,
        documents: Iterable[str] | None = (),
        same_guids: bool = True,
        rebuilt: bool = False,
        **expected: Any,
    ) -> Row:
        """Does one thing, turns the wheel, and counts; what it comes to is what the next row starts from."""
        self.rig.now = self.now = self.now + timedelta(seconds=30)
        do()
        self.rig.run_once()
        self.now = self.rig.now
        was, now = self.was, self._look()
        owed_before = (0, 0) if rebuilt else was.owed
        changed = {
            path
            for path in {*was.documents, *now.documents}
            if was.documents.get(path) != now.documents.get(path)
        }
        count: int | None = len(changed)
        wanted: int | None = None
        if documents is not None:
            wanted = len(set(documents))
            assert len(changed) != wanted or changed == set(documents), f"{name}: others than expected"
        moved = [guid for guid in was.updated if not rebuilt and now.updated.get(guid) != was.updated[guid]]
        if same_guids:
            assert was.guids.items() <= now.guids.items() or rebuilt, f"{name}: guids changed"
        assert set(was.guids.values()) <= set(now.guids.values()), f"{name}: guids lost"
        seen = Counts(
            entries=len(now.guids) - len(was.guids),
            documents=count,
            updated=len(moved),
            any=now.owed[0] - owed_before[0],
            good=now.owed[1] - owed_before[1],
            degraded=bool(self.rig.app.sources.losses()),
        )
        self.was = now
        return Row(name=name, expected=Counts(documents=wanted, **expected), seen=seen)

    def _look(self) -> _Was:
        found = self.rig.documents("rss.xml", "atom.xml")
        entries = self.rig.entries()
        kinds = {"C1": set[str](), "C2": set[str]()}
        for story in self.rig.owed():
            kinds.setdefault(story.channel, set()).add(story.story)
        return _Was(
            documents={path: hashlib.blake2b(data).hexdigest() for path, data in found.items()},
            holding={
                path: frozenset(guid.decode() for guid in GUID.findall(data)) for path, data in found.items()
            },
            updated={entry.guid: entry.updated for entry in entries.values()},
            guids={path: entry.guid for path, entry in entries.items()},
            owed=(len(kinds["C1"]), len(kinds["C2"])),
        )

    def _holding(self, numbers: Iterable[int], *, level: str = "") -> set[str]:
        """The documents that hold any of these articles; with `level`, of that level alone."""
        guids = {self.was.guids[self._path(number)] for number in numbers}
        return {path for path, held in self.was.holding.items() if guids & held and f"/{level}" in path}

    # what is done

    def _usual(self, number: int, *, age: timedelta | None = None) -> dict[str, Any]:
        """An article by its number: the first are young, some of those drafts, every other one is good."""
        if age is None:
            young = number < self.recent + self.drafts or number >= 3 * self.size
            age = timedelta(hours=1 + number % 140) if young else timedelta(days=10, hours=number)
        return {
            "publishedDateTime": f"{NOON - age:%Y-%m-%dT%H:%M:%SZ}",
            "quality": 40 if number % 2 else 90,
            "published": not self.recent <= number < self.recent + self.drafts,
            "topics": [TOPICS[number % len(TOPICS)]],
        }

    def _old(self, count: int) -> list[int]:
        """Public articles of long ago, from all over the archive."""
        first = self.recent + self.drafts
        step = (self.size - first) // count
        return [first + step * place for place in range(count)]

    def _path(self, number: int) -> str:
        return f"news/{number // 500}/{number}.md"

    def _text(self, number: int, fields: Mapping[str, Any]) -> str:
        return article_text(f"{number}.md", body=f"Told for the {number}th time.\n", **fields)

    def _write(self, numbers: Iterable[int], *, end: str = "\n") -> None:
        for number in numbers:
            self.rig.put(self._path(number), self._text(number, self.fields[number]).replace("\n", end))

    def _change(self, numbers: Iterable[int], **fields: Any) -> None:
        numbers = list(numbers)
        for number in numbers:
            self.fields[number] |= fields
        self._write(numbers)

    def _nudge_quality(self) -> None:
        for fields in self.fields.values():
            fields["quality"] += 1
        self._write(self.fields)

    def _delete(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            (self.rig.folder / self._path(number)).unlink()

    def _rename(self, old: str, new: str) -> None:
        (self.rig.folder / old).rename(self.rig.folder / new)

    def _clone_again(self) -> None:
        aside = self.rig.base / "clone"
        shutil.copytree(self.rig.folder, aside, copy_function=shutil.copyfile)
        shutil.rmtree(self.rig.folder)
        aside.rename(self.rig.folder)

    def _wait_until(self, moment: Any) -> None:
        self.rig.now = moment

    def _bring_back(self, aside: Path) -> None:
        shutil.rmtree(self.rig.folder, ignore_errors=True)
        _move(aside, self.rig.folder)

    def _lose(self, lose: Callable[[Path], None]) -> None:
        self.rig.close()
        for beside in (self.rig.base / "var").glob("state.db-*"):
            beside.unlink()
        lose(self.rig.base / "var" / "state.db")
        self.rig.open()


def _move(old: Path, new: Path) -> None:
    old.rename(new)


def _empty(database: Path) -> None:
    database.write_bytes(b"")


def _damage(database: Path) -> None:
    data = bytearray(database.read_bytes())
    data[:16] = bytes(16)
    database.write_bytes(data)


def _restore(database: Path) -> None:
    shutil.rmtree(database.parent)
    shutil.copytree(database.parent.parent / "backup", database.parent)


LOSSES: Mapping[str, Callable[[Path], None]] = {
    "lost": Path.unlink,
    "of 0 bytes": _empty,
    "damaged": _damage,
}
