"""The goals of speed, and whether the figures reach them (pure).

Times are divided by Hugo's of the same round, because a second means little on a machine that others share. A
goal that was set in seconds is divided by what Hugo took where it was set (`HUGO_S`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

SIZES = (1_000, 10_000, 100_000)
HUGO_S = {1_000: 0.48, 10_000: 4.5, 100_000: 68.0}
"""Hugo's cold builds of as many articles on the two cores for which goals were set in seconds."""
HUGO, NGINX, STRACE = "Hugo", "nginx", "strace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A line of the table; `limit` is the most that is allowed, or the least where `least` is true."""

    what: str
    figure: str
    limit: float
    unit: str
    size: int = SIZES[0]
    needs: str = ""
    """A program without which it cannot be measured."""
    least: bool = False

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit


def goals() -> Iterator[Goal]:
    """All of them, in the order of the table."""
    for size, cold, warm_s in zip(SIZES, (3.0, 0.8, 0.5), (0.8, 1.2, 3.0), strict=True):
        yield _hugo(size, "cold", "cold build until all feeds and pages are written", cold)
        yield _hugo(size, "warm", f"build with nothing changed ({warm_s:g} s)", warm_s / HUGO_S[size])
        yield _hugo(size, "ready", f"start to READY ({warm_s:g} s)", warm_s / HUGO_S[size])
    size = SIZES[-1]
    yield _hugo(size, "cold_all", "cold build with all archives", 1.0)
    yield _hugo(size, "peak", "cold build, peak memory", 1 / 12)
    yield _own(size, "peak_mb", "cold build, peak memory", 280, "MB")
    for size, idle_mb in zip(SIZES, (100, 100, 160), strict=True):
        for kind in ("new", "edited"):
            yield _live(size, f"{kind}_p50", f"{kind} article in all its feeds, p50", 0.040)
            yield _live(size, f"{kind}_p99", f"{kind} article in all its feeds, p99", 0.120)
        yield _live(size, "topic_p99", "new article with a new topic, p99", 0.200)
        yield _live(size, "archives_p99", "new article while archives are written, p99", 0.200)
        yield _live(size, "changed", "1,000 changed, newest in all its feeds", 1.5)
        yield _live(size, "changed_all", "1,000 changed, all written", 15.0)
        if size > SIZES[0]:
            yield _live(size, "added", "10,000 new, newest in all its feeds", 5.0)
        yield _own(size, "missed", "entries missed in the end", 0, "entries")
        yield _own(size, "files", "files written for one new article", 40, "files")
        yield _own(size, "syncs", "syncs for one new article", 3, "syncs", needs=STRACE)
        yield _own(size, "idle_percent", "idle", 1.0, "% of a core")
        yield _own(size, "idle_mb", "idle", idle_mb, "MB")
    yield _own(SIZES[1], "growth", "new article, p50, against 1,000", 1.3, "times", needs=HUGO)
    yield _own(SIZES[2], "growth", "new article, p50, against 1,000", 1.3, "times", needs=HUGO)
    yield _live(SIZES[0], "routes_p99", "new article with 1,000 routes, p99", 0.200)
    yield _own(SIZES[0], "routes", "work where nothing is owed, 10,000 routes against 10", 2, "times")
    for kind, share in (("304", 0.25), ("whole", 0.30), ("gzip", 0.40)):
        yield Goal(
            figure=f"{SIZES[0]} http_{kind}",
            what=f"HTTP, answers per second, {kind}",
            limit=share,
            unit="of nginx",
            needs=NGINX,
            least=True,
        )
    yield _own(SIZES[0], "http_p99", "HTTP, p99 while feeds are rewritten", 3, "times quiet")


def _own(size: int, figure: str, what: str, limit: float, unit: str, needs: str = "") -> Goal:
    name = f"{size} {figure}"
    return Goal(figure=name, what=f"{size:,}: {what}", limit=limit, unit=unit, size=size, needs=needs)


def _hugo(size: int, figure: str, what: str, limit: float) -> Goal:
    return _own(size, figure, what, limit, "of Hugo", HUGO)


def _live(size: int, figure: str, what: str, seconds: float) -> Goal:
    """A goal in seconds, for whatever corpus, in Hugo's builds of the smallest."""
    said = f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
    return _hugo(size, figure, f"{what} ({said})", seconds / HUGO_S[SIZES[0]])


def table(found: Mapping[str, float], sizes: Collection[int], absent: Collection[str]) -> tuple[str, bool]:
    """The table as text, and whether every goal that could be measured here is reached."""
    lines, left_out = [f"{'':<68}{'measured':>10}{'goal':>11}"], list[tuple[str, str]]()
    reached = measured = 0
    for goal in goals():
        if goal.size not in sizes:
            left_out.append((f"SIZE={goal.size}", goal.what))
        elif goal.needs in absent:
            left_out.append((goal.needs, goal.what))
        else:
            measured += 1
            value = found.get(goal.figure)
            reached += value is not None and goal.reached(value)
            lines.append(_row(goal, value))
    lines += ["", f"{reached} of {measured} goals reached", *_left_out(left_out)]
    return "\n".join(lines), reached == measured


def _row(goal: Goal, value: float | None) -> str:
    verdict = "NOT MEASURED" if value is None else "reached" if goal.reached(value) else "NOT REACHED"
    shown = "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"
    sign = "≥" if goal.least else "≤"
    return f"{goal.what:<68}{shown:>10}{sign:>4}{goal.limit:>7.3g} {goal.unit:<12}{verdict}"


def _left_out(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for need, some in groupby(sorted(rows), key=lambda row: row[0]):
        names = [what for _, what in some]
        what = f" ({'; '.join(names)})" if "=" not in need else ""
        yield f"{len(names)} left out, for want of {need}{what}"
