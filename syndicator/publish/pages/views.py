"""What a page is made of, and what of it the templates show (pure).

`FrontPage` and `TopicPage` are what the caller gives: values of the model. The views beside them are the
same in words and addresses, cut to a length that a page can bear. Addresses within the site are relative, so
that the folder works below any path; those that a person copies are absolute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syndicator.models import ALL, Entry, Format, Topic, Visibility, number
from syndicator.publish.addresses import MEDIA_TYPES, feed_path, feed_url
from syndicator.publish.pages.statistics import Statistics
from syndicator.publish.pages.words import say_day, say_expectation, say_held, say_moment, say_rate
from syndicator.settings.models import Site
from syndicator.text import language_tag, one_line, shorten
from syndicator.urls import other_host

MOST_ENTRIES = 30
"""The newest ones; the feeds and their archives hold the rest."""

_LONGEST_TITLE, _LONGEST_SUMMARY = 300, 320
_FORMAT_NAMES = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCard:
    """A topic as other pages show it."""

    topic: Topic
    statistics: Statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """`entries` are the newest of all topics, newest first; `levels` are minimums by name; `held` counts the
    articles that are not public, by reason: the page says so where nothing is public."""

    site: Site
    statistics: Statistics
    topics: tuple[TopicCard, ...] = ()
    entries: tuple[Entry, ...] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    held: Mapping[Visibility, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPage:
    """`names` are the names of the topics that entries name, by slug; a slug that is not there is no link."""

    site: Site
    topic: Topic
    statistics: Statistics
    entries: tuple[Entry, ...] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    parent: Topic | None = None
    children: tuple[TopicCard, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[Visibility, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage:
    """All stories of one message, best first, of which it only counted some. `id` is the message's."""

    site: Site
    id: str
    created: datetime
    entries: tuple[Entry, ...]
    levels: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """One document: `href` to open it, `url` to copy it."""

    name: str
    href: str
    url: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelView:
    """One quality level of a topic with its feeds. `rank` 0 is everything."""

    rank: int
    name: str
    note: str
    feeds: tuple[FeedView, ...]
    slack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    title: str
    href: str | None
    leads: str
    """The host of the link, where the title looks like another address."""
    image: str | None
    publisher: str
    moment: str
    iso: str
    quality: str
    level: str
    summary: str
    language: str | None
    topics: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """`depth` counts the parents above it on the same page."""

    name: str
    href: str
    expectation: str
    newest: str
    statistics: Statistics
    depth: int = 0


def view_levels(
    site: Site, slug: str, levels: Mapping[str, float], statistics: Statistics, root: str
) -> tuple[LevelView, ...]:
    """Everything first, then the better feeds by ascending minimum."""
    minimums: list[tuple[str | None, float | None]] = [(None, None)]
    minimums += sorted(levels.items(), key=lambda level: (level[1], level[0]))
    return tuple(
        LevelView(
            rank=rank,
            name="Everything" if level is None else level.replace("-", " ").capitalize(),
            note=_level_note(minimum, statistics),
            feeds=tuple(_view_feed(site, slug, level, form, root) for form in Format),
            slack=f"/feed subscribe {feed_url(site, slug, Format.RSS, level=level)}",
        )
        for rank, (level, minimum) in enumerate(minimums)
    )


def _view_feed(site: Site, slug: str, level: str | None, form: Format, root: str) -> FeedView:
    return FeedView(
        name=_FORMAT_NAMES[form],
        href=root + feed_path(slug, form, level=level),
        url=feed_url(site, slug, form, level=level),
        media_type=MEDIA_TYPES[form],
    )


def _level_note(minimum: float | None, statistics: Statistics) -> str:
    count = statistics.recent if minimum is None else statistics.reaching(minimum)
    rate = say_rate(count, statistics.covered_days) if statistics.total else ""
    quality = "" if minimum is None else f"quality {number(minimum)} and more"
    return ", ".join(part for part in (quality, rate) if part)


def view_entry(
    entry: Entry,
    *,
    levels: Mapping[str, float],
    names: Mapping[str, str],
    own: str | None,
    root: str,
    language: str | None = None,
) -> EntryView:
    """One entry; `own` is the slug of the topic whose page it stands on, which is not named again. `language`
    is what it is in where it does not say."""
    article = entry.article
    return EntryView(
        title=_cut(article.title, _LONGEST_TITLE) or "Untitled",
        href=article.link,
        leads=other_host(article.title, article.link) or "",
        image=article.images[0].url if article.images else None,
        publisher=_cut(article.provider.name, 80) if article.provider else "",
        moment=say_moment(article.published),
        iso=article.published.strftime("%Y-%m-%dT%H:%M:%SZ"),
        quality="" if article.quality is None else number(article.quality),
        level=_best_level(article.quality, levels),
        summary=_cut(article.summary, _LONGEST_SUMMARY),
        language=language_tag(article.language) or language,
        topics=tuple(
            (_cut(names[slug], 60), topic_href(slug, root))
            for slug in entry.topics
            if slug in names and slug != own
        ),
    )


def _best_level(quality: float | None, levels: Mapping[str, float]) -> str:
    reached = [
        (minimum, name) for name, minimum in levels.items() if quality is not None and quality >= minimum
    ]
    return max(reached)[1] if reached else ""


def view_cards(cards: tuple[TopicCard, ...], root: str) -> tuple[CardView, ...]:
    """Topics by name, each followed by those below it; one whose parent is not here stands by itself.

    Every topic stands once, also where parents go round in a circle.
    """
    return tuple(_walk({card.topic.slug: card for card in cards}, root))


def _walk(cards: Mapping[str, TopicCard], root: str) -> Iterator[CardView]:
    below: dict[str | None, list[str]] = {}
    for slug in sorted(cards, key=lambda slug: (cards[slug].topic.name.casefold(), slug), reverse=True):
        parent = cards[slug].topic.parent
        below.setdefault(parent if parent in cards else None, []).append(slug)
    passed: set[str] = set()
    # A stack, as a chain of parents may be longer than Python's; circles come last, each from its first name.
    waiting = [(slug, 0) for slug in [*sorted(cards, reverse=True), *below.get(None, [])]]
    while waiting:
        slug, depth = waiting.pop()
        if slug not in passed:
            passed.add(slug)
            yield _view_card(cards[slug], root, depth)
            waiting += [(child, depth + 1) for child in below.get(slug, [])]


def _view_card(card: TopicCard, root: str, depth: int) -> CardView:
    return CardView(
        name=_cut(card.topic.name, 120) or card.topic.slug,
        href=topic_href(card.topic.slug, root),
        expectation=say_expectation(card.statistics) or "nothing yet",
        newest=say_day(card.statistics.newest) if card.statistics.newest else "",
        statistics=card.statistics,
        depth=depth,
    )


def view_held(held: Mapping[Visibility, int]) -> tuple[str, ...]:
    """A sentence for each reason why articles are not public, in the order of the reasons."""
    return tuple(say_held(why, held[why]) for why in Visibility if held.get(why) and why != Visibility.PUBLIC)


def topic_href(slug: str, root: str) -> str:
    """The relative address of a topic's page; `root` leads to the front page."""
    return (root or "./") if slug == ALL else f"{root}topics/{slug}/"


def _cut(text: str, longest: int) -> str:
    return shorten(one_line(text), longest)
