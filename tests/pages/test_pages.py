"""What stands on the pages: feeds to copy, entries, reasons, and nothing that an article could smuggle in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.models import Entry, Image, Provider, Topic, Visibility
from syndicator.publish.pages.assets import ASSETS
from syndicator.publish.pages.page import Card
from syndicator.publish.pages.page import Page as Shown
from syndicator.publish.pages.render import render_page
from syndicator.settings.models import Site
from syndicator.text import plain_line
from syndicator.urls import encoded, http_link
from tests.pages import samples
from tests.pages.markup import Page, read
from tests.publish.articles import coverage_of

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", samples.GOLDENS)
def test_page_is_byte_for_byte_the_golden_one(name: str) -> None:
    # After a wanted change: `GOLDEN=1 pytest tests/pages`, then read the difference.
    made, kept = render_page(samples.GOLDENS[name]()), GOLDEN / name
    if os.environ.get("GOLDEN") == "1":
        kept.write_bytes(made)
    assert made == kept.read_bytes()


def test_title_that_looks_like_another_address_says_where_it_leads() -> None:
    entry = samples.cloud_entries()[0]
    article = replace(entry.article, title="https://mybank.example/login", link="https://evil.example/")
    front = Shown(
        site=samples.SITE, statistics=samples.count_entries([]), entries=(replace(entry, article=article),)
    )
    assert 'login</a> <span class="note">(leads to evil.example)</span></h3>' in render_page(front).decode()


def test_story_stands_once_led_by_its_best_entry() -> None:
    entries = [replace(entry, story=f"s{at % 2}") for at, entry in enumerate(samples.cloud_entries()[:6])]
    best = [max(entries[at::2], key=lambda entry: entry.article.quality or 0) for at in (0, 1)]
    assert Shown(site=samples.SITE, entries=entries).newest == sorted(best, key=entries.index)
    assert Shown(site=samples.SITE, entries=entries, digest="id").newest == entries


def test_others_of_a_story_are_named_once_each_and_told_in_full_below() -> None:
    lead = samples.make_entry(1)
    names = ("Herald", "Echo", "Times", "Post", "Courier")
    first, *others = coverage_of(lead, "Globe", *names, "Mirror")[lead.guid]
    others[-1] = replace(others[-1], provider="ECHO")
    hostile = replace(first, title="https://mybank.example/<b>", provider="<i>& Co")
    coverage = {lead.guid: [hostile, first, *others]}
    page = read(render_page(Shown(site=samples.SITE, entries=[lead], coverage=coverage)))
    (folded,) = page.all("details", **{"class": "also"})
    summary, *told = filter(None, folded.text.splitlines())
    assert summary == "also: <i>& Co, Herald, Echo, Times, Post, +1 more"
    assert told[0] == "https://mybank.example/<b> (leads to globe.example.net) (<i>& Co)"
    assert told[1:] == [*(f"As seen by {name} ({name})" for name in names), "As seen by Mirror (ECHO)"]
    many = coverage_of(lead, *(f"Publisher {number}" for number in range(16)))
    page = read(render_page(Shown(site=samples.SITE, entries=[lead], coverage=many)))
    (folded,) = page.all("details", **{"class": "also"})
    assert folded.text.count("As seen by") == 16


def test_same_entries_give_same_bytes_under_any_hash_seed() -> None:
    program = (
        "import hashlib; from tests.pages.samples import site_files;"
        "print(hashlib.sha256(repr(sorted(site_files().items())).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/New_York"))
    }
    assert len(seen) == 1


@pytest.fixture
def front() -> Page:
    return read(render_page(samples.front_page()))


@pytest.fixture
def topic() -> Page:
    return read(render_page(samples.topic_page()))


def links(page: Page) -> list[str]:
    return [element.attributes["href"] for element in page.elements if "href" in element.attributes]


def test_topic_offers_each_feed_to_open_to_copy_and_to_slack(topic: Page) -> None:
    fields = {element.attributes["value"] for element in topic.all("input")}
    for level in ("", "good/", "top/"):
        for file in ("rss.xml", "atom.xml", "feed.json"):
            path = f"feeds/cloud/{level}{file}"
            assert f"../../{path}" in links(topic)
            assert f"https://feeds.example.org/news/{path}" in fields
        slack = f"/feed subscribe https://feeds.example.org/news/feeds/cloud/{level}rss.xml"
        assert slack in fields


def test_every_field_can_be_copied_but_not_changed_and_has_a_name(topic: Page) -> None:
    fields = topic.all("input")
    names = [element.attributes["aria-label"] for element in fields]
    assert all("readonly" in element.attributes for element in fields)
    assert len(names) == len(set(names)) == 12


def test_readers_find_every_feed_by_themselves(topic: Page) -> None:
    found = [(e.attributes["type"], e.attributes["href"]) for e in topic.all("link", rel="alternate")]
    assert len(found) == 9
    assert found[0] == ("application/rss+xml", "../../feeds/cloud/rss.xml")
    assert ("application/feed+json", "../../feeds/cloud/top/feed.json") in found


def test_front_page_has_all_topics_and_the_list_of_feeds(front: Page) -> None:
    assert "feeds.opml" in links(front)
    for known in samples.TOPICS:
        assert f"topics/{known.slug}/" in links(front)


def test_child_follows_its_parent_and_others_stand_by_themselves() -> None:
    nothing = samples.count_entries(())
    parents = {"b": "z", "z": None, "a": "b", "k": "no"}
    cards = [
        Card(Topic(slug=slug, name=slug.upper(), parent=parent), nothing) for slug, parent in parents.items()
    ]
    front = Shown(site=samples.SITE, statistics=nothing, cards=cards)
    page = render_page(front)
    names = [e.text for e in read(page).all("a") if e.attributes.get("class") == "card-name"]
    assert names == ["K", "Z", "B", "A"]
    assert re.findall(r"(\w) ›</span>\n<a class=.card-name.[^>]*>(\w)", page.decode()) == [
        ("Z", "B"),
        ("B", "A"),
    ]


def test_links_within_the_site_are_relative_and_lead_to_real_pages(front: Page, topic: Page) -> None:
    for page, base in ((front, "/sub/"), (topic, "/sub/topics/cloud/")):
        inner = [href for href in links(page) if "://" not in href and not href.startswith("#")]
        assert inner
        assert all(urljoin(f"http://h{base}", href).startswith("http://h/sub/") for href in inner)
        assert not any(href.startswith("/") for href in inner)


def test_absolute_addresses_are_the_articles_or_the_sites(topic: Page) -> None:
    hosts = {href.split("/")[2] for href in links(topic) if "://" in href}
    others = {host for host in hosts if host.endswith(".example.net")}
    assert len(others) == 6 and hosts - others == {"feeds.example.org", "news.example.com"}


def test_pictures_cost_nothing_and_tell_nobody(topic: Page) -> None:
    pictures = topic.all("img")
    assert pictures
    for picture in pictures:
        assert picture.attributes["loading"] == "lazy"
        assert picture.attributes["referrerpolicy"] == "no-referrer"
        assert picture.attributes["alt"] == ""
        assert {"width", "height"} <= picture.attributes.keys()
        assert picture.attributes["src"].startswith("https://img.example.net/")


def test_charts_say_in_words_what_they_show(topic: Page) -> None:
    charts = topic.all("svg", role="img")
    assert len(charts) == 2
    for chart in charts:
        title, text = chart.attributes["aria-labelledby"].split()
        assert topic.all("title", id=title)[0].text
        assert topic.all("desc", id=text)[0].text
    assert {e.text for e in topic.all("text") if e.attributes.get("class") == "mark-label"} == {
        "good 90",
        "top 110",
    }


def test_nothing_public_says_why_and_what_to_do() -> None:
    text = read(render_page(samples.empty_front())).all("main")[0].text
    assert (
        "2 articles are not published (published: false or a draft). If published: false only means" in text
    )
    assert "1 article is embargoed: its time is still to come." in text


def test_what_is_held_back_is_not_told_where_something_is_public() -> None:
    held = replace(samples.front_page(), held={Visibility.DRAFT: 2})
    assert b"not published" not in render_page(held)


def test_empty_topic_invites_to_subscribe() -> None:
    page = read(render_page(samples.empty_topic()))
    assert "whoever subscribes now misses nothing" in page.all("main")[0].text
    assert "../../topics/cloud/" in links(page)


def test_style_is_named_by_its_content_and_found_from_every_page(front: Page, topic: Page) -> None:
    (style,) = [path for path in ASSETS if path.endswith(".css")]
    assert style in links(front)
    assert f"../../{style}" in links(topic)
    assert "icon.svg" in ASSETS


def test_policy_finds_nothing_to_forbid(front: Page, topic: Page) -> None:
    for page in (front, topic):
        assert {element.tag for element in page.elements}.isdisjoint({"script", "style", "iframe", "form"})
        names = {name for element in page.elements for name in element.attributes}
        assert "style" not in names
        assert not any(name.startswith("on") for name in names)


def test_ten_thousand_topics_fit_on_a_page() -> None:
    nothing = samples.count_entries(())
    cards = tuple(Card(Topic(slug=f"t{n}", name=f"Topic {n}"), nothing) for n in range(10_000))
    page = render_page(Shown(site=samples.SITE, statistics=nothing, cards=cards))
    assert page.count(b'class="card-name"') == 10_000
    assert len(page) < 2_500_000
    assert b'<a href="#newest">newest entries</a>' in page, "which are far below"


TEXT = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    [
        "</title><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "{{ 7*7 }}{% raw %}",
        "]]>&amp;&#0;\x00\x1b\ud800\ufffe\u202e",
        "<!-- -->",
        "x" * 20_000,
        "javascript:alert(1)",
        "https://ok.example.net/<&\"'>",
        "//evil.example",
        "data:text/html,x",
    ]
)


def address(text: str) -> str:
    with suppress(ValueError):
        return encoded(http_link(text))
    return "https://ok.example.net/"


LINE = TEXT.map(lambda text: plain_line(text, 500))
ADDRESS = TEXT.map(address)
"""As the parser lets text and addresses in."""


@st.composite
def hostile_entries(draw: st.DrawFn) -> Entry:
    return samples.make_entry(
        draw(st.integers(0, 40)),
        title=draw(LINE),
        summary=draw(LINE),
        link=draw(ADDRESS),
        language=draw(st.none() | TEXT),
        images=tuple(Image(url=url) for url in draw(st.lists(ADDRESS, max_size=2))),
        provider=draw(st.none() | st.builds(Provider, name=LINE)),
        quality=draw(st.none() | st.floats(-1e15, 1e15)),
    )


@given(entries=st.lists(hostile_entries(), max_size=3), text=LINE, name=LINE, minimum=st.floats(-1e9, 1e9))
def test_no_text_in_any_field_becomes_markup(
    entries: list[Entry], text: str, name: str, minimum: float
) -> None:
    site = Site.model_construct(
        title=text, base_url="https://feeds.example.org/", language=name, description=text
    )
    topic = Topic(slug="t", name=name, description=text, language=text, parent="cloud")
    ordered = tuple(sorted(entries, key=lambda entry: entry.article.published, reverse=True))
    statistics = samples.count_entries(ordered)
    card = Card(topic, statistics)
    held = {Visibility.DRAFT: 1}
    front = Shown(
        site=site, statistics=statistics, cards=(card,), entries=ordered, levels={"good": minimum}, held=held
    )
    below = Shown(
        site=site,
        topic=topic,
        statistics=statistics,
        entries=ordered,
        levels={"good": minimum, "top": 110.0},
        parent=replace(topic, slug="p"),
        cards=(card,),
        names={"cloud": text, "storage": name},
    )
    for made in (render_page(front), render_page(below)):
        page = read(made)
        assert {element.tag for element in page.elements} <= KNOWN_TAGS
        for element in page.elements:
            assert element.attributes.keys() <= KNOWN_ATTRIBUTES
            for name_of in ("href", "src"):
                address = element.attributes.get(name_of, "./")
                assert address.startswith(
                    ("https://", "http://", "./", "../", "#", "topics/", "feeds", "style-", "icon.")
                )
                assert not address.startswith("//")
        assert not any(ord(character) < 32 and character != "\n" for character in made.decode())


KNOWN_TAGS = frozenset(
    "html head meta title link body header main nav section article footer div h1 h2 h3 p a span strong code "  # noqa: SIM905
    "ul ol li dl dt dd details summary input time img figure figcaption svg desc line rect text path".split()
)
KNOWN_ATTRIBUTES = frozenset(
    "lang dir id class charset name content rel href type title value readonly open datetime src alt width "  # noqa: SIM905
    "height loading decoding referrerpolicy role aria-label aria-labelledby aria-hidden viewbox x y x1 x2 y1 "
    "y2 d text-anchor preserveaspectratio".split()
)


def test_title_of_a_hundred_thousand_characters_is_cut() -> None:
    long = samples.make_entry(1, title="word " * 20_000, summary="x" * 100_000)
    page = render_page(replace(samples.topic_page(), entries=(long,)))
    assert len(page) < 30_000
    assert "word word…" in page.decode()
