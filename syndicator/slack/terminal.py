"""Draws messages in the terminal as they will look in Slack: for the demo, and for `preview`.

It reads Block Kit, as Slack does, and knows nothing of articles. Pictures are shown by their place and name.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import quote

from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.style import Style
from rich.table import Table
from rich.text import Text

from syndicator.alerts import Delivery
from syndicator.slack.retry import Drawn

BUILDER = "https://app.slack.com/block-kit-builder/#"
WIDTH = 84
TOKEN = re.compile(r"<([^<>|]+)\|([^<>]*)>")

LINK, QUIET, STRONG = Style(color="blue", underline=True), Style(dim=True), Style(bold=True)


class Terminal:
    """Where messages go that are only to be shown. What is looked for here is drawn, too."""

    can_look = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._lock = Lock()

    def post(self, delivery: Delivery) -> Drawn:
        """Draws the message."""
        with self._lock:
            self._console.print(draw(delivery.message, channel=delivery.channel, at=delivery.created))
        return Drawn()

    def find(self, delivery: Delivery, *, now: datetime) -> Drawn:
        """Draws the message; whether Slack has it cannot be told here."""
        return self.post(delivery)


def draw(message: Mapping[str, Any], *, channel: str, at: datetime | None = None) -> RenderableType:
    """The message as a panel with the channel above it, as wide as Slack's column at most."""
    head = Text.assemble(("▌", "green"), ("syndicator ", "bold"), (" APP ", "reverse dim"))
    if at is not None:
        head.append(f"  {at.astimezone(UTC):%H:%M}", QUIET)
    name = channel if channel.startswith("#") else f"# {channel}"
    title = Text(f" {name} ", style="bold")
    panel = Panel(
        Group(head, Padding(Group(*_spaced(message["blocks"])), (0, 0, 0, 2))),
        title=title,
        title_align="left",
        border_style="bright_black",
        padding=(0, 1),
    )
    return Constrain(panel, WIDTH)


def builder_link(message: Mapping[str, Any]) -> str:
    """The address that shows the message in Slack's Block Kit Builder."""
    return BUILDER + quote(json.dumps({"blocks": message["blocks"]}, separators=(",", ":")))


def _spaced(blocks: Sequence[Mapping[str, Any]]) -> Iterable[RenderableType]:
    """The blocks with a line between them, but for a summary, which goes with its headline."""
    for number, block in enumerate(blocks):
        if number and not (block["type"] == "section" and blocks[number - 1]["type"] == "rich_text"):
            yield Text()
        yield from _block(block)


def _block(block: Mapping[str, Any]) -> Iterable[RenderableType]:
    match block["type"]:
        case "header":
            yield Text(_plain(block["text"]), style="bold bright_white")
        case "section":
            yield _beside(_text(block["text"]), block.get("accessory"))
        case "context":
            yield _context(block["elements"])
        case "rich_text":
            yield from (drawn for element in block["elements"] for drawn in _rich(element))
        case "divider":
            yield Rule(style="bright_black")
        case other:
            yield Text(f"[{other}]", style=QUIET)


def _beside(text: Text, accessory: Mapping[str, Any] | None) -> RenderableType:
    """A section's text with its picture to the right."""
    if accessory is None:
        return text
    name = Text(html.unescape(str(accessory["alt_text"])), style="dim", overflow="ellipsis", no_wrap=True)
    place = Text("◩ picture", style="cyan", justify="center")
    frame = Panel(Group(place, Align.center(name)), border_style="bright_black", width=22)
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1)
    grid.add_column(width=22)
    grid.add_row(text, frame)
    return grid


def _context(elements: Iterable[Mapping[str, Any]]) -> Text:
    line = Text(style="dim")
    for element in elements:
        if element["type"] == "image":
            line.append("▣ ", Style(color="cyan"))
        else:
            line.append_text(_text(element))
            line.append("   ")
    line.rstrip()
    return line


def _rich(element: Mapping[str, Any]) -> Iterable[RenderableType]:
    if element["type"] == "rich_text_list":
        for number, item in enumerate(element["elements"], 1):
            mark = "•" if element["style"] == "bullet" else f"{number}."
            grid = Table.grid(padding=(0, 1))
            grid.add_row(Text(mark), _spans(item["elements"]))
            yield grid
    else:
        yield _spans(element["elements"])


def _spans(parts: Iterable[Mapping[str, Any]]) -> Text:
    text = Text()
    for part in parts:
        style = STRONG if part.get("style", {}).get("bold") else Style()
        if part["type"] == "link":
            text.append(part["text"], style + LINK + Style(link=part["url"]))
        else:
            text.append(part["text"], style or QUIET)
    return text


def _text(text: Mapping[str, Any]) -> Text:
    return Text(_plain(text)) if text["type"] == "plain_text" else _mrkdwn(str(text["text"]))


def _plain(text: Mapping[str, Any]) -> str:
    return html.unescape(str(text["text"]))


def _mrkdwn(text: str) -> Text:
    """Our own few words of markup: a link, and a date by its fallback."""
    drawn, end = Text(), 0
    for match in TOKEN.finditer(text):
        drawn.append(html.unescape(text[end : match.start()]))
        target, shown = html.unescape(match[1]), html.unescape(match[2])
        drawn.append(shown, None if target.startswith("!date") else LINK + Style(link=target))
        end = match.end()
    drawn.append(html.unescape(text[end:]))
    return drawn
