"""What an operator is told of a run: entries that came, changed or went, and files that are bad. Pure.

Counted by event and kind, with the first few of each, so that a folder of 100,000 files costs no more than
one of ten. `lines` turns that into log lines: one for each entry or bad file, or one for many of a kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from syndicator.entries.match import Change
from syndicator.models import Problem, Visibility
from syndicator.store.types import ProblemChanges

NAMED = 10
"""At most so many entries of one kind are named; more are counted."""
NAMED_PROBLEMS = 3
"""At most so many files that are bad for the same reason are named; of more, two examples."""
KINDS = 20
"""At most so many kinds of problems have a line of their own."""


class Event(StrEnum):
    """The text of the log line."""

    PUBLISHED = "published"
    REVISED = "revised"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"
    HIDDEN = "not public"
    """An article that is new, or has become a draft of another kind, and is in no feed."""
    PROBLEM = "problem"
    MENDED = "problem mended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry or bad file; `path` is relative to the folder of its source, `fields` come after it."""

    source: str
    path: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Group:
    """How many, and the first of them."""

    count: int
    first: tuple[Item, ...]

    def __add__(self, other: Group) -> Group:
        return Group(self.count + other.count, (*self.first, *other.first)[:NAMED])


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One log line: a warning, or information."""

    event: Event
    fields: Mapping[str, object]

    @property
    def warning(self) -> bool:
        return self.event is Event.PROBLEM


@dataclass(frozen=True, slots=True)
class News:
    """By event and kind (why an entry is not public, what is wrong with a file) what a run brought."""

    groups: Mapping[tuple[Event, str], Group] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.groups)

    def __add__(self, other: News) -> News:
        groups = dict(self.groups)
        for key, group in other.groups.items():
            groups[key] = groups[key] + group if key in groups else group
        return News(groups)


def news_of(changes: Iterable[Change]) -> News:
    """What of these changes is worth a line: what a subscriber sees, and what is new and not to be seen."""
    return _grouped(
        (event, _why(event, change.after.entry.visibility), _entry(change))
        for change in changes
        if (event := _event(change)) is not None
    )


def news_of_problems(changes: ProblemChanges) -> News:
    """Files that have become bad, or bad in another way, and those that are so no longer."""
    found = ((Event.PROBLEM, _kind(problem), _bad_file(problem)) for problem in changes.found)
    mended = ((Event.MENDED, "", _mended_file(problem)) for problem in changes.mended)
    return _grouped([*found, *mended])


def lines(news: News, roots: Mapping[str, Path]) -> Iterator[Line]:
    """The log lines of a run, by event; `roots` are the folders of the sources by name."""
    kinds = 0
    for event in Event:
        for (_, why), group in sorted((key, g) for key, g in news.groups.items() if key[0] is event):
            if event is not Event.PROBLEM:
                yield from _lines_of_entries(event, why, group, roots)
                continue
            kinds += 1
            if kinds <= KINDS:
                yield from _lines_of_problems(group, roots)
    if kinds > KINDS:
        yield Line(event=Event.PROBLEM, fields={"more_kinds": kinds - KINDS, "see": "syndicator check"})


def _event(change: Change) -> Event | None:
    before = None if change.before is None else change.before.entry
    after = change.after.entry
    was_public = before is not None and before.visibility is Visibility.PUBLIC
    match was_public, after.visibility is Visibility.PUBLIC:
        case False, True:
            return Event.PUBLISHED
        case True, False:
            return Event.WITHDRAWN
        case False, False:
            other = before is None or before.visibility is not after.visibility
            return Event.HIDDEN if other and after.visibility is not Visibility.WITHDRAWN else None
        case _:
            moved = before is not None and before.article.path != after.article.path
            return Event.REVISED if change.revised else Event.MOVED if moved else None


def _why(event: Event, visibility: Visibility) -> str:
    if event not in (Event.WITHDRAWN, Event.HIDDEN):
        return ""
    return "file gone" if visibility is Visibility.WITHDRAWN else visibility.value


def _entry(change: Change) -> Item:
    article = change.after.entry.article
    fields: dict[str, object] = {"title": article.title, "link": article.link}
    if change.before is not None and change.before.entry.article.path != article.path:
        fields["was"] = change.before.entry.article.path
    return Item(source=article.source, path=article.path, fields=fields)


def _bad_file(problem: Problem) -> Item:
    fields = {"line": problem.at.line, "column": problem.at.column, "what": problem.what, "fix": problem.fix}
    return Item(source=problem.source, path=problem.path, fields=fields)


def _mended_file(problem: Problem) -> Item:
    return Item(source=problem.source, path=problem.path, fields={"was": problem.what})


def _kind(problem: Problem) -> str:
    """What problems of one kind have in common: their words without the values and numbers in them.

    >>> _kind(Problem(source="news", path="a.md", what="is too large: 1,200 bytes", fix=""))
    'is too large: … bytes'
    """
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d[\d,.]*", "…", problem.what)


def _grouped(found: Iterable[tuple[Event, str, Item]]) -> News:
    groups: dict[tuple[Event, str], Group] = {}
    for event, why, item in found:
        group = groups.get((event, why), Group(0, ()))
        first = group.first if len(group.first) >= NAMED else (*group.first, item)
        groups[event, why] = Group(group.count + 1, first)
    return News(groups)


def _lines_of_entries(event: Event, why: str, group: Group, roots: Mapping[str, Path]) -> Iterator[Line]:
    reason = {"why": why} if why else {}
    if group.count > NAMED:
        yield Line(event=event, fields={"count": group.count, **reason})
        return
    for item in group.first:
        yield Line(event=event, fields={"path": _path(item, roots), **item.fields, **reason})


def _lines_of_problems(group: Group, roots: Mapping[str, Path]) -> Iterator[Line]:
    if group.count <= NAMED_PROBLEMS:
        for item in group.first:
            yield Line(event=Event.PROBLEM, fields={"path": _path(item, roots), **item.fields})
        return
    first = group.first[0]
    examples = ", ".join(_path(item, roots) for item in group.first[:2])
    facts = {"count": group.count, "what": first.fields["what"], "fix": first.fields["fix"]}
    yield Line(event=Event.PROBLEM, fields={**facts, "examples": examples, "see": "syndicator check"})


def _path(item: Item, roots: Mapping[str, Path]) -> str:
    root = roots.get(item.source)
    return item.path if root is None else str(root / item.path)
