"""Any text in any field of a file gives valid documents, and one bad entry never costs the others."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicator.errors import ArticleError
from syndicator.models import Article, DeclaredTopic, Entry, Format, Related, Tombstone, Topic
from syndicator.publish.archive import archive_pages
from syndicator.publish.opml import render_opml
from syndicator.publish.topics import build_index
from syndicator.settings.models import Site
from syndicator.text import plain_line, visible
from tests.parse.writing import read
from tests.publish import validators
from tests.publish.articles import LABELS, SITE, describe_feed, make_entry, render

NASTY = [
    "]]>",
    "<![CDATA[x]]>",
    "<script>alert(1)</script>",
    "&amp;lt;b&gt;",
    "<!-- -- -->",
    "&#0;",
    "&undefined;",
    "\x00\x08\x0b\x1b",
    "\x85\x9f",
    "\ud800",
    "\udfff\ud800",
    "\ufffe\uffff\ufffd",
    "\U0010ffff",
    "\u202e\u200b",
    '"><img src=x onerror=y>',
    "'",
    "\r\n\t",
    "   ",
    "",
    "<?xml version='1.0'?>",
    "%s%n{}",
]
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet=st.characters(codec=None), max_size=20),
    st.lists(st.sampled_from([*NASTY, "word ", "&", "<", ">"]), max_size=4).map("".join),
)
LINE = TEXT.map(lambda text: plain_line(text, 500)).filter(visible)
LINK = st.one_of(
    TEXT,
    TEXT.map(lambda text: f"https://news.example.com/{text}"),
    TEXT.map(lambda text: f"https://{text}/"),
    st.sampled_from(["javascript:alert(1)", "http://a", "HTTPS://A.example/?b=c&d=<e>#f", "data:,x"]),
)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis adds the zone itself
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
SIDE = st.none() | st.integers(-5, 5)
PROVIDER = st.fixed_dictionaries({"name": TEXT, "domain": TEXT})
RELATED = {"title": TEXT, "webUrl": LINK, "provider": PROVIDER, "quality": NUMBER}
FIELDS = st.fixed_dictionaries(
    {
        "title": TEXT | TEXT.map(lambda text: f"Title {text}"),
        "webUrl": LINK | st.just("https://news.example.com/a"),
        "publishedDateTime": MOMENT.map(datetime.isoformat),
        "excerpt": TEXT,
        "images": st.lists(st.fixed_dictionaries({"url": LINK, "width": SIDE, "height": SIDE}), max_size=1),
        "provider": PROVIDER,
        "type": TEXT,
        "language": TEXT | st.sampled_from(["de_DE", "en"]),
        "related": st.lists(st.fixed_dictionaries(RELATED), max_size=1),
        "quality": NUMBER,
        "heat": NUMBER,
    }
)
SITE_TITLE = TEXT.map(lambda text: text.encode("utf-8", "replace").decode() or "Title")
FEED: dict[str, Any] = {
    "files": st.lists(st.tuples(FIELDS, TEXT), max_size=2),
    "title": SITE_TITLE,
    "topic": st.none()
    | st.builds(Topic, slug=st.just("azure"), name=LINE, description=LINE, language=st.none() | TEXT),
    "updated": MOMENT,
    "stones": st.lists(st.builds(Tombstone, guid=TEXT, removed=MOMENT), max_size=2),
}


def parsed(fields: dict[str, object], body: str) -> Article | None:
    """The article of a file with these fields as JSON; None where it is a problem."""
    with suppress(ArticleError):
        return read(f"{json.dumps(fields)}\n{body.encode('utf-8', 'replace').decode()}")
    return None


def entry_of(article: Article, number: int, updated: datetime) -> Entry:
    made = make_entry(number, topics=("azure", "ai", "other"), updated=updated)
    return Entry(
        guid=made.guid,
        story=made.story,
        article=article,
        updated=updated,
        seen=updated,
        visibility=made.visibility,
        topics=made.topics,
    )


@pytest.mark.timeout(300)
@given(**FEED)
@example(
    files=[
        (
            {"title": "x" * 20_000, "webUrl": "https://a.example/", "publishedDateTime": "2026-01-01"},
            "]]>" * 9_000,
        )
    ],
    title="T" * 100_000,
    topic=None,
    updated=datetime(2026, 1, 1, tzinfo=UTC),
    stones=[],
)
def test_any_text_in_any_field_gives_valid_documents(
    files: list[tuple[dict[str, object], str]],
    title: str,
    topic: Topic | None,
    updated: datetime,
    stones: list[Tombstone],
) -> None:
    articles = [article for file in files if (article := parsed(*file)) is not None]
    entries = [entry_of(article, number, updated) for number, article in enumerate(articles)]
    good = make_entry(4711)
    pages = archive_pages(7, 5)
    feed = describe_feed(
        site=Site(title=title, base_url="https://feeds.example.org/", language="en"),
        entries=[*entries, good],
        labels={"azure": "A<&>", "ai": "AI"},
        topic=topic,
        coverage={entry.guid: [_as_related(other) for other in articles] for entry in entries},
        tombstones=stones,
        pages=pages,
        page=pages[0],
    )
    for form, check in (
        (Format.RSS, validators.check_rss),
        (Format.ATOM, validators.check_atom),
        (Format.JSON, validators.check_json),
    ):
        data = render(feed, form)
        assert check(data) == []
        assert all(entry.guid.encode() in data for entry in (*entries, good))


def _as_related(article: Article) -> Related:
    return Related(
        title=article.title, link=article.link, canonical_link=article.link, quality=article.quality
    )


@given(st.lists(st.builds(DeclaredTopic, name=LINE, language=st.none() | TEXT), max_size=4), SITE_TITLE)
def test_any_topics_and_title_give_valid_opml(declared: list[DeclaredTopic], title: str) -> None:
    site = Site(title=title, base_url="https://feeds.example.org/", language="en")
    index = build_index(declared, [], []).index
    assert validators.check_opml(render_opml(site, tuple(index.topics.values()), levels=("top",))) == []


def test_scripts_never_become_links() -> None:
    script = "javascript:alert(1)"
    fields: dict[str, object] = {
        "title": "T",
        "webUrl": "https://news.example.com/a",
        "publishedDateTime": "2026-01-01",
        "images": [script],
        "provider": {"name": "P", "domain": script},
        "related": [{"title": "t", "webUrl": script}],
    }
    article = parsed(fields, f"[a]({script}) ![b]({script}) <a href='{script}'>c</a>")
    assert article is not None
    assert parsed(fields | {"webUrl": script}, "") is None
    feed = describe_feed(site=SITE, labels=LABELS, entries=[entry_of(article, 1, article.published)])
    assert not any(b"javascript" in render(feed, form) for form in Format)
