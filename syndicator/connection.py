"""What the service says of its connection to Slack, and what it shows while it has none.

Routes without a way to Slack keep what they owe; that is said once at each start, and first where there was
a token before. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from syndicator.alerts import Delivery, DeliveryState
from syndicator.settings import Settings
from syndicator.store.contract import Store

log = structlog.get_logger()

HAD_TOKEN = "slack token"  # noqa: S105  a mark's name
"""The mark that says that a start before this one had a bot token."""

WAITING = (DeliveryState.OWED, DeliveryState.UNCLEAR)


def report_ways(store: Store, settings: Settings) -> None:
    """Says which routes have no way to Slack, and remembers that there is a token."""
    slack = settings.slack
    with store.transaction() as books:
        had_token = books.mark(HAD_TOKEN) is not None
        if slack.token is not None:
            books.put_mark(HAD_TOKEN, "yes")
        counts = books.outbox.count()
    without = [route.name for route in settings.routes if not (slack.token or route.webhook)]
    if slack.preview:
        log.info("messages are shown here, not posted: `slack: preview` is set")
    elif without:
        log.warning(
            "the slack token is gone: messages are kept until it is back"
            if had_token
            else "no slack token: messages are kept until there is one",
            routes=", ".join(without),
            waiting=sum(counts.get(state, 0) for state in WAITING),
            cure="Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL and start again; "
            "`slack: preview` draws messages here instead",
        )


class OwedDrawing:
    """Draws what is owed and has no way to Slack, each message once, for a person who looks on.

    It stays owed. What was there at the start is not drawn.
    """

    def __init__(
        self,
        store: Store,
        has_way: Callable[[str, str], bool],
        draw: Callable[[Delivery], object],
        *,
        since: datetime,
    ) -> None:
        self._store, self._has_way, self._draw, self._since = store, has_way, draw, since
        self._drawn: set[str] = set()

    def __call__(self) -> None:
        with self._store.reading() as books:
            owed = books.outbox.list([DeliveryState.OWED])
        for delivery in reversed(owed):
            new = delivery.created >= self._since and delivery.id not in self._drawn
            if new and not self._has_way(delivery.route, delivery.channel):
                self._drawn.add(delivery.id)
                self._draw(delivery)
