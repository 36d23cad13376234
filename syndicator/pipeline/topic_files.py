"""Reads the topic files of a source, and those of the settings' own folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.model import DeclaredTopic, Position, Problem, Topic
from syndicator.parse.topic_file import parse_topic_file
from syndicator.publish.topics import topic_key
from syndicator.store.contract import Fate, StoredTopic
from syndicator.watch.reading import Reading, read_article

SETTINGS = "settings"
"""The source that topic files outside any source are named by."""

BELIEVED_AFTER = timedelta(seconds=30)
"""How long a topic file must have been missing for that to count."""

Place = tuple[str, str]
"""Source and path of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFiles:
    """What the topic files say, and what is wrong with those that cannot be read."""

    declared: tuple[DeclaredTopic, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def broken(self) -> set[Place]:
        return {(problem.source, problem.path) for problem in self.problems}

    @property
    def sources(self) -> set[str]:
        """The sources that have a topic file, good or bad."""
        return {topic.source for topic in self.declared} | {source for source, _ in self.broken}

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


class LastGood:
    """What the topic files say, each as it was when it was last good; one thread uses it.

    A broken file counts as it was until it is mended. One that is missing counts for a moment more, since it
    may be on its way to be replaced, and for as long as the articles of its source are missing as well: a
    topic that ends answers 410, which some readers take for ever.
    """

    def __init__(self, files: TopicFiles) -> None:
        self.files = files
        self._missing: dict[Place, datetime] = {}

    def follow(self, found: TopicFiles, now: datetime, lost: Collection[str]) -> TopicFiles:
        """Takes over what was found; `lost` are the sources whose articles are missing."""
        there = {_place(topic) for topic in found.declared}
        broken = found.broken
        absent = [topic for topic in self.files.declared if _place(topic) not in there]
        gone = {_place(topic) for topic in absent} - broken
        self._missing = {place: self._missing.get(place, now) for place in gone}
        kept = [
            topic
            for topic in absent
            if _place(topic) in broken
            or topic.source in lost
            or abs(now - self._missing[_place(topic)]) < BELIEVED_AFTER
        ]
        self.files = replace(found, declared=(*found.declared, *_unclaimed(kept, found.declared)))
        return self.files


def remember(found: TopicFiles, topics: Iterable[StoredTopic], lost: Iterable[str]) -> TopicFiles:
    """What was found at a start and, where a source lost its files or one is broken, the topics of before.

    Which file declared which topic is not known: each that was live stands for the first file in question.
    """
    doubtful = [*sorted(found.broken), *((source, "") for source in lost)]
    live = [stored.topic for stored in topics if stored.fate is Fate.LIVE] if doubtful else []
    kept = [_declared(topic, doubtful[0]) for topic in live]
    return replace(found, declared=(*found.declared, *_unclaimed(kept, found.declared)))


def _unclaimed(kept: Iterable[DeclaredTopic], found: Iterable[DeclaredTopic]) -> Iterator[DeclaredTopic]:
    """Those whose name and slug no file found claims, without the aliases that one does."""
    claimed = {key for topic in found for key in (*_keys(topic), *map(topic_key, topic.aliases))}
    for topic in kept:
        if claimed.isdisjoint(_keys(topic)):
            yield replace(topic, aliases=tuple(a for a in topic.aliases if topic_key(a) not in claimed))


def _keys(topic: DeclaredTopic) -> set[str]:
    return {topic_key(topic.name), topic_key(topic.slug or topic.name)}


def _place(topic: DeclaredTopic) -> Place:
    return topic.source, topic.path


def _declared(topic: Topic, place: Place) -> DeclaredTopic:
    return DeclaredTopic(
        name=topic.name,
        slug=topic.slug,
        parent=topic.parent,
        aliases=tuple(sorted(topic.names - {topic_key(topic.name)})),
        description=topic.description,
        language=topic.language,
        source=place[0],
        path=place[1],
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
