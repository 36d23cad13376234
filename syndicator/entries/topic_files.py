"""What the topic files say together: the good ones, and beside them what others said when last good (pure).

A topic that ends answers 410, which some readers take for ever. So a file that is broken, or missing and not
yet believed to be gone, counts as it was when it was last good, as far as the others leave room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from syndicator.models import DeclaredTopic
from syndicator.text import fold


def topic_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path matches one of the patterns, folder by folder; `**` stands for any folders.

    >>> matches = topic_matcher(["_data/*.yaml", "more/**/*.yml"])
    >>> [matches(path) for path in ("_data/a.yaml", "_data/x/a.yaml", "more/a.yml", "more/x/y/a.yml")]
    [True, False, True, True]
    """
    split = [pattern.split("/") for pattern in patterns]
    return lambda path: any(_matches(path.split("/"), parts) for parts in split)


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    match pattern:
        case ["**", _, *_]:
            return any(_matches(path[start:], pattern[1:]) for start in range(len(path)))
        case [part, *rest]:
            return bool(path) and fnmatchcase(path[0], part) and _matches(path[1:], rest)
        case _:
            return not path


def beside(kept: Iterable[DeclaredTopic], good: Sequence[DeclaredTopic]) -> Iterator[DeclaredTopic]:
    """What is kept as far as the good files leave room for it: where a topic is declared anew, its further
    aliases; where its name or slug is given to another, nothing."""
    names = {topic.key for topic in good}
    claimed = {key for topic in good for key in _keys(topic)}
    taken = claimed.union(*(topic.aliases for topic in good))
    for topic in kept:
        aliases = tuple(alias for alias in topic.aliases if alias not in taken)
        if claimed.isdisjoint(_keys(topic)):
            yield replace(topic, aliases=aliases)
        elif topic.key in names and aliases:
            yield DeclaredTopic(name=topic.name, aliases=aliases)


def _keys(topic: DeclaredTopic) -> set[str]:
    return {topic.key, fold(topic.slug or topic.name)}
