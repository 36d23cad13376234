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
from syndicator.model import ALL, Entry
from syndicator.notify.compose import compose, draft_id, recompose
from syndicator.notify.due import Draft, Held, Hold, Plan, Traffic, hold, select_due
from syndicator.notify.flood import Arrivals
from syndicator.notify.message import Page
from syndicator.pipeline.announcing import known_entries
from syndicator.publish.addresses import digest_folder, digest_url, page_url
from syndicator.publish.topics import topic_key
from syndicator.settings.models import Digest, Route, Site
from syndicator.store.contract import Books, Fate, Store
from syndicator.store.outbox import Outbox

log = structlog.get_logger()

LatestSlot = Callable[[Digest, datetime], Slot | None]
"""The last time at or before a moment at which the digest is due; None if it has none."""

HOUR = timedelta(hours=1)
REMEMBERED = timedelta(days=2)
"""How far back ended mutes matter: they decide what is sent as one catch-up."""


class Mailing:
    """Writes the messages of all routes, and takes back those that are held back before they are sent."""

    def __init__(self, routes: Sequence[Route], site: Site, latest_slot: LatestSlot) -> None:
        self._routes = tuple(routes)
        self._site, self._latest_slot = site, latest_slot

    def use(self, routes: Sequence[Route]) -> None:
        """Goes on with the same routes, whose channels are now known by their ids."""
        self._routes = tuple(routes)

    def write(self, books: Books, *, now: datetime) -> tuple[int, datetime | None]:
        """Writes what is due at `now`; how many messages, and when to look again at the latest."""
        self.take_back(books.outbox, now)
        began = books.outbox.ledger.began()
        written = 0
        wakes: list[datetime] = []
        for route in self._routes:
            plan, count = self._write_route(books, route, began.get(route.name, now), now)
            written += count
            wakes += [plan.wake] if plan.wake is not None else []
        return written, min(wakes, default=None)

    @contextmanager
    def outbox(self, store: Store, now: datetime) -> Iterator[Outbox]:
        """The outbox as the sender may see it: what is held back at `now` was taken out."""
        with store.transaction() as books:
            self.take_back(books.outbox, now)
            yield books.outbox

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

    def revise(self, books: Books, guids: Collection[str], now: datetime) -> set[str]:
        """Puts messages that wait into the words of their entries as they are now; drops emptied ones.

        Gives the entries that were taken out, whose stories are owed no longer.
        """
        routes = {route.name: route for route in self._routes}
        out: set[str] = set()
        books.mark_dirty((digest_folder(id), 0) for id in books.outbox.overflowing(guids))
        for delivery in books.outbox.waiting_with(guids):
            route = routes.get(delivery.route)
            if route is None:
                continue
            entries = known_entries(books, delivery.guids)
            anew = recompose(
                delivery,
                entries,
                route,
                topic_names=labels_of(books),
                page=self._page_of(books, route, delivery.id, delivery.more),
            )
            if anew is None:
                books.outbox.drop(
                    delivery.id, "all its entries were withdrawn before it was sent", now, release=True
                )
                log.info("message dropped, nothing of it is public any more", delivery=delivery.id)
                out |= set(delivery.guids)
            elif anew != delivery and books.outbox.recompose(anew):
                left = set(delivery.guids) - set(anew.guids)
                books.outbox.ledger.forget(delivery.id, sorted(left))
                out |= left
        return out

    def held(self, books: Books, *, now: datetime) -> list[Held]:
        """Which stories are owed and wait, why, and until when; nothing is written."""
        began = books.outbox.ledger.began()
        plans = (self._plan(books, route, began.get(route.name, now), now)[0] for route in self._routes)
        return [held for plan in plans for held in plan.held]

    def _plan(
        self, books: Books, route: Route, began: datetime, now: datetime
    ) -> tuple[Plan, Mapping[str, Entry], Slot | None]:
        ledger = books.outbox.ledger
        owed = ledger.owed(route.name)
        slot = self._slot(books, route, began, now)
        entries = known_entries(books, [story.guid for story in owed])
        plan = select_due(
            owed,
            entries,
            route,
            now=now,
            slot=slot,
            mutes=_mutes(books.outbox, route, now),
            traffic=self._traffic(books.outbox, route, now),
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

    def _write_route(self, books: Books, route: Route, began: datetime, now: datetime) -> tuple[Plan, int]:
        plan, entries, slot = self._plan(books, route, began, now)
        books.outbox.ledger.release(plan.released)
        ids = [self._write_draft(books, draft, entries, route, now) for draft in plan.drafts]
        if plan.finished is not None and slot is not None:
            books.outbox.ledger.finish_slot(route.name, slot, plan.finished, ids[0] if ids else None)
        return plan, len(ids)

    def _write_draft(
        self, books: Books, draft: Draft, entries: Mapping[str, Entry], route: Route, now: datetime
    ) -> str:
        page = self._page_of(books, route, draft_id(draft), len(draft.more))
        delivery = compose(draft, entries, now=now, topic_names=labels_of(books), page=page)
        if delivery.more:
            books.mark_dirty([(digest_folder(delivery.id), 0)])
        if books.outbox.write(delivery, draft.stories):
            log.info(
                "message owed",
                route=route.name,
                channel=route.channel,
                kind=delivery.kind,
                stories=len(draft.stories),
                why=draft.reason.value,
            )
        return delivery.id

    def _slot(self, books: Books, route: Route, began: datetime, now: datetime) -> Slot | None:
        if not isinstance(route.deliver, Digest):
            return None
        slot = self._latest_slot(route.deliver, now)
        if slot is None or slot.at < began or books.outbox.ledger.slot_done(route.name, slot):
            return None
        return slot

    def _page_of(self, books: Books, route: Route, id: str, more: int) -> Page:
        """The page to which a message leads: one of its own where it only counts some of its stories."""
        page = self.page(books, route)
        return replace(page, url=digest_url(self._site, id)) if more else page

    def page(self, books: Books, route: Route) -> Page:
        """Where the route's stories stand: its topic's page if it has one topic, else the front page."""
        wanted = {topic_key(name) for name in route.topics}
        live = [stored.topic for stored in books.topics() if stored.fate is Fate.LIVE]
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


def labels_of(books: Books) -> dict[str, str]:
    """Topics' names to show, by slug."""
    return {stored.topic.slug: stored.topic.name for stored in books.topics()}
