"""What the topic files say, made free of contradictions (pure).

Files are read in the order of source and path; where two claim one thing, the first has it and the other is
a problem with a fix. The outcome never depends on the order in which the files were found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from syndicator.models import DeclaredTopic, Problem
from syndicator.publish.slugs import is_slug, make_slug
from syndicator.text import fold, language_tag


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
