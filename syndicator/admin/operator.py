"""What the operator's address answers from: the parts of a service that are open now, and its last word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from syndicator.activity import Activity
from syndicator.admin.page import HOURS, MOST, render_operators_page, render_problems
from syndicator.alerts import DeliveryState
from syndicator.app import App
from syndicator.clock import Clock
from syndicator.errors import SyndicatorError
from syndicator.models import Problem
from syndicator.monitoring.health import STARTING
from syndicator.monitoring.status import StatusFile, hindered
from syndicator.notify.channels import written_names
from syndicator.store.session import Session

SHOWN = (DeliveryState.OWED, DeliveryState.SENDING, DeliveryState.UNCLEAR, DeliveryState.FAILED)


@dataclass(kw_only=True)
class Operator:
    """Kept up to date by the service; asked by the threads of the server."""

    clock: Clock
    started: datetime
    status: StatusFile
    """Where the service says how it stands, also while `app` is None."""
    address: str = ""
    app: App | None = None
    """Open and ready, or None."""
    activity: Activity = field(default_factory=Activity)

    def facts(self) -> dict[str, Any]:
        """How things stand, as the service said it last."""
        return self.status.current() or hindered(STARTING, self.clock.now(), started=self.started)

    def metrics(self) -> bytes:
        from syndicator.admin.metrics import render_metrics

        return render_metrics(self.facts(), self.activity, self._details())

    def page(self) -> bytes:
        return render_operators_page(self.facts(), self._details(), self.clock.now())

    def problems(self) -> bytes:
        """The articles with a problem, as an Atom feed."""
        app, found = self.app, list[tuple[str, Problem]]()
        if app is not None:
            with app.store.reading() as session:
                found = placed_problems(app, session)
        return render_problems(found, f"{self.address}problems.xml", self.clock.now())

    def _details(self) -> dict[str, Any]:
        if self.app is None:
            return {}
        try:
            return details(self.app, self.clock.now())
        except SyndicatorError:  # the status says what hinders the service
            return {}


def details(app: App, now: datetime) -> dict[str, Any]:
    """By names: problems, messages that wait, channels, the last decisions, sent and decided by hour."""
    day = now - timedelta(hours=HOURS)
    with app.store.reading() as session:
        outbox = session.outbox
        problems = placed_problems(app, session)
        waiting = outbox.list(SHOWN, limit=MOST)
        decisions = session.history.decisions(MOST)
        guids = {guid for one in waiting for guid in one.guids} | {row.guid for row in decisions}
        stored = session.entries(sorted(guids))
        titles = {guid: one.article.title for guid, one in stored.items()}
        decided = session.history.decided_since(day)
        called = written_names(app.settings.routes, outbox.channels.ids())
        broken = {state.channel: state.broken for state in outbox.channels.broken()}
        last_sent = session.history.last_sent()
        lately = (channel for channel, at in last_sent.items() if at > day)
        sent = Counter(at for channel in lately for at in session.history.sent_to(channel, day))
    return {
        "problems": problems,
        "problem_counts": Counter(problem.source for _, problem in problems),
        "waiting": [(one, [titles.get(guid, "(unknown)") for guid in one.guids]) for one in waiting],
        "decisions": [(row, titles.get(row.guid, "(unknown)")) for row in decisions],
        "sent_by_hour": _by_hour(sent, now),
        "decided_by_hour": _by_hour(decided, now),
        "broken": broken,
        "called": called,
        "last_sent": last_sent,
        "answers": dict(app.outages.answers),
        "to_slack": app.outages.to_slack,
    }


def placed_problems(app: App, session: Session) -> list[tuple[str, Problem]]:
    """All problems, each with its place as an editor takes it."""
    return [(app.settings.place_of(problem), problem) for problem in session.problems.all()]


def _by_hour(moments: Counter[datetime], now: datetime) -> list[int]:
    """How many fell into each of the last hours, the oldest first."""
    counts = Counter[int]()
    for moment, count in moments.items():
        counts[int((now - moment).total_seconds() // 3600)] += count
    return [counts[hour] for hour in reversed(range(HOURS))]
