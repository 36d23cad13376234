"""What the topic files say, made free of contradictions (pure).

Files are read in the order of source and path; where two claim one thing, the first has it and the other is
a problem with a fix. The outcome never depends on the order in which the files were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from syndicator.models import DeclaredTopic, Problem
from syndicator.publish.slugs import is_slug, make_slug, topic_key
from syndicator.text import language_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One topic as wanted. `key` and `aliases` are folded names; `parent` is a name as written."""

    key: str
    name: str
    slug: str | None = None
    parent: str | None = None
    aliases: frozenset[str] = frozenset()
    description: str = ""
    language: str | None = None
    source: str = ""
    path: str = ""

    def problem(self, what: str, fix: str) -> Problem:
        return Problem(source=self.source, path=self.path, what=what, fix=fix)


def read_declarations(declared: Iterable[DeclaredTopic]) -> tuple[list[Declaration], list[Problem]]:
    """The declared topics in the order of their keys, each name, slug and alias with one of them."""
    problems: list[Problem] = []
    ordered = sorted(
        declared,
        key=lambda topic: (topic.source, topic.path, topic.name, topic.slug or "", topic.parent or ""),
    )
    by_key: dict[str, Declaration] = {}
    for topic in ordered:
        entry = _read(topic, problems)
        if entry is None:
            continue
        first = by_key.get(entry.key)
        by_key[entry.key] = entry if first is None else _join(first, entry, problems)
    settled = _settle_aliases(_settle_slugs(list(by_key.values()), problems), problems)
    return sorted(settled, key=lambda entry: entry.key), problems


def _read(topic: DeclaredTopic, problems: list[Problem]) -> Declaration | None:
    entry = Declaration(
        key=topic_key(topic.name),
        name=" ".join(topic.name.split()),
        slug=topic.slug or None,
        parent=topic.parent or None,
        aliases=frozenset(filter(None, map(topic_key, topic.aliases))) - {topic_key(topic.name)},
        description=" ".join(topic.description.split()),
        language=topic.language or None,
        source=topic.source,
        path=topic.path,
    )
    if not entry.key:
        problems.append(entry.problem("the topic has no name", "Add `name:`"))
        return None
    if entry.language is not None and language_tag(entry.language) is None:
        problems.append(
            entry.problem(
                f"{entry.language!r} is not a language; the site's is used",
                "Write one like en or de-DE (ja, not the country's jp)",
            )
        )
        entry = replace(entry, language=None)
    if entry.slug is not None and not is_slug(entry.slug):
        better = make_slug(entry.slug)
        problems.append(
            entry.problem(f"{entry.slug!r} cannot be a slug; {better} is used", f"Write {better}, or another")
        )
        return replace(entry, slug=better)
    return entry


def _join(first: Declaration, second: Declaration, problems: list[Problem]) -> Declaration:
    """One topic of two files. Two sources may both have a file for it as long as they agree."""
    for what, one, other in (("slug", first.slug, second.slug), ("parent", first.parent, second.parent)):
        if one and other and topic_key(one) != topic_key(other):
            problems.append(
                second.problem(
                    f"{first.path} gives {first.name} the {what} {one}, this one {other}; the first holds",
                    f"Give both the same {what}",
                )
            )
    if first.source == second.source:
        problems.append(
            second.problem(
                f"{first.path} is already called {first.name}; the two are taken as one topic",
                "Join the two files, or rename one of the topics",
            )
        )
    return replace(
        first,
        slug=first.slug or second.slug,
        parent=first.parent or second.parent,
        aliases=first.aliases | second.aliases,
        description=first.description or second.description,
        language=first.language or second.language,
    )


def _settle_slugs(entries: Sequence[Declaration], problems: list[Problem]) -> list[Declaration]:
    holders: dict[str, Declaration] = {}
    settled: list[Declaration] = []
    for entry in entries:
        holder = holders.setdefault(entry.slug, entry) if entry.slug else entry
        if holder is entry:
            settled.append(entry)
            continue
        problems.append(
            entry.problem(
                f"the slug {entry.slug} belongs to {holder.name} ({holder.path})", "Give it a slug of its own"
            )
        )
        settled.append(replace(entry, slug=None))
    return settled


def _settle_aliases(entries: Sequence[Declaration], problems: list[Problem]) -> list[Declaration]:
    """A name goes before an alias, and the first file's alias before another's."""
    owners = {entry.key: entry for entry in entries}
    settled: list[Declaration] = []
    for entry in entries:
        kept: set[str] = set()
        for alias in sorted(entry.aliases):
            owner = owners.setdefault(alias, entry)
            if owner is entry:
                kept.add(alias)
                continue
            problems.append(
                entry.problem(
                    f"the alias {alias!r} belongs to {owner.name} ({owner.path})",
                    "Remove it from one of the two files",
                )
            )
        settled.append(replace(entry, aliases=frozenset(kept)))
    return settled
