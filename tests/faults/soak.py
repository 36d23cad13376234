"""The real service for a long time: a change each second, a Slack that fails; what it takes must stay level.

    python -m tests.faults.soak --minutes 30

Prints a line every 30 s and a verdict; exits with 1 where it is not level, where a message was lost or came
twice, or where the feeds are not the folder in the end. It ends by itself. The first third of the time is
for warming up; the last third is compared with the second, by their medians:

    memory (RSS)    at most 5 % more
    descriptors     at most 5 more
    threads         at most 2 more: a call to Slack that hangs has its own
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.acceptance.running import Running, running
from tests.faults.folder import complete_titles, until
from tests.rig import article_text
from tests.slack_server import AFTER, BEFORE, SLOW, Slack, SlackServer, at_random

EVERY_S, LINE_EVERY_S = 5.0, 30.0
MEMORY_PERCENT, MORE_DESCRIPTORS, MORE_THREADS = 5.0, 5, 2
CHANNELS = 5
FAULT_RATE = 0.3
SETTLED_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the service's two processes take together at a moment."""

    at_s: float
    rss_mb: float
    descriptors: int
    threads: int


def sample(pids: Sequence[int], at_s: float) -> Sample:
    """Reads /proc. Raises OSError where a process is gone."""
    rss_kb = threads = descriptors = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        values = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        rss_kb += int(values["VmRSS"].split()[0])
        threads += int(values["Threads"])
        descriptors += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(at_s=at_s, rss_mb=rss_kb / 1024, descriptors=descriptors, threads=threads)


def processes_of(pid: int) -> list[int]:
    """The service and what it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def judge(samples: Sequence[Sample]) -> list[tuple[bool, str]]:
    """Whether each of the three stayed level, in words. Needs at least one sample in each third."""
    end_s = samples[-1].at_s
    second = [one for one in samples if end_s / 3 <= one.at_s < end_s * 2 / 3]
    last = [one for one in samples if one.at_s >= end_s * 2 / 3]
    memory = [median(one.rss_mb for one in part) for part in (second, last)]
    descriptors = [median(one.descriptors for one in part) for part in (second, last)]
    threads = [median(one.threads for one in part) for part in (second, last)]
    growth = (memory[1] / memory[0] - 1) * 100
    return [
        (
            growth <= MEMORY_PERCENT,
            f"memory {memory[0]:.1f} -> {memory[1]:.1f} MB, {growth:+.1f} % (at most {MEMORY_PERCENT:g} %)",
        ),
        (
            descriptors[1] - descriptors[0] <= MORE_DESCRIPTORS,
            f"descriptors {descriptors[0]:g} -> {descriptors[1]:g} (at most {MORE_DESCRIPTORS} more)",
        ),
        (
            threads[1] - threads[0] <= MORE_THREADS,
            f"threads {threads[0]:g} -> {threads[1]:g} (at most {MORE_THREADS} more)",
        ),
    ]


class ChangingFolder:
    """Articles that change one at a time, in the ways that articles do."""

    def __init__(self, root: Path, articles: int, dice: random.Random) -> None:
        self._root, self._dice = root, dice
        self._titles: dict[int, str] = {}
        self._removed: list[int] = []
        for number in range(articles):
            self._write(number, f"About {number}")

    def change(self) -> None:
        """One change: `secured` alone, a title, a new article, one gone or back, one broken for a while."""
        number = self._dice.choice([*self._titles])
        match self._dice.choices(("secured", "title", "new", "gone", "broken"), (3, 3, 3, 1, 1))[0]:
            case "secured":
                self._write(number, self._titles[number])
            case "title":
                self._write(number, f"About {number}, {self._dice.randrange(1000)}")
            case "new":
                fresh = max(self._titles) + 1
                self._write(fresh, f"About {fresh}", age=timedelta())
            case "gone" if not self._removed:
                self._path(number).unlink()
                self._removed.append(number)
                del self._titles[number]
            case "gone":
                back = self._removed.pop()
                self._write(back, f"About {back}")
            case _:
                self._path(number).write_text("---\ntitle: [\n---\n")
                time.sleep(0.2)
                self._write(number, self._titles[number])

    @property
    def titles(self) -> set[str]:
        return set(self._titles.values())

    def _path(self, number: int) -> Path:
        return self._root / f"{number % 100}" / f"{number}.md"

    def _write(self, number: int, title: str, *, age: timedelta = timedelta(days=30)) -> None:
        self._titles[number] = title
        path, published = self._path(number), datetime.now(UTC) - age
        path.parent.mkdir(exist_ok=True)
        text = article_text(
            f"{number}.md",
            title=title,
            publishedDateTime=f"{published:%Y-%m-%dT%H:%M:%SZ}",
            topics=[f"Topic {number % CHANNELS}"],
            secured=f"{self._dice.getrandbits(128):x}",
            body="A paragraph of some length, as articles have them. " * 20,
        )
        beside = path.with_name(f".{path.name}.tmp")
        beside.write_text(text)
        beside.replace(path)


def settings() -> dict[str, object]:
    routes = [
        {"name": f"topic{n}", "channel": f"C{n}", "topics": [f"Topic {n}"], "deliver": "immediate"}
        for n in range(CHANNELS)
    ]
    return {"routes": routes, "slack": {"confirm_after": "5s"}, "feeds": {"limit": 500}}


def soak(folder: Path, *, minutes: float, articles: int, seed: int = 1) -> list[tuple[bool, str]]:
    """Runs it; each verdict in words."""
    kinds = (*(BEFORE + AFTER) * 8, *SLOW)
    slack = Slack(late_s=1.0, hang_s=30.0, faults=at_random(seed, FAULT_RATE, kinds=kinds))
    with SlackServer(slack) as server, running(folder, **settings()) as service:
        service.forks = False
        service.use(server)
        changing = ChangingFolder(service.articles, articles, random.Random(seed))
        began = time.monotonic()
        service.start(patience_s=900)
        print(f"{articles} articles, ready after {time.monotonic() - began:.0f} s", flush=True)
        samples, changes = _watch(service, slack, changing, minutes * 60)
        slack.faults = lambda _method: None
        found = [*judge(samples), *_end(service, slack, changing)]
    return [(True, f"{changes} changes, {_faults(slack)} faults, {len(slack.posted)} messages"), *found]


def _watch(
    service: Running, slack: Slack, changing: ChangingFolder, seconds: float
) -> tuple[list[Sample], int]:
    assert service.process is not None
    pids = processes_of(service.process.pid)
    began, samples, changes, said_s = time.monotonic(), list[Sample](), 0, 0.0
    while (at_s := time.monotonic() - began) < seconds:
        changing.change()
        changes += 1
        assert service.get("feeds/all/rss.xml").status_code == 200
        if at_s >= len(samples) * min(EVERY_S, seconds / 12):
            samples.append(sample(pids, at_s))
        if at_s >= said_s:
            said_s += LINE_EVERY_S
            one = samples[-1]
            print(
                f"{at_s:6.0f} s  {one.rss_mb:6.1f} MB  {one.descriptors:3} descriptors  "
                f"{one.threads:3} threads  {changes} changes  {_faults(slack)} faults  "
                f"{len(slack.posted)} messages",
                flush=True,
            )
        time.sleep(max(0.0, began + changes - time.monotonic()))
    return samples, changes


def _end(service: Running, slack: Slack, changing: ChangingFolder) -> list[tuple[bool, str]]:
    """What must be so once nothing changes any more."""
    until(lambda: complete_titles(service.public) == changing.titles, patience_s=SETTLED_S)
    unlike = len(complete_titles(service.public) ^ changing.titles)
    until(lambda: not _unsettled(service), patience_s=SETTLED_S)
    unsettled = _unsettled(service)
    code = service.stop(patience_s=60)
    twice = sum(count > 1 for count in slack.times().values())
    return [
        (unlike == 0, f"titles in the feeds that are not the folder's, or missing: {unlike}"),
        (not unsettled, f"messages that were not sent: {len(unsettled)}"),
        (twice == 0, f"posted twice: {twice}"),
        (not slack.problems, f"messages that Slack would refuse: {len(slack.problems)}"),
        (code == 0, f"ended with {code}"),
    ]


def _unsettled(service: Running) -> list[object]:
    """The messages that wait or have failed."""
    states = [word for state in ("owed", "sending", "unclear", "failed") for word in ("--state", state)]
    return list(json.loads(service.command("deliveries", "list", "--json", *states).stdout))


def _faults(slack: Slack) -> int:
    return sum(fault is not None for _, fault in slack.calls)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--articles", type=int, default=10_000)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="syndicator-soak-") as folder:
        found = soak(Path(folder), minutes=given.minutes, articles=given.articles)
    for good, words in found:
        print(f"{'ok ' if good else 'BAD'} {words}")
    return 0 if all(good for good, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
