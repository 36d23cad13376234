"""The routes with the ids of their channels, and what was kept under a channel's name carried over to its id.

So a channel has one ledger, whatever the settings call it. A name whose id is not known yet stands as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import structlog

from syndicator.alerts import channel_name
from syndicator.notify.rules import fingerprint
from syndicator.settings.models import Route
from syndicator.store.outbox import Outbox
from syndicator.store.session import Session

log = structlog.get_logger()


def with_ids(routes: Iterable[Route], ids: Mapping[str, str]) -> tuple[Route, ...]:
    """The routes with their channels' ids, as far as they are known."""
    return tuple(route.model_copy(update={"channel": channel_id(route.channel, ids)}) for route in routes)


def channel_id(channel: str, ids: Mapping[str, str]) -> str:
    """The channel's id if it is known; else the channel as it is called."""
    name = channel_name(channel)
    return channel if name is None else ids.get(name, channel)


def adopt_ids(session: Session, routes: Sequence[Route], now: datetime) -> tuple[Route, ...]:
    """The routes with the ids that the store knows, and all that was kept under their names moved there.

    Messages that wait in such a channel are taken back and written anew, so that none of them holds a story
    that was announced under the other name. May be repeated.
    """
    outbox = session.outbox
    ids = outbox.names.ids()
    for name in sorted(outbox.names.used()):
        id = channel_id(name, ids)
        if id == name:
            continue
        for way in outbox.open_ways():
            if way[1] in (name, id):
                outbox.release(way, "its channel is known by its id now", now)
        stories = outbox.names.carry_over(name, id)
        log.info("channel's ledger is kept by its id now", channel=name, id=id, stories=stories)
    _follow_routes(outbox, with_ids(routes, ids), now)
    begun = outbox.ledger.begun()
    for route, known in zip(routes, with_ids(routes, ids), strict=True):
        if route != known and begun.get(route.name) == fingerprint(route):
            outbox.names.rename_route(route.name, known.channel, fingerprint(known))
    return with_ids(routes, ids)


def _follow_routes(outbox: Outbox, routes: Sequence[Route], now: datetime) -> None:
    """Carries over what a route owes under a name that could not be found, where it now has an id instead."""
    by_id = {route.name: route.channel for route in routes if channel_name(route.channel) is None}
    ways = {*outbox.open_ways(), *((story.route, story.channel) for story in outbox.ledger.owed())}
    for route, channel in sorted(ways):
        if route in by_id and channel_name(channel) is not None:
            outbox.release((route, channel), "its route has the channel's id now", now)
            stories = outbox.names.carry_over_owed(route, channel, by_id[route])
            log.info("stories owed under a name go to the id", route=route, channel=channel, stories=stories)
