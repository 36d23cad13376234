"""The app on a real folder, database and output, with time as an argument."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import feedparser

from syndicator.alerts import LedgerRow, Slot
from syndicator.app import App, open_app
from syndicator.clock import Clock, Moment
from syndicator.entries.sources import CONFIRMED
from syndicator.explain import ExplainResult, explain
from syndicator.loop import Loop
from syndicator.models import Entry, Visibility
from syndicator.notify.enqueue import Enqueuer
from syndicator.progress import Progress, no_progress
from syndicator.publish.build import Published
from syndicator.settings.models import Digest, Feeds, Route, Settings, Site, Source, Watch
from syndicator.store.database import Store, open_store
from syndicator.store.restore_guard import MARK
from syndicator.store.types import ProblemKind
from tests.making import NOON

SITE = Site(title="Cloud News", base_url="https://feeds.example.org/")
SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Real articles, where they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a run changed in the store; `problems` are the bad articles that there are."""

    new: int
    revised: int
    moved: int
    withdrawn: int
    problems: int
    guids: frozenset[str]


class RigClock(Clock):
    """The rig's time."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def moment(self) -> Moment:
        return self._rig.moment()


def never(digest: Digest, now: datetime) -> Slot | None:
    return None


@dataclass
class Rig:
    """Everything under one folder. `now` is the calendar's time; move it with `wait`."""

    base: Path
    now: datetime = NOON
    routes: Sequence[Route] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    sources: Sequence[Source] = ()
    topics: tuple[str, ...] = ()
    topic_files: tuple[Path, ...] = ()
    """Patterns of topic files outside any source."""
    include_unpublished: bool = False
    profile: str = "smartable"
    base_url: str | None = "https://www.example.org/"
    roll_up: bool = False
    limit: int = 50
    tombstones: bool = False
    hub: str | None = None
    version: str = "1"
    time_zone: str = "UTC"
    quiet_s: float = 0.0
    latest_slot: Callable[[Digest, datetime], Slot | None] = never
    publishes: bool = True
    """Whether a run publishes: more than half of what it costs."""

    def __post_init__(self) -> None:
        self.folder = self.base / "articles"
        self.output = self.base / "public"
        self.folder.mkdir(exist_ok=True)
        self.store: Store
        self.app: App
        self.open()

    def open(self) -> None:
        """Starts, as the service does."""
        database = self.base / "var/state.db"
        if not database.parent.exists():
            database.parent.mkdir()
            database.write_bytes(empty_database())
        state = f"sqlite:///{database}"
        self.store = open_store(state, now=self.now)
        settings = Settings(
            site=SITE.model_copy(update={"time_zone": self.time_zone}),
            sources=tuple(self.sources) or (self.source("news", self.folder),),
            levels=self.levels,
            feeds=Feeds(limit=self.limit, hub=self.hub, roll_up=self.roll_up, tombstones=self.tombstones),
            routes=tuple(self.routes),
            topics=self.topic_files,
            watch=Watch(quiet=timedelta(seconds=self.quiet_s)),
            output=self.output,
            state=state,
        )
        self.app = open_app(settings, self.store, now=self.now, version=self.version)
        self.loop = Loop(self.app, RigClock(self))

    def close(self) -> None:
        self.store.close()

    def restart(self, **changes: object) -> None:
        """Stops and starts, perhaps with other settings."""
        self.close()
        for name, value in changes.items():
            setattr(self, name, value)
        self.open()

    def source(self, name: str, root: Path) -> Source:
        return Source(
            name=name,
            path=root,
            profile=self.profile,
            unpublished="include" if self.include_unpublished else "exclude",
            topics=self.topics,
            base_url=self.base_url,
        )

    def wait(self, time: timedelta) -> None:
        self.now += time

    def moment(self) -> Moment:
        # Files carry this machine's time; "much later" lets each of them have come to rest.
        later_ns = 0 if self.quiet_s else 10**12
        return Moment(now=self.now, wall_ns=time.time_ns() + later_ns, monotonic=time.monotonic())

    def scan(self, progress: Progress = no_progress) -> int:
        """Scans all folders once, and puts entries into topics anew where these changed."""
        changed = self.app.sources.scan(self.moment(), {}, progress, everywhere=True)
        self.app.sources.reapply_topics(self.now, progress)
        self._check_topic_names()
        return changed

    def _check_topic_names(self) -> None:
        """What is kept of the names that articles carry is what counting them anew gives."""
        with self.store.reading() as session:
            entries = [*session.entries(session.guids()).values()]
            there = [one.article for one in entries if one.visibility is not Visibility.WITHDRAWN]
            assert session.topic_names() == Counter(name for article in there for name in article.topics)

    def look(self, *, confirmed: bool = False) -> None:
        """Scans all folders, and what waits again once it has waited for a while, as what is gone does."""
        if confirmed:
            with self.store.transaction() as session:
                session.put_metadata(CONFIRMED, self.now.isoformat())
        self.scan()
        if self.app.sources.look_again(self.moment()) is not None:
            self.now += timedelta(seconds=5)
            self.scan()
            self.now -= timedelta(seconds=5)
        self.app.router.begin(self.store, now=self.now)

    def run_once(self) -> None:
        """One run: look, apply time, enqueue, publish."""
        self.look()
        self.app.sources.apply_time(self.now)
        self.enqueue()
        if self.publishes:
            self.publish()

    def count(self, run: Callable[[], None]) -> Counts:
        """What `run` changes in the store."""
        before = self._by_guid()
        run()
        return self._counts(before)

    def enqueue(self) -> datetime | None:
        """Enqueues what is due, and when to do it again; `latest_slot` takes the place of the schedule."""
        self._tell_slots(self.app.enqueuer)
        with self.store.transaction() as session:
            return self.app.enqueuer.write(session, now=self.now)[1]

    def enqueuer(self, routes: Sequence[Route]) -> Enqueuer:
        """Another one, as for a command beside the service."""
        enqueuer = Enqueuer(routes, SITE)
        self._tell_slots(enqueuer)
        return enqueuer

    def _tell_slots(self, enqueuer: Enqueuer) -> None:
        for route in self.routes:
            if isinstance(route.deliver, Digest):
                enqueuer.digest_is_due(route.name, self.latest_slot(route.deliver, self.now))

    def publish(self) -> Published:
        """Publishes all that is dirty. Raises OutputUnwritable after all else is written."""
        published = self.loop.publish_all()
        if published.failure is not None:
            raise published.failure
        return published

    def publish_portion(self, progress: Progress = no_progress) -> Published:
        topics = self.app.sources.catalog.stored
        return self.app.output.publish(self.store, topics, self.now, progress)

    def _by_guid(self) -> dict[str, Entry]:
        with self.store.reading() as session:
            return session.entries(session.guids())

    def _counts(self, before: Mapping[str, Entry]) -> Counts:
        after = self._by_guid()
        with self.store.reading() as session:
            problems = session.problems.count().get(ProblemKind.ARTICLE, 0)
        both = [(before[guid], entry) for guid, entry in after.items() if guid in before]
        gone = Visibility.WITHDRAWN
        return Counts(
            new=len(after) - len(both),
            revised=sum(was.updated != now.updated for was, now in both),
            moved=sum(was.article.path != now.article.path for was, now in both),
            withdrawn=sum(now.visibility is gone and was.visibility is not gone for was, now in both),
            problems=problems,
            guids=frozenset(guid for guid, entry in after.items() if before.get(guid) != entry),
        )

    def write(self, path: str, **front: Any) -> Path:
        """An article file in the smartable form; `body`, `title`, `published`... override the usual."""
        return self.put(path, article_text(path, **front))

    def put(self, path: str, text: str) -> Path:
        """Any file, written beside and renamed to its name."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.tmp")
        beside.write_bytes(text.encode())
        beside.replace(file)
        return file

    def entries(self) -> dict[str, Entry]:
        """All entries by path."""
        with self.store.reading() as session:
            stored = session.entries(session.guids())
        return {one.article.path: one for one in stored.values()}

    def public(self) -> list[str]:
        return sorted(path for path, entry in self.entries().items() if entry.visibility is Visibility.PUBLIC)

    def stored(self, path: str) -> Entry:
        with self.store.reading() as session:
            return session.entries_at("news", [path])[0]

    def problems(self) -> list[str]:
        with self.store.reading() as session:
            return [str(problem) for problem in session.problems.all()]

    def feed(self, path: str = "feeds/all/atom.xml") -> bytes:
        return (self.output / path).read_bytes()

    def titles(self, topic: str = "all", *, level: str = "", page: int | None = None) -> list[str]:
        """The titles in one feed, as a reader of Atom sees them."""
        folder = self.output / "feeds" / topic / level / ("" if page is None else f"archive/{page}")
        return [str(entry.title) for entry in feedparser.parse((folder / "atom.xml").read_bytes()).entries]

    def documents(self, *names: str) -> dict[str, bytes]:
        """Every feed document by its path; with `names`, those with one of these file names."""
        found = (path for path in sorted((self.output / "feeds").rglob("*")) if path.is_file())
        return {
            path.relative_to(self.output).as_posix(): path.read_bytes()
            for path in found
            if path.suffix != ".gz" and (not names or path.name in names)
        }

    def owed(self, route: str | None = None) -> list[LedgerRow]:
        with self.store.reading() as session:
            return session.outbox.ledger.owed(route)

    def explain(self, text: str) -> ExplainResult:
        with self.store.reading() as session:
            return explain(
                session,
                text,
                routes=self.routes,
                levels=self.levels,
                limit=self.limit,
                enqueuer=self.enqueuer(self.routes),
                now=self.now,
            )


@cache
def empty_database() -> bytes:
    """A database of this version, made once a process: copying one takes a tenth of the time of migrating.

    The copy is another file: without the mark it is no restored one.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        open_store(f"sqlite:///{path}", now=NOON).close()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM metadata WHERE name = ?", (MARK,))
        return path.read_bytes()


def article_text(path: str, *, body: str = "", **front: Any) -> str:
    slug = Path(path).stem
    fields: dict[str, object] = {
        "title": f"About {slug}",
        "excerpt": f"What there is to know about {slug}.",
        "publishedDateTime": "2026-03-14T09:00:00Z",
        "webUrl": f"https://news.example/{slug}",
        "type": "article",
        "quality": 80,
        "published": True,
        "topics": ["AI"],
        "secured": "b2s=",
    } | front
    lines = [f"{key}: {_yaml(value)}" for key, value in fields.items() if value is not None]
    return "---\n" + "\n".join(lines) + f"\n---\n{body}"


def _yaml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(_yaml(one) for one in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{text}"'
