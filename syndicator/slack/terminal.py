"""Draws messages in the terminal as they will look in Slack: for the demo, and for `preview`.

It reads the blocks that `notify.message` makes, and knows nothing of articles. A picture is a sign.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import quote

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from syndicator.alerts import Delivery
from syndicator.slack.retry import Drawn

BUILDER = "https://app.slack.com/block-kit-builder/#"
WIDTH = 84
TOKEN = re.compile(r"<([^<>|]+)\|([^<>]*)>")

LINK = Style(color="blue", underline=True)


class Terminal:
    """Where messages go that are only to be shown. What is looked for here is drawn, too."""

    can_look = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._lock = Lock()

    def post(self, delivery: Delivery) -> Drawn:
        """Draws the message; an edit is marked as one."""
        is_edited = delivery.edit_of is not None
        drawn = draw(delivery.message, channel=delivery.channel, at=delivery.created, is_edited=is_edited)
        with self._lock:
            self._console.print(drawn)
        return Drawn()

    def edit(self, edit: Delivery) -> Drawn:
        return self.post(edit)

    def find(self, delivery: Delivery) -> Drawn:
        """Draws the message; whether Slack has it cannot be told here."""
        return self.post(delivery)


def draw(
    message: Mapping[str, Any], *, channel: str, at: datetime | None = None, is_edited: bool = False
) -> RenderableType:
    """The message as a panel with the channel above it, as wide as Slack's column at most."""
    head = Text.assemble(("▌", "green"), ("syndicator ", "bold"), (" APP ", "reverse dim"))
    if at is not None:
        head.append(f"  {at.astimezone():%H:%M}", "dim")
    head.append("  (edited)" if is_edited else "", "dim")
    name = channel if channel.startswith("#") else f"# {channel}"
    return Panel(
        Group(head, Padding(Group(*_spaced(message["blocks"])), (0, 0, 0, 2))),
        title=Text(f" {name} ", style="bold"),
        title_align="left",
        border_style="bright_black",
        padding=(0, 1),
        width=WIDTH,
    )


def builder_link(message: Mapping[str, Any]) -> str:
    """The address that shows the message in Slack's Block Kit Builder."""
    return BUILDER + quote(json.dumps({"blocks": message["blocks"]}, separators=(",", ":")))


def _spaced(blocks: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """The blocks with a line between them, but for a summary, which goes with its headline."""
    for number, block in enumerate(blocks):
        if number and not (block["type"] == "section" and blocks[number - 1]["type"] == "rich_text"):
            yield Text()
        yield from _block(block)


def _block(block: Mapping[str, Any]) -> Iterator[RenderableType]:
    match block["type"]:
        case "header":
            yield Text(html.unescape(block["text"]["text"]), style="bold bright_white")
        case "section" if "accessory" in block:
            grid = Table.grid(expand=True, padding=(0, 1))
            grid.add_row(_text(block["text"]), Text("◩ picture", style="cyan", justify="right"))
            yield grid
        case "section":
            yield _text(block["text"])
        case "context":
            yield Text("   ", style="dim").join(map(_text, block["elements"]))
        case "rich_text":
            for element in block["elements"]:
                if element["type"] == "rich_text_list":
                    yield from (_item(item["elements"]) for item in element["elements"])
                else:
                    yield _spans(element["elements"])


def _item(parts: Iterable[Mapping[str, Any]]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("•", _spans(parts))
    return grid


def _spans(parts: Iterable[Mapping[str, Any]]) -> Text:
    text = Text(overflow="fold")
    for part in parts:
        styles = part.get("style", {})
        style = Style(bold=styles.get("bold"), strike=styles.get("strike"))
        if part["type"] == "link":
            text.append(part["text"], style + LINK + Style(link=part["url"]))
        else:
            text.append(part["text"], style or "dim")
    return text


def _text(text: Mapping[str, Any]) -> Text:
    """An image by a sign; a text with our own few words of markup: a link, and a date, in this zone."""
    if text["type"] == "image":
        return Text("▣", style="cyan")
    if text["type"] == "plain_text":
        return Text(html.unescape(text["text"]), overflow="fold")
    drawn, end = Text(), 0
    for match in TOKEN.finditer(text["text"]):
        drawn.append(html.unescape(text["text"][end : match.start()]))
        target, shown = html.unescape(match[1]), html.unescape(match[2])
        if target.startswith("!date^"):
            moment = datetime.fromtimestamp(int(target.split("^")[1]), UTC)
            drawn.append(f"{moment.astimezone():%-d %b %Y, %H:%M %Z}")
        else:
            drawn.append(shown, LINK + Style(link=target))
        end = match.end()
    drawn.append(html.unescape(text["text"][end:]))
    return drawn
