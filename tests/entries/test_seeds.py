"""Two publishers' accounts of one event, over HTTP: one card with both, the later one as an edit.

The user's own two articles where they are there, and two invented ones of their shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import slack_rules
from tests.entries.channel import AT_ONCE, MINUTE, Channel
from tests.making import utc
from tests.rig import SHARED, article_text
from tests.slack_server import Channel as SlackChannel
from tests.slack_server import Posted, Slack, SlackServer

SEEDS = SHARED / "seeds"
THEN = utc(2020, 10, 20, 15)
"""Two hours after both were published."""


def account(slug: str, title: str, excerpt: str, provider: str, quality: int, **more: Any) -> dict[str, Any]:
    link = f"https://{provider.lower()}.example/{slug}"
    facts = {"title": title, "excerpt": excerpt, "webUrl": link, "quality": quality}
    return facts | {"publishedDateTime": "2020-10-20T13:13:00Z", "provider": {"name": provider}} | more


CAPTIONS = account(
    "captions",
    "Northwind releases a picture-describing AI algorithm",
    "Northwind makes decoding signs, photos and familiar people on its network an easier task for visually"
    " impaired people with its accurate AI-describing technology.",
    "Gadgetly",
    74,
    publishedDateTime="2020-10-19T17:55:00Z",
)
DEBUT = account(
    "debut",
    "Northwind debuts Harbor Grid to cater to the shipping industry, partners with Seaglass for Tidelink"
    " dockside broadband",
    "Northwind is taking its Grid computing platform to the high seas. It now has a dedicated business unit"
    " called Harbor Grid for that purpose, made up of shipping veterans and engineers who are focused on"
    " port services including simulation of sea routes,",
    "Startwire",
    75,
)
PARTNERS = account(
    "partners",
    "Northwind partners with Seaglass's Tidelink satellite service for Harbor Grid cloud platform",
    "Northwind says it's taking the next giant leap in cloud computing, in partnership with Seaglass and its"
    " Tidelink broadband satellite constellation.",
    "Localgeek",
    94,
    related=[
        {key: one[key] for key in ("title", "webUrl", "publishedDateTime")} for one in (DEBUT, CAPTIONS)
    ],
)
TWIN = {"debut.md": article_text("debut.md", **DEBUT), "partners.md": article_text("partners.md", **PARTNERS)}
REAL_CAPTIONS = CAPTIONS | {
    "title": "Microsoft releases an image-captioning AI algorithm",
    "excerpt": "Microsoft makes decoding words, pictures, events and familiar people on social media an"
    " easier task for visually impaired people with their accurate AI-captioning technology.",
    "webUrl": "https://www.technowize.com/microsoft-releases-an-image-captioning-ai-algorithm/",
    "provider": {"name": "Technowize"},
}


def real() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.md"))}


def words(posted: Posted) -> str:
    return " ".join(slack_rules.all_texts(posted.shown["blocks"]))


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(Slack(channels={"C1": SlackChannel(id="C1", name="sea")})) as server:
        yield server


needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the user's two articles are not at {SEEDS}")


@pytest.mark.parametrize("turned", [False, True], ids=["debut-first", "partners-first"])
@pytest.mark.parametrize("is_real", [pytest.param(True, marks=needs_seeds), False], ids=["real", "twin"])
def test_two_accounts_are_one_card_whichever_comes_first(
    tmp_path: Path, server: SlackServer, is_real: bool, turned: bool
) -> None:
    route = AT_ONCE.model_copy(update={"edits": True})
    channel = Channel(tmp_path, server, route, now=THEN, include_unpublished=True)
    files = real() if is_real else TWIN
    links = "techcrunch.com/2020/", "geekwire.com/2020/"
    one, other = links if is_real else (DEBUT["webUrl"], PARTNERS["webUrl"])
    for number, (name, text) in enumerate(sorted(files.items(), reverse=turned), start=1):
        channel.rig.put(name, text)
        channel.rig.run_once()
        channel.pass_time(3 * MINUTE, step=timedelta(seconds=20))
        (card,) = server.slack.posted
        assert len(card.edits) == number - 1
        assert (one in words(card), other in words(card)) == (
            not turned or number == 2,
            turned or number == 2,
        )
    assert words(card).endswith("· 2 publishers")
    shown, (first, later) = words(card), (other, one) if turned else (one, other)
    assert shown.index(first) < shown.index("also: ") < shown.index(later), "what was posted leads"
    captions = REAL_CAPTIONS if is_real else CAPTIONS
    channel.rig.write("captions.md", **captions)
    channel.rig.run_once()
    channel.pass_time(3 * MINUTE, step=timedelta(seconds=20))
    card, apart = server.slack.posted
    assert captions["webUrl"] in words(apart) and captions["webUrl"] not in words(card)
    assert len(card.edits) == 1 and server.slack.problems == []
