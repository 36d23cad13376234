"""From stories owed to messages owed: what is due now is composed and written to the outbox.

A digest is written when the schedule has told that its time has come (`digest_is_due`), and the store does
not know that time as dealt with. The schedule tells the last time at each start as well, so that a restart, a
sleep or a late job costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from syndicator.alerts import Delivery, DeliveryState, EditReason, LedgerRow, Mute, Slot
from syndicator.models import ALL, Entry, Topic, TopicStatus, Visibility
from syndicator.notify.compose import TopicWords, compose, draft_id, in_words, withdraw
from syndicator.notify.coverage import Coverage, cover
from syndicator.notify.due import Draft, Hold, Plan, RouteState, obstacle, rank_stories, select_due
from syndicator.notify.edits import EDITED_FOR, QUIET, as_shown, plan_edit, rests_until
from syndicator.notify.message import DigestPage
from syndicator.notify.minimums import routes_by_story
from syndicator.notify.rules import names_with_ancestors
from syndicator.publish.addresses import digest_folder, digest_url, page_url
from syndicator.settings.models import Route, Site
from syndicator.store.ledger import Ledger
from syndicator.store.outbox import Outbox
from syndicator.store.restore_guard import RESTORED
from syndicator.store.session import Session
from syndicator.store.types import PAGE
from syndicator.text import fold

log = structlog.get_logger()

AGAIN = timedelta(minutes=1)
"""When to look again where messages that wait hold others: nobody is woken when they have left."""
REMEMBERED = timedelta(days=2)
"""How far back ended mutes matter: they decide what is sent as one catch-up."""


class Enqueuer:
    """Writes the messages of all routes and the edits of posted ones, and takes back what is held back before
    it is sent.

    What a run costs follows from what is owed, waiting and due, not from how many routes there are: the store
    tells which routes owe something, the schedule which digests' times have come.
    """

    def __init__(self, routes: Sequence[Route], site: Site) -> None:
        self._site = site
        self._due: dict[str, Slot] = {}
        """The digests' times that have come and are not known to be dealt with, by route."""
        self.use(routes)

    def use(self, routes: Iterable[Route]) -> None:
        """Goes on with these routes."""
        self._routes = {route.name: route for route in routes}

    def digest_is_due(self, route: str, slot: Slot | None) -> None:
        """The time of a route's digest has come; None: it never has. From any thread; quick."""
        if slot is not None:
            self._due[route] = slot

    def write(self, session: Session, *, now: datetime) -> tuple[int, datetime | None]:
        """Writes what is due at `now`; how many messages, and when to look again at the latest."""
        self.hold_back(session.outbox, now)
        topics = KnownTopics(session)
        written, wakes = 0, []
        for route, slot, plan in self._plans(session, topics, now, waiting=False):
            session.outbox.ledger.forget(plan.withdrawn)
            ids = [self._write_draft(session, draft, topics, now) for draft in plan.drafts]
            if plan.finished and slot is not None:
                session.outbox.ledger.finish_slot(route.name, slot, ids[0] if ids else None)
            written += len(ids)
            if plan.held and not plan.finished:
                wakes.append(plan.wake or now + AGAIN)
        written += self._write_edits(session, topics, now)
        edit_due = session.outbox.edits.next_due()
        wakes += [edit_due] if edit_due is not None else []
        return written, min(wakes, default=None)

    def _write_edits(self, session: Session, topics: KnownTopics, now: datetime) -> int:
        """Compares the posted messages that are due with their stories; how many edits are owed by that."""
        edits, owed = session.outbox.edits, 0
        for posted in edits.due(now):
            known, route = edits.of(posted.id), self._routes.get(posted.route)
            if any(edit.state is DeliveryState.SENDING for edit in known):
                edits.put(posted, None, again=now + QUIET)
                continue
            shown = as_shown(posted, known)
            anew = self._as_it_is(session, posted, shown, route, topics) if route and route.edits else None
            is_withdrawn = anew is not None and anew.why == EditReason.WITHDRAWN
            if not is_withdrawn and (rested := rests_until(posted, known)) > now:
                edits.put(posted, None, again=rested)
                continue
            edit = plan_edit(posted, known, anew, now=now) if anew is not None else None
            edits.put(posted, edit)
            owed += edit is not None and edit.state is DeliveryState.OWED
        return owed

    def _as_it_is(
        self, session: Session, posted: Delivery, shown: Delivery, route: Route, topics: KnownTopics
    ) -> Delivery | None:
        """A posted alert, `shown` as it was last edited, in the words of its story as it is now; None where
        nothing is known of that."""
        rows = session.outbox.ledger.stories_in(posted.id)
        stories = [*cover_stories(session, rows, route, topics).values()]
        if stories:
            page = self.page(topics.stored, route)
            anew = in_words(posted, stories, route, topics=topics.words, page=page)
            return replace(anew, why=EditReason.CHANGED.value)
        entries = session.entries(row.guid for row in rows).values()
        gone = (entry for entry in entries if entry.visibility is not Visibility.PUBLIC)
        return next((withdraw(posted, shown, entry) for entry in gone), None)

    def hold_back(self, outbox: Outbox, now: datetime) -> None:
        """Makes messages that wait into owed stories again where their route is held back now.

        A mute, quiet hours or a flood may have begun since they were written. What may be in the channel
        already is left to be looked for. To be called before each claim; from any thread.
        """
        ways = outbox.open_ways()
        holds = self.holds(outbox, {route for route, _ in ways}, now) if ways else {}
        for route, channel in ways:
            if (hold := holds.get(route)) and (count := outbox.release((route, channel), hold.reason, now)):
                facts = {"why": hold.reason.value, "until": f"{hold.until:%Y-%m-%d %H:%M:%S} UTC"}
                log.info("messages held back", route=route, channel=channel, messages=count, **facts)

    def holds(
        self, outbox: Outbox, routes: Iterable[str], now: datetime, *, new: bool = False
    ) -> dict[str, Hold]:
        """What holds these routes back as a whole now, and until when; by name, those that are held.

        With `new`, also what keeps immediate routes from writing the stories that they owe.
        """
        mutes, owing = outbox.ledger.mutes(ended_after=now - REMEMBERED), outbox.ledger.owing()
        waiting = {route for route, _ in (*outbox.open_ways(), *owing)}
        found: dict[str, Hold] = {}
        for route in (self._routes[name] for name in routes if name in self._routes):
            recent = now - max(route.flood_window, route.gather)
            # Where nothing waits or came of late there is no flood, and nothing more to ask.
            may_flood = route.deliver == "immediate" and route.name in waiting
            flooded = may_flood and outbox.ledger.has_taken(route.name, recent)
            state = _arrivals(outbox, route, now) if flooded else RouteState()
            if new and may_flood and (route.name, route.channel) in owing:
                state = _with_channel(state, outbox, route, now)
            held = obstacle(route, replace(state, mutes=_of(route, mutes)), now)
            if held is not None:
                found[route.name] = held
        return found

    def revise(self, session: Session, changed: Sequence[Entry], now: datetime) -> None:
        """Puts messages that wait into the words of their stories as they are now; drops emptied ones.
        Posted ones are compared with theirs after a while, where their route edits."""
        ids = session.outbox.ledger.deliveries_with(changed)
        if not ids:
            return
        edit = [route.name for route in self._routes.values() if route.edits]
        session.outbox.edits.mark(ids, now + QUIET, routes=edit, sent_after=now - EDITED_FOR)
        session.feeds.mark_dirty((digest_folder(id), PAGE) for id in session.outbox.overflowing(ids))
        topics = KnownTopics(session)
        waiting = (one for one in map(session.outbox.find, ids) if one and one.state is DeliveryState.OWED)
        for one in waiting:
            if one.route in self._routes:
                self._revise(session, one, topics, now)

    def _revise(self, session: Session, delivery: Delivery, topics: KnownTopics, now: datetime) -> None:
        outbox, route = session.outbox, self._routes[delivery.route]
        by_guid = {row.guid: row for row in outbox.ledger.stories_in(delivery.id)}
        rows = [by_guid[guid] for guid in delivery.guids if guid in by_guid]
        stories = cover_stories(session, rows, route, topics)
        shown = [stories[row.story] for row in rows if row.story in stories]
        left = [row.guid for row in rows if row.story not in stories]
        if not shown:
            outbox.drop(delivery.id, "all its entries were withdrawn before it was sent", now, forget=True)
            log.info("message dropped, nothing of it is public any more", delivery=delivery.id)
            return
        page = self._page_of(topics, route, delivery.id, delivery.more)
        anew = in_words(delivery, shown, route, topics=topics.words, page=page)
        if anew == delivery or not outbox.recompose(anew):
            return
        outbox.ledger.forget_message(delivery.id, left)
        outbox.ledger.set_leads(story.row for story in rank_stories(rows, stories))

    def held(self, session: Session, *, now: datetime) -> list[tuple[LedgerRow, Hold]]:
        """Which stories are owed and wait, why, and until when; nothing is written."""
        plans = self._plans(session, KnownTopics(session), now, waiting=True)
        return [held for _, _, plan in plans for held in plan.held]

    def _plans(
        self, session: Session, topics: KnownTopics, now: datetime, *, waiting: bool
    ) -> Iterator[tuple[Route, Slot | None, Plan]]:
        """The plan of each route that owes something or whose digest's time has come, in the settings' order.

        Each is made when it is asked for, since routes may share a channel. Without `waiting`, routes that
        wait for their digest's time are left out.
        """
        slots = self._due_slots(session.outbox.ledger, now)
        owing = {route for route, _ in session.outbox.ledger.owing() if route in self._routes}
        if not waiting:
            owing = {name for name in owing if self._routes[name].deliver == "immediate"}
        names = owing | slots.keys()
        mutes = session.outbox.ledger.mutes(ended_after=now - REMEMBERED) if names else []
        for route in [route for name, route in self._routes.items() if name in names]:
            slot = slots.get(route.name)
            yield route, slot, self._plan(session, route, slot, topics, _of(route, mutes), now)

    def _plan(
        self,
        session: Session,
        route: Route,
        slot: Slot | None,
        topics: KnownTopics,
        mutes: Sequence[Mute],
        now: datetime,
    ) -> Plan:
        owed = session.outbox.ledger.owed(route.name)
        stories = cover_stories(session, owed, route, topics)
        state = _with_channel(_arrivals(session.outbox, route, now), session.outbox, route, now)
        return select_due(owed, stories, route, replace(state, mutes=mutes), now=now, slot=slot)

    def _due_slots(self, ledger: Ledger, now: datetime) -> dict[str, Slot]:
        """The digests' times that have come and are not dealt with, by route; none of before it began, but
        where it began by a clock that has been set back since."""
        due = dict(self._due)
        begun = ledger.begin_times(due) if due else {}
        slots = {name: due[name] for name, at in begun.items() if at > now or due[name].at >= at}
        for name in ledger.slots_done(slots):
            del slots[name]
        for name, slot in due.items():
            # One whose route has not begun is asked for again; a later one may have come meanwhile.
            if name in begun and name not in slots and self._due.get(name) == slot:
                del self._due[name]
        return slots

    def _write_draft(self, session: Session, draft: Draft, topics: KnownTopics, now: datetime) -> str:
        route = draft.route
        page = self._page_of(topics, route, draft_id(draft), len(draft.more))
        delivery = compose(draft, now=now, topics=topics.words, page=page)
        delivery = replace(delivery, look_from=_look_from(session, draft, now))
        if delivery.more:
            session.feeds.mark_dirty([(digest_folder(delivery.id), PAGE)])
        if session.outbox.write(delivery, draft.stories):
            facts = {"kind": delivery.kind, "stories": len(draft.stories), "why": delivery.why}
            log.info("message owed", route=route.name, channel=route.channel, **facts)
        return delivery.id

    def _page_of(self, topics: KnownTopics, route: Route, id: str, more: int) -> DigestPage:
        """The page to which a message leads: one of its own where it only counts some of its stories."""
        page = self.page(topics.stored, route)
        return replace(page, url=digest_url(self._site, id)) if more else page

    def page(self, topics: Iterable[Topic], route: Route) -> DigestPage:
        """Where the route's stories stand: its topic's page if it has one topic, else the front page."""
        wanted = {fold(name) for name in route.topics}
        live = (topic for topic in topics if topic.status is TopicStatus.LIVE)
        found = [topic for topic in live if wanted & {*topic.names, fold(topic.name), topic.slug}]
        if len(found) == 1 == len(wanted):
            return DigestPage(name=found[0].name, url=page_url(self._site, found[0].slug))
        return DigestPage(name=self._site.title, url=page_url(self._site, ALL))


def _look_from(session: Session, draft: Draft, now: datetime) -> datetime | None:
    """From when on to look for a message before it is sent: while its stories may have been told after the
    backup that the database was restored from. None: it is not looked for."""
    restored, max_age = session.metadata(RESTORED), draft.route.max_age
    if restored is None or now - (at := datetime.fromisoformat(restored)) > max_age:
        return None
    is_old = any(story.coverage.lead.article.published <= at for story in draft.shown)
    return at - max_age if is_old else None


def _arrivals(outbox: Outbox, route: Route, now: datetime) -> RouteState:
    """What an immediate route took of late, since what has not left yet."""
    oldest = outbox.oldest(route.name, route.channel) if route.deliver == "immediate" else None
    if oldest is None:
        return RouteState()
    # A flood begins with its first arrival, which may have left: a window before what waits.
    since = min(oldest, now) - 2 * route.flood_window
    return RouteState(arrivals=outbox.ledger.arrivals(route.name, since), oldest=oldest)


def _with_channel(state: RouteState, outbox: Outbox, route: Route, now: datetime) -> RouteState:
    sent, waiting = outbox.sent_lately(route.channel, now), outbox.waiting(route.channel)
    return replace(state, sent=sent, waiting=waiting)


def _of(route: Route, mutes: Iterable[Mute]) -> list[Mute]:
    return [mute for mute in mutes if mute.holds(route.name)]


class KnownTopics:
    """All topics, read when they are first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def stored(self) -> list[Topic]:
        return self._session.topics()

    @cached_property
    def words(self) -> TopicWords:
        return TopicWords(
            labels={topic.slug: topic.name for topic in self.stored},
            names=names_with_ancestors(self.stored),
        )


def cover_stories(
    session: Session, rows: Sequence[LedgerRow], route: Route, topics: KnownTopics
) -> dict[str, Coverage]:
    """What the route's message shows of stories that it owes, by story; those of which an entry may lead."""
    entries: dict[str, list[Entry]] = {row.story: [] for row in rows}
    for entry in session.of_stories(entries):
        entries[entry.story].append(entry)
    names = topics.words.names if any(len(some) > 1 for some in entries.values()) else {}
    judging = {
        story: routes[0] if routes else route
        for some, routes in routes_by_story(session, [route], entries)
        for story in some
    }
    found = ((row.story, cover(row, entries[row.story], judging[row.story], names)) for row in rows)
    return {story: coverage for story, coverage in found if coverage is not None}
