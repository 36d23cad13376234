from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syndicator.models import ALL, Entry, Format, Image, Provider, Related, Topic
from syndicator.publish.addresses import image_type
from syndicator.publish.feed import BEGINNING, MOST_RELATED, Feed, Item, items_of
from syndicator.publish.formats import json_item
from syndicator.settings.models import Site
from tests.making import utc
from tests.publish.articles import AZURE, SITE, coverage_of, describe_feed, full_entry, make_entry


def feed_of(*entries: Entry, **changes: Any) -> Feed:
    return describe_feed(entries=entries, **changes)


def item_of(**changes: Any) -> Item:
    (item,) = feed_of(make_entry(**changes)).items
    return item


@pytest.mark.parametrize(
    ("topic", "level", "title"),
    [
        (AZURE, None, "Azure – Cloud News"),
        (AZURE, "top", "Azure (top) – Cloud News"),
        (None, None, "Cloud News"),
        (None, "good", "Cloud News (good)"),
    ],
)
def test_title_says_topic_level_and_site(topic: Topic | None, level: str | None, title: str) -> None:
    assert feed_of(topic=topic, level=level).title == title


def test_site_without_a_title_still_has_feeds() -> None:
    bare = Site(title=" ", base_url="https://feeds.example.org/")
    assert feed_of(site=bare).title == "News"
    assert feed_of(site=bare, topic=AZURE).title == "Azure – News"


def test_addresses_follow_the_output_folder() -> None:
    feed = feed_of(topic=AZURE, level="top")
    assert feed.self_url(Format.RSS) == "https://feeds.example.org/feeds/azure/top/rss.xml"
    assert feed.home == "https://feeds.example.org/topics/azure/"
    everything = feed_of()
    assert everything.slug == ALL
    assert everything.home == "https://feeds.example.org/"
    assert everything.self_url(Format.JSON) == "https://feeds.example.org/feeds/all/feed.json"


def test_feed_is_as_new_as_its_newest_change() -> None:
    edited = make_entry(1, updated=utc(2026, 5, 1))
    assert feed_of(edited, make_entry(2)).updated == utc(2026, 5, 1)
    assert feed_of().updated == BEGINNING


def test_language_is_the_topics_then_the_sites_then_english() -> None:
    assert feed_of(topic=AZURE).language == "en-US"
    assert feed_of(site=SITE.model_copy(update={"language": "de_at"})).language == "de-AT"
    assert feed_of(site=SITE.model_copy(update={"language": "Klingonese!"})).language == "en"


def test_description_is_never_empty() -> None:
    assert feed_of(topic=AZURE).description == "Microsoft's cloud, every day"
    assert feed_of(site=SITE.model_copy(update={"description": "All of it"})).description == "All of it"
    assert feed_of().description == "Cloud News"


def test_order_is_published_time_then_guid() -> None:
    early, late = make_entry(1), make_entry(3)
    twin = make_entry(2, published=late.article.published)
    assert [one.entry for one in items_of([early, late, twin], {}, {})] == [twin, late, early]


def test_update_is_never_before_publication() -> None:
    item = item_of(published=utc(2026, 5, 1), updated=utc(2026, 4, 1))
    assert item.updated == item.published == utc(2026, 5, 1)


def test_times_are_cut_to_the_second_in_all_formats_alike() -> None:
    moment = utc(2026, 5, 1) + timedelta(microseconds=999_999)
    assert item_of(published=moment).published == utc(2026, 5, 1)


def test_entry_without_body_shows_image_and_summary_once() -> None:
    image = Image(url="https://img.example.net/a.png", width=10, height=20)
    item = item_of(images=(image,), summary="A & B")
    assert item.content == (
        '<p><img src="https://img.example.net/a.png" alt="" width="10" height="20"></p>\n<p>A &amp; B</p>'
    )


def test_image_in_the_body_is_not_shown_again() -> None:
    image = Image(url="https://img.example.net/a.png?x=1&y=2")
    body = '<p><img src="https://img.example.net/a.png?x=1&amp;y=2">Text</p>'
    assert item_of(images=(image,), body=body).content == body
    assert item_of(images=(image,), body="<p>Text</p>").content.count("<img") == 1


def test_entry_without_any_text_links_to_the_article() -> None:
    content = item_of(summary="", title="A < B").content
    assert content == '<p><a href="https://news.example.com/article-1">A &lt; B</a></p>'


@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        ("https://i.example.net/a.JPG", "image/jpeg"),
        ("https://i.example.net/a.webp?w=1#x", "image/webp"),
        ("https://i.example.net/image", None),
        ("https://i.example.net/a.php", None),
    ],
)
def test_media_type_is_known_from_the_suffix_or_not_at_all(url: str, media_type: str | None) -> None:
    assert image_type(url) == media_type


def test_publisher_is_the_author_where_the_article_names_none() -> None:
    daily = Provider(name="Daily", domain="daily.example.com")
    assert item_of(provider=daily).authors == (("Daily", "https://daily.example.com/"),)
    assert item_of(provider=daily, authors=("Ann", "Bo")).authors == (("Ann", None), ("Bo", None))
    assert item_of().authors == ()


def test_related_coverage_comes_first_and_each_address_once() -> None:
    entry = full_entry()
    coverage = coverage_of(entry, "Globe", "globe", "Herald")[entry.guid]
    own = Related(title="x", link=entry.article.link, canonical_link=entry.article.canonical_link)
    (item,) = feed_of(entry, coverage={entry.guid: (*coverage, own)}).items
    assert [other.title for other in item.related] == ["As seen by Globe", "As seen by Herald", "Chips, too"]
    assert item.publishers == 3


def test_related_coverage_is_a_handful() -> None:
    entry = make_entry()
    coverage = coverage_of(entry, *(f"P{number}" for number in range(50)))[entry.guid]
    (item,) = feed_of(entry, coverage={entry.guid: coverage}).items
    assert len(item.related) == MOST_RELATED
    assert item.publishers == 51


def test_whole_rating_is_written_as_a_whole_number() -> None:
    assert b'"quality": 93, "heat": 7.5' in json_item(item_of(quality=93.0, heat=7.5), SITE)


def test_unknown_topic_is_labelled_by_its_slug() -> None:
    assert item_of(topics=("new-topic", "azure")).labels == ("new-topic", "Azure")
