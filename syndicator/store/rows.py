"""Values to rows and back, where a value's fields are not simply the table's columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from syndicator.models import Article, DeclaredTopic, Entry, Problem
from syndicator.store.dialect import row_of
from syndicator.store.tables import files
from syndicator.store.types import KnownFile, Stamp

_ARTICLE = TypeAdapter(Article)
ENTRY = ("article", "guid", "story", "updated", "seen", "visibility", "topics", "digest", "withdrawn")
"""The columns that an entry is made of."""
OF_ARTICLE = ("source", "path", "link", "canonical_link", "published", "expires", "quality")
"""Those that repeat what the article says, to find it by."""
_FILE = tuple(files.columns.keys())


def entry_row(entry: Entry) -> dict[str, Any]:
    """What is asked for stands in columns beside the article's JSON. Equal articles give equal texts."""
    return {
        **{name: getattr(entry, name) for name in ENTRY[1:]},
        **{name: getattr(entry.article, name) for name in OF_ARTICLE},
        "article": _ARTICLE.dump_json(entry.article, exclude_defaults=True).decode(),
    }


def entry_value(row: RowMapping) -> Entry:
    """The entry of a row; equal rows read of late give the same object."""
    return _entry(*(row[name] for name in ENTRY))


@lru_cache(maxsize=1_000)
def _entry(article: str, *values: Any) -> Entry:
    # One article changes a handful of feeds; their other entries, 0.05 ms each to read, are as they were.
    return Entry(article=_ARTICLE.validate_json(article), **dict(zip(ENTRY[1:], values, strict=True)))


def file_row(source: str, path: str, file: KnownFile) -> dict[str, Any]:
    declared = file.topic and {name: value for name, value in row_of(file.topic).items() if name != "key"}
    values = (source, path, *file.stamp, file.digest, file.guid, declared)
    return dict(zip(_FILE, values, strict=True))


def known_file(row: Sequence[Any]) -> tuple[str, KnownFile]:
    """A row of the table of files, all its columns in order: the path, and what is known of the file."""
    _source, path, *stamp, digest, guid, declared = row
    topic = None if declared is None else DeclaredTopic(**declared)
    return path, KnownFile(stamp=Stamp(*stamp), digest=digest, guid=guid, topic=topic)


def problem_value(row: RowMapping) -> Problem:
    return Problem(**{name: row[name] for name in ("source", "path", "line", "column", "what", "fix")})
