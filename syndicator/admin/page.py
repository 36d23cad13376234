"""The operator's page and the feed of problems, from facts that others have read (pure).

The page has the style of the public pages and no script; it asks itself anew every half minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from syndicator.models import Problem
from syndicator.monitoring.health import HealthLevel, clock_time
from syndicator.publish.pages.assets import ASSETS, STYLE_PATH
from syndicator.publish.pages.render import templates
from syndicator.text import shown

MOST = 50
"""So many problems, messages and decisions are shown, the newest."""
HOURS = 24

STYLE = ASSETS[STYLE_PATH] + (resources.files("syndicator.admin") / "templates/admin.css").read_bytes()

_TEMPLATES = templates("syndicator.admin").overlay(
    finalize=lambda value: shown(value, but="\n") if type(value) is str else value
)
"""Names of files may hold any character but `/`; some of them make a feed that no reader takes."""


def render_operators_page(facts: Mapping[str, Any], details: Mapping[str, Any], now: datetime) -> bytes:
    """The page. `facts` as `status.facts`, `details` by that name; empty while the store is not open."""
    here = now.astimezone()

    def moment(value: datetime | str | None) -> str:
        if value is None:
            return ""
        return clock_time(datetime.fromisoformat(value) if isinstance(value, str) else value, here)

    hours = [f"{here - timedelta(hours=ago):%H}:00" for ago in reversed(range(HOURS))]
    level = str(HealthLevel(facts["level"]))
    template = _TEMPLATES.get_template("page.html")
    return template.render(
        facts=facts, details=details, level=level, moment=moment, hours=hours, here=here, most=MOST
    ).encode()


def render_problems(problems: Sequence[tuple[str, Problem]], address: str, now: datetime) -> bytes:
    """An Atom feed (RFC 4287) with an entry for each place and its problem, all of `now`.

    An entry's id is that of what is wrong in which file, so that a reader shows each mistake once.
    """
    return (
        _TEMPLATES.get_template("problems.xml")
        .render(
            problems=problems,
            address=address,
            now=f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            urn=lambda name: uuid5(NAMESPACE_URL, name).urn,
        )
        .encode()
    )
