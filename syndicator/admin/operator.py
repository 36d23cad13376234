"""What the operator's address answers from: the parts of a service that are open now, and its last word."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syndicator.activity import Activity
from syndicator.admin.details import details, placed_problems
from syndicator.app import App
from syndicator.clock import Clock
from syndicator.errors import SyndicatorError
from syndicator.health import STARTING, Finding, hindrance
from syndicator.models import Problem
from syndicator.status import facts, hindered


@dataclass(kw_only=True)
class Operator:
    """Kept up to date by the service; asked by the threads of the server, each answer from one moment."""

    clock: Clock
    started: datetime
    address: str = ""
    app: App | None = None
    """Open and ready, or None."""
    activity: Activity = field(default_factory=Activity)
    hindrance: Finding = STARTING
    """Why `app` is None."""
    refused: Callable[[], bool] = lambda: False
    """Whether settings were to be taken over and were wrong."""
    alive_at: float = field(default_factory=time.monotonic)
    """When the thread that does the work gave its last sign of life, on the monotonic clock."""

    def alive_s(self) -> float:
        """How long ago that was."""
        return time.monotonic() - self.alive_at

    def facts(self) -> dict[str, Any]:
        """As `status.facts`."""
        return self._ask()[0]

    def metrics(self) -> bytes:
        """For Prometheus."""
        from syndicator.admin.metrics import render_metrics

        told, more = self._ask(more=True)
        return render_metrics(told, self.activity, more)

    def page(self) -> bytes:
        """The operator's page."""
        from syndicator.admin.page import render_operators_page

        return render_operators_page(*self._ask(more=True), self.clock.now())

    def problems(self) -> bytes:
        """The articles with a problem, as an Atom feed."""
        from syndicator.admin.page import render_problems

        app, found = self.app, list[tuple[str, Problem]]()
        if app is not None:
            with app.store.reading() as session:
                found = placed_problems(app, session)
        return render_problems(found, f"{self.address}problems.xml", self.clock.now())

    def _ask(self, *, more: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
        now, app = self.clock.now(), self.app
        if app is None:
            return hindered(self.hindrance, now, started=self.started), {}
        try:
            told = facts(app, now, started=self.started, refused=self.refused())
            return told, details(app, now, started=self.started) if more else {}
        except SyndicatorError as error:
            return hindered(hindrance(error, now), now, started=self.started), {}
