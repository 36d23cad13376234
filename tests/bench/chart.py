"""A chart of the figures over the size of the corpus, both scales logarithmic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 70, 210, 20, 50
LOWEST, HIGHEST = 0.01, 100.0
"""The seconds at the ends of the scale."""
LINES = {
    "cold_s": ("cold build", "#b3261e", 1.0),
    "hugo_s": ("Hugo's build", "#555555", 1.0),
    "added_s": ("10,000 new, newest shown", "#8a5a00", 1.0),
    "warm_s": ("nothing changed", "#1a6b3c", 1.0),
    "ready_s": ("start to READY", "#0b57d0", 1.0),
    "changed_s": ("1,000 changed, newest shown", "#6b3fa0", 1.0),
    "new_p99_ms": ("new article, p99", "#00696f", 0.001),
    "new_p50_ms": ("new article, p50", "#a0327a", 0.001),
}
"""Each figure's words, colour, and what makes seconds of it."""


def chart(found: Mapping[str, float], sizes: Sequence[int]) -> str:
    """The figures, named as in `Bench.found`, as SVG."""
    across = {
        size: LEFT + (WIDTH - LEFT - RIGHT) * n / max(len(sizes) - 1, 1) for n, size in enumerate(sizes)
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="13" role="img" aria-label="Seconds over the number of articles">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for power in range(round(math.log10(LOWEST)), round(math.log10(HIGHEST)) + 1):
        y = _down(10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for size, x in across.items():
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 20}" text-anchor="middle">{size:,} articles</text>')
    lowest = 0.0
    lines = {name: _points(found, name, across) for name in LINES}
    for name, points in sorted(lines.items(), key=lambda one: one[1][-1][1] if one[1] else 0.0):
        if not points:
            continue
        words, colour, _ = LINES[name]
        dashes = ' stroke-dasharray="6 4"' if name == "hugo_s" else ""
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        lowest = max(points[-1][1], lowest + 16)  # Words of lines that end together stand below each other.
        x = points[-1][0] + 12
        parts.append(f'<text x="{x:.1f}" y="{lowest + 4:.1f}" fill="{colour}">{escape(words)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _points(found: Mapping[str, float], name: str, across: Mapping[int, float]) -> list[tuple[float, float]]:
    seconds = {size: found.get(f"{size} {name}") for size in across}
    return [(across[size], _down(value * LINES[name][2])) for size, value in seconds.items() if value]


def _down(seconds: float) -> float:
    share = math.log(seconds / LOWEST) / math.log(HIGHEST / LOWEST)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
