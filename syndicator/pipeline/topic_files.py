"""Reads the topic files of a source, and those of the settings' own folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.model import DeclaredTopic, Position, Problem, Topic
from syndicator.parse.topic_file import parse_topic_file
from syndicator.publish.topics import topic_key
from syndicator.store.contract import Fate, StoredTopic
from syndicator.watch.reading import Reading, read_article

SETTINGS = "settings"
"""The source that topic files outside any source are named by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFiles:
    """What the topic files say; `paths` are all that were found, by source."""

    declared: tuple[DeclaredTopic, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __add__(self, other: TopicFiles) -> TopicFiles:
        return TopicFiles(declared=self.declared + other.declared, problems=self.problems + other.problems)


def read_source_topics(source: str, root: Path, patterns: Sequence[str]) -> TopicFiles:
    """The topic files of one source, by path. A file that cannot be read or parsed is a problem."""
    paths = {path for pattern in patterns for path in _matches(root, pattern)}
    return _read(source, ((root, path.relative_to(root).as_posix()) for path in sorted(paths)))


def read_settings_topics(patterns: Sequence[Path]) -> TopicFiles:
    """The topic files that the settings name directly; each pattern is absolute."""
    paths = {path for pattern in patterns for path in _matches(pattern.parent, pattern.name)}
    return _read(SETTINGS, ((path.parent, path.name) for path in sorted(paths)))


def keep_lost(found: TopicFiles, before: TopicFiles, doubted: frozenset[str]) -> TopicFiles:
    """What was found, and what was known of those doubted sources that have no topic file any more.

    A folder that is not mounted has none, and must not end every topic (410 is for ever to some readers).
    """
    kept = (topic for topic in before.declared if topic.source in doubted - sources_of(found))
    return TopicFiles(declared=(*found.declared, *kept), problems=found.problems)


def sources_of(files: TopicFiles) -> frozenset[str]:
    """The sources that have a topic file, good or bad."""
    return frozenset(t.source for t in files.declared) | {p.source for p in files.problems}


def remembered(topics: Iterable[StoredTopic], sources: Iterable[str]) -> TopicFiles:
    """Live topics as files of these sources would declare them: which of them files did is not known."""
    live = [stored.topic for stored in topics if stored.fate is Fate.LIVE]
    return TopicFiles(declared=tuple(_declared(topic, source) for source in sources for topic in live))


def _declared(topic: Topic, source: str) -> DeclaredTopic:
    return DeclaredTopic(
        name=topic.name,
        slug=topic.slug,
        parent=topic.parent,
        aliases=tuple(sorted(topic.names - {topic_key(topic.name)})),
        description=topic.description,
        language=topic.language,
        source=source,
    )


def _matches(root: Path, pattern: str) -> Iterable[Path]:
    try:
        return [path for path in root.glob(pattern) if not path.is_dir()]
    except (OSError, ValueError, NotImplementedError):
        return []


def _read(source: str, files: Iterable[tuple[Path, str]]) -> TopicFiles:
    declared: list[DeclaredTopic] = []
    problems: list[Problem] = []
    for root, path in files:
        try:
            reading = read_article(root, path)
            if isinstance(reading, Reading):
                declared.append(parse_topic_file(reading.data, source=source, path=path))
        except ArticleError as error:
            at = Position(line=error.line, column=error.column)
            problems.append(Problem(source=source, path=path, at=at, what=error.what, cure=error.cure))
        except SourceUnreadable as error:
            problems.append(Problem(source=source, path=path, what=error.what, cure=error.cure))
    return TopicFiles(declared=tuple(declared), problems=tuple(problems))
