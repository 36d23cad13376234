"""Entries of our own writing, in the form that the parser gives them, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from syndicator.models import Article, Entry, Format, Image, Provider, Related, Topic, Visibility
from syndicator.publish.feed import Feed, items_of
from syndicator.publish.formats import Fragments
from syndicator.settings.models import Site
from tests.making import utc

SITE = Site(title="Cloud News", base_url="https://feeds.example.org/", language="en")
LABELS = {"azure": "Azure", "ai": "AI & Machine Learning", "c-plus-plus": "C++"}
AZURE = Topic(
    slug="azure",
    name="Azure",
    description="Microsoft's cloud, every day",
    language="en-us",
    names=("azure",),
)


def render(feed: Feed, form: Format) -> bytes:
    """The document, with nothing kept from others."""
    return Fragments().render(feed, form)


def describe_feed(
    *,
    entries: Iterable[Entry],
    coverage: Mapping[str, Sequence[Related]] | None = None,
    site: Site = SITE,
    labels: Mapping[str, str] = LABELS,
    **parts: Any,
) -> Feed:
    """A feed of these entries, in any order; `parts` are further fields of Feed."""
    return Feed(site=site, items=items_of(entries, labels, coverage or {}), **parts)


def make_article(number: int = 1, **changes: object) -> Article:
    """An article with only what every article has; `number` tells it from others."""
    article = Article(
        source="cloud",
        path=f"2026/article-{number}.md",
        title=f"Article {number}",
        link=f"https://news.example.com/article-{number}",
        canonical_link=f"https://news.example.com/article-{number}",
        published=utc(2026, 3, 1, 8) + timedelta(hours=number),
        revision=f"r{number}",
        summary=f"Summary of article {number}.",
    )
    return replace(article, **changes)  # type: ignore[arg-type]  # the caller names fields of Article


def make_entry(
    number: int = 1,
    *,
    topics: tuple[str, ...] = ("azure",),
    updated: datetime | None = None,
    **changes: object,
) -> Entry:
    """A public entry of `make_article`; its guid is a URN that ends in the number."""
    article = make_article(number, **changes)
    return Entry(
        guid=f"urn:uuid:00000000-0000-5000-8000-{number:012d}",
        story=f"story-{number}",
        article=article,
        updated=updated or article.published,
        seen=article.published,
        visibility=Visibility.PUBLIC,
        topics=topics,
    )


def full_entry() -> Entry:
    """An entry with every field, and with what is hard to write in each."""
    return make_entry(
        7,
        topics=("azure", "ai", "c-plus-plus"),
        updated=utc(2026, 3, 2, 9, 30, 15),
        title="Fish & chips <b>in space</b>: “C++” at 5 > 4 ]]> 日本語 🚀",
        link="https://news.example.com/fish?a=1&b=2#top",
        canonical_link="https://news.example.com/fish?a=1&b=2",
        published=utc(2026, 3, 2, 7, 5, 3),
        summary="It costs <5 & is “good”.",
        body='<p>Cooked at <a href="https://home.example.net/?x=1&amp;y=2">home</a>, 5 &lt; 6 &amp; 7.</p>',
        images=(Image(url="https://img.example.net/fish.jpg?w=1024&h=576", width=1024, height=576),),
        provider=Provider(name="The Daily <Catch>", domain="catch.example.com"),
        authors=("Ann Ó Lee", "Bo & Co"),
        type="article",
        language="de_de",
        related=(
            Related(
                title="Chips, too",
                link="https://other.example.net/chips",
                canonical_link="https://other.example.net/chips",
                provider="Other Post",
                published=utc(2026, 3, 2, 6),
                quality=87.0,
            ),
        ),
        quality=93.5,
        heat=-1.0,
    )


def coverage_of(entry: Entry, *names: str) -> dict[str, tuple[Related, ...]]:
    """What the named publishers wrote on the entry's story."""
    return {
        entry.guid: tuple(
            Related(
                title=f"As seen by {name}",
                link=f"https://{name.lower()}.example.net/story",
                canonical_link=f"https://{name.lower()}.example.net/story",
                provider=name,
                published=entry.article.published,
            )
            for name in names
        )
    }
