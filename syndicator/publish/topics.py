"""Which topics there are, what they are called, and who stands below whom (pure).

    topic files + names in articles + topics known before -> build_index -> TopicIndex, renames, problems

A name belongs to one topic; a topic has one slug for life, unless its file gives it another. Where two topic
files claim one thing, the first by source and path has it, and the other is a problem with a fix. The result
does not depend on the order in which files and articles are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from syndicator.models import DeclaredTopic, Problem, Topic
from syndicator.publish.slugs import free_slug, is_slug, make_slug
from syndicator.text import fold, language_tag


@dataclass(frozen=True, kw_only=True)
class TopicIndex:
    """All topics by slug, in the order of their slugs, and the ways to find them."""

    topics: Mapping[str, Topic]
    by_key: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Folded name, alias or slug to slug."""

    @cached_property
    def _below(self) -> dict[str | None, list[str]]:
        below: dict[str | None, list[str]] = {}
        for slug, topic in self.topics.items():
            below.setdefault(topic.parent, []).append(slug)
        return below

    def find(self, name: str) -> str | None:
        """The slug of the topic with this name, alias or slug, without regard to case and blanks."""
        return self.by_key.get(fold(name))

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

    def children(self, slug: str) -> Sequence[str]:
        """The slugs of the topics directly below, in their order."""
        return self._below.get(slug, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicIndexResult:
    """The index, the slugs given up for others (old to new), and what is wrong with the topic files."""

    index: TopicIndex
    renamed: Mapping[str, str]
    problems: tuple[Problem, ...]


def build_index(
    declared: Sequence[DeclaredTopic],
    names: Iterable[str] | Mapping[str, int],
    known: Sequence[Topic],
    *,
    retired: Sequence[Topic] = (),
) -> TopicIndexResult:
    """Joins topic files, the names that articles carry, and the topics known before.

    `names` stand as often as they are carried, or are counted. `known` holds every topic ever, those that are
    gone too, and `retired` those that redirect: none of their slugs is given to another topic unless a file
    says so. A topic that is no more, and whose name is an alias of another now, redirects to that, also where
    it redirected elsewhere before.
    A topic is in the index while a file declares it or an article carries it; its status is not told. The
    spelling shown of an undeclared topic is the commonest, then the first in code-point order, so that it
    follows from the folder alone.
    """
    wanted, problems = settle_declared(declared)
    wanted += _found(wanted, Counter(names))
    ever = (*known, *retired)
    before = _slugs_before(wanted, known, retired)
    slugs = _give_slugs(wanted, before, {topic.slug for topic in ever})
    by_key = _index(wanted, slugs)
    parents = _parents(wanted, slugs, by_key, problems)
    topics = (
        Topic(
            slug=slug,
            name=" ".join(one.name.split()),
            parent=parents.get(slug),
            description=" ".join(one.description.split()),
            language=one.language,
            names=tuple(sorted(k for k in {one.key, fold(slug), *one.aliases} if by_key[k] == slug)),
        )
        for one in wanted
        for slug in [slugs[one.key]]
    )
    live = set(slugs.values())
    renamed = {topic.slug: by_key[key] for topic in ever if (key := fold(topic.name)) in by_key}
    renamed |= {old: slugs[key] for key, old in before.items()}
    return TopicIndexResult(
        index=TopicIndex(
            topics={topic.slug: topic for topic in sorted(topics, key=lambda topic: topic.slug)},
            by_key=by_key,
        ),
        renamed={old: new for old, new in renamed.items() if old not in live},
        problems=tuple(sorted(problems, key=lambda problem: (problem.source, problem.path, problem.what))),
    )


def _found(declared: Sequence[DeclaredTopic], names: Mapping[str, int]) -> list[DeclaredTopic]:
    """The topics that only articles name, in the order of their keys."""
    taken = _index(declared, {one.key: one.slug or make_slug(one.name) for one in declared})
    spellings: dict[str, Counter[str]] = {}
    for name, count in names.items():
        if (key := fold(name)) and key not in taken:
            spellings.setdefault(key, Counter())[" ".join(name.split())] += count
    found = (counts for _, counts in sorted(spellings.items()))
    return [DeclaredTopic(name=min(some, key=lambda name: (-some[name], name))) for some in found]


def _slugs_before(
    wanted: Sequence[DeclaredTopic], known: Sequence[Topic], retired: Sequence[Topic]
) -> dict[str, str]:
    """Key to the slug that the topic had: known by its name, else by what else the known one was called,
    else by an alias that is the known one's name (a file that renames its topic keeps the old name so), else
    by the name of one that redirects (to a topic that had it as an alias).
    """
    ordered = sorted(known, key=lambda topic: topic.slug, reverse=True)
    by_name = {fold(topic.name): topic.slug for topic in ordered}
    by_any = {key: topic.slug for topic in ordered for key in topic.names}
    former = {
        fold(topic.name): topic.slug for topic in sorted(retired, key=lambda topic: topic.slug, reverse=True)
    }
    claims = [(one.key, by_name.get(one.key)) for one in wanted]
    claims += [(one.key, by_any.get(one.key)) for one in wanted]
    claims += [(one.key, by_name.get(alias)) for one in wanted for alias in one.aliases]
    claims += [(one.key, former.get(one.key)) for one in wanted]
    before: dict[str, str] = {}
    used: set[str] = set()
    for key, slug in claims:
        if key not in before and slug is not None and slug not in used:
            before[key] = slug
            used.add(slug)
    return before


def _give_slugs(
    wanted: Sequence[DeclaredTopic], before: Mapping[str, str], kept_back: set[str]
) -> dict[str, str]:
    """Key to slug: first what files say, then what was given before, then new ones, each in key order."""
    slugs = {one.key: one.slug for one in wanted if one.slug}
    taken = set(slugs.values())
    for key in (one.key for one in wanted):
        if key not in slugs and key in before and before[key] not in taken:
            slugs[key] = before[key]
            taken.add(before[key])
    taken |= kept_back
    for one in wanted:
        if one.key not in slugs:
            slugs[one.key] = free_slug(make_slug(one.name), one.key, taken)
            taken.add(slugs[one.key])
    return slugs


def _index(wanted: Sequence[DeclaredTopic], slugs: Mapping[str, str]) -> dict[str, str]:
    """Folded name to slug. A name goes before an alias, that before a slug, that before a likely slug."""
    by_key = {one.key: slugs[one.key] for one in wanted}
    more = [(alias, one) for one in wanted for alias in one.aliases]
    more += [(fold(slugs[one.key]), one) for one in wanted]
    more += [(make_slug(one.name), one) for one in wanted]
    for key, one in more:
        by_key.setdefault(key, slugs[one.key])
    return by_key


def _parents(
    wanted: Sequence[DeclaredTopic],
    slugs: Mapping[str, str],
    by_key: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, str]:
    """Slug to the parent's; without those that are no topic, or that lead back to the topic itself."""
    parents: dict[str, str] = {}
    for one in wanted:
        above = by_key.get(fold(one.parent)) if one.parent else None
        if above is not None:
            parents[slugs[one.key]] = above
        elif one.parent:
            what = f"the parent {one.parent!r} is no topic"
            problems.append(problem_of(one, what, "Add a topic file for it, or correct the name"))
    circular = _circular(parents)
    for one in wanted:
        if slugs[one.key] in circular:
            what = f"{one.name} stands below itself: its parent {one.parent} leads back to it"
            problems.append(problem_of(one, what, "Remove `parent` from one of the topics in the circle"))
    return {slug: above for slug, above in parents.items() if slug not in circular}


def _circular(parents: Mapping[str, str]) -> set[str]:
    """The topics that are their own ancestors."""
    circular: set[str] = set()
    while True:
        try:
            TopologicalSorter({one: [up] for one, up in parents.items() if one not in circular}).prepare()
        except CycleError as error:
            circular.update(error.args[1])
        else:
            return circular


def beside(kept: Iterable[DeclaredTopic], good: Sequence[DeclaredTopic]) -> Iterator[DeclaredTopic]:
    """What is kept as far as the good files leave room for it: where a topic is declared anew, its further
    aliases; where its name or slug is given to another, nothing.

    A topic that ends answers 410, which some readers take for ever. So a file that is broken, or missing and
    not yet believed to be gone, counts as it was when it was last good.
    """
    names = {topic.key for topic in good}
    claimed = {key for topic in good for key in _names_of(topic)}
    taken = claimed.union(*(topic.aliases for topic in good))
    for topic in kept:
        aliases = tuple(alias for alias in topic.aliases if alias not in taken)
        if claimed.isdisjoint(_names_of(topic)):
            yield replace(topic, aliases=aliases)
        elif topic.key in names and aliases:
            yield DeclaredTopic(name=topic.name, aliases=aliases)


def _names_of(topic: DeclaredTopic) -> set[str]:
    return {topic.key, fold(topic.slug or topic.name)}


def settle_declared(declared: Iterable[DeclaredTopic]) -> tuple[list[DeclaredTopic], list[Problem]]:
    """The declared topics in the order of their keys, each name, slug and alias with one of them."""
    problems: list[Problem] = []
    by_key: dict[str, DeclaredTopic] = {}
    for topic in sorted(declared, key=_place):
        sound = _sound(topic, problems)
        first = by_key.get(topic.key)
        by_key[topic.key] = _joined(first, sound, problems) if first else sound
    slugs: dict[str, DeclaredTopic] = {}
    owners = dict(by_key)
    settled = [_own_aliases(_own_slug(topic, slugs, problems), owners, problems) for topic in by_key.values()]
    return sorted(settled, key=lambda topic: topic.key), problems


def _place(topic: DeclaredTopic) -> tuple[str, ...]:
    return topic.source, topic.path, topic.name, topic.slug or "", topic.parent or ""


def problem_of(topic: DeclaredTopic, what: str, fix: str) -> Problem:
    return Problem(source=topic.source, path=topic.path, what=what, fix=fix)


def _sound(topic: DeclaredTopic, problems: list[Problem]) -> DeclaredTopic:
    if topic.language and language_tag(topic.language) is None:
        what = f"{topic.language!r} is not a language; the site's is used"
        problems.append(problem_of(topic, what, "Write one like en or de-DE (ja, not the country's jp)"))
        topic = replace(topic, language=None)
    if topic.slug and not is_slug(topic.slug):
        better = make_slug(topic.slug)
        what = f"{topic.slug!r} cannot be a slug; {better} is used"
        problems.append(problem_of(topic, what, f"Write {better}, or another"))
        topic = replace(topic, slug=better)
    return topic


def _joined(first: DeclaredTopic, second: DeclaredTopic, problems: list[Problem]) -> DeclaredTopic:
    """One topic of two files. Two sources may both have a file for it as long as they agree."""
    for what, one, other in (("slug", first.slug, second.slug), ("parent", first.parent, second.parent)):
        if one and other and fold(one) != fold(other):
            said = f"{first.path} gives {first.name} the {what} {one}, this one {other}; the first holds"
            problems.append(problem_of(second, said, f"Give both the same {what}"))
    if first.source == second.source:
        said = f"{first.path} is already called {first.name}; the two are taken as one topic"
        problems.append(problem_of(second, said, "Join the two files, or rename one of the topics"))
    return replace(
        first,
        slug=first.slug or second.slug,
        parent=first.parent or second.parent,
        aliases=(*first.aliases, *second.aliases),
        description=first.description or second.description,
        language=first.language or second.language,
    )


def _own_slug(
    topic: DeclaredTopic, holders: dict[str, DeclaredTopic], problems: list[Problem]
) -> DeclaredTopic:
    holder = holders.setdefault(topic.slug, topic) if topic.slug else topic
    if holder is topic:
        return topic
    what = f"the slug {topic.slug} belongs to {holder.name} ({holder.path})"
    problems.append(problem_of(topic, what, "Give it a slug of its own"))
    return replace(topic, slug=None)


def _own_aliases(
    topic: DeclaredTopic, owners: dict[str, DeclaredTopic], problems: list[Problem]
) -> DeclaredTopic:
    """A name goes before an alias, and the first file's alias before another's."""
    kept = []
    for alias in topic.aliases:
        owner = owners.setdefault(alias, topic)
        if owner.key == topic.key:
            kept.append(alias)
            continue
        what = f"the alias {alias!r} belongs to {owner.name} ({owner.path})"
        problems.append(problem_of(topic, what, "Remove it from one of the two files"))
    return replace(topic, aliases=tuple(kept))
