"""The routes with the ids of their channels, and what they owe where they lead.

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


def written_names(routes: Iterable[Route], ids: Mapping[str, str]) -> dict[str, str]:
    """What the settings' routes call their channels, by id: a name where one of them does."""
    called = sorted(
        (route.channel for route in routes), key=lambda channel: channel_name(channel) is not None
    )
    return {channel_id(channel, ids): channel for channel in called}


def follow_channels(session: Session, routes: Sequence[Route], now: datetime) -> tuple[Route, ...]:
    """The routes with the ids that the store knows, and all that they owe moved to where they lead now.

    What was kept under a channel's name goes to its id; what a route owes in a channel that it had before
    goes along with the route, and what a route owes that is gone to the first other one of its channel.
    Messages that wait there are taken back and written anew, so that none of them holds a story that was
    announced under the other name. May be repeated.
    """
    outbox = session.outbox
    ids = outbox.channels.ids()
    known = with_ids(routes, ids)
    for name in sorted(outbox.channels.used()):
        if (id := channel_id(name, ids)) != name:
            for way in outbox.open_ways():
                if way[1] in (name, id):
                    outbox.release(way, "its channel is known by its id now", now)
            stories = outbox.channels.carry_over(name, id)
            log.info("channel's ledger is kept by its id now", channel=name, id=id, stories=stories)
    _rename(outbox, routes, known)
    _follow_routes(outbox, known, now)
    _follow_gone(outbox, known, now)
    outbox.edits.end([route.name for route in known if route.edits], now)
    return known


def _rename(outbox: Outbox, routes: Sequence[Route], known: Sequence[Route]) -> None:
    """A route whose channel's id is known now is no other route."""
    fingerprints = outbox.ledger.route_fingerprints()
    for before, route in zip(routes, known, strict=True):
        if before != route and fingerprints.get(route.name) == fingerprint(before):
            outbox.ledger.rename(route, fingerprint(route))


def _follow_routes(outbox: Outbox, routes: Sequence[Route], now: datetime) -> None:
    leads = {route.name: route.channel for route in routes}
    ways = sorted({*outbox.open_ways(), *outbox.ledger.owing()})
    moves = [(*way, to) for way in ways if (to := leads.get(way[0], way[1])) != way[1]]
    for name, channel, _ in moves:  # all leave before one arrives: two routes may swap their channels
        outbox.release((name, channel), "its route has another channel now", now)
        outbox.ledger.move(channel, _between(name, channel), route=name)
    for name, channel, to in moves:
        if stories := outbox.ledger.move(_between(name, channel), to, route=name):
            log.info("owed stories go with their route", route=name, channel=channel, to=to, stories=stories)


def _follow_gone(outbox: Outbox, routes: Sequence[Route], now: datetime) -> None:
    """What a gone route owes or may have sent goes to the first other of its channel. Where there is none,
    what is in no message yet is let go."""
    names = {route.name for route in routes}
    firsts = {route.channel: route.name for route in reversed(routes)}
    for way in sorted({*outbox.open_ways(), *outbox.channels.begun_ways(), *outbox.ledger.owing()}):
        if way[0] in names:
            continue
        if (to := firsts.get(way[1])) is not None:
            outbox.release(way, "its route is gone, another of its channel takes it", now)
            outbox.channels.hand_over(way, to)
        stories = outbox.ledger.hand_over(way, to)
        facts = {"route": way[0], "channel": way[1], "stories": stories}
        if stories and to:
            log.info("stories owed by a gone route go to another of its channel", to=to, **facts)
        elif stories:
            fix = "Where they are wanted after all, put the route back and see `syndicator backfill`"
            log.warning("stories owed by a gone route are let go: no route has its channel", **facts, fix=fix)
    outbox.ledger.forget_routes(names)


def _between(route: str, channel: str) -> str:
    """What no channel is called."""
    return f"{channel} of {route}"
