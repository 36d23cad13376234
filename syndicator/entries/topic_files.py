"""The topic files of the sources and of the settings, each as it was when it was last good."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

from syndicator.errors import ArticleError, SourceUnreadable
from syndicator.models import DeclaredTopic, Position, Problem, Topic
from syndicator.parse.topic_file import parse_topic_file
from syndicator.store.types import StoredTopic, TopicStatus
from syndicator.text import fold
from syndicator.watch.read import Reading, read_article

SETTINGS = "settings"
"""The source that topic files outside any source are named by; their paths are absolute."""

BELIEVED_AFTER = timedelta(seconds=30)
"""How long a topic file must have been missing for that to count."""

Place = tuple[str, str]
"""Source and path of a file or folder; an empty path is all of the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFiles:
    """What the topic files say, what is wrong with some, and the folders that could not be looked into."""

    declared: tuple[DeclaredTopic, ...] = ()
    problems: tuple[Problem, ...] = ()
    unseen: frozenset[Place] = frozenset()

    @property
    def sources(self) -> set[str]:
        """The sources that have a topic file, good or bad."""
        return {topic.source for topic in self.declared} | {problem.source for problem in self.problems}

    @property
    def broken(self) -> set[Place]:
        """The files and folders that something is wrong with."""
        return {(problem.source, problem.path) for problem in self.problems}

    def is_unseen(self, place: Place) -> bool:
        """Whether the place is, or lies in, a folder that could not be looked into."""
        source, path = place
        above = (folder for owner, folder in self.unseen if owner == source)
        return any(path == folder or path.startswith(f"{folder}/") for folder in above)

    def __add__(self, other: TopicFiles) -> TopicFiles:
        return TopicFiles(
            declared=self.declared + other.declared,
            problems=self.problems + other.problems,
            unseen=self.unseen | other.unseen,
        )


def read_source_topics(source: str, root: Path, patterns: Sequence[str]) -> TopicFiles:
    """The topic files of one source, by path. A file that cannot be read or parsed is a problem."""
    found = {path for pattern in patterns for path in _matches(root, pattern)}
    files = [(root, path.relative_to(root).as_posix(), "") for path in sorted(found)]
    folders = {_folder_of(pattern) for pattern in patterns}
    hidden = [
        folder for folder in sorted(folders) if _cannot_look(root / folder) not in (None, FileNotFoundError)
    ]
    return _read(source, files) + _unseen(source, [(folder, "cannot be read") for folder in hidden])


def read_settings_topics(patterns: Sequence[Path]) -> TopicFiles:
    """The topic files that the settings name directly: absolute patterns, whose folders must be there."""
    found = {path for pattern in patterns for path in _matches(pattern.parent, pattern.name)}
    files = [(path.parent, path.name, str(path)) for path in sorted(found)]
    lost = [
        (str(folder), "is not there" if why is FileNotFoundError else "cannot be read")
        for folder in sorted({pattern.parent for pattern in patterns})
        if (why := _cannot_look(folder)) is not None
    ]
    return _read(SETTINGS, files) + _unseen(SETTINGS, lost)


class LastGood:
    """What the topic files say, each as it was when it was last good; one thread uses it.

    A broken file counts as it was until it is mended. One that is missing counts for a moment more, since it
    may be on its way to be replaced, and for as long as the articles of its source are missing as well: a
    topic that ends answers 410, which some readers take for ever.

    `topics` are those known before a start, and `lost` the sources that have lost their topic files since.
    Which file declared which topic is not known then: all are remembered until nothing is in doubt any more.
    """

    def __init__(
        self, found: TopicFiles, topics: Iterable[StoredTopic] = (), lost: Iterable[str] = ()
    ) -> None:
        self._doubtful: set[Place] = found.broken | found.unseen | {(source, "") for source in lost}
        live = (stored.topic for stored in topics if stored.status is TopicStatus.LIVE)
        self._remembered = [_declared(topic) for topic in live] if self._doubtful else []
        self._missing: dict[Place, datetime] = {}
        self._declared = found.declared
        self.files = self._with_remembered(found)

    def follow(self, found: TopicFiles, now: datetime, lost: Collection[str]) -> TopicFiles:
        """Takes over what was found; `lost` are the sources whose articles are missing."""
        there, broken, sources = {_place(topic) for topic in found.declared}, found.broken, found.sources
        absent = [topic for topic in self._declared if _place(topic) not in there]
        places = {_place(topic) for topic in absent} | self._doubtful
        # While the articles are away too, the half minute has not begun.
        self._missing = {
            place: now if place[0] in lost else self._missing.get(place, now) for place in places - there
        }

        def in_doubt(place: Place) -> bool:
            source, path = place
            if place in broken or found.is_unseen(place):
                return True
            if place in there or (not path and source in sources):
                return False
            return source in lost or abs(now - self._missing[place]) < BELIEVED_AFTER

        kept = [topic for topic in absent if in_doubt(_place(topic))]
        new = set(found.declared) - set(self._declared)
        self._declared = (*found.declared, *_beside(kept, new))
        self._doubtful = {place for place in self._doubtful if in_doubt(place)}
        if not self._doubtful:
            self._remembered = []
        self.files = self._with_remembered(found)
        return self.files

    def _with_remembered(self, found: TopicFiles) -> TopicFiles:
        remembered = _beside(self._remembered, self._declared)
        return replace(found, declared=(*self._declared, *remembered))


def _beside(kept: Iterable[DeclaredTopic], found: Collection[DeclaredTopic]) -> Iterator[DeclaredTopic]:
    """What is kept as far as what was found leaves room for it: where a topic is declared anew, its further
    aliases; where its name or slug is given to another, nothing."""
    names = {fold(topic.name) for topic in found}
    claimed = {key for topic in found for key in (*_keys(topic), *map(fold, topic.aliases))}
    for topic in kept:
        aliases = tuple(alias for alias in topic.aliases if fold(alias) not in claimed)
        if claimed.isdisjoint(_keys(topic)):
            yield replace(topic, aliases=aliases)
        elif fold(topic.name) in names and aliases:
            yield DeclaredTopic(name=topic.name, aliases=aliases)


def _keys(topic: DeclaredTopic) -> set[str]:
    return {fold(topic.name), fold(topic.slug or topic.name)}


def _place(topic: DeclaredTopic) -> Place:
    return topic.source, topic.path


def _declared(topic: Topic) -> DeclaredTopic:
    return DeclaredTopic(
        name=topic.name,
        slug=topic.slug,
        parent=topic.parent,
        aliases=tuple(sorted(topic.names - {fold(topic.name)})),
        description=topic.description,
        language=topic.language,
    )


def _folder_of(pattern: str) -> str:
    """The folder that a pattern looks into, as far as it has no wildcards."""
    plain = takewhile(lambda part: not set(part) & set("*?["), pattern.split("/")[:-1])
    return "/".join(plain)


def _cannot_look(folder: Path) -> type[OSError] | None:
    """Why a folder cannot be listed: `Path.glob` takes that for an empty one."""
    try:
        with os.scandir(folder):
            return None
    except (FileNotFoundError, NotADirectoryError):
        return FileNotFoundError
    except OSError as error:
        return type(error)


def _unseen(source: str, folders: Sequence[tuple[str, str]]) -> TopicFiles:
    problems = [
        Problem(
            source=source,
            path=folder,
            what=f"the folder of topic files {what}",
            fix="Put it back, let the service's user read it, or mend `topics`; its topics stay until then",
        )
        for folder, what in folders
    ]
    return TopicFiles(problems=tuple(problems), unseen=frozenset((source, folder) for folder, _ in folders))


def _matches(root: Path, pattern: str) -> Iterable[Path]:
    try:
        return [path for path in root.glob(pattern) if not path.is_dir()]
    except (OSError, ValueError, NotImplementedError):  # pathlib raises the last for an absolute pattern
        return []


def _read(source: str, files: Iterable[tuple[Path, str, str]]) -> TopicFiles:
    """Reads files by root and path in it; the third is how a file is called where that is not the path."""
    declared: list[DeclaredTopic] = []
    problems: list[Problem] = []
    for root, path, called in files:
        name = called or path
        try:
            reading = read_article(root, path)
            if isinstance(reading, Reading):
                declared.append(parse_topic_file(reading.data, source=source, path=name))
        except ArticleError as error:
            at = Position(line=error.line, column=error.column)
            problems.append(Problem(source=source, path=name, at=at, what=error.what, fix=error.fix))
        except SourceUnreadable as error:
            problems.append(Problem(source=source, path=name, what=error.what, fix=error.fix))
    return TopicFiles(declared=tuple(declared), problems=tuple(problems))
