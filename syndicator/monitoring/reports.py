"""What the service says at start: what is public, what no pattern matches, what has no way to Slack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from syndicator.models import INCLUDE, Visibility
from syndicator.monitoring.health import Kind
from syndicator.notify.idle import folded, unmatched
from syndicator.notify.rules import names_with_ancestors
from syndicator.settings.models import Route
from syndicator.store.database import Store
from syndicator.store.types import TopicStatus

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


def report_patterns(store: Store, routes: Sequence[Route]) -> None:
    """Says at start which patterns of the routes match nothing that is there."""
    for one in unmatched_patterns(store, routes):
        log.warning("pattern matches nothing", what=one, fix="Correct it, unless it is still to come")


def unmatched_patterns(store: Store, routes: Sequence[Route]) -> list[str]:
    """A line for each pattern of the routes that matches no topic, publisher or type in the store."""
    # Reading all articles for these takes a while.
    needed = any(one.providers or one.types for route in routes for one in (route, route.exclude))
    with store.reading() as session:
        topics = [
            one.topic for one in session.topics() if one.status not in (TopicStatus.GONE, TopicStatus.MOVED)
        ]
        shown = {topic.slug: topic.name for topic in topics}
        names = names_with_ancestors(topics)
        return unmatched(
            routes,
            {
                "topics": {name: shown[slug] for slug in reversed(names) for name in names[slug]}
                | {name.casefold(): name for name in shown.values()},
                "providers": folded(session.publishers() if needed else ()),
                "types": folded(session.types() if needed else ()),
            },
        )


def report_ways(app: App, now: datetime) -> None:
    """Says at start which messages have no way to Slack; they are kept."""
    if app.settings.slack.mode == "preview":
        log.info("messages are shown here, not posted: `slack: preview` is set")
    with app.store.reading() as session:
        for finding in app.findings_of_slack(session, now):
            if finding.kind is Kind.WAY:
                log.warning(finding.text, fix=finding.fix)
