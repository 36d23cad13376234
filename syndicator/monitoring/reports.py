"""What the service says at start: what is public, and what has no way to Slack."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from syndicator.models import INCLUDE, Visibility
from syndicator.monitoring.health import Kind
from syndicator.store.database import Store

if TYPE_CHECKING:
    from syndicator.app import App

log = structlog.get_logger()


def report_entries(store: Store) -> None:
    """Says at start how many entries are public, and why the others are not; loudly if none is."""
    with store.reading() as session:
        counts, unpublished = session.count_entries(), session.count_unpublished()
        problems = len(session.problems.all())
    held = {visibility.value: n for visibility, n in counts.items() if visibility is not Visibility.PUBLIC}
    public = counts.get(Visibility.PUBLIC, 0)
    if held and not public:
        log.warning(
            "nothing is public",
            **held,
            problems=problems,
            why="drafts (`published: false`)" if unpublished else "see `syndicator check`",
            fix=INCLUDE if unpublished else "",
        )
    else:
        see = {"see": "syndicator check"} if problems else {}
        log.info("entries", public=public, **held, problems=problems, **see)


def report_ways(app: App, now: datetime) -> None:
    """Says at start which messages have no way to Slack; they are kept."""
    if app.settings.slack.mode == "preview":
        log.info("messages are shown here, not posted: `slack: preview` is set")
    with app.store.reading() as session:
        for finding in app.findings_of_slack(session, now):
            if finding.kind is Kind.WAY:
                log.warning(finding.text, fix=finding.fix)
