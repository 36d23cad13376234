"""The tables, in SQLAlchemy Core: what the service knows between one run and the next.

Times are integers: microseconds since 1970 in UTC, so that they compare and index as numbers and carry no
zone to lose. Values that are only shown, never searched, are one JSON text per row. Short rows that are asked
for by their key alone lie in its order (`with_rowid`), which spares the index that such a key has otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_type_hints

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from syndicator.models import Topic, Visibility
from syndicator.store.types import (
    FormerState,
    Membership,
    OwedNotification,
    ProblemKind,
    SourceState,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """A moment as it is kept."""
    return (moment - EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 in UTC; a naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class EnumText(TypeDecorator[StrEnum]):
    """One of a closed set, kept as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.kind(value)


class JsonText(TypeDecorator[Any]):
    """What is only shown and never searched, as one JSON text; a list comes back as a tuple."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        found = None if value is None else json.loads(value)
        return tuple(found) if isinstance(found, list) else found


_KINDS: dict[Any, Any] = {str: Text, int: Integer, bool: Boolean, float: Float, datetime: UtcTime}


def columns_of(value: type, *keys: str) -> Iterator[Column[Any]]:
    """A column for each field of a dataclass, whose values are the table's rows; `keys` are the primary key.
    What may be None may be NULL, and what is no plain value is JSON."""
    for name, hint in get_type_hints(value).items():
        kind = get_args(hint)[0] if isinstance(hint, UnionType) else hint
        is_closed = isinstance(kind, type) and issubclass(kind, StrEnum)
        as_kept = EnumText(kind) if is_closed else _KINDS.get(kind, JsonText)
        yield Column(name, as_kept, primary_key=name in keys, nullable=kind is not hint)


sources = Table("sources", metadata, *columns_of(SourceState, "name"))

files = Table(
    "files",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("device", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # The entry it is the file of; none while it has never been a good article.
    Column("guid", Text),
    # What a topic file declares, as it was when it was last good.
    Column("topic", JsonText),
    sqlite_with_rowid=False,
)

problems = Table(
    "problems",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("kind", EnumText(ProblemKind), primary_key=True),
    Column("line", Integer, nullable=False),
    Column("column", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("guid", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("story", Text, nullable=False, index=True),
    Column("link", Text, nullable=False),
    Column("canonical_link", Text, nullable=False, index=True),
    Column("visibility", EnumText(Visibility), nullable=False),
    Column("published", UtcTime, nullable=False),
    Column("expires", UtcTime),
    Column("updated", UtcTime, nullable=False),
    Column("seen", UtcTime, nullable=False),
    Column("withdrawn", UtcTime),
    Column("quality", Float),
    # The article as it was last good, as JSON of model.Article.
    Column("article", Text, nullable=False),
    Column("topics", JsonText, nullable=False),
    Index("ix_entries_source_path", "source", "path"),
    Index("ix_entries_source_digest", "source", "digest"),
    # For what the passing of time alone changes: embargoes that end, entries that expire.
    Index("ix_entries_visibility_published", "visibility", "published"),
    Index(
        "ix_entries_visibility_expires",
        "visibility",
        "expires",
        sqlite_where=text("expires IS NOT NULL"),
    ),
)

former_states = Table(
    "former_states",
    metadata,
    # What routes judged an entry by before it changed; how it is now stands in `entries`.
    *columns_of(FormerState, "guid", "until"),
    Index("ix_former_states_until", "until"),
)

stories = Table(
    "stories",
    metadata,
    # Those of which an entry has been public, with the one that they began with. A draft's is not among them.
    Column("story", Text, primary_key=True),
    Column("lead", Text, nullable=False),
    # When that one became public; none where it did before this was noted.
    Column("began", UtcTime),
    sqlite_with_rowid=False,
)

story_words = Table(
    "story_words",
    metadata,
    # The rarest words of each story's lead, by which stories of about the same time are found.
    Column("word", Text, primary_key=True),
    Column("published", UtcTime, primary_key=True),
    Column("story", Text, primary_key=True),
    sqlite_with_rowid=False,
)

word_counts = Table(
    "word_counts",
    metadata,
    # How many of the entries seen so far have the word in title or summary; with the empty word: all of them.
    Column("word", Text, primary_key=True),
    Column("entries", Integer, nullable=False),
    sqlite_with_rowid=False,
)

memberships = Table(
    "memberships",
    metadata,
    *columns_of(Membership, "guid", "topic"),
    Index("ix_memberships_newest", "topic", "shown", "published", "guid"),
    Index("ix_memberships_number", "topic", "number", unique=True),
)

topics = Table("topics", metadata, *columns_of(Topic, "slug"))

topic_names = Table(
    "topic_names",
    metadata,
    # The topic names that articles carry, as written, with how many carry each: counting them all anew took a
    # tenth of a start with 100,000 entries.
    Column("name", Text, primary_key=True),
    Column("articles", Integer, nullable=False),
    sqlite_with_rowid=False,
)

dirty = Table(
    "dirty",
    metadata,
    # What has changed in the store and not yet on disk: types.FEED, types.PAGE, or page n of the archive. It
    # is read as it was marked: archives that share entries are written together, which takes a tenth less.
    Column("topic", Text, primary_key=True),
    Column("page", Integer, primary_key=True),
)

written = Table(
    "written",
    metadata,
    # What is in the output folder, as it was when it was written. May be older than the folder: never newer.
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

service_metadata = Table(
    "metadata",
    metadata,
    # Single facts: when the database began, what the output was last made with.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

websub = Table(
    "websub_notifications",
    metadata,
    # Feeds that the WebSub hub has still to be told of, by their address.
    *columns_of(OwedNotification, "topic"),
)
