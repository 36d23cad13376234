"""Which topics there are, what they are called, and who stands below whom (pure).

    topic files + names in articles + topics known before -> build_index -> TopicIndex, renames, problems

A name belongs to one topic; a topic has one slug for life, unless its file gives it another. The result does
not depend on the order in which files and articles are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from syndicator.models import DeclaredTopic, Problem, Topic
from syndicator.publish.declarations import Declaration, read_declarations
from syndicator.publish.membership import choose_copy
from syndicator.publish.slugs import free_slug, make_slug, topic_key

__all__ = [
    "TopicIndex",
    "TopicIndexResult",
    "build_index",
    "choose_copy",
    "commonest",
    "make_slug",
    "topic_key",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicIndex:
    """All topics by slug, in the order of their slugs, and the ways to find them."""

    topics: Mapping[str, Topic]
    by_key: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Folded name, alias or slug to slug."""
    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def find(self, name: str) -> str | None:
        """The slug of the topic with this name, alias or slug, without regard to case and blanks."""
        return self.by_key.get(topic_key(name))

    def slugs_of(self, names: Iterable[str], *, roll_up: bool) -> tuple[str, ...]:
        """The slugs of an article's topics, each once: its own in its order, then their parents, nearest
        first, where entries roll up. Names that no topic has are left out.
        """
        own = [slug for name in names if (slug := self.find(name)) is not None]
        above = [ancestor for slug in own for ancestor in self.ancestors(slug)] if roll_up else []
        return tuple(dict.fromkeys([*own, *above]))

    def ancestors(self, slug: str) -> tuple[str, ...]:
        """The topic's parent, its parent and so on; there is no cycle."""
        found: list[str] = []
        topic = self.topics.get(slug)
        while topic is not None and topic.parent is not None:
            found.append(topic.parent)
            topic = self.topics.get(topic.parent)
        return tuple(found)

    def children(self, slug: str) -> tuple[str, ...]:
        """The slugs of the topics directly below, in their order."""
        return self.below.get(slug, ())

    def labels(self) -> dict[str, str]:
        """Slug to name, for readers."""
        return {slug: topic.name for slug, topic in self.topics.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicIndexResult:
    """The index, the slugs given up for others (old to new), and what is wrong with the topic files."""

    index: TopicIndex
    renamed: Mapping[str, str]
    problems: tuple[Problem, ...]


def build_index(
    declared: Sequence[DeclaredTopic],
    names: Iterable[str],
    known: Sequence[Topic],
    *,
    retired: Iterable[str] = (),
) -> TopicIndexResult:
    """Joins topic files, the names that articles carry, and the topics known before.

    `known` holds every topic ever, those that are gone too, and `retired` the slugs that redirect: neither is
    given to another topic unless a file says so. A topic is in the index while a file declares it or an
    article carries it. The spelling shown of an undeclared topic is the commonest, then the first in
    code-point order, so that it follows from the folder alone.
    """
    entries, problems = read_declarations(declared)
    entries += _found(entries, names)
    before = _slugs_before(entries, known)
    slugs = _give_slugs(entries, before, {topic.slug for topic in known} | set(retired))
    by_key = _index(entries, slugs)
    parents = _cut_cycles(_parents(entries, slugs, by_key, problems), entries, slugs, problems)
    topics = [_topic(entry, slugs[entry.key], parents, by_key) for entry in entries]
    live = set(slugs.values())
    return TopicIndexResult(
        index=_topic_index(topics, by_key),
        renamed={old: slugs[key] for key, old in before.items() if slugs[key] != old and old not in live},
        problems=tuple(sorted(problems, key=lambda problem: (problem.source, problem.path, problem.what))),
    )


def _found(declared: Sequence[Declaration], names: Iterable[str]) -> list[Declaration]:
    """The topics that only articles name, in the order of their keys."""
    taken = set(_index(declared, {entry.key: entry.slug or make_slug(entry.name) for entry in declared}))
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        key = topic_key(name)
        if key and key not in taken:
            spellings.setdefault(key, Counter())[" ".join(name.split())] += 1
    return [Declaration(key=key, name=commonest(counts)) for key, counts in sorted(spellings.items())]


def commonest(counts: Counter[str]) -> str:
    """The spelling of a topic that no file declares: the most frequent, then the first by code points."""
    return min(counts, key=lambda name: (-counts[name], name))


def _slugs_before(entries: Sequence[Declaration], known: Sequence[Topic]) -> dict[str, str]:
    """Key to the slug that the topic had: known by its name, else by what else the known one was called,
    else by an alias that is the known one's name (a file that renames its topic keeps the old name so).
    """
    ordered = sorted(known, key=lambda topic: topic.slug, reverse=True)
    by_name = {topic_key(topic.name): topic.slug for topic in ordered}
    by_any = {key: topic.slug for topic in ordered for key in topic.names}
    before: dict[str, str] = {}
    used: set[str] = set()

    def claim(key: str, slug: str | None) -> None:
        if key not in before and slug is not None and slug not in used:
            before[key] = slug
            used.add(slug)

    for entry in entries:
        claim(entry.key, by_name.get(entry.key))
    for entry in entries:
        claim(entry.key, by_any.get(entry.key))
    for entry in entries:
        for alias in sorted(entry.aliases):
            claim(entry.key, by_name.get(alias))
    return before


def _give_slugs(
    entries: Sequence[Declaration], before: Mapping[str, str], kept_back: set[str]
) -> dict[str, str]:
    """Key to slug: first what files say, then what was given before, then new ones, each in key order."""
    slugs = {entry.key: entry.slug for entry in entries if entry.slug}
    taken = set(slugs.values())
    for entry in entries:
        if entry.key not in slugs and entry.key in before and before[entry.key] not in taken:
            slugs[entry.key] = before[entry.key]
            taken.add(before[entry.key])
    taken |= kept_back
    for entry in entries:
        if entry.key not in slugs:
            slugs[entry.key] = free_slug(make_slug(entry.name), entry.key, taken)
            taken.add(slugs[entry.key])
    return slugs


def _index(entries: Sequence[Declaration], slugs: Mapping[str, str]) -> dict[str, str]:
    """Folded name to slug. A name goes before an alias, that before a slug, that before a likely slug."""
    by_key = {entry.key: slugs[entry.key] for entry in entries}
    for entry in entries:
        for alias in entry.aliases:
            by_key.setdefault(alias, slugs[entry.key])
    for entry in entries:
        by_key.setdefault(topic_key(slugs[entry.key]), slugs[entry.key])
    for entry in entries:
        by_key.setdefault(make_slug(entry.name), slugs[entry.key])
    return by_key


def _parents(
    entries: Sequence[Declaration],
    slugs: Mapping[str, str],
    by_key: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, str]:
    parents: dict[str, str] = {}
    for entry in entries:
        if entry.parent is None:
            continue
        above = by_key.get(topic_key(entry.parent))
        if above is None:
            problems.append(
                entry.problem(
                    f"the parent {entry.parent!r} is no topic",
                    "Add a topic file for it, or correct the name",
                )
            )
        else:
            parents[slugs[entry.key]] = above
    return parents


def _cut_cycles(
    parents: Mapping[str, str],
    entries: Sequence[Declaration],
    slugs: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, str]:
    """The parents without those of topics that are their own ancestors."""
    circular: set[str] = set()
    seen: set[str] = set()
    for start in parents:
        path: dict[str, int] = {}
        slug: str | None = start
        while slug is not None and slug not in path and slug not in seen:
            path[slug] = len(path)
            slug = parents.get(slug)
        if slug is not None and slug in path:
            circular |= {step for step, place in path.items() if place >= path[slug]}
        seen |= set(path)
    problems += [
        entry.problem(
            f"{entry.name} stands below itself: its parent {entry.parent} leads back to it",
            "Remove `parent` from one of the topics in the circle",
        )
        for entry in entries
        if slugs[entry.key] in circular
    ]
    return {slug: above for slug, above in parents.items() if slug not in circular}


def _topic(entry: Declaration, slug: str, parents: Mapping[str, str], by_key: Mapping[str, str]) -> Topic:
    keys = {entry.key, topic_key(slug), *entry.aliases}
    return Topic(
        slug=slug,
        name=entry.name,
        parent=parents.get(slug),
        description=entry.description,
        language=entry.language,
        names=frozenset(key for key in keys if by_key[key] == slug),
    )


def _topic_index(topics: Iterable[Topic], by_key: Mapping[str, str]) -> TopicIndex:
    ordered = {topic.slug: topic for topic in sorted(topics, key=lambda topic: topic.slug)}
    below: dict[str, list[str]] = {}
    for slug, topic in ordered.items():
        if topic.parent is not None:
            below.setdefault(topic.parent, []).append(slug)
    return TopicIndex(
        topics=MappingProxyType(ordered),
        by_key=MappingProxyType(dict(by_key)),
        below=MappingProxyType({slug: tuple(children) for slug, children in below.items()}),
    )
