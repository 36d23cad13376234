"""Where each bar of a chart stands, in the units of its picture (pure)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from syndicator.models import number
from syndicator.publish.pages.statistics import WINDOW_DAYS, Statistics, say_day, window_start
from syndicator.text import say_count

WIDTH, HEIGHT = 336, 96
"""The picture; it is scaled to the column that it stands in."""
_TOP, _BASE = 18, 78
_MOST_BINS = 28
_LABEL_ROOM = 64
"""How much of a line a level's label takes."""


class Chart(NamedTuple):
    """`bars` are SVG: for so many of them a template would take most of a page's time. `ticks` are places on
    the base line with their labels; `marks` are levels: a line from `y` down at `x`, its label, and the side
    that the label stands at."""

    title: str
    description: str
    """All of it in words."""
    bars: Markup
    ticks: tuple[tuple[float, str, str], ...]
    most: int
    marks: tuple[tuple[float, int, str, str], ...] = ()


def chart_days(statistics: Statistics) -> Chart | None:
    """Entries per day over the window; None without entries."""
    if statistics.newest is None or not statistics.recent:
        return None
    start, most = window_start(statistics.newest), max(statistics.days)

    def day(at: int) -> str:
        return say_day(start + timedelta(days=at))

    first, last, busiest = day(0), say_day(statistics.newest), day(statistics.days.index(most))
    return Chart(
        title="Entries per day",
        description=f"{say_count(statistics.recent, 'entry', 'entries')} from {first} to {last}, "
        + (f"{most:,} on the busiest day, {busiest}." if most > 1 else "1 a day at most."),
        bars=_bars(statistics.days, lambda at: f"on {day(at)}"),
        ticks=((0, first, "start"), (WIDTH, last, "end")),
        most=most,
    )


def chart_qualities(statistics: Statistics, levels: Mapping[str, float]) -> Chart | None:
    """How many entries of the window have which quality, and the levels, lowest first; None without rated
    entries."""
    qualities = statistics.qualities
    if not qualities:
        return None
    low, step, bins = _scale(qualities, levels)
    counts = [0] * bins
    for quality, count in qualities.items():
        counts[min(bins - 1, max(0, math.floor((quality - low) / step)))] += count
    edges = [low + step * at for at in range(bins + 1)]
    rated = say_count(sum(counts), "rated entry", "rated entries")
    least, best = number(min(qualities)), number(max(qualities))
    spread = f"{rated} from {least} to {best}" if least != best else f"{rated} of quality {best}"
    reached = "".join(
        f" {count:,} {'reaches' if count == 1 else 'reach'} {name} ({number(minimum)})."
        for name, minimum in levels.items()
        for count in [statistics.reaching(minimum)]
    )
    return Chart(
        title="Spread of quality",
        description=f"{spread}.{reached}",
        bars=_bars(
            counts,
            lambda at: f"with quality {number(edges[at])} to {number(edges[at + 1])}",
            lambda at: sum(edges[at] >= minimum for minimum in levels.values()),
        ),
        marks=tuple(_mark(levels, low, step * bins)),
        ticks=(
            (0, number(edges[0]), "start"),
            (WIDTH / 2, number((edges[0] + edges[-1]) / 2), "middle"),
            (WIDTH, number(edges[-1]), "end"),
        ),
        most=max(counts),
    )


def draw_small(statistics: Statistics) -> str:
    """The window very small, a stroke for two days: the `d` of an SVG path; empty without entries."""
    width, height = 112, 24
    pairs = [sum(statistics.days[at : at + 2]) for at in range(0, WINDOW_DAYS, 2)]
    most, room = max(pairs), width / len(pairs)
    return "".join(
        f"M{round((at + 0.5) * room, 2)} {height}V{round(height - max(2.0, height * count / most), 2)}"
        for at, count in enumerate(pairs)
        if count
    )


def _bars(
    counts: Sequence[int], title: Callable[[int], str], rank: Callable[[int], int] = lambda _: 0
) -> Markup:
    """Bars side by side over the whole width, the highest to the top. `title` says what one stands for,
    `rank` how many levels its values reach."""
    room, most, bars = WIDTH / len(counts), max(counts), []
    for at, count in enumerate(counts):
        if count:
            # A single entry beside thousands is still to be seen.
            height = max(2.0, (_BASE - _TOP) * count / most)
            bars.append(
                f'<rect class="bar rank{min(rank(at), 2)}" x="{round(at * room + 0.5, 2)}" '
                f'y="{round(_BASE - height, 2)}" width="{round(room - 1, 2)}" height="{round(height, 2)}">'
                f"<title>{say_count(count, 'entry', 'entries')} {title(at)}</title></rect>"
            )
    return Markup("\n".join(bars))  # noqa: S704  # numbers, and words of this module


def _scale(qualities: Mapping[float, int], levels: Mapping[str, float]) -> tuple[float, float, int]:
    """The lowest edge, the width and the number of bins."""
    low = min(0.0, *qualities, *levels.values())
    high = max(*qualities, *levels.values(), low + 1)
    least = (high - low) / (_MOST_BINS - 2)
    power = 10.0 ** math.floor(math.log10(max(least, 1.0)))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    low = math.floor(low / step) * step
    bins = max(4, math.floor((high - low) / step) + 1)
    # An even number: the middle of the axis is the edge of a bar, too.
    return low, step, bins + bins % 2


def _mark(levels: Mapping[str, float], low: float, breadth: float) -> Iterator[tuple[float, int, str, str]]:
    ends = {14: -math.inf, 3: -math.inf}  # where the last label of the lower and of the upper line ends
    places = [(name, minimum, WIDTH * (minimum - low) / breadth) for name, minimum in levels.items()]
    for (name, minimum, x), (*_, following) in pairwise([*places, ("", 0.0, WIDTH)]):
        # Labels that would run into each other stand one above the other, and beside their own lines.
        anchor = "end" if following - x < _LABEL_ROOM <= x else "start"
        begin = x - _LABEL_ROOM if anchor == "end" else x
        y = 14 if ends[14] <= begin else 3
        ends[y] = begin + _LABEL_ROOM
        yield round(x, 2), y, f"{name} {number(minimum)}", anchor
