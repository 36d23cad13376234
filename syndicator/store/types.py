"""What any store promises to the pipeline: one writer, whole transactions, values in and values out.

`Store.transaction()` is everything or nothing, and durable when it returns; entries and the messages they
cause change in one. `Store.reading()` sees one consistent state and never waits for the writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from syndicator.models import Entry, Problem, Topic, Visibility, WrittenFile
from syndicator.store.outbox import Outbox
from syndicator.store.websub import WebSubNotifications

FEED = -1
"""The page number that stands for the feed itself, beside the archive's pages 0, 1, 2, ..."""


class TopicStatus(StrEnum):
    """What became of a topic, which decides what its addresses answer."""

    WAITING = "waiting"
    """Named by articles of which none was ever public: no feed, and no word of it outside (404)."""
    LIVE = "live"
    MOVED = "moved"
    """It has another slug now (301)."""
    GONE = "gone"
    """It had feeds, and neither a topic file nor an article names it any more (410)."""


class ProblemKind(StrEnum):
    """Who found a problem, and so who takes it back when it is mended."""

    ARTICLE = "article"
    """Reading the file."""
    FOLDER = "folder"
    """Looking at the folder: what has an article's name and is no file, what cannot be looked at."""
    TOPIC = "topic"
    """Reading the topic files."""


class ProblemChanges(NamedTuple):
    """Problems that are new, or in other words than before, and those that are over."""

    found: Sequence[Problem] = ()
    mended: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A file as it was when it was last read: `stamp` is (device, inode, size, mtime_ns, ctime_ns)."""

    stamp: tuple[int, int, int, int, int]
    digest: bytes
    guid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """`reading` is the fingerprint of how its files were read; `began` is None until the first full look."""

    reading: str
    began: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with what only the pipeline needs: the digest of its file and when it was withdrawn."""

    entry: Entry
    digest: bytes
    withdrawn: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTopic:
    """A topic with its status; `moved_to` is the slug that a moved one has now."""

    topic: Topic
    status: TopicStatus
    moved_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Where an entry stands in one topic's feed; `number` is its place in the order of first appearance.

    `removed` is when it left that feed, for whatever reason; None while it stands there or never did.
    """

    topic: str
    guid: str
    member: bool
    shown: bool
    number: int | None
    removed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """An entry that once stood in a topic's feed and does not now, and since when."""

    guid: str
    removed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How many entries a topic shows, and the published times of the oldest and the newest."""

    shown: int
    first: datetime | None
    newest: datetime | None


class Appearance(NamedTuple):
    """What counts of one shown entry."""

    published: datetime
    quality: float | None
    publisher: str | None


class Session(Protocol):
    """An open transaction: the entries' half of the store, and with `outbox` the messages' half."""

    @property
    def outbox(self) -> Outbox: ...
    @property
    def websub(self) -> WebSubNotifications: ...

    def source(self, name: str) -> SourceState | None: ...
    def put_source(self, name: str, state: SourceState) -> None: ...
    def source_names(self) -> list[str]: ...
    def forget_source(self, name: str) -> None: ...

    def files(self, source: str, paths: Iterable[str] | None = None) -> dict[str, KnownFile]: ...
    def put_files(self, source: str, files: Mapping[str, KnownFile]) -> None: ...
    def drop_files(self, source: str, paths: Iterable[str]) -> None: ...

    def problems(self) -> list[Problem]: ...
    def count_problems(self) -> dict[ProblemKind, int]: ...
    def put_problems(self, problems: Iterable[Problem], now: datetime) -> Sequence[Problem]: ...
    def drop_problems(self, source: str, paths: Iterable[str]) -> Sequence[Problem]: ...
    def replace_problems(
        self, kind: ProblemKind, found: Iterable[Problem], now: datetime, *, source: str | None = None
    ) -> ProblemChanges: ...

    def entries(self, guids: Iterable[str]) -> dict[str, StoredEntry]: ...
    def entries_at(self, source: str, paths: Iterable[str]) -> dict[str, StoredEntry]: ...
    def copies(self, canonical_links: Iterable[str]) -> list[StoredEntry]: ...
    def shared_links(self, canonical_links: Iterable[str]) -> list[str]: ...
    def twins(self, source: str, digests: Iterable[bytes]) -> list[StoredEntry]: ...
    def existing(self, guids: Iterable[str]) -> set[str]: ...
    def put_entries(self, entries: Iterable[StoredEntry]) -> None: ...
    def guids(self, *, source: str | None = None) -> list[str]: ...
    def due_by_time(self, now: datetime) -> list[StoredEntry]: ...
    def next_time_change(self, now: datetime) -> datetime | None: ...
    def search(self, what: str) -> list[StoredEntry]: ...
    def count_entries(self) -> dict[Visibility, int]: ...
    def count_unpublished(self) -> int: ...
    def count_links(self) -> int: ...
    def publishers(self) -> set[str]: ...
    def types(self) -> set[str]: ...

    def memberships(self, guids: Iterable[str]) -> list[Membership]: ...
    def put_memberships(self, rows: Iterable[tuple[Membership, Entry]]) -> None: ...
    def next_number(self, topic: str) -> int: ...
    def has_appeared(self, topic: str) -> bool: ...
    def pages_naming(self, topic: str, *, page_size: int) -> set[tuple[str, int]]: ...
    def newest(self, topic: str, *, limit: int, minimum: float | None = None) -> list[Entry]: ...
    def archived(self, topic: str, first: int, last: int) -> list[Entry]: ...
    def removals(
        self,
        topic: str,
        *,
        limit: int | None = None,
        minimum: float | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> list[Removal]: ...
    def span(self, topic: str) -> Span: ...
    def appearances(self, topic: str, since: datetime) -> list[Appearance]: ...
    def held(self, topic: str) -> dict[Visibility, int]: ...

    def topics(self) -> list[StoredTopic]: ...
    def topic_names(self) -> dict[str, int]: ...
    def put_topics(self, topics: Iterable[StoredTopic]) -> None: ...

    def dirty(self) -> dict[str, set[int]]: ...
    def mark_dirty(self, pages: Iterable[tuple[str, int]]) -> None: ...
    def mark_clean(self, pages: Iterable[tuple[str, int]]) -> None: ...

    def written(self) -> dict[str, WrittenFile]:
        """The files of the output folder as they were when they were written, by path."""
        ...

    def put_written(self, changes: Mapping[str, WrittenFile | None]) -> None:
        """Takes over what was written; None for what is no longer there."""
        ...

    def metadata(self, name: str) -> str | None: ...
    def put_metadata(self, name: str, value: str) -> None: ...


class Store(Protocol):
    def transaction(self) -> AbstractContextManager[Session]: ...
    def reading(self) -> AbstractContextManager[Session]: ...
    def close(self) -> None: ...
