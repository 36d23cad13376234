"""From stories owed to messages owed: what is due now is composed and written to the outbox.

Digests need no alarm to be right: whenever this runs, the last time that a route's digest should have had is
worked out, and if it has not been dealt with, it is now. So a restart, a sleep or a late job costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syndicator.alerts import Mute, Slot
from syndicator.models import ALL, Entry
from syndicator.notify.compose import compose, draft_id, recompose
from syndicator.notify.due import Draft, Held, Hold, Plan, Traffic, hold, select_due
from syndicator.notify.flood import Arrivals
from syndicator.notify.message import Page
from syndicator.publish.addresses import digest_folder, digest_url, page_url
from syndicator.publish.topics import topic_key
from syndicator.settings.models import Digest, Route, Site
from syndicator.store.database import Store
from syndicator.store.outbox import Outbox
from syndicator.store.session import Session
from syndicator.store.types import TopicStatus

log = structlog.get_logger()

LatestSlot = Callable[[Digest, datetime], Slot | None]
"""The last time at or before a moment at which the digest is due; None if it has none."""

HOUR = timedelta(hours=1)
REMEMBERED = timedelta(days=2)
"""How far back ended mutes matter: they decide what is sent as one catch-up."""


class Enqueuer:
    """Writes the messages of all routes, and takes back those that are held back before they are sent."""

    def __init__(self, routes: Sequence[Route], site: Site, latest_slot: LatestSlot) -> None:
        self._routes = tuple(routes)
        self._site, self._latest_slot = site, latest_slot

    def use(self, routes: Sequence[Route]) -> None:
        """Goes on with the same routes, whose channels are now known by their ids."""
        self._routes = tuple(routes)

    def write(self, session: Session, *, now: datetime) -> tuple[int, datetime | None]:
        """Writes what is due at `now`; how many messages, and when to look again at the latest."""
        self.take_back(session.outbox, now)
        began = session.outbox.ledger.began()
        written = 0
        wakes: list[datetime] = []
        for route in self._routes:
            plan, count = self._write_route(session, route, began.get(route.name, now), now)
            written += count
            wakes += [plan.wake] if plan.wake is not None else []
        return written, min(wakes, default=None)

    @contextmanager
    def outbox(self, store: Store, now: datetime) -> Iterator[Outbox]:
        """The outbox as the sender may see it: what is held back at `now` was taken out."""
        with store.transaction() as session:
            self.take_back(session.outbox, now)
            yield session.outbox

    def take_back(self, outbox: Outbox, now: datetime) -> None:
        """Makes messages that wait into owed stories again where their route is held back now.

        A mute, quiet hours or a flood may have begun since they were written. What may be in the channel
        already is left to be looked for. What waits for a channel that the route had before goes to the one
        that it has now.
        """
        ways = outbox.open_ways()
        for route in self._routes:
            channels = [channel for name, channel in ways if name == route.name]
            held = self.hold(outbox, route, now) if channels else None
            if held is None:
                continue
            for channel in channels:
                count = outbox.release((route.name, channel), held.reason.value, now)
                if channel != route.channel:
                    outbox.names.carry_over_owed(route.name, channel, route.channel)
                if count:
                    _say_held(held, route, channel, count)

    def hold(self, outbox: Outbox, route: Route, now: datetime) -> Hold | None:
        """What holds the whole route back now, and until when; None if nothing does."""
        traffic = self._traffic(outbox, route, now)
        return hold(route, now=now, mutes=_mutes(outbox, route, now), traffic=traffic)

    def revise(self, session: Session, guids: Collection[str], now: datetime) -> set[str]:
        """Puts messages that wait into the words of their entries as they are now; drops emptied ones.

        Gives the entries that were taken out, whose stories are owed no longer.
        """
        routes = {route.name: route for route in self._routes}
        out: set[str] = set()
        session.mark_dirty((digest_folder(id), 0) for id in session.outbox.overflowing(guids))
        for delivery in session.outbox.waiting_with(guids):
            route = routes.get(delivery.route)
            if route is None:
                continue
            entries = known_entries(session, delivery.guids)
            anew = recompose(
                delivery,
                entries,
                route,
                topic_names=labels_of(session),
                page=self._page_of(session, route, delivery.id, delivery.more),
            )
            if anew is None:
                session.outbox.drop(
                    delivery.id, "all its entries were withdrawn before it was sent", now, release=True
                )
                log.info("message dropped, nothing of it is public any more", delivery=delivery.id)
                out |= set(delivery.guids)
            elif anew != delivery and session.outbox.recompose(anew):
                left = set(delivery.guids) - set(anew.guids)
                session.outbox.ledger.forget(delivery.id, sorted(left))
                out |= left
        return out

    def held(self, session: Session, *, now: datetime) -> list[Held]:
        """Which stories are owed and wait, why, and until when; nothing is written."""
        began = session.outbox.ledger.began()
        plans = (self._plan(session, route, began.get(route.name, now), now)[0] for route in self._routes)
        return [held for plan in plans for held in plan.held]

    def _plan(
        self, session: Session, route: Route, began: datetime, now: datetime
    ) -> tuple[Plan, Mapping[str, Entry], Slot | None]:
        ledger = session.outbox.ledger
        owed = ledger.owed(route.name)
        slot = self._slot(session, route, began, now)
        entries = known_entries(session, [story.guid for story in owed])
        plan = select_due(
            owed,
            entries,
            route,
            now=now,
            slot=slot,
            mutes=_mutes(session.outbox, route, now),
            traffic=self._traffic(session.outbox, route, now),
        )
        return plan, entries, slot

    def _traffic(self, outbox: Outbox, route: Route, now: datetime) -> Traffic:
        oldest = None if isinstance(route.deliver, Digest) else outbox.oldest(route.name)
        arrivals: Arrivals = ()
        if oldest is not None:
            # A flood begins with its first arrival, which may have left: a window before what waits.
            since = min(oldest, now) - 2 * route.flood_window
            arrivals = outbox.ledger.arrivals(route.name, since)
        return Traffic(
            last_hour=outbox.recent(route.channel, now - HOUR),
            waiting=outbox.waiting(route.channel),
            arrivals=arrivals,
            oldest=oldest,
        )

    def _write_route(
        self, session: Session, route: Route, began: datetime, now: datetime
    ) -> tuple[Plan, int]:
        plan, entries, slot = self._plan(session, route, began, now)
        session.outbox.ledger.release(plan.released)
        ids = [self._write_draft(session, draft, entries, route, now) for draft in plan.drafts]
        if plan.finished is not None and slot is not None:
            session.outbox.ledger.finish_slot(route.name, slot, plan.finished, ids[0] if ids else None)
        return plan, len(ids)

    def _write_draft(
        self, session: Session, draft: Draft, entries: Mapping[str, Entry], route: Route, now: datetime
    ) -> str:
        page = self._page_of(session, route, draft_id(draft), len(draft.more))
        delivery = compose(draft, entries, now=now, topic_names=labels_of(session), page=page)
        if delivery.more:
            session.mark_dirty([(digest_folder(delivery.id), 0)])
        if session.outbox.write(delivery, draft.stories):
            log.info(
                "message owed",
                route=route.name,
                channel=route.channel,
                kind=delivery.kind,
                stories=len(draft.stories),
                why=draft.reason.value,
            )
        return delivery.id

    def _slot(self, session: Session, route: Route, began: datetime, now: datetime) -> Slot | None:
        if not isinstance(route.deliver, Digest):
            return None
        slot = self._latest_slot(route.deliver, now)
        if slot is None or slot.at < began or session.outbox.ledger.slot_done(route.name, slot):
            return None
        return slot

    def _page_of(self, session: Session, route: Route, id: str, more: int) -> Page:
        """The page to which a message leads: one of its own where it only counts some of its stories."""
        page = self.page(session, route)
        return replace(page, url=digest_url(self._site, id)) if more else page

    def page(self, session: Session, route: Route) -> Page:
        """Where the route's stories stand: its topic's page if it has one topic, else the front page."""
        wanted = {topic_key(name) for name in route.topics}
        live = [stored.topic for stored in session.topics() if stored.status is TopicStatus.LIVE]
        found = [t for t in live if wanted & (t.names | {topic_key(t.name), t.slug})]
        if len(found) == 1 == len(wanted):
            return Page(name=found[0].name, url=page_url(self._site, found[0].slug))
        return Page(name=self._site.title, url=page_url(self._site, ALL))


def _say_held(held: Hold, route: Route, channel: str, messages: int) -> None:
    log.info(
        "messages held back",
        route=route.name,
        channel=channel,
        messages=messages,
        why=held.reason.value,
        until=f"{held.until:%Y-%m-%d %H:%M:%S} UTC",
    )


def _mutes(outbox: Outbox, route: Route, now: datetime) -> list[Mute]:
    return [one for one in outbox.ledger.mutes(ended_after=now - REMEMBERED) if one.route == route.name]


def labels_of(session: Session) -> dict[str, str]:
    """Topics' names to show, by slug."""
    return {stored.topic.slug: stored.topic.name for stored in session.topics()}


def known_entries(session: Session, guids: Sequence[str]) -> dict[str, Entry]:
    """The entries of these guids that are still known."""
    return {guid: stored.entry for guid, stored in session.entries(guids).items()}
