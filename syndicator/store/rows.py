"""Values to rows and back, at the store's edge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from syndicator.models import Article, Entry, Position, Problem, Topic, Visibility, WrittenFile
from syndicator.store.types import KnownFile, Membership, ProblemKind, StoredEntry, StoredTopic, TopicStatus

_ARTICLE = TypeAdapter(Article)


def article_text(article: Article) -> str:
    """The article as JSON; equal articles give equal texts."""
    return _ARTICLE.dump_json(article, exclude_defaults=True).decode()


def entry_row(stored: StoredEntry) -> dict[str, Any]:
    entry, article = stored.entry, stored.entry.article
    return {
        "guid": entry.guid,
        "source": article.source,
        "path": article.path,
        "digest": stored.digest,
        "story": entry.story,
        "link": article.link,
        "canonical_link": article.canonical_link,
        "visibility": entry.visibility.value,
        "published": article.published,
        "expires": article.expires,
        "updated": entry.updated,
        "seen": entry.seen,
        "withdrawn": stored.withdrawn,
        "provider": article.provider.name if article.provider else None,
        "quality": article.quality,
        "article": article_text(article),
        "topics": json.dumps(entry.topics),
    }


def stored_entry(row: RowMapping) -> StoredEntry:
    return StoredEntry(entry=entry_value(row), digest=row["digest"], withdrawn=row["withdrawn"])


def entry_value(row: RowMapping) -> Entry:
    return Entry(
        guid=row["guid"],
        story=row["story"],
        article=_ARTICLE.validate_json(row["article"]),
        updated=row["updated"],
        seen=row["seen"],
        visibility=Visibility(row["visibility"]),
        topics=tuple(json.loads(row["topics"])),
    )


def file_row(source: str, path: str, file: KnownFile) -> dict[str, Any]:
    device, inode, size, mtime_ns, ctime_ns = file.stamp
    return {
        "source": source,
        "path": path,
        "device": _signed(device),
        "inode": _signed(inode),
        "size": size,
        "mtime_ns": mtime_ns,
        "ctime_ns": ctime_ns,
        "digest": file.digest,
        "guid": file.guid,
    }


def known_file(row: RowMapping) -> KnownFile:
    stamp = (_unsigned(row["device"]), _unsigned(row["inode"]), row["size"], row["mtime_ns"], row["ctime_ns"])
    return KnownFile(stamp=stamp, digest=row["digest"], guid=row["guid"])


def written_row(path: str, file: WrittenFile) -> dict[str, Any]:
    return {
        "path": path,
        "size": file.size_bytes,
        "mtime_ns": file.mtime_ns,
        "inode": _signed(file.inode),
        "digest": file.digest,
    }


def written_file(row: Sequence[Any]) -> tuple[str, WrittenFile]:
    """A row of all columns in their order: by name it would take twice as long, and there are very many."""
    path, size_bytes, mtime_ns, inode, digest = row
    return path, WrittenFile(size_bytes, mtime_ns, _unsigned(inode), digest)


def _signed(number: int) -> int:
    """Device and inode numbers are unsigned 64-bit; SQLite's integers are signed."""
    return number - 2**64 if number >= 2**63 else number


def _unsigned(number: int) -> int:
    return number + 2**64 if number < 0 else number


def problem_row(problem: Problem, kind: ProblemKind, since: datetime) -> dict[str, Any]:
    return {
        "source": problem.source,
        "path": problem.path,
        "kind": kind.value,
        "line": problem.at.line,
        "column": problem.at.column,
        "what": problem.what,
        "fix": problem.fix,
        "since": since,
    }


def problem_value(row: RowMapping) -> Problem:
    at = Position(line=row["line"], column=row["column"])
    return Problem(source=row["source"], path=row["path"], at=at, what=row["what"], fix=row["fix"])


def membership_row(membership: Membership, entry: Entry) -> dict[str, Any]:
    return {
        "topic": membership.topic,
        "guid": membership.guid,
        "member": membership.member,
        "shown": membership.shown,
        "number": membership.number,
        "removed": membership.removed,
        "published": entry.article.published,
        "quality": entry.article.quality,
    }


def membership_value(row: RowMapping) -> Membership:
    return Membership(
        topic=row["topic"],
        guid=row["guid"],
        member=row["member"],
        shown=row["shown"],
        number=row["number"],
        removed=row["removed"],
    )


def topic_row(stored: StoredTopic) -> dict[str, Any]:
    topic = stored.topic
    return {
        "slug": topic.slug,
        "name": topic.name,
        "parent": topic.parent,
        "description": topic.description,
        "language": topic.language,
        "names": json.dumps(sorted(topic.names), ensure_ascii=False),
        "status": stored.status.value,
        "moved_to": stored.moved_to,
    }


def stored_topic(row: RowMapping) -> StoredTopic:
    topic = Topic(
        slug=row["slug"],
        name=row["name"],
        parent=row["parent"],
        description=row["description"],
        language=row["language"],
        names=frozenset(json.loads(row["names"])),
    )
    return StoredTopic(topic=topic, status=TopicStatus(row["status"]), moved_to=row["moved_to"])
