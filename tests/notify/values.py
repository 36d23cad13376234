"""Entries and routes of our own making for the tests of what is announced."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from syndicator.alerts import LedgerKind, LedgerRow, RouteReason
from syndicator.models import Article, Entry, Image, Provider, Visibility
from syndicator.settings.models import Digest, Route
from tests.making import utc

NOON = utc(2026, 3, 2, 12)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
NOW_AND_THEN = Digest(cron="0 9 * * *")
AT_ONCE = "immediate"


def make_entry(
    name: str = "tides",
    *,
    quality: float | None = 90.0,
    published: datetime = NOON - HOUR,
    provider: str | None = "Harbour Post",
    topics: tuple[str, ...] = ("sea",),
    visibility: Visibility = Visibility.PUBLIC,
    story: str | None = None,
    source: str = "news",
    **fields: Any,
) -> Entry:
    article: dict[str, Any] = {
        "source": source,
        "path": f"{name}.md",
        "title": f"The {name} of the north",
        "link": f"https://www.harbour.example/{name}",
        "canonical_link": f"https://www.harbour.example/{name}",
        "published": published,
        "revision": "r1",
        "summary": f"What the {name} do when nobody looks.",
        "images": (Image(url=f"https://img.example/{name}.jpg", width=640, height=480),),
        "provider": None
        if provider is None
        else Provider(
            name=provider,
            domain=f"{provider.split()[0].lower()}.example",
            logo=Image(url="https://img.example/logo.png"),
        ),
        "topics": topics,
        "quality": quality,
    }
    return Entry(
        guid=f"urn:{name}",
        story=story or name,
        article=Article(**(article | fields)),
        updated=published,
        seen=NOON,
        visibility=visibility,
        topics=topics,
    )


def make_route(name: str = "sea", **fields: Any) -> Route:
    values: dict[str, Any] = {"name": name, "channel": "C1", "deliver": AT_ONCE}
    return Route(**(values | fields))


def owe(entry: Entry, route: Route | None = None, *, at: datetime = NOON) -> LedgerRow:
    route = route or make_route()
    return LedgerRow(
        route=route.name,
        channel=route.channel,
        story=entry.story,
        guid=entry.guid,
        kind=LedgerKind.OWED,
        reason=RouteReason.OWED,
        at=at,
    )
