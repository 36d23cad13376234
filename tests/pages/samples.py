"""Pages of our own writing, for goldens and for the browser: full, sparse and empty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from syndicator.models import Appearance, Article, Entry, Image, Provider, Topic, Visibility
from syndicator.publish.pages.assets import ASSETS
from syndicator.publish.pages.page import Card, Page
from syndicator.publish.pages.render import render_page
from syndicator.publish.pages.statistics import Statistics, count_statistics
from syndicator.settings.models import Site
from tests.making import utc
from tests.publish.articles import coverage_of

SITE = Site(
    title="Cloud & Sky News",
    base_url="https://feeds.example.org/news/",
    description="What is written about clouds, sorted and rated.",
)
LEVELS = {"good": 90.0, "top": 110.0}
CLOUD = Topic(slug="cloud", name="Cloud", description="Everything above the ground", language="en-US")
STORAGE = Topic(slug="storage", name="Storage <cold>", parent="cloud")
TOKYO = Topic(slug="ri-ben", name="日本の雲", language="ja")
QUIET = Topic(slug="quiet", name="Quiet")
TOPICS = (CLOUD, STORAGE, TOKYO, QUIET)
NAMES = {topic.slug: topic.name for topic in TOPICS}
_PUBLISHERS = ("The Daily Cloud", "Sky & Sons", "Ätherblatt", None)


def make_entry(number: int, **changes: object) -> Entry:
    """A public entry; the higher its number, the newer."""
    publisher = _PUBLISHERS[number % 4]
    article: dict[str, object] = {
        "source": "sky",
        "path": f"{number}.md",
        "title": f"Cloud number {number} drifts by",
        "link": f"https://news.example.com/cloud-{number}?a=1&b=2",
        "canonical_link": f"https://news.example.com/cloud-{number}",
        "published": utc(2026, 3, 1, 6) + timedelta(hours=17 * number),
        "revision": f"r{number}",
        "summary": f"Observers report that cloud number {number} looked like a sheep, then like a ship.",
        "images": (Image(url=f"https://img.example.net/{number}.jpg"),) if number % 3 else (),
        "provider": Provider(name=publisher) if publisher else None,
        "quality": None if number % 7 == 0 else 40.0 + (number * 37) % 90,
    }
    topics = ("cloud", "storage") if number % 4 == 0 else ("cloud",)
    made = Article(**(article | changes))  # type: ignore[arg-type] # the caller names fields of Article
    return Entry(
        guid=f"urn:x:{number}",
        story=f"s{number}",
        article=made,
        updated=made.published,
        seen=made.published,
        visibility=Visibility.PUBLIC,
        topics=topics,
    )


def count_entries(entries: Iterable[Entry]) -> Statistics:
    """The statistics of all the entries of a topic, in any order."""
    seen = [
        Appearance(
            e.article.published, e.article.quality, e.article.provider.name if e.article.provider else None
        )
        for e in entries
    ]
    return count_statistics(seen, total=len(seen), first=min((one.published for one in seen), default=None))


def cloud_entries() -> tuple[Entry, ...]:
    """Forty entries, newest first, the newest of them hard to write."""
    hostile = make_entry(
        41,
        title="Fish & chips <b>in space</b>: “C++” at 5 > 4 日本語 🚀",
        summary="It costs <5 & is “good”. </p><script>alert(1)</script>",
        provider=Provider(name="O'Reilly & <Co>"),
        quality=117.5,
        language="de",
        images=(Image(url="https://img.example.net/a?b=1&c=2"),),
    )
    bare = make_entry(40, title="Kein Link, kein Bild", images=(), summary="")
    return (hostile, bare, *(make_entry(number) for number in range(39, 1, -1)))


def tokyo_entries() -> tuple[Entry, ...]:
    return (make_entry(44, title="雲が出た", language="ja", quality=150.0, provider=None),)


def front_page() -> Page:
    cloud, tokyo = cloud_entries(), tokyo_entries()
    storage = tuple(entry for entry in cloud if "storage" in entry.topics)
    counted = {"cloud": cloud, "storage": storage, "ri-ben": tokyo, "quiet": ()}
    return Page(
        site=SITE,
        statistics=count_entries([*tokyo, *cloud]),
        cards=[Card(topic, count_entries(counted[topic.slug])) for topic in TOPICS],
        names=NAMES,
        entries=(*tokyo, *cloud)[:12],
        levels=LEVELS,
    )


def topic_page() -> Page:
    entries = cloud_entries()
    storage = Card(STORAGE, count_entries(entries[::4]))
    return Page(
        site=SITE,
        topic=CLOUD,
        statistics=count_entries(entries),
        entries=entries[:12],
        coverage=coverage_of(entries[0], "Globe", "Herald", "Echo", "Times", "Post", "Courier")
        | coverage_of(entries[3], "Globe"),
        levels=LEVELS,
        cards=(storage,),
        names=NAMES,
    )


def empty_front() -> Page:
    held = {Visibility.DRAFT: 2, Visibility.EMBARGOED: 1}
    return Page(site=SITE, statistics=Statistics(), levels=LEVELS, held=held)


def empty_topic() -> Page:
    return Page(site=SITE, topic=STORAGE, statistics=Statistics(), levels=LEVELS, parent=CLOUD)


def site_files() -> dict[str, bytes]:
    """A whole small site by path: its pages, style and icon."""
    return {
        **ASSETS,
        **{f"empty/{path}": body for path, body in ASSETS.items()},
        "index.html": render_page(front_page()),
        "topics/cloud/index.html": render_page(topic_page()),
        "topics/storage/index.html": render_page(empty_topic()),
        "empty/index.html": render_page(empty_front()),
    }


GOLDENS = {
    "front.html": front_page,
    "topic.html": topic_page,
    "empty-front.html": empty_front,
    "empty-topic.html": empty_topic,
}
"""The pages that are kept byte for byte, by file name."""
