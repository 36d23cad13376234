"""The benchmark: `make bench SIZE=1000`, or `python -m tests.bench --size 1000`.

Prints each figure as it is known and the table of goals at the end, and keeps the figures as JSON and as a
chart. It ends by itself: after `--minutes` with what was measured until then. Ends with 1 where a goal is not
reached.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.chart import chart
from tests.bench.goals import SIZES, table
from tests.bench.measuring import Bench, measure
from tests.bench.peers import absent

OUTPUT = Path("tests/output/bench").resolve()
MINUTES = {1_000: 30, 10_000: 90, 100_000: 360}


class OutOfTimeError(Exception):
    """The time for the whole run is over."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the product beside Hugo and nginx.")
    parser.add_argument("--size", type=int, default=SIZES[-1], choices=SIZES, help="the largest corpus")
    parser.add_argument("--bodies", action="store_true", help="twice as many articles, with Markdown bodies")
    parser.add_argument("--rounds", type=int, default=5, help="in turn with the peer; the median counts")
    parser.add_argument("--events", type=int, default=20, help="single articles in each round")
    parser.add_argument("--minutes", type=float, help="until it ends; by default by size")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what it started ends with it.
    sizes = [size for size in SIZES if size <= chosen.size]
    base = OUTPUT / "work"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    bench = Bench(base=base, rounds=chosen.rounds, events=chosen.events)
    try:
        with at_most(chosen.minutes or MINUTES[chosen.size]):
            for size in sizes:
                measure(bench, size, count=size * (1 + chosen.bodies), bodies=chosen.bodies)
    except OutOfTimeError as error:
        print(error, flush=True)
    lacking = absent()
    text, reached = table(bench.found, sizes, lacking)
    print(f"\n{text}", *(f"{name} is not here: {way}" for name, way in lacking.items()), sep="\n")
    name = f"{chosen.size}{'-bodies' if chosen.bodies else ''}"
    (OUTPUT / f"{name}.json").write_text(json.dumps(bench.found, indent=1) + "\n", encoding="utf-8")
    (OUTPUT / f"{name}.svg").write_text(chart(bench.found, sizes), encoding="utf-8")
    shutil.rmtree(base)
    return 0 if reached else 1


@contextmanager
def at_most(minutes: float) -> Iterator[None]:
    """Raises OutOfTimeError in the block when so many minutes have passed."""

    def end(*_: object) -> None:
        raise OutOfTimeError(f"{minutes:g} minutes are over")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, minutes * 60)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
