"""What the service says at start: how much is public, why the rest is not, which patterns match nothing."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from syndicator.models import INCLUDE, Visibility
from syndicator.notify.patterns import Unmatched, folded, unmatched
from syndicator.notify.rules import names_with_ancestors
from syndicator.settings.models import Route
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
        fix = f'did you mean "{one.nearest}"?' if one.nearest else "correct it, unless it is still to come"
        log.warning(
            "pattern matches nothing", route=one.route, setting=one.setting, pattern=one.pattern, fix=fix
        )


def unmatched_patterns(store: Store, routes: Sequence[Route]) -> list[Unmatched]:
    """The patterns of the routes that match no topic, publisher or type in the store."""
    patterns = [
        (route.providers, route.exclude.providers, route.types, route.exclude.types) for route in routes
    ]
    with store.reading() as session:
        topics = [
            one.topic for one in session.topics() if one.status not in (TopicStatus.GONE, TopicStatus.MOVED)
        ]
        shown = {topic.slug: topic.name for topic in topics}
        names = names_with_ancestors(topics)
        # Reading all articles for these takes a while.
        needed = any(any(some) for some in patterns)
        return unmatched(
            routes,
            {
                "topics": {name: shown[slug] for slug in reversed(names) for name in names[slug]}
                | {name.casefold(): name for name in shown.values()},
                "providers": folded(session.publishers() if needed else ()),
                "types": folded(session.types() if needed else ()),
            },
        )
