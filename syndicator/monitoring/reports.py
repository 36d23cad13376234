"""What the service says at start: what is public, what no pattern matches, what has no way to Slack."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from syndicator.models import INCLUDE, Visibility
from syndicator.monitoring.health import ROUTE_FIX
from syndicator.notify.idle import folded, unmatched
from syndicator.notify.rules import left_behind, names_with_ancestors
from syndicator.settings.models import Route, Settings
from syndicator.store.database import Store
from syndicator.store.types import TopicStatus

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


def report_ways(store: Store, settings: Settings) -> None:
    """Says which routes have no way to Slack, and what waits for one."""
    credentials = settings.credentials
    without = [route.name for route in settings.routes if route.name not in credentials.webhooks]
    if settings.slack.mode == "preview":
        log.info("messages are shown here, not posted: `slack: preview` is set")
    elif without and credentials.token is None:
        with store.reading() as session:
            waiting = session.outbox.waiting()
        log.warning(
            "no slack token: messages are kept until there is one",
            routes=", ".join(without),
            waiting=waiting,
            fix="Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL and start again; "
            "`slack: preview` draws messages here instead",
        )


def report_left_behind(store: Store, routes: Sequence[Route], has_way: Callable[[str, str], bool]) -> None:
    """Says what waits for a route or a channel that the settings no longer have: it is kept, and not sent."""
    with store.reading() as session:
        open_ways = session.outbox.open_ways()
    for route, channel in left_behind(open_ways, routes, has_way):
        log.warning(
            "messages wait for a route that the settings no longer have",
            route=route,
            channel=channel,
            messages=open_ways[route, channel],
            fix=ROUTE_FIX,
        )
