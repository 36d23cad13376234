"""The values that the store keeps of entries, files, topics and feeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from syndicator.models import DeclaredTopic, Entry, Problem, Visibility

FEED, PAGE = -1, -2
"""What stands for a topic's feeds and for its page for people, beside the archive's pages 0, 1, 2, ..."""


class ProblemKind(StrEnum):
    """Who found a problem, and so who takes it back when it is mended."""

    ARTICLE = "article"
    """Reading the file."""
    FOLDER = "folder"
    """Looking at the folder: what has an article's name and is no file, what cannot be looked at."""
    TOPIC = "topic"
    """Reading the topic files."""


class ProblemChanges(NamedTuple):
    """Problems that are new, or in other words than before, and those that are over: the file was mended, is
    gone, or is no article now."""

    found: Sequence[Problem] = ()
    over: Sequence[Problem] = ()


class Stamp(NamedTuple):
    """What `stat` says of one file; equal stamps mean that it was not touched. Times in nanoseconds.

    `ctime_ns` is there because size and mtime can be kept by a rewrite (`cp -p`, `rsync -t`, a clock's tick);
    the kernel alone sets ctime. A named tuple and no dataclass: made and compared once per file and scan, it
    takes a quarter off the time of a whole scan (100,000 files, 0.73 s against 0.57 s).
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


UNREAD = Stamp(0, 0, 0, 0, 0)
"""The stamp of a file that is to be read again at the next look although it did not change."""


def signed(number: int) -> int:
    """What `stat` says of a file, as it is kept: SQLite's integers have 64 bits and a sign. An inode may be
    larger, and a time before 1677 or after 2262, as a broken clock or a network folder gives it, is no less.

    >>> signed(2**64 - 1), signed(7), signed(-7)
    (-1, 7, -7)
    """
    return (number + 2**63) % 2**64 - 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A file as it was when it was last read.

    It has the `guid` of its entry, or, as it was when it was last good, the `topic` that it declares.
    """

    stamp: Stamp
    digest: bytes
    guid: str | None
    topic: DeclaredTopic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is known of a source."""

    name: str
    reading: str
    """The fingerprint of how its files were read (profile, fields, time zone, ...): another one means reading
    all again."""
    began: datetime | None
    """When its first full look was taken in; before that everything it brings is baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerState:
    """How an entry was until a moment, as far as routes judge by it and it may change often. `silent`: the
    change that ended it was no news to anyone."""

    guid: str
    until: datetime
    visibility: Visibility
    quality: float | None
    heat: float | None
    published: datetime
    silent: bool = False

    @classmethod
    def of(cls, entry: Entry, *, until: datetime, silent: bool = False) -> FormerState:
        article = entry.article
        return cls(
            guid=entry.guid,
            until=until,
            visibility=entry.visibility,
            quality=article.quality,
            heat=article.heat,
            published=article.published,
            silent=silent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Where an entry stands in one topic's feed, with what feeds are sorted and cut by."""

    guid: str
    topic: str
    member: bool
    """Whether the entry is of the topic now; what has a number outlives that."""
    shown: bool
    """Whether subscribers see it there: public, and of all copies of its link the one that is shown."""
    number: int | None
    """The order of first appearance in the topic's feed, from 0; fixed for ever (RFC 5005 archives)."""
    published: datetime
    quality: float | None
    removed: datetime | None
    """When it left the feed, for whatever reason; None while it stands there or never did."""
    provider: str | None
    """The publisher's name, which a page counts; here, as a row of an entry is large and lies elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedNotification:
    """A feed that has changed since `since`, which the WebSub hub is to be told; `attempts` have failed."""

    topic: str
    since: datetime
    due: datetime
    attempts: int = 0
