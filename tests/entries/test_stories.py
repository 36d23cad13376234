"""Which accounts are of one event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syndicator.entries.stories import (
    ALIKE,
    COPY,
    LATE,
    RELATED,
    SUBJECT,
    TITLES_ALONE,
    UNTOLD,
    VAGUE,
    WINDOW,
    Account,
    Weights,
    account_of,
    best_story,
    day_of,
    keys_of,
    lead_keys,
    least_likeness,
    likeness,
    shared_words,
    weigh,
)
from syndicator.entries.words import as_written
from syndicator.models import Provider, Related
from tests.making import make_article

LAUNCH: dict[str, Any] = {
    "title": "Skylark debuts Orbit Cloud to serve satellite makers, partners with Northwind for broadband",
    "summary": "Skylark is taking its computing platform to orbit with a unit made up of veterans.",
    "provider": Provider(name="TechCrier"),
}
SAME: dict[str, Any] = {
    "title": "Skylark partners with Northwind’s satellite service for Orbit Cloud platform",
    "summary": "Skylark says it takes a leap, in partnership with Northwind and its satellites.",
    "provider": Provider(name="GeekCable"),
}
OTHER: dict[str, Any] = {
    "title": "Skylark releases an image-captioning algorithm",
    "summary": "It decodes words, pictures and familiar people for visually impaired people.",
    "provider": Provider(name="Technowise"),
}


LONG = "Skylark Orbit Cloud serves makers"


def account(path: str = "a.md", **changes: Any) -> Account:
    return account_of(make_article(path, **changes))


def after_seeing(*accounts: Account) -> Weights:
    counts = Counter(word for one in accounts for word in one.words)
    return weigh(counts, counts, len(accounts))


def is_one_story(one: Account, lead: Account, weights: Weights) -> bool:
    return best_story(one, [("story", [lead])], weights, {}) is not None


def test_two_publishers_accounts_of_one_event_are_one_story() -> None:
    lead, same, other = account("a.md", **LAUNCH), account("b.md", **SAME), account("c.md", **OTHER)
    weights = after_seeing(lead, same, other)
    assert is_one_story(same, lead, weights)
    assert not is_one_story(other, lead, weights)
    assert shared_words(same, lead, weights)[:4] == ["cloud", "northwind", "orbit", "partner"]


def test_related_link_lends_weight_and_joins_nothing_alone() -> None:
    lead, other = account("a.md", **LAUNCH), account("c.md", **OTHER)
    named = Related(title="", link=lead.link, canonical_link=lead.link)
    naming = account("c.md", **OTHER, related=(named,))
    weights = after_seeing(lead, other)
    assert likeness(naming, lead, weights) == pytest.approx(likeness(other, lead, weights) + RELATED)
    assert likeness(lead, naming, weights) == likeness(naming, lead, weights)
    assert not is_one_story(naming, lead, weights)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"provider": LAUNCH["provider"]}, id="one publisher"),
        pytest.param({"provider": None}, id="no publisher but the source"),
        pytest.param({"title": "How Northwind’s satellites serve a cloud platform"}, id="a guide"),
        pytest.param({"title": "Do satellites serve a cloud platform?"}, id="a question"),
        pytest.param({"published": make_article().published + timedelta(hours=73)}, id="days later"),
    ],
)
def test_what_is_seldom_one_event_is_not_joined(changes: dict[str, Any]) -> None:
    of = {"provider": None} if changes.get("provider", 1) is None else {}
    lead = account("a.md", **LAUNCH | of)
    second = account("b.md", **SAME | changes)
    assert not is_one_story(second, lead, after_seeing(lead, second))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Python 3.14.1 is released", "Python 3.13.9 released"),
        ("Kernel v6.12 brings real time", "Kernel v6.13 brings real time"),
        ("New in the other", "From the other"),
        ("On the rise", "On the road"),
        ("Up and away", "Up and running"),
        ("What we do now", "What can we do"),
    ],
)
def test_releases_and_short_titles_that_share_a_name_are_two_stories(one: str, other: str) -> None:
    lead, second = account("a.md", **LAUNCH | {"title": one}), account("b.md", **SAME | {"title": other})
    assert not is_one_story(second, lead, after_seeing(lead, second))


@pytest.mark.parametrize(
    "title",
    [
        "{} announces third quarter results and conference call",
        "Shareholder alert: law firm investigates claims on behalf of investors of {}",
        "Critical vulnerability in {} allows remote code execution",
        "Everything you need to know of the {} region",
        "Impact of the strait on {} cloud market, global trend and forecast",
    ],
)
def test_titles_that_name_another_in_the_same_words_are_two_stories(title: str) -> None:
    names = ("Skylark", "Northwind Holdings", "Orbit")
    one, *others = (
        account(
            f"{name}.md", title=title.format(name), summary=f"What {name} says.", provider=Provider(name=name)
        )
        for name in names
    )
    weights = after_seeing(one, *others)
    assert not any(is_one_story(other, one, weights) for other in others)


def test_names_that_share_a_word_are_two() -> None:
    titles = (f"Impact on {name} market: trend and forecast" for name in ("wave energy", "solar energy"))
    one, other = (account("a.md", title=t, provider=Provider(name=t), summary="") for t in titles)
    assert not is_one_story(other, one, after_seeing(one, other))


@pytest.mark.parametrize(
    ("title", "are_one"),
    [
        ("Smart lamps market 2031: size, growth, share and forecast", False),
        ("Global smart lamps market by region, size, trends and forecast to 2031", False),
        ("Lamps market 2031: growth, share and forecast", True),
        ("Lamps stand in the market again", True),
    ],
)
def test_reports_on_two_markets_are_two(title: str, are_one: bool) -> None:
    first = "Lamps market 2031: size, growth, share and forecast"
    texts = [(first, "The Lamp Wire"), (title, "Reports Daily")]
    one, other = (
        account(f"{by}.md", title=text, summary="How lamps sell.", provider=Provider(name=by))
        for text, by in texts
    )
    weights = dict.fromkeys(one.words | other.words, 1.0)
    assert is_one_story(other, one, weights) is are_one


def test_parts_of_one_name_are_two() -> None:
    texts = (
        "South Orbit relay season postponed until 2031",
        "North Orbit cancels its relay season until 2031",
    )
    one, other = (account("a.md", title=text, summary="w", provider=Provider(name=text)) for text in texts)
    told = "South Orbit relay season postponed until 2031, North Orbit too"
    both = account("c.md", title=told, summary="w", provider=Provider(name="C"))
    weights = dict.fromkeys(one.words | other.words | both.words, 1.0)
    assert not is_one_story(other, one, weights)
    assert is_one_story(both, one, weights)


def test_titles_that_begin_with_others_must_be_more_alike() -> None:
    told = "works with Skylark on Orbit verifiable credentials for satellites"
    lead = account("a.md", title=f"Onfast {told}", summary="", provider=Provider(name="A"))
    other = account("b.md", title="Socore brings verifiable credentials to Orbit of Skylark", summary="")
    same = account("c.md", title="Skylark brings Socore to Orbit verifiable credentials", summary="")
    weights = after_seeing(lead, other, same)
    assert likeness(other, lead, weights) == pytest.approx(likeness(same, lead, weights), abs=0.02)
    assert least_likeness(other, lead, weights, {}) == pytest.approx(
        least_likeness(same, lead, weights, {}) + SUBJECT
    ), "the lead begins with Onfast, the other with Socore, and neither knows of the other"
    assert not is_one_story(other, lead, weights)
    assert is_one_story(
        account("d.md", title="Onfast brings credentials to Orbit", summary=""), lead, weights
    )


def test_what_only_one_of_two_titles_says_counts_against_them() -> None:
    weights = {**dict.fromkeys(("skylark", "orbit", "cloud", "serve", "maker"), 1.0), "noon": 0.0}
    lead = account("a.md", title="Skylark Orbit Cloud", summary="noon", provider=Provider(name="A"))
    same, more = (account("b.md", title=title, summary="noon") for title in ("Skylark Orbit Cloud", LONG))
    assert least_likeness(same, lead, weights, {}) == ALIKE
    assert least_likeness(more, lead, weights, {}) == pytest.approx(ALIKE + 2 / 5 * UNTOLD)
    told = replace(lead, summary=frozenset(("serve", "maker")))
    assert least_likeness(more, told, weights, {}) == ALIKE, "it may stand in the summary"


@pytest.mark.parametrize(
    ("title", "later", "hours", "is_one"),
    [
        ("The latest on Orbit satellites", "The latest on Orbit satellites", 20, False),
        ("The latest on Orbit satellites", "The latest on Orbit satellites", 2, True),
        ("Watch: Skylark gives Orbit briefing", "Skylark gives its daily Orbit update", 24, False),
        ("Watch: Skylark opens Orbit region", "Skylark opens Orbit region", 24, True),
        ("Skylark Watch with Orbit satellites", "The Skylark Watch with Orbit satellites", 20, True),
    ],
    ids=["next day's", "of two publishers", "briefings", "one of them daily", "a watch"],
)
def test_what_is_said_daily_is_another_event_the_next_day(
    title: str, later: str, hours: int, is_one: bool
) -> None:
    lead = account("a.md", title=title, summary="Northwind satellites, noon", provider=Provider(name="A"))
    at = lead.published + timedelta(hours=hours)
    second = account(
        "b.md", title=later, summary="Northwind satellites, dusk", provider=Provider(name="B"), published=at
    )
    assert is_one_story(second, lead, after_seeing(lead, second)) is is_one


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Skylark to buy Northwind for $3 billion", "Skylark to acquire Northwind for $3 billion"),
        ("Now test footage of Orbit has leaked", "Test footage of Orbit has leaked"),
        ("The Orbit beta is open", "An Orbit beta is open"),
        ("Skylark opens its cloud in Northwind", "Skylark opens its cloud in the Northwind region"),
    ],
    ids=["another verb", "a word more", "another article", "a longer name"],
)
def test_accounts_in_nearly_the_same_words_are_one_story(title: str, other: str) -> None:
    lead = account("a.md", title=title, summary="", provider=Provider(name="TechCrier"))
    same = account("b.md", title=other, summary="", provider=Provider(name="GeekCable"))
    assert is_one_story(same, lead, after_seeing(lead, same))


def test_vague_titles_of_two_publishers_need_more_likeness_and_no_copy() -> None:
    asked, how = (
        "Is Orbit safe? Northwind warns of faults",
        "How safe is Orbit? Northwind warns of new outages",
    )
    lead = account("a.md", title=asked, summary="Satellites at noon", provider=Provider(name="A"))
    other = account("b.md", title=how, summary="Satellites at noon", provider=Provider(name="B"))
    weights = after_seeing(lead, other)
    assert VAGUE < likeness(other, lead, weights) < COPY
    assert is_one_story(other, lead, weights)
    assert not is_one_story(other, replace(lead, publisher=other.publisher), weights)


@pytest.mark.parametrize(
    "title",
    [
        "Skylark shares slide as Orbit cloud region opens to Northwind satellites",
        "As Northwind satellites slide, Skylark opens Orbit cloud region",
    ],
    ids=["what it reports is shared", "nothing stands before it"],
)
def test_titles_with_as_that_report_the_same_are_one_story(title: str) -> None:
    lead = account("a.md", title="Skylark opens Orbit cloud region to Northwind satellites", summary="")
    same = account("b.md", title=title, summary="", provider=Provider(name="GeekCable"))
    assert is_one_story(same, lead, after_seeing(lead, same))


def test_time_between_two_accounts_counts_against_them() -> None:
    lead, same = account("a.md", **LAUNCH), account("b.md", **SAME)
    later = account("b.md", **SAME, published=lead.published + WINDOW / 2)
    weights = after_seeing(lead, same)
    assert likeness(later, lead, weights) == pytest.approx(likeness(same, lead, weights) - LATE / 2)
    assert likeness(lead, later, weights) == likeness(later, lead, weights)


def test_copy_by_the_same_publisher_is_one_story() -> None:
    lead, copy = account("a.md", **LAUNCH), account("copy.md", **LAUNCH)
    assert is_one_story(copy, lead, after_seeing(lead, copy))


def test_titles_alone_must_be_more_alike() -> None:
    names = ("bravo", "cargo", "delta", "echo", "foxtrot", "golf", "hotel", "india")
    weights = {**dict.fromkeys(names, 1.0), "w": 0.0}
    first = "Bravo Cargo Delta Echo Foxtrot"
    lead = account("a.md", title=first, summary="w", provider=Provider(name="TechCrier"))
    told, alone = (account("b.md", title="Bravo Cargo Golf Hotel India", summary=text) for text in ("w", ""))
    least, more = (least_likeness(one, lead, weights, {}) for one in (told, alone))
    assert more == pytest.approx(least + TITLES_ALONE)
    assert least < likeness(told, lead, weights) == likeness(alone, lead, weights) < more
    assert (is_one_story(told, lead, weights), is_one_story(alone, lead, weights)) == (True, False)


def test_summaries_of_other_things_part_titles_that_are_alike() -> None:
    titles = ("Bravo Cargo Delta Echo", "Bravo Cargo Golf Hotel")
    other_things = [" ".join(f"{name}{at}" for at in range(80)) for name in ("lead", "other")]
    for summaries, is_one in ((("", ""), True), (other_things, False)):
        lead, other = (
            account(f"{at}.md", title=title, summary=summary, provider=Provider(name=f"publisher {at}"))
            for at, (title, summary) in enumerate(zip(titles, summaries, strict=True))
        )
        weights = dict.fromkeys(lead.words | other.words, 1.0)
        assert is_one_story(other, lead, weights) is is_one


@pytest.mark.parametrize(
    ("title", "later", "hours", "is_one"),
    [
        ("Gulf strait: Latest news", "Gulf strait: Latest news", 2, True),
        ("Gulf strait: Latest news", "Gulf strait: Latest news", 6, False),
        ("Northwind opens Orbit cloud region", "Northwind opens Orbit cloud region", 6, True),
        ("Every men's relay final of Orbit", "Every women's relay final of Orbit", 0, False),
        ("Northwind Orbit cloud region tour 1/2", "Northwind Orbit cloud region tour 2/2", 0, False),
    ],
    ids=["published twice", "renewed", "a longer title", "a series", "parts"],
)
def test_one_publisher_seldom_covers_an_event_twice(title: str, later: str, hours: int, is_one: bool) -> None:
    lead = account("a.md", title=title, summary="Said at noon.")
    at = lead.published + timedelta(hours=hours)
    second = account("b.md", title=later, summary="Said at noon.", published=at)
    assert is_one_story(second, lead, after_seeing(lead, second)) is is_one


@pytest.mark.parametrize(
    ("title", "publishers", "summary", "is_one"),
    [
        ("Northwind opens Orbit cloud region", "AA", "", True),
        ("Northwind opens Orbit cloud region", "AB", "", True),
        ("Learn more", "AB", "", False),
        ("Learn more", "AB", "Said at noon.", True),
    ],
)
def test_title_alone_may_be_that_of_many_pages(
    title: str, publishers: str, summary: str, is_one: bool
) -> None:
    lead, second = (
        account(f"{at}.md", title=title, summary=summary, provider=Provider(name=publisher))
        for at, publisher in enumerate(publishers)
    )
    assert is_one_story(second, lead, after_seeing(lead, second)) is is_one


@pytest.mark.parametrize(
    ("title", "later", "hours", "is_one"),
    [
        ("Senate set to vote on Skylark", "Senate votes on Skylark", 1, False),
        ("Senate set to vote on Skylark", "US Senate set to vote on Skylark", 1, True),
        ("Senate set to vote on Skylark", "US Senate is expected to vote on Skylark", 1, True),
        ("Skylark reports 3 new faults, 40 in all", "Skylark reports 3 faults, 40 in all", 20, True),
        ("Skylark reports 3 new faults", "Skylark reports three new faults", 20, True),
        ("Skylark reports 3 new faults", "Skylark reports five new faults", 20, False),
        ("Skylark reports 3 new faults", "Skylark reports five new faults", 2, True),
        ("One new fault at one Skylark", "Two new faults at two Skylarks, one old", 20, False),
        ("Faults of Skylark rise by 1,284", "Faults of Skylark rise by 1,209", 20, False),
        ("Skylark pays $2,000 to all", "Skylark pays $2000 to all", 20, True),
    ],
    ids=[
        "what is to come",
        "both to come",
        "both to come, in other words",
        "same count",
        "spelt out",
        "next day's count",
        "count that grows",
        "begins with another count",
        "thousands",
        "thousands without comma",
    ],
)
def test_what_comes_later_is_another_event(title: str, later: str, hours: int, is_one: bool) -> None:
    lead = account("a.md", title=title, summary="w", provider=Provider(name="A"))
    second = account(
        "b.md",
        title=later,
        summary="w",
        provider=Provider(name="B"),
        published=lead.published + timedelta(hours=hours),
    )
    assert is_one_story(second, lead, dict.fromkeys(lead.words | second.words, 1.0)) is is_one


def test_common_words_do_not_join() -> None:
    first = account("a.md", title="Power cloud summit recap", summary="", provider=Provider(name="A"))
    second = account("b.md", title="Power cloud summit keynote", summary="", provider=Provider(name="B"))
    seen = {"power": 9_000, "cloud": 9_000, "summit": 900}
    words = first.words | second.words
    assert is_one_story(second, first, after_seeing(first, second))
    assert not is_one_story(second, first, weigh(words, seen, 10_000))


def test_most_alike_lead_wins_then_the_earliest_then_by_id() -> None:
    one = account("new.md", **SAME)
    alike, more = account("a.md", **LAUNCH), account("b.md", **SAME | {"provider": Provider(name="Third")})
    weights = after_seeing(one, alike, more)
    assert best_story(one, [("1", [alike]), ("2", [more])], weights, {}) == "2"
    hour = timedelta(hours=1)
    later = account("a.md", **LAUNCH, published=one.published + hour)
    earlier = account("c.md", **LAUNCH, published=one.published - hour)
    assert best_story(one, [("1", [later]), ("3", [earlier])], weights, {}) == "3"
    assert best_story(one, [("2", [alike]), ("1", [alike])], weights, {}) == "1"
    other = account("c.md", **OTHER)
    assert best_story(one, [("c", [other])], after_seeing(one, other), {}) is None
    assert best_story(one, [], weights, {}) is None


def test_the_more_is_published_in_between_the_more_alike_two_must_be() -> None:
    lead = account("a.md", **LAUNCH)
    late = account("b.md", **SAME | {"published": make_article().published + timedelta(hours=12)})
    weights, day = after_seeing(lead, late), day_of(lead)
    assert best_story(late, [("a", [lead])], weights, {day: 10}) == "a"
    assert best_story(late, [("a", [lead])], weights, {day: 10_000}) is None
    at_once = replace(late, published=lead.published + timedelta(seconds=1))
    assert best_story(at_once, [("a", [lead])], weights, {day: 10_000}) == "a", "nothing is in between"
    by_day = replace(late, published=lead.published)
    assert best_story(by_day, [("a", [lead])], weights, {day: 10}) == "a"
    assert best_story(by_day, [("a", [lead])], weights, {day: 100_000}) is None, "only the day may be known"


def test_less_likeness_to_the_lead_is_enough_where_another_entry_of_the_story_is_alike() -> None:
    lead = account("a.md", **LAUNCH)
    third = account(
        "c.md",
        title="Northwind satellite service reaches data centres at sea, says Skylark",
        summary="A partnership with Skylark brings broadband to where no cable is, says Northwind.",
        provider=Provider(name="Third"),
    )
    copy = replace(third, publisher="fourth")
    weights = after_seeing(lead, third, copy)
    assert best_story(copy, [("a", [lead])], weights, {}) is None
    assert best_story(copy, [("a", [lead, third])], weights, {}) == "a"
    stranger = account("d.md", **OTHER)
    weights = after_seeing(stranger, third, copy)
    assert best_story(copy, [("d", [stranger, third])], weights, {}) is None, "there are no chains"


@pytest.mark.parametrize(
    ("title", "words"),
    [
        pytest.param(
            "The Satellites of Northwind’s launch", {"satellite", "northwind", "launch"}, id="English"
        ),
        pytest.param("ＡＩ Größe ÉTÉ", {"ai", "grösse", "été"}, id="folded"),
        pytest.param(
            "東京電力の新社長", {"東京", "京電", "電力", "力の", "の新", "新社", "社長"}, id="Japanese"
        ),
        pytest.param("From the other", {"from", "the", "other"}, id="one telling word"),
        pytest.param("दिल्ली में बारिश", {"दिल्ली", "में", "बारिश"}, id="Hindi"),
        pytest.param("தங்கம் விலை உயர்வு", {"தங்கம்", "விலை", "உயர்வு"}, id="Tamil"),
        pytest.param("ភាសា", {"ភា", "ាស", "សា"}, id="Khmer"),
        pytest.param("Version 1.2 of NET_x", {"version", "1.2", "net", "x"}, id="numbers"),
        pytest.param("— ! —", set(), id="none"),
    ],
)
def test_words_of_a_title(title: str, words: set[str]) -> None:
    assert account(title=title, summary="").title == words


def test_words_are_told_as_the_article_writes_them() -> None:
    written = as_written("SkyCar’s Launches in 東京電力 It launches cars. 😀")
    assert (written["skycar"], written["launche"]) == ("SkyCar", "Launches")
    assert written["car"] == "cars"
    assert "東京" not in written


def test_texts_without_words_are_not_alike() -> None:
    one, other = account("a.md", title="…", summary=""), account("b.md", title="!", summary="")
    assert likeness(one, other, after_seeing(one, other)) == 0.0


def keys(of: int, counts: dict[str, int]) -> Sequence[str]:
    one = account(**LAUNCH)
    return lead_keys(keys_of(one, weigh(one.words, counts, of), of), of)


def test_words_of_copies_alone_find_their_lead_in_a_young_store() -> None:
    copies = [account(f"{at}.md", **LAUNCH) for at in range(150)]
    weights = after_seeing(*copies)
    assert len(keys_of(copies[0], weights, len(copies))) == 10


def test_leads_are_found_by_their_rarest_words() -> None:
    assert len(keys(2, {})) == 8
    assert keys(100_000, {"skylark": 90_000, "cloud": 999, "orbit": 1})[:2] != ["skylark", "cloud"]
    found = keys(100_000, {"skylark": 90_000, "northwind": 1})
    assert len(found) == 6
    assert "skylark" not in found, "too common to find anything by"
