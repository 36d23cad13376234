"""Values for tests, made short: only what a test is about is named in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from syndicator.models import Article, Entry, Image, Provider, Visibility


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


NOON = utc(2026, 3, 14, 12)


def make_article(path: str = "a.md", **changes: Any) -> Article:
    """A good article; `canonical_link` follows `link` unless it is given."""
    slug = path.removesuffix(".md").replace("/", "-")
    link = changes.pop("link", f"https://news.example/{slug}")
    base = Article(
        source="news",
        path=path,
        title=f"About {slug}",
        link=link,
        canonical_link=changes.pop("canonical_link", link),
        published=utc(2026, 3, 14, 9),
        revision=f"revision of {slug}",
        summary=f"What there is to know about {slug}.",
        images=(Image(url=f"https://img.example/{slug}.jpg", width=1200, height=630),),
        provider=Provider(name="The Daily Example", domain="daily.example"),
        topics=("AI",),
        quality=80.0,
    )
    return replace(base, **changes)


def make_entry(
    path: str = "a.md", *, guid: str | None = None, seen: datetime = NOON, **changes: Any
) -> Entry:
    """A public entry; `topics` are slugs, everything else that is no field of Entry goes to its article."""
    visibility = changes.pop("visibility", Visibility.PUBLIC)
    topics = changes.pop("topics", ("ai",))
    updated = changes.pop("updated", None)
    story = changes.pop("story", None)
    article = make_article(path, **changes)
    return Entry(
        guid=guid or f"urn:test:{path}",
        story=story or f"story of {article.canonical_link}",
        article=article,
        updated=updated or article.published,
        seen=seen,
        visibility=visibility,
        topics=topics,
    )
