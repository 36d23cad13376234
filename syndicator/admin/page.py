"""The operator's page and the feed of problems, from facts that others have read (pure).

The page has the style of the public pages and no script; it asks itself anew every half minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from syndicator.models import Problem
from syndicator.publish.pages.assets import ASSETS, STYLE_PATH
from syndicator.publish.pages.render import templates

LEVELS = ("well", "degraded", "down")
ATOM = "http://www.w3.org/2005/Atom"
STYLE = ASSETS[STYLE_PATH] + (resources.files("syndicator.admin") / "templates/admin.css").read_bytes()

_TEMPLATES = templates("syndicator.admin")


def render_operators_page(facts: Mapping[str, Any], details: Mapping[str, Any], now: datetime) -> bytes:
    """The page. `facts` as `status.facts`, `details` by that name; empty while the store is not open."""
    here = now.astimezone()

    def moment(value: datetime | str | None) -> str:
        if value is None:
            return ""
        when = datetime.fromisoformat(value) if isinstance(value, str) else value
        when = when.astimezone(here.tzinfo)
        return f"{when:%H:%M}" if when.date() == here.date() else f"{when:%Y-%m-%d %H:%M}"

    template = _TEMPLATES.get_template("page.html")
    page = template.render(
        facts=facts,
        details=details,
        level=LEVELS[facts["level"]],
        moment=moment,
        bars=_bars,
        here=here,
    )
    return page.encode()


def _bars(counts: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """Each hour's bar in a picture of 480 by 80: its place, its height, and what it says."""
    highest = max([*counts, 1])
    bars = []
    for at, count in enumerate(counts):
        hour = now - timedelta(hours=len(counts) - at - 1)
        height = round(64 * count / highest)
        bars.append(
            {"x": at * 20 + 2, "y": 64 - height, "height": height, "count": count, "hour": f"{hour:%H}:00"}
        )
    return bars


def render_problems(problems: Sequence[tuple[str, Problem]], address: str, now: datetime) -> bytes:
    """An Atom feed (RFC 4287) with an entry for each place and its problem, all of `now`.

    An entry's id is that of what is wrong in which file, so that a reader shows each mistake once.
    """
    feed = ET.Element(f"{{{ATOM}}}feed")

    def add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
        element = ET.SubElement(parent, f"{{{ATOM}}}{tag}", attributes)
        element.text = text or None
        return element

    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    add(feed, "title", "Articles with a problem")
    add(feed, "id", f"urn:uuid:{uuid5(NAMESPACE_URL, address)}")
    add(feed, "link", rel="self", href=address)
    add(feed, "updated", stamp)
    add(add(feed, "author"), "name", "syndicator")
    for place, problem in problems:
        entry = add(feed, "entry")
        add(entry, "title", f"{problem.path}: {problem.what}")
        add(
            entry,
            "id",
            f"urn:uuid:{uuid5(NAMESPACE_URL, f'{problem.source}/{problem.path}: {problem.what}')}",
        )
        add(entry, "updated", stamp)
        add(entry, "content", f"{place}: {problem.what}. {problem.fix}.", type="text")
    ET.register_namespace("", ATOM)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))
