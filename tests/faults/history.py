"""A folder's whole life under the real service: what comes of it, and with kill -9 on the way.

    python -m tests.faults.history                          every commit looked at, recorded and invented
    python -m tests.faults.history --kills 20 --mode replace
    python -m tests.faults.history --kills 20 --mode rewrite
    python -m tests.faults.history --table 10000            the table of changes

Prints what was expected and what was seen; exits 1 where they differ. How often `updated` moved is counted by
a trigger in the service's own database, in its own transactions, so that no kill can hide one.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from tests.acceptance.running import Running, running
from tests.faults.histories import RECORDED, Life, Mode, invented, lay_topics, part, play, recorded
from tests.faults.likeness import describe_output, differences
from tests.faults.table import HEAD, Table
from tests.making import utc
from tests.rig import Rig

TOPICS = ("_data/topics/*.yaml",)
AFTERWARDS = utc(2026, 6, 1)
CONVERGED_S = 60.0

COUNTERS = """
create table seen_new (guid text, path text);
create table seen_revised (guid text, path text);
create trigger count_new after insert on entries
  begin insert into seen_new values (new.guid, new.path); end;
create trigger count_revised after update of updated on entries when old.updated != new.updated
  begin insert into seen_revised values (new.guid, new.path); end;
"""


@dataclass
class Outcome:
    """What a life came to. `bad` is empty where all is as promised."""

    life: Life
    how: str
    exact: bool
    entries: int = 0
    guids: int = 0
    revised: Counter[str] = field(default_factory=Counter)
    unlike: list[str] = field(default_factory=list)
    anew: int = 0
    """Files that differ when all is rendered anew from the same database."""
    kills: int = 0
    files: int = 0
    took_s: float = 0.0

    @property
    def bad(self) -> list[str]:
        found = [line for line, good in self._checks() if not good]
        return found + self.unlike[:5]

    def table(self) -> str:
        writes = sum(map(len, self.life.commits))
        head = f"{self.life.name}: {len(self.life.commits)} commits, {writes} writes, {self.how}"
        lines = [f"  {'ok ' if good else 'BAD'} {line}" for line, good in self._checks()]
        return "\n".join(
            [f"{head}, {self.took_s:.0f} s", *lines, *(f"      {line}" for line in self.unlike[:5])]
        )

    def _checks(self) -> list[tuple[str, bool]]:
        expected, total = len(self.life.paths), self.life.revisions.total()
        beyond = self.revised - self.life.revisions
        revised = self.revised == self.life.revisions if self.exact else not beyond
        checks = [
            (f"entries ever: {expected} expected, {self.entries} seen", self.entries == expected),
            (f"guids: {expected} expected, {self.guids} seen", self.guids == expected),
            (
                f"revisions: {'' if self.exact else 'at most '}{total} expected, {self.revised.total()} seen",
                revised,
            ),
            (f"`updated` moved by nothing to see: 0 expected, {beyond.total()} seen", not beyond),
            (f"unlike a cold build: 0 expected, {len(self.unlike)} seen", not self.unlike),
            (f"unlike when all is rendered anew: 0 expected, {self.anew} seen", not self.anew),
        ]
        if self.files:
            checks.append((f"files written: {self.files}", True))
        return checks + ([(f"killed and started again: {self.kills} times", True)] if self.kills else [])


def live(life: Life, folder: Path, *, mode: Mode = Mode.REPLACE, publish_every: int = 1) -> Outcome:
    """The pipeline looks at the folder after every commit, and publishes; time is an argument."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    rig = Rig(folder, now=AFTERWARDS, topics=TOPICS)
    lay_topics(rig.folder, life)
    outcome = Outcome(life=life, how=f"{mode}, each looked at", exact=True)
    count_changes(folder / "var" / "state.db")
    for number, commit in enumerate(life.commits, start=1):
        play(rig.folder, commit, mode)
        rig.wait(timedelta(hours=2))
        rig.scan()
        if number % publish_every == 0 or number == len(life.commits):
            outcome.files += rig.publish().written
    cold = Rig(_with_articles(folder / "cold", rig.folder), now=rig.now, topics=TOPICS)
    cold.run_once()
    cold.close()
    compare_in_the_end(outcome, folder / "var" / "state.db", rig.output, cold.output)
    rig.restart(version="another")
    outcome.anew = rig.publish().written
    rig.close()
    outcome.took_s = time.monotonic() - began
    return outcome


def live_with_kills(
    life: Life, folder: Path, *, mode: Mode, kills: int, seed: int, pause_s: float = 0.05
) -> Outcome:
    """The real service while the folder lives at a fast pace; killed at random, and started again at once."""
    began = time.monotonic()
    chance = random.Random(seed)
    settings = {"sources": [{"name": "news", "path": "articles", "topics": list(TOPICS)}]}
    outcome = Outcome(life=life, how=f"{mode}, real service, seed {seed}", exact=False)
    with running(folder, **settings) as service:
        lay_topics(service.articles, life)
        assert service.command("build").returncode == 0
        count_changes(folder / "var" / "state.db")
        service.start()
        doomed = set(chance.sample(range(len(life.commits)), kills))
        for index, commit in enumerate(life.commits):
            play(service.articles, commit, mode)
            time.sleep(pause_s * chance.random() * 2)
            if index in doomed:
                kill_and_start(service)
                outcome.kills += 1
        cold = _build_cold(folder / "cold", service.articles, settings)
        links = shared_links(folder / "var" / "state.db")
        until(lambda: not differences(describe_output(service.public, links), describe_output(cold, links)))
        if service.process is not None and service.process.poll() is None:
            service.stop()
        compare_in_the_end(outcome, folder / "var" / "state.db", service.public, cold)
    outcome.took_s = time.monotonic() - began
    return outcome


def kill_and_start(service: Running) -> None:
    """As when the power fails: no signal that could be caught; the next start waits for nothing."""
    assert service.process is not None
    service.process.kill()
    service.process.wait()
    service.start(ready=False)


def until(done: Callable[[], bool]) -> None:
    """Waits until `done`, or in vain: what is wrong then shows in the outcome."""
    deadline = time.monotonic() + CONVERGED_S
    while time.monotonic() < deadline:
        try:
            if done():
                return
        except (OSError, ValueError, AssertionError):
            pass  # three formats of one feed are three files, and we look while they are replaced
        time.sleep(0.5)


def count_changes(database: Path) -> None:
    """Has the database count, by itself, entries that are new and `updated` that moves."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(COUNTERS)


def shared_links(database: Path) -> Collection[str]:
    """The links, as articles write them, that more than one entry has."""
    query = """select link from entries where canonical_link in
        (select canonical_link from entries group by canonical_link having count(*) > 1)"""
    with closing(sqlite3.connect(database)) as connection:
        return {link for (link,) in connection.execute(query)}


def compare_in_the_end(outcome: Outcome, database: Path, public: Path, cold: Path) -> None:
    """Counts what came to be, and holds the feeds against those of a cold build."""
    with closing(sqlite3.connect(database)) as connection:
        new = list(connection.execute("select guid, path from seen_new"))
        outcome.revised = Counter(path for (path,) in connection.execute("select path from seen_revised"))
    outcome.entries, outcome.guids = len(new), len({guid for guid, _ in new})
    links = shared_links(database)
    outcome.unlike = differences(describe_output(public, links), describe_output(cold, links))


def _with_articles(base: Path, articles: Path) -> Path:
    shutil.copytree(articles, base / "articles")
    return base


def _build_cold(base: Path, articles: Path, settings: Mapping[str, object]) -> Path:
    _with_articles(base, articles)
    with running(base, **settings) as service:
        built = service.command("build")
        assert built.returncode == 0, built.stderr
        return service.public


def print_table(articles: int) -> int:
    """The table of changes, row by row; 1 if a row is not as expected."""
    began = time.monotonic()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="syndicator-table-") as folder:
        print(f"{articles} articles\n{HEAD}")
        for row in Table(Path(folder), articles).rows():
            print(row, flush=True)
            bad += not row.good
    print(f"{bad} rows bad, {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.REPLACE)
    parser.add_argument("--commits", type=int, help="the last so many only")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between commits, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", type=int, default=0, metavar="ARTICLES")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if given.table:
        return print_table(given.table)
    bad: list[str] = []
    found = [invented(seed=given.seed), *([recorded()] if RECORDED.is_file() else [])]
    for life in [part(life, given.commits) for life in found] if given.commits else found:
        with tempfile.TemporaryDirectory(prefix="syndicator-history-") as folder:
            if given.kills:
                outcome = live_with_kills(
                    life,
                    Path(folder),
                    mode=given.mode,
                    kills=given.kills,
                    seed=given.seed,
                    pause_s=given.pause,
                )
            else:
                outcome = live(life, Path(folder), mode=given.mode)
        print(outcome.table(), flush=True)
        bad += outcome.bad
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
