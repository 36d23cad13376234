"""A comparison as one HTML page that needs nothing beside it; its script moves the minimum (pure)."""

from __future__ import annotations

import json
from collections import Counter

from markupsafe import Markup

from syndicator.admin.page import STYLE
from syndicator.publish.pages.charts import Chart, chart_qualities
from syndicator.publish.pages.render import templates_beside
from syndicator.publish.pages.statistics import Statistics
from syndicator.simulation.comparison import PACES, ComparedRoute, Comparison, say_rate

LISTED = 200
"""So many stories that come, and that go, are listed."""
PUBLISHERS = 8

_TEMPLATES = templates_beside("syndicator.simulation")


def render_comparison(comparison: Comparison, *, new: str, today: str | None) -> bytes:
    """The page. `new` and `today` are the names of the two settings files; None: nothing to compare with."""
    return (
        _TEMPLATES.get_template("simulation.html")
        .render(
            one=comparison,
            new=new,
            today=today,
            style=Markup(STYLE.decode()),  # noqa: S704  # ours
            qualities=_qualities,
            rated=lambda route: json.dumps([one for one in route.qualities if one is not None]),
            publishers=_publishers,
            paces=PACES,
            say_rate=say_rate,
            listed=LISTED,
        )
        .encode()
    )


def _qualities(route: ComparedRoute) -> Chart | None:
    """The spread of quality of the stories that the route would take, with its minimums drawn in."""
    counts = Counter(one for one in route.qualities if one is not None)
    before, after = (side.min_quality if side else None for side in (route.before, route.after))
    is_one = route.before is None or before == after
    marks = {"minimum": after} if is_one else {"today's": before, "the new": after}
    levels = {name: minimum for name, minimum in marks.items() if minimum is not None}
    ordered = dict(sorted(levels.items(), key=lambda level: level[1]))
    return chart_qualities(Statistics(qualities=dict(sorted(counts.items()))), ordered)


def _publishers(route: ComparedRoute) -> list[tuple[str, int, int]]:
    """Publisher, stories under today's settings, stories under the new ones; most first."""
    sides = [Counter(side.publishers if side else {}) for side in (route.before, route.after)]
    names = sorted(sides[0] | sides[1], key=lambda name: (-sides[1][name], -sides[0][name], name))
    return [(name, sides[0][name], sides[1][name]) for name in names[:PUBLISHERS]]
