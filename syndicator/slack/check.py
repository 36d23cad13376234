"""Asks Slack whose the token is, for the ids of channels, and whether it answers; sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import structlog

from syndicator.alerts import RateLimit, SlackMethod, channel_name
from syndicator.errors import SLACK_FIX, DeliveryError, Refused, Rejected, Unclear
from syndicator.once import SaidOnce
from syndicator.settings.models import Route
from syndicator.slack.outage import OutageWatch
from syndicator.store.outbox import Outbox

if TYPE_CHECKING:
    from syndicator.slack.client import Identity, SlackBot

T = TypeVar("T")

log = structlog.get_logger()

NOT_FOUND = Rejected(
    "no channel has this name",
    code="channel_not_found",
    why="no channel that the bot can see has this name",
    fix="Correct the route's channel, invite the app if it is private, or use the token of its workspace",
)

GIVE_ID = "give the routes the channel's id (C...), at the end of its details"

PROBE_S = 30.0
"""How often Slack is asked whether it answers again."""


class SlackCheck:
    """Asks Slack whom the token belongs to, and for the ids of channels that routes call by name.

    At the start, until it answers, and while it is in doubt; for names until all are found. The network is
    never blamed on the token. `over` is called when an outage is found to be over, `named` when ids were
    found.
    """

    def __init__(
        self,
        bot: SlackBot,
        open_outbox: Callable[[], AbstractContextManager[Outbox]],
        outages: OutageWatch,
        routes: Sequence[Route],
        *,
        clock: Callable[[], datetime],
        over: Callable[[], object],
        named: Callable[[], object],
    ) -> None:
        self._bot, self._open, self.outages = bot, open_outbox, outages
        self._clock, self._over, self._named = clock, over, named
        self._routes = tuple(routes)
        self._token_said, self._refusal_said, self._names_said = SaidOnce(), SaidOnce(), SaidOnce()
        self._names_asked = False
        self._stop = Event()

    def run(self, stop: Event) -> None:
        """Asks until `stop` is set and `outages.doubt` as well."""
        self._stop = stop
        while not stop.is_set():
            self.outages.doubt.clear()
            settled = self.check_token() and not stop.is_set() and self.find_names()
            if not stop.is_set():
                self.outages.doubt.wait(None if settled and not self.outages.in_doubt else PROBE_S)

    def check_token(self) -> bool:
        """Asks whom the token belongs to and says what is new about that; whether it is settled."""
        found = self._ask(SlackMethod.AUTH_TEST, self._bot.check)
        if isinstance(found, Refused | Unclear):
            if found.answered and found.code != "ratelimited" and self._refusal_said.changed(found.code):
                # Slack answers, but says neither yes nor no.
                log.warning("the slack token could not be checked, asked again", why=found.why, fix=SLACK_FIX)
            return False
        self._refusal_said.changed("")
        refusal = self.outages.refusal = found if isinstance(found, DeliveryError) else None
        self.outages.missing_scopes = () if isinstance(found, DeliveryError) else (*found.missing_scopes,)
        if self._token_said.changed(refusal.code if refusal else repr(found)):
            report_identity(found)
        return True

    def find_names(self) -> bool:
        """Asks for the ids of names: once at each start, then for those not found yet; whether all are."""
        names = {route.name: channel_name(route.channel) for route in self._routes}
        needed = {name for name in names.values() if name is not None}
        with self._open() as outbox:
            known, used = outbox.channels.ids(), outbox.channels.used()
        wanted = needed | {name for name in map(channel_name, used) if name is not None}
        if not wanted or (self._names_asked and needed <= known.keys()):
            return True
        answer = self._ask(SlackMethod.LIST, lambda: self._bot.channel_ids(wanted))
        if self._stop.is_set():
            return False
        found = {} if isinstance(answer, DeliveryError) else answer
        why = answer if isinstance(answer, DeliveryError) else NOT_FOUND
        with self._open() as outbox:
            outbox.channels.put_ids(found, self._clock())
        self._names_asked = self._names_asked or isinstance(why, Rejected)
        if found.items() - known.items():
            self._named()
        missing = needed - known.keys() - found.keys()
        if isinstance(why, Rejected):
            self.outages.unnamed = frozenset(missing)
        self._say_missing([route for route, name in names.items() if name in missing], missing, why)
        return not missing and self._names_asked

    def _say_missing(self, routes: Sequence[str], names: Collection[str], why: DeliveryError) -> None:
        """Once for the same names and reason; what was not answered is said as an outage, if it lasts."""
        channels = ", ".join(f"#{name}" for name in sorted(names))
        changed = self._names_said.changed(f"{channels} {why.code}" if names else "")
        refused = isinstance(why, Rejected) or (why.answered and why.code != "ratelimited")
        if names and changed and refused:
            log.warning(
                "channel not found by its name, its routes wait",
                channel=channels,
                routes=", ".join(routes),
                why=why.why,
                fix="; or ".join(filter(None, (why.fix, GIVE_ID))),
            )

    def _ask(self, method: SlackMethod, call: Callable[[], T]) -> T | DeliveryError:
        """What Slack says, or why it does not say it; not asked while Slack asks to wait."""
        now = self._clock()
        with self._open() as outbox:
            until = outbox.channels.limited_until(method)
        if until is not None and until > now:
            return Refused("not asked", code="ratelimited", why="Slack asks to wait")
        found: T | DeliveryError
        try:
            found = call()
        except DeliveryError as error:
            found = error
        if not self._stop.is_set():  # the store may be closed by then
            self._note_answer(method, found)
        return found

    def _note_answer(self, method: SlackMethod, found: object) -> None:
        """Notes how long Slack asks to wait, and whether it answered."""
        now, over = self._clock(), False
        answered = found.answered if isinstance(found, DeliveryError) else True
        with self._open() as outbox:
            if isinstance(found, Refused) and found.retry_after is not None:
                limit = RateLimit(method=method, since=now, until=now + found.retry_after)
                outbox.channels.put_limit(limit)
            if answered is not None:
                said = None if answered else str(found)
                over = self.outages.note(method, outbox, error=said, now=now)
        if over:
            self._over()


def report_identity(found: Identity | DeliveryError) -> None:
    """Says whom the token belongs to, and what it lacks; a wrong one with its fix."""
    if isinstance(found, DeliveryError):
        log.error("the slack token was not accepted", why=found.why or found.code, fix=found.fix)
        return
    log.info("slack token accepted", team=found.team)
    if found.missing_scopes:
        log.warning(
            "the slack token lacks scopes",
            scopes=", ".join(found.missing_scopes),
            fix="Add them under OAuth & Permissions and install the app again",
        )
