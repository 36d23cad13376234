"""Messages keep Slack's limits, and nothing in an article is ever parsed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from syndicator.models import Entry, Image, Provider
from syndicator.notify.coverage import Coverage
from syndicator.notify.message import DigestPage, alert_message, digest_message
from syndicator.settings.models import Digest
from syndicator.slack.terminal import draw
from tests import slack_rules
from tests.notify.injections import INJECTIONS
from tests.notify.values import HOUR, NOON, make_entry, make_route

ID = "d1"
PAGE = DigestPage(name="The Sea", url="https://feeds.example.org/topics/sea/")
TOO_LONG = PAGE.url + "x" * 1_500
NAMES = {"sea": "The Sea", "cpp": "C++"}
MOST = 20
"""Stories that a digest shows, by its settings."""


def alert(entry: Entry, *others: Entry, **options: Any) -> dict[str, Any]:
    story = Coverage(lead=entry, others=others)
    return alert_message(story, make_route(), id=ID, topic_names=NAMES, **options)


def digest(
    entries: Sequence[Entry | Coverage], more: int = 0, page: DigestPage = PAGE, **options: Any
) -> dict[str, Any]:
    stories = [one if isinstance(one, Coverage) else Coverage(lead=one) for one in entries]
    return digest_message(stories, more, make_route(), id=ID, at=NOON, page=page, **options)


def texts(message: dict[str, Any]) -> list[str]:
    return list(slack_rules.all_texts(message["blocks"]))


def test_alert_has_headline_summary_picture_publisher_time_and_topics() -> None:
    message = alert(make_entry(topics=("sea", "cpp", "hidden")))
    assert message["blocks"] == [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {
                            "type": "link",
                            "url": "https://www.harbour.example/tides",
                            "text": "The tides of the north",
                            "style": {"bold": True},
                        }
                    ],
                }
            ],
        },
        {
            "type": "section",
            "text": {"type": "plain_text", "text": "What the tides do when nobody looks.", "emoji": False},
            "accessory": {
                "type": "image",
                "image_url": "https://img.example/tides.jpg",
                "alt_text": "The tides of the north",
            },
        },
        {
            "type": "context",
            "elements": [
                {"type": "image", "image_url": "https://img.example/logo.png", "alt_text": "Harbour Post"},
                {"type": "plain_text", "text": "Harbour Post", "emoji": False},
                {
                    "type": "mrkdwn",
                    "text": "<!date^1772449200^{date_short_pretty} at {time}|2 Mar 2026, 11:00 UTC>",
                    "verbatim": True,
                },
                {"type": "plain_text", "text": "The Sea · C++", "emoji": False},
            ],
        },
    ]
    assert message["text"] == "The tides of the north (Harbour Post) https://www.harbour.example/tides"
    payload = {"delivery": ID, "stories": "tides"}
    assert message["metadata"] == {"event_type": "syndicator_delivery", "event_payload": payload}
    assert (message["unfurl_links"], message["unfurl_media"], message["mrkdwn"]) == (False, False, False)
    assert slack_rules.problems(message) == []


def test_title_that_looks_like_another_address_says_where_it_leads() -> None:
    bank = make_entry(title="https://mybank.example/login")
    head = alert(bank)["blocks"][0]["elements"][0]["elements"]
    assert [part["text"] for part in head] == [bank.article.title, " (leads to harbour.example)"]
    assert "url" not in head[1]
    for message in (alert(bank), digest([bank]), digest([make_entry(), bank])):
        assert "https://mybank.example/login (leads to harbour.example)" in message["text"]
        assert " (leads to harbour.example)" in texts(message)
        assert slack_rules.problems(message) == []
    drawn = Console(file=io.StringIO(), width=120)
    drawn.print(draw(alert(bank), channel="C1"))
    assert "login (leads to harbour.example)" in drawn.file.getvalue()  # type: ignore[attr-defined]  # StringIO


def test_digest_has_lead_list_count_and_the_way_to_all() -> None:
    message = digest(
        [make_entry("lamp"), make_entry("eels", provider="River News"), make_entry("fog")], more=7
    )
    kinds = [block["type"] for block in message["blocks"]]
    assert kinds == ["header", "rich_text", "section", "context", "rich_text", "context"]
    assert message["blocks"][0]["text"]["text"] == "The Sea: 10 new stories"
    items = message["blocks"][4]["elements"][0]["elements"]
    assert [item["elements"][1]["text"].strip() for item in items] == [
        "River News · 1\xa0h",
        "Harbour Post · 1\xa0h",
    ]
    ending = message["blocks"][5]["elements"][0]["text"]
    assert ending == "<https://feeds.example.org/topics/sea/|+7 more on The Sea>"
    assert message["text"].startswith("The Sea: 10 new stories: The lamp of the north; ")
    assert slack_rules.problems(message) == []


def others(count: int, **fields: Any) -> tuple[Entry, ...]:
    names = ("River News", "The Globe", "Herald", "Echo", "Lake Times", "Wind", "Dune")
    return tuple(
        make_entry(name.lower().replace(" ", "-"), provider=name, **fields) for name in names[:count]
    )


def also(message: dict[str, Any]) -> str:
    return "".join(part["text"] for part in message["blocks"][-1]["elements"][0]["elements"])


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "also: River News · 2 publishers"),
        (2, "also: River News, The Globe · 3 publishers"),
        (5, "also: River News, The Globe, Herald, Echo, Lake Times · 6 publishers"),
        (7, "also: River News, The Globe, Herald, Echo, Lake Times, +2 more · 8 publishers"),
    ],
)
def test_other_publishers_stand_below_linked_and_counted(count: int, words: str) -> None:
    message = alert(make_entry(), *others(count))
    assert also(message) == words
    links = [f"https://www.harbour.example/{one.article.path[:-3]}" for one in others(count)[:5]]
    assert slack_rules.links(message)[1:] == links
    assert slack_rules.problems(message) == []
    lead = digest([Coverage(lead=make_entry(), others=others(count)), make_entry("fog")])
    assert lead["blocks"][4] == message["blocks"][-1]
    assert slack_rules.problems(lead) == []


def test_other_publishers_stand_in_the_notification() -> None:
    text = alert(make_entry(), *others(2))["text"]
    assert text == (
        "The tides of the north (Harbour Post, River News, The Globe) https://www.harbour.example/tides"
    )


def test_publisher_that_looks_like_another_address_says_where_it_leads() -> None:
    bank = make_entry("b", provider="mybank.example", link="https://evil.example/x")
    assert also(alert(make_entry(), bank)) == "also: mybank.example (leads to evil.example) · 2 publishers"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "Harbour Post · 3\xa0h"),
        (1, "Harbour Post, River News · 3\xa0h"),
        (3, "Harbour Post, River News, +2 · 3\xa0h"),
    ],
)
def test_story_is_one_line_however_many_publishers_it_has(count: int, words: str) -> None:
    story = Coverage(lead=make_entry(published=NOON - 3 * HOUR), others=others(count))
    message = digest([make_entry("lamp"), story])
    (item,) = message["blocks"][4]["elements"][0]["elements"]
    assert [part["text"] for part in item["elements"]] == ["The tides of the north", f"  {words}"]
    assert slack_rules.problems(message) == []


def test_story_whose_quality_rose_is_marked() -> None:
    story = Coverage(lead=make_entry(), rising=True)
    (alone,) = (
        block for block in digest([story])["blocks"] if block["type"] == "context" and "logo" in str(block)
    )
    assert alone["elements"][-1]["text"] == "rising"
    message = digest([make_entry("lamp"), story])
    assert "  Harbour Post · 1\xa0h · rising" in texts(message)
    assert "rising" not in texts(alert(make_entry()))


@pytest.mark.parametrize(
    ("more", "page", "last"),
    [
        (0, PAGE, "<https://feeds.example.org/topics/sea/|All stories on The Sea>"),
        (2, DigestPage(name="The Sea", url=TOO_LONG), "+2 more"),
        (
            2,
            DigestPage(name="R&D | <b>", url="https://a.example/?x=1&y=%7C2"),
            "<https://a.example/?x=1&amp;y=%7C2|+2 more on R&amp;D ¦ &lt;b&gt;>",
        ),
    ],
    ids=["nothing more", "no page", "page with signs"],
)
def test_digest_ends_with_what_is_left(more: int, page: DigestPage, last: str) -> None:
    message = digest([make_entry()], more, page)
    assert message["blocks"][-1]["elements"][0]["text"] == last
    assert slack_rules.problems(message) == []


def test_digest_of_one_without_more_or_page_is_just_the_story() -> None:
    message = digest([make_entry()], page=DigestPage(name="The Sea", url=TOO_LONG))
    assert [block["type"] for block in message["blocks"]] == ["header", "rich_text", "section", "context"]
    assert message["blocks"][0]["text"]["text"] == "The Sea: 1 new story"


def test_why_it_was_sent_is_the_last_line_where_wanted() -> None:
    route = make_route(show_reason=True, min_quality=80.0, topics=("Sea", "Tides"))
    story = Coverage(lead=make_entry(), rising=True)
    message: Any = alert_message(story, route, id=ID, topic_names={})
    assert message["blocks"][-1]["elements"][0]["text"] == (
        "Sent by the route sea: Sea, Tides, quality 80 or better. Its quality reached the minimum later."
    )
    daily = make_route(show_reason=True, deliver=Digest(cron="0 9 * * *", time_zone="Europe/Berlin"))
    blocks: Any = digest_message([story], 0, daily, id=ID, at=NOON, page=PAGE)["blocks"]
    assert (
        blocks[-1]["elements"][0]["text"] == "Sent by the route sea: all topics, at 0 9 * * * Europe/Berlin."
    )


BARE: list[dict[str, Any]] = [
    {"summary": ""},
    {"images": ()},
    {"summary": "", "images": ()},
    {"provider": None},
    {"provider": None, "summary": ""},
    {"images": (Image(url="https://img.example/" + "a" * 3_000),)},
    {"title": "\u200b\u202e", "summary": "\u2060"},
    {"link": "https://www.harbour.example/" + "a" * 5_000},
]


@pytest.mark.parametrize("fields", BARE, ids=lambda fields: "+".join(fields))
def test_missing_or_unusable_parts_never_cost_the_message(fields: dict[str, Any]) -> None:
    fields = dict(fields)
    provider = fields.pop("provider", "Harbour Post")
    entry = make_entry(provider=provider)
    entry = replace(entry, article=replace(entry.article, **fields))
    for message in (alert(entry), digest([entry, entry], 3)):
        assert slack_rules.problems(message) == []


def test_first_usable_picture_is_taken() -> None:
    message = alert(
        make_entry(
            images=(Image(url="https://img.example/" + "a" * 3_000), Image(url="https://img.example/b"))
        )
    )
    assert "https://img.example/b" in texts(message)


@pytest.mark.parametrize("name", ["a.svg", "A.SVG?width=300", "a.svgz#top", "a.avif"])
def test_image_that_slack_cannot_show_is_never_sent(name: str) -> None:
    drawing = Image(url=f"https://img.example/{name}")
    entry = make_entry(images=(drawing, Image(url="https://img.example/b.png")))
    article = replace(entry.article, provider=Provider(name="Post", logo=drawing))
    message = alert(replace(entry, article=article))
    assert slack_rules.images(message) == ["https://img.example/b.png"]


def test_story_without_words_shows_its_site_beside_the_picture() -> None:
    assert "harbour.example" in texts(alert(make_entry(summary="")))


LONG = [
    ("x" * 100_000, "a word without end"),
    ("word " * 20_000, "many words"),
    ("&" * 5_000, "all to be escaped"),
    ("🦑" * 5_000, "astral"),
    ("e\u0301" * 5_000, "combining"),
    ("日本語のニュース" * 2_000, "no spaces"),
]


@pytest.mark.parametrize("text", [text for text, _ in LONG], ids=[name for _, name in LONG])
def test_long_texts_fit_and_are_cut_between_characters(text: str) -> None:
    provider = Provider(name=text, domain=None, logo=Image(url="https://img.example/logo.png"))
    entry = make_entry(title=text, summary=text)
    entry = replace(entry, article=replace(entry.article, provider=provider))
    entries = [replace(entry, guid=f"g{n}") for n in range(45)]
    for message in (
        alert(entry),
        digest(entries, 5),
        digest(entries, 5, DigestPage(name=text, url=PAGE.url)),
    ):
        assert slack_rules.problems(message) == []
        assert not any(part.endswith(("&", "&am", "&amp")) for part in texts(message))


@pytest.mark.parametrize("count", [1, 10, MOST])
@pytest.mark.parametrize("length", [100, 250, 400, 600, 1_900, 2_900])
def test_long_addresses_never_cost_the_digest(count: int, length: int) -> None:
    entries = [
        make_entry(f"n{n}", link=f"https://www.harbour.example/{n}/" + "a" * length, title="A title " * 20)
        for n in range(count)
    ]
    message = digest(entries, 1)
    assert slack_rules.problems(message) == []
    assert message["blocks"][0]["text"]["text"] == f"The Sea: {count + 1} new stories"
    assert "+1 more on" in str(message["blocks"][-1])


def test_fullest_digest_fits() -> None:
    """All that can be long is, at the most that is let through, but for titles that look like addresses."""
    name = "Publisher of news " * 9
    article: dict[str, Any] = {
        "title": "word " * 90,
        "summary": "word " * 90,
        "images": (Image(url="https://img.example/" + "a" * 1_480),),
    }
    entry = make_entry(provider=name, link="https://www.harbour.example/" + "a" * 1_900, **article)
    provider = Provider(name=name, logo=Image(url="https://img.example/" + "b" * 1_480))
    entry = replace(entry, article=replace(entry.article, provider=provider))
    story = Coverage(lead=entry, others=(entry,) * 9, rising=True)
    stories = [replace(story, lead=replace(entry, guid=f"urn:{n}")) for n in range(MOST)]
    message = digest(stories, group_of=lambda one: f"{one.guid} " + "topic " * 20)
    assert slack_rules.problems(message) == []


# nothing in an article is parsed


def test_there_are_two_hundred_injections() -> None:
    assert len(set(INJECTIONS)) == 200


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_injected_text_pings_nobody_and_forges_no_link(text: str) -> None:
    entry = make_entry(title=text, summary=text, link="https://www.harbour.example/a", type=text)
    provider = Provider(name=text, logo=Image(url="https://img.example/logo.png"))
    entry = replace(entry, article=replace(entry.article, provider=provider))
    other = replace(make_entry("eels", link="https://www.harbour.example/b"), article=entry.article)
    story = Coverage(lead=entry, others=(other,) * 3, rising=True)
    route = make_route(show_reason=True, topics=(text,))
    names = {"sea": text}
    page = DigestPage(name=text, url=PAGE.url)
    messages = [
        alert_message(story, route, id=ID, topic_names=names),
        digest_message(
            [story] * 12, 3, route, id=ID, at=NOON, page=page, group_of=lambda one: text + one.guid[-1]
        ),
    ]
    for message in messages:
        assert slack_rules.problems(message) == []
        assert slack_rules.mentions(message) == []
        assert set(slack_rules.links(message)) <= {"https://www.harbour.example/a", PAGE.url}


@given(
    st.text(max_size=400),
    st.text(max_size=800),
    st.text(max_size=100),
    st.lists(st.text(max_size=60), max_size=4),
)
def test_any_text_gives_a_message_that_slack_takes(
    title: str, summary: str, provider: str, topics: list[str]
) -> None:
    names = {f"t{number}": topic for number, topic in enumerate(topics)}
    entry = make_entry(title=title, summary=summary, topics=tuple(names))
    entry = replace(entry, article=replace(entry.article, provider=Provider(name=provider)))
    message = alert_message(Coverage(lead=entry, others=(entry,)), make_route(), id=ID, topic_names=names)
    for one in (message, digest([entry, entry, make_entry()], 2)):
        assert slack_rules.problems(one) == []
        assert slack_rules.mentions(one) == []


def test_time_is_told_in_the_readers_zone_with_a_fallback() -> None:
    message = alert(make_entry(published=NOON.replace(month=1, day=9)))
    assert any("|9 Jan 2026, 12:00 UTC>" in text for text in texts(message))
