"""Messages drawn in the terminal."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import unquote

import pytest
from rich.console import Console

from syndicator.notify.coverage import Coverage
from syndicator.notify.message import DigestPage, alert_message, digest_message
from syndicator.slack.retry import Drawn
from syndicator.slack.terminal import BUILDER, Terminal, builder_link, draw
from tests.notify.values import make_entry, make_route
from tests.slack.values import NOON, messaged

ID = "d1"


def drawn(message: dict[str, Any], width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(draw(message, channel="#harbour", at=NOON))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.usefixtures("in_tokyo")
def test_alert_shows_everything_a_reader_sees() -> None:
    entry = make_entry(title="Salt & sand <b>", summary="Fish & chips.")
    shown = drawn(alert_message(Coverage(lead=entry), make_route(), id=ID, topic_names={"sea": "The Sea"}))
    for words in (
        "#harbour",
        "syndicator  APP   21:00",
        "Salt & sand <b>",
        "Fish & chips.",
        "◩ picture",
        "▣   Harbour Post   2 Mar 2026, 20:00 JST   The Sea",
    ):
        assert words in shown


def test_text_without_blanks_is_shown_whole() -> None:
    summary, title = "日本語の要約です。" * 10, "見出し" * 30
    entry = make_entry(summary=summary)
    story, other = Coverage(lead=entry), Coverage(lead=make_entry("eels", title=title))
    page = DigestPage(name="The Sea", url="https://feeds.example.org/topics/sea/")
    shown = drawn(digest_message([story, other], 0, make_route(), id=ID, at=NOON, page=page))
    assert (shown.count("要"), shown.count("見"), shown.count("◩ picture")) == (10, 30, 1)
    assert "Harbour Post · 1\xa0h" in shown


def test_digest_shows_lead_list_and_count() -> None:
    entries = [make_entry("lamp"), make_entry("eels", provider="River News")]
    stories = [Coverage(lead=entry) for entry in entries]
    page = DigestPage(name="The Sea", url="https://feeds.example.org/topics/sea/")
    shown = drawn(digest_message(stories, 7, make_route(), id=ID, at=NOON, page=page))
    assert "The Sea: 9 new stories" in shown
    assert "• The eels of the north  River News · 1\xa0h" in shown
    assert "+7 more on The Sea" in shown


@pytest.mark.parametrize("width", [30, 60, 84, 200])
def test_message_fits_the_window(width: int) -> None:
    stories = [Coverage(lead=make_entry(f"n{number}", title="A long title " * 9)) for number in range(4)]
    page = DigestPage(name="The Sea", url="https://feeds.example.org/" + "x" * 1_500)
    shown = drawn(digest_message(stories, 7, make_route(), id=ID, at=NOON, page=page), width)
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= min(width, 84)


def test_terminal_draws_what_is_posted_and_what_is_looked_for() -> None:
    console = Console(file=io.StringIO(), width=100)
    terminal = Terminal(console)
    assert terminal.post(messaged("d1", channel="C1")) == Drawn()
    assert isinstance(console.file, io.StringIO)
    assert "# C1" in console.file.getvalue() and "What d1 says." in console.file.getvalue()
    assert terminal.can_look and terminal.find(messaged("d2")) == Drawn()
    assert "What d2 says." in console.file.getvalue()


def test_builder_link_holds_the_blocks() -> None:
    message = messaged("d1").message
    link = builder_link(message)
    assert link.startswith(BUILDER)
    assert json.loads(unquote(link.removeprefix(BUILDER))) == {"blocks": message["blocks"]}
