"""The service's connection to Slack: whether there is one, whose it is, and whether Slack answers.

Routes without a way to Slack keep what they owe; that is said once at each start, and first where there was
a token before. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Event
from typing import TypeVar

import structlog

from syndicator.alerts import DeliveryState, RateLimit, SlackMethod, channel_name
from syndicator.errors import DeliveryError, Refused, Rejected, Unclear
from syndicator.notify.rules import left_behind
from syndicator.settings.models import Route, Settings
from syndicator.slack.client import Identity, SlackBot
from syndicator.slack.outage import FIX, OutageWatch
from syndicator.store.database import Store
from syndicator.store.outbox import Outbox

T = TypeVar("T")

log = structlog.get_logger()

HAD_TOKEN = "slack token"  # noqa: S105  a mark's name
"""The mark that says that a start before this one had a bot token."""

NOT_FOUND = Rejected(
    "no channel has this name",
    code="channel_not_found",
    why="no channel that the bot can see has this name",
    fix="Correct the route's channel, or invite the app if it is private",
)

GIVE_ID = "give the routes the channel's id (C...), at the end of its details"

LEFT_CURE = "Put the route back as it was, or end them: `syndicator deliveries drop ID`"

PROBE_S = 30.0
"""How often Slack is asked whether it answers again."""

WAITING = (DeliveryState.OWED, DeliveryState.UNCLEAR)


def report_ways(store: Store, settings: Settings) -> None:
    """Says which routes have no way to Slack, and remembers that there is a token."""
    credentials = settings.credentials
    with store.transaction() as session:
        had_token = session.metadata(HAD_TOKEN) is not None
        if credentials.token is not None:
            session.put_metadata(HAD_TOKEN, "yes")
        counts = session.outbox.count()
    names = [route.name for route in settings.routes]
    without = [] if credentials.token else [name for name in names if name not in credentials.webhooks]
    if settings.slack.mode == "preview":
        log.info("messages are shown here, not posted: `slack: preview` is set")
    elif without:
        log.warning(
            "the slack token is gone: messages are kept until it is back"
            if had_token
            else "no slack token: messages are kept until there is one",
            routes=", ".join(without),
            waiting=sum(counts.get(state, 0) for state in WAITING),
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
            fix=LEFT_CURE,
        )


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
        self._said: Identity | str | None = None
        self._names_said, self._names_asked = "", False
        self._refusal_said = ""
        self._pause_s = PROBE_S

    def run(self, stop: Event) -> None:
        """Asks until `stop` is set and `outages.doubt` as well."""
        while not stop.is_set():
            self.outages.doubt.clear()
            found = self.ask()
            if stop.is_set():
                return  # the store may be closed by now
            settled = self.take(found) and self.find_names()
            self.outages.doubt.wait(None if settled and not self.outages.in_doubt else self._pause_s)

    def ask(self) -> Identity | DeliveryError:
        """Whom the token belongs to, or why that is not known; not asked while Slack asks to wait."""
        try:
            return self._limited(SlackMethod.AUTH_TEST, self._bot.check)
        except DeliveryError as error:
            return error

    def _limited(self, method: SlackMethod, call: Callable[[], T]) -> T:
        """What the call gives. Raises as it does, or Refused without it while Slack's last wait stands."""
        now = self._clock()
        with self._open() as outbox:
            until = outbox.channels.limited_until(method)
        if until is not None and until > now:
            raise Refused("not asked", code="ratelimited", why="Slack asks to wait", retry_after=until - now)
        try:
            return call()
        except Refused as error:
            if error.retry_after is not None:
                now = self._clock()
                limit = RateLimit(method=method, since=now, until=now + error.retry_after)
                with self._open() as outbox:
                    outbox.channels.put_limit(limit)
            raise

    def take(self, identity: Identity | DeliveryError) -> bool:
        """Notes whether Slack answered, and says what is new about the token; whether that is settled."""
        self._note(SlackMethod.AUTH_TEST, identity)
        if isinstance(identity, Refused | Unclear):
            self._say_refusal(identity)
            return False
        self._refusal_said = ""
        said = identity.code if isinstance(identity, DeliveryError) else identity
        if said != self._said:
            self._said = said
            report_identity(identity)
        return True

    def _say_refusal(self, error: DeliveryError) -> None:
        """Once for each word: that Slack answers, but says neither yes nor no."""
        if error.answered and error.code not in ("ratelimited", self._refusal_said):
            self._refusal_said = error.code
            log.warning("the slack token could not be checked, asked again", why=error.why, fix=FIX)

    def find_names(self) -> bool:
        """Asks for the ids of names: once at each start, then for those not found yet; whether all are."""
        names = {route.name: channel_name(route.channel) for route in self._routes}
        needed = {name for name in names.values() if name is not None}
        with self._open() as outbox:
            known, used = outbox.channels.ids(), outbox.channels.used()
        wanted = needed | {name for name in map(channel_name, used) if name is not None}
        if not wanted or (self._names_asked and needed <= known.keys()):
            return True
        found: dict[str, str] = {}
        why: DeliveryError = NOT_FOUND
        try:
            found = self._limited(SlackMethod.LIST, lambda: self._bot.channel_ids(wanted))
            self._note(SlackMethod.LIST, found)
        except DeliveryError as error:
            why = error
            self._note(SlackMethod.LIST, error)
        self._names_asked = self._names_asked or isinstance(why, Rejected)
        self._pause_s = PROBE_S
        if isinstance(why, Refused) and why.retry_after is not None:
            self._pause_s = max(PROBE_S, why.retry_after.total_seconds())
        with self._open() as outbox:
            outbox.channels.put_ids(found, self._clock())
        if found.items() - known.items():
            self._named()
        missing = needed - known.keys() - found.keys()
        self._say_missing([route for route, name in names.items() if name in missing], missing, why)
        return not missing and self._names_asked

    def _say_missing(self, routes: Sequence[str], names: Collection[str], why: DeliveryError) -> None:
        """Once for the same names and reason; what was not answered is said as an outage, if it lasts."""
        channels = ", ".join(f"#{name}" for name in sorted(names))
        said = f"{channels} {why.code}" if names else ""
        refused = isinstance(why, Rejected) or (why.answered and why.code != "ratelimited")
        if names and said != self._names_said and refused:
            log.warning(
                "channel not found by its name, its routes wait",
                channel=channels,
                routes=", ".join(routes),
                why=why.why,
                fix="; or ".join(filter(None, (why.fix, GIVE_ID))),
            )
        self._names_said = said

    def _note(self, method: SlackMethod, found: object) -> None:
        answered = found.answered if isinstance(found, DeliveryError) else True
        if answered is None:
            return
        now = self._clock()
        with self._open() as outbox:
            error = None if answered else str(found)
            over = self.outages.note(method, error=error, now=now, waiting=outbox.waiting)
            if over:
                outbox.reset_back_off(now)
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
