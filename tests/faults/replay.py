"""The recorded life of a real site through routes, sender and a local Slack over HTTP.

    python -m tests.faults.replay                      all of it, each commit at its own time; about a minute
    python -m tests.faults.replay --commits 60         its beginning
    python -m tests.faults.replay --unpublished include

From an empty folder, with one immediate route that edits and one digest a day. What the local Slack has is
held against the texts of the articles alone, and what the simulation says of that time against both. Prints a
table; exits 1 where something is not as promised.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from syndicator.alerts import LedgerKind, LedgerRow, Slot
from syndicator.notify.recorded import read_recorded
from syndicator.settings.models import Digest, Route
from syndicator.simulation.comparison import compare
from syndicator.simulation.replay import replay
from syndicator.slack.client import SlackBot
from syndicator.slack.sender import Sender
from tests.entries.channel import count
from tests.faults.histories import RECORDED, Life, Mode, lay_topics, play, recorded
from tests.faults.versions import ArticleVersions
from tests.rig import Rig
from tests.sending import deliver_once
from tests.slack_server import TOKEN, Channel, Posted, Slack, SlackServer

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
FOLLOWED = timedelta(days=8)
"""After the last commit: by then all digests are sent, and no message follows its story any more."""
DIGEST = Digest(cron="0 9 * * *")
ROUTES = (
    Route(name="alerts", channel="C1", min_quality=85, deliver="immediate", edits=True),
    Route(name="digest", channel="C2", deliver=DIGEST),
)


@dataclass
class ReplayOutcome:
    """What a replay came to; `bad` is empty where all is as promised."""

    life: str
    lines: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def check(self, what: str, wrong: Sequence[str]) -> None:
        self.lines.append(f"{'BAD' if wrong else 'ok '} {what}: {len(wrong)} not so")
        self.lines += [f"      {line}" for line in wrong[:5]]
        self.bad += wrong

    def count(self, what: str, *counts: int) -> None:
        """One row of the table, a column for each route."""
        self.lines.append(f"{what:<52}" + "".join(f"{number:>9}" for number in counts))
        self.figures |= {
            f"{route.name}: {what.strip()}": number for route, number in zip(ROUTES, counts, strict=False)
        }

    def count_each(self, what: str, counters: Sequence[Counter[Any]]) -> None:
        for key in sorted({key for counter in counters for key in counter}):
            self.count(what.format(key), *(counter[key] for counter in counters))


def at_nine(digest: Digest, now: datetime) -> Slot:
    nine = now.replace(hour=9, minute=0, second=0, microsecond=0)
    nine -= DAY if nine > now else timedelta()
    return Slot(nominal=f"{nine:%Y-%m-%dT%H:%M}", at=nine)


class ReplayedService:
    """Pipeline and sender as one service, whose time goes from one thing that is to be done to the next."""

    def __init__(self, folder: Path, server: SlackServer, life: Life, *, include: bool) -> None:
        self.start = life.times[0] - HOUR
        self.when: dict[str, datetime] = {}
        """When each message was posted, by its `ts`."""
        topics = ("_data/topics/*.yaml",)
        self.rig = Rig(
            folder,
            now=self.start,
            routes=ROUTES,
            topics=topics,
            include_unpublished=include,
            latest_slot=at_nine,
        )
        lay_topics(self.rig.folder, life)
        self.rig.run_once()
        bot = SlackBot(TOKEN, api_url=server.url)
        self.sender = Sender(
            self.rig.app.outbox,
            lambda _: bot,
            clock=lambda: self.rig.now,
            hold_back=self.rig.app.enqueuer.hold_back,
        )
        server.slack.on_post = self._note

    def live_until(self, then: datetime) -> None:
        while self.rig.now < then:
            self.rig.now = min(then, max(self._work(), self.rig.now + SECOND))

    def commit(self, writes: Life, number: int) -> None:
        """The commit's files, scanned at its time."""
        self.live_until(writes.times[number])
        play(self.rig.folder, writes.commits[number], Mode.REPLACE)
        self.rig.scan()
        self.rig.app.router.begin(self.rig.app.store, now=self.rig.now)

    def _work(self) -> datetime:
        """Does what is due now; when there will be more."""
        rig = self.rig
        rig.app.sources.apply_time(rig.now)
        found = [rig.enqueue(), rig.app.sources.next_time_change(rig.now), at_nine(DIGEST, rig.now).at + DAY]
        deliver_once(self.sender)
        with rig.app.outbox() as outbox:
            found.append(outbox.next_time())
        return min(moment for moment in found if moment is not None)

    def _note(self, posted: Posted) -> None:
        self.when[posted.ts] = self.rig.now


def run(life: Life, folder: Path, *, include: bool = False) -> ReplayOutcome:
    """Replays it, and looks at what the two channels have in the end."""
    began = time.monotonic()
    slack = Slack(channels={route.channel: Channel(id=route.channel, name=route.name) for route in ROUTES})
    told = ArticleVersions(include=include)
    with SlackServer(slack) as server:
        service = ReplayedService(folder, server, life, include=include)
        for number, commit in enumerate(life.commits):
            service.commit(life, number)
            told.note(life.times[number], commit)
        service.live_until(life.times[-1] + FOLLOWED)
        outcome = ReplayOutcome(
            f"{life.name}: {len(life.commits)} commits, {sum(map(len, life.commits))} writes, "
            f"{life.times[0]:%Y-%m-%d} to {life.times[-1]:%Y-%m-%d}, unpublished: "
            f"{'include' if include else 'exclude'}, "
        )
        judge(outcome, service, slack, told)
        service.rig.close()
    outcome.life += f"{time.monotonic() - began:.0f} s"
    return outcome


def judge(outcome: ReplayOutcome, service: ReplayedService, slack: Slack, told: ArticleVersions) -> None:
    """Writes the table, and checks what was promised."""
    channels = [slack.in_channel(route.channel) for route in ROUTES]
    stories = [sum(map(count, posts)) for posts in channels]
    rows = [[row for row in announced(service.rig) if row.route == route.name] for route in ROUTES]
    paths = paths_of_stories(service.rig)
    causes = [
        Counter(told.cause(paths[row.story], row.at, route.min_quality) for row in some)
        for route, some in zip(ROUTES, rows, strict=True)
    ]
    outcome.count("entries", *(len(service.rig.entries()) for _ in ROUTES))
    outcome.count("announced: stories in the channel", *stories)
    outcome.count_each("  {}", causes)
    outcome.count("messages", *map(len, channels))
    outcome.count("edits made", *(sum(len(one.edits) for one in posts) for posts in channels))
    outcome.count_each(
        "  messages with {} edits", [Counter(len(one.edits) for one in posts) for posts in channels]
    )
    held = held_back(service.rig)
    outcome.count("held back: entries in no message", *(one.total() for one in held))
    outcome.count_each("  {}", held)
    unlike = simulated(service, outcome)
    bad_causes = [cause for one in causes for cause in one if cause not in told.GOOD]
    outcome.check(
        "each story at most once in a channel", [line for some in channels for line in told.twice(some)]
    )
    outcome.check("nothing announced by `secured`, line endings or a return", bad_causes)
    outcome.check(
        "each message shows its last text",
        [*told.stale(channels[0], service.when), *unsettled(service.rig, channels[0])],
    )
    outcome.check("no digest is edited", [one.ts for one in channels[1] if one.edits])
    outcome.check("Slack refuses nothing", slack.problems)
    outcome.check(
        "the channels have the ledger's stories",
        [f"{counts}" for counts in zip(stories, map(len, rows), strict=True) if len({*counts}) > 1],
    )
    outcome.check("the simulation says the same", unlike)


def announced(rig: Rig) -> list[LedgerRow]:
    with rig.store.reading() as session:
        rows = session.outbox.ledger.rows(stories=[*paths_of_stories(rig)])
    return [row for row in rows if row.kind is LedgerKind.ANNOUNCED]


def paths_of_stories(rig: Rig) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, entry in rig.entries().items():
        found.setdefault(entry.story, []).append(path)
    return found


def held_back(rig: Rig) -> list[Counter[str]]:
    """Why entries are not announced, by route, as `explain` says it in the end."""
    found = [Counter[str]() for _ in ROUTES]
    for path in rig.entries():
        (one,) = rig.explain(path).explanations
        for counter, word in zip(found, one.routes, strict=True):
            counter[word.reason.value] += word.delivery is None
    return [+counter for counter in found]


def unsettled(rig: Rig, posts: Sequence[Posted]) -> Iterator[str]:
    """Messages whose last edit, by our own database, is not what the channel shows."""
    with rig.store.reading() as session:
        for one in posts:
            kept = session.outbox.find(str(one.delivery))
            edits = session.outbox.edits.of(str(one.delivery))
            last = next((edit for edit in reversed(edits) if edit.ended and edit.message_ts), kept)
            if kept is None or last is None or kept.edit_due or last.message["text"] != one.shown["text"]:
                yield f"{one.delivery}: {one.shown['text']!r} instead of {last and last.message['text']!r}"


def simulated(service: ReplayedService, outcome: ReplayOutcome) -> list[str]:
    """What the simulation of that time has otherwise than the channels."""
    rig = service.rig
    with rig.store.reading() as session:
        recorded_time = read_recorded(session, ROUTES, since=service.start, until=rig.now)
        sent = [one for one in session.outbox.list(limit=sys.maxsize) if one.edit_of is None]
    played = replay(recorded_time, ROUTES)
    sides = [route.after for route in compare(recorded_time, None, played).routes]
    outcome.count("simulated: stories", *(side.stories if side else 0 for side in sides))
    outcome.count("simulated: messages", *(side.messages if side else 0 for side in sides))
    real = {(row.channel, row.story): (row.route, row.guid, row.at) for row in announced(rig)}
    made = {key: (row.route, row.guid, row.at) for key, row in played.taken.items()}
    messages = Counter((one.route, one.created, len(one.guids) + one.more) for one in sent)
    posts = Counter((one.draft.route.name, one.at, len(one.draft.stories)) for one in played.posts)
    wrong = [
        f"taken: {key} is {made.get(key)}, was {real.get(key)}"
        for key in sorted({*real, *made})
        if real.get(key) != made.get(key)
    ]
    return wrong + [f"posted: {key}" for key in [*(messages - posts), *(posts - messages)]]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--commits", type=int, help="so many of the first only")
    parser.add_argument("--unpublished", choices=("exclude", "include"), default="exclude")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if not RECORDED.is_file():
        print(f"left out: the recorded history is not at {RECORDED}")
        return 0
    with tempfile.TemporaryDirectory(prefix="syndicator-replay-") as folder:
        outcome = run(
            beginning(recorded(), given.commits), Path(folder), include=given.unpublished == "include"
        )
    print(
        outcome.life, f"{'':<52}" + "".join(f"{route.name:>9}" for route in ROUTES), *outcome.lines, sep="\n"
    )
    return 1 if outcome.bad else 0


def beginning(life: Life, commits: int | None) -> Life:
    """The life's first so many commits."""
    return replace(life, commits=life.commits[:commits], times=life.times[:commits])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
