"""What a page is made of: values of the model, and what follows from them (pure).

Addresses within the site are relative, so that the folder works below any path; those that a person copies
are absolute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from syndicator.models import ALL, INCLUDE, Entry, Related, Topic, Visibility, number, rank
from syndicator.publish.addresses import digest_url, page_url
from syndicator.publish.feed import beside
from syndicator.publish.pages.statistics import Statistics, say_expectation, say_pace, say_rate
from syndicator.settings.models import Site
from syndicator.text import language_tag, say_count, shorten

MOST_ENTRIES = 30
"""The newest ones; the feeds and their archives hold the rest."""
MOST_NAMED = 5
"""Publishers named beside a story's lead, as in Slack."""


class Card(NamedTuple):
    """A topic as other pages show it."""

    topic: Topic
    statistics: Statistics


class FeedLevel(NamedTuple):
    """A quality level of a topic with its feeds; `key` None is everything, with rank 0."""

    rank: int
    key: str | None
    name: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of a topic; where `topic` is None, that of all, the front page; with `digest`, that of all the
    stories of one message.

    `entries` are the newest, newest first (of a digest the best first); `coverage` gives, by guid, the other
    entries of the story; `levels` are minimums by name, ascending; `names` are those of the topics that have
    pages, by slug; `held` counts the articles that are not public, by reason: the page says so where nothing
    is public.
    """

    site: Site
    statistics: Statistics = field(default_factory=Statistics)
    topic: Topic | None = None
    parent: Topic | None = None
    cards: Sequence[Card] = ()
    entries: Sequence[Entry] = ()
    coverage: Mapping[str, Sequence[Related]] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[Visibility, int] = field(default_factory=dict)
    digest: str | None = None
    """The id of the message."""
    created: datetime | None = None
    """When the message was."""

    @property
    def slug(self) -> str:
        return self.topic.slug if self.topic else ALL

    @property
    def root(self) -> str:
        """What leads to the front page."""
        return "../../" if self.topic or self.digest else ""

    @property
    def url(self) -> str:
        return digest_url(self.site, self.digest) if self.digest else page_url(self.site, self.slug)

    @property
    def title(self) -> str:
        if self.digest:
            return say_count(len(self.entries), "story", "stories")
        return self.topic.name if self.topic else self.site.title

    @property
    def description(self) -> str:
        if self.digest:
            return ""
        return self.topic.description if self.topic else self.site.description

    @property
    def language(self) -> str | None:
        return language_tag((self.topic and self.topic.language) or self.site.language)

    @property
    def expectation(self) -> str:
        return say_expectation(self.statistics)

    @property
    def newest(self) -> Sequence[Entry]:
        """What is shown of the entries: the best of each story, the lead; of a digest all."""
        if self.digest:
            return self.entries
        best = {entry.story: entry for entry in sorted(self.entries, key=rank, reverse=True)}
        return [entry for entry in self.entries if best[entry.story] is entry][:MOST_ENTRIES]

    def others(self, lead: Entry) -> Sequence[Related]:
        """The other entries of its story, all of them."""
        return beside(lead.article, self.coverage.get(lead.guid, ()), most=None)

    def others_named(self, others: Sequence[Related]) -> tuple[Sequence[str], int]:
        """The first few of their publishers, each once, and how many more there are."""
        by_name: dict[str, str] = {}
        for name in (other.provider or "" for other in others):
            by_name.setdefault(name.casefold(), name)
        names = list(by_name.values())
        return names[:MOST_NAMED], len(names[MOST_NAMED:])

    @property
    def feeds(self) -> list[FeedLevel]:
        """Everything first, then the better feeds by ascending minimum; a digest has none."""
        if self.digest:
            return []
        better = [
            FeedLevel(rank, key, key.replace("-", " ").capitalize(), self._note(minimum))
            for rank, (key, minimum) in enumerate(self.levels.items(), start=1)
        ]
        return [FeedLevel(0, None, "Everything", self._note(None)), *better]

    def _note(self, minimum: float | None) -> str:
        counted = self.statistics
        if minimum is None:
            return say_pace(counted)
        rate = say_rate(counted.reaching(minimum), counted.covered_days) if counted.total else ""
        return ", ".join(filter(None, (f"quality {number(minimum)} and more", rate)))

    @property
    def reasons(self) -> list[str]:
        """A sentence for each reason why articles are not public, in the order of the reasons."""
        held = [(why, self.held[why]) for why in Visibility if why.why() and self.held.get(why)]
        return [
            f"{say_count(count, 'article')} {'is' if count == 1 else 'are'} {why.why(count)}."
            + (f" {INCLUDE}." if why is Visibility.DRAFT else "")
            for why, count in held
        ]

    def reached(self, quality: float) -> str:
        """The best level that a quality reaches; empty where it is none."""
        return max(((m, name) for name, m in self.levels.items() if quality >= m), default=(0, ""))[1]

    def topics_of(self, entry: Entry) -> list[tuple[str, str]]:
        """Names and addresses of the entry's topics that have pages; not of the one whose page this is."""
        own = self.topic.slug if self.topic else None
        return [
            (shorten(self.names[slug], 60), self.href(slug))
            for slug in entry.topics
            if slug in self.names and slug != own
        ]

    def href(self, slug: str) -> str:
        """The relative address of a topic's page."""
        return f"{self.root}topics/{slug}/"

    @property
    def tree(self) -> list[tuple[str | None, Card]]:
        """The cards by name, each followed by those below it, with the name of its parent on the page; one
        whose parent is not here stands by itself."""
        here = {card.topic.slug for card in self.cards}
        below: dict[str | None, list[Card]] = {}
        for card in sorted(self.cards, key=lambda card: (card.topic.name.casefold(), card.topic.slug)):
            below.setdefault(card.topic.parent if card.topic.parent in here else None, []).append(card)
        found: list[tuple[str | None, Card]] = []
        # A stack, as a chain of parents may be longer than Python's.
        waiting: list[tuple[str | None, Card]] = [(None, card) for card in reversed(below.get(None, ()))]
        while waiting:
            found.append(waiting.pop())
            _, card = found[-1]
            waiting += [(card.topic.name, child) for child in reversed(below.get(card.topic.slug, ()))]
        return found
