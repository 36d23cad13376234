"""A recorded folder's life through the service, with each commit's time as now, for routes with `about`.

    python -m tests.simulation "3 a day" "3 a week" [--history FILE] [--include]

Prints for each week how many articles came and, for each pace, how many stories the service took, how many
`simulate` says, and the minimum quality. The folder is empty at first. `--include` takes `published: false`
for public.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from syndicator.alerts import LedgerKind
from syndicator.cli.log import configure_logs
from syndicator.notify.recorded import read_recorded
from syndicator.settings.models import Route
from syndicator.simulation.comparison import compare
from syndicator.simulation.replay import replay
from tests.faults.histories import RECORDED
from tests.rig import Rig
from tests.simulation.test_same_as_service import enqueue_and_send


def live(base: Path, history: Path, routes: list[Route], *, include: bool) -> tuple[Rig, datetime]:
    """The service after all commits, and when it began."""
    with gzip.open(history, "rt", encoding="utf-8", newline="") as lines:
        writes = [json.loads(line) for line in lines]
    start = datetime.fromtimestamp(writes[0]["time"], UTC) - timedelta(minutes=1)
    rig = Rig(base, now=start, routes=routes, include_unpublished=include)
    rig.run_once()
    for at, commit in groupby(writes, key=lambda one: one["time"]):
        for write in commit:
            rig.put(write["path"], write["content"])
        rig.now = max(rig.now, datetime.fromtimestamp(at, UTC))
        rig.look()
        enqueue_and_send(rig)
    return rig, start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("about", nargs="+")
    parser.add_argument("--history", type=Path, default=RECORDED)
    parser.add_argument("--include", action="store_true")
    args = parser.parse_args()
    configure_logs(quiet=True)
    routes = [
        Route(name=about.replace(" ", "-"), channel=f"C{at}", about=about, deliver="immediate")
        for at, about in enumerate(args.about)
    ]
    with TemporaryDirectory() as base:
        rig, start = live(Path(base), args.history, routes, include=args.include)
        with rig.store.reading() as session:
            past = read_recorded(session, routes, since=start, until=rig.now)
            rows = session.outbox.ledger.rows(stories=[one.story for one in past.entries.values()])
        found = compare(past, None, replay(past, routes))
        came = Counter(_week(found.days, one.at) for one in past.events if one.before is None)
        taken = Counter(
            (row.route, _week(found.days, row.at)) for row in rows if row.kind is not LedgerKind.BASELINE
        )
        print(f"week of     came  {'  '.join(f'{one.name}: taken, simulated, minimum' for one in routes)}")
        for at in range(0, len(found.days), 7):
            week = found.days[at]
            cells = []
            for name, side in ((one.name, one.after) for one in found.routes):
                assert side is not None and side.about is not None
                days = [quality for day, quality in side.minimums.items() if 0 <= (day - week).days < 7]
                course = ", ".join(dict.fromkeys("any" if one is None else f"{one:g}" for one in days))
                cells.append(f"{taken[name, week]:5} {sum(side.per_day[at : at + 7]):5}  {course:<20}")
            print(f"{week}  {came[week]:4}  {'  '.join(cells)}")
        for route in routes:
            said = sum(count for (name, _), count in taken.items() if name == route.name)
            print(f"{route.name}: {said} taken in {past.days / 7:.1f} weeks, {said / past.days:.2f} a day")


def _week(days: tuple[date, ...], at: datetime) -> date:
    return max(day for day in days[::7] if day <= at.date())


if __name__ == "__main__":
    main()
