"""How long Slack asked to be left alone, by method: kept over restarts, apart from our own back-off.

Works on the caller's open transaction. It keeps what Slack said and decides nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from syndicator.alerts import BY_CHANNEL, RateLimit, SlackMethod
from syndicator.store.outbox_tables import rate_limits


class RateLimits:
    """One open transaction on the waits that Slack asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, limit: RateLimit) -> None:
        """Keeps what Slack asked for last in place of what it asked for before."""
        values = {name: getattr(limit, name) for name in RateLimit.__dataclass_fields__}
        values["method"] = limit.method.value
        statement = insert(rate_limits).values(values)
        keys = ["method", "channel"]
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))

    def until(self, method: SlackMethod) -> datetime | None:
        """Until when the workspace may not call this method; past, or None, if it may."""
        found: datetime | None = self._connection.scalar(
            select(rate_limits.c.until).where(
                rate_limits.c.method == method.value, rate_limits.c.channel == ""
            )
        )
        return found

    def posting(self) -> dict[str, datetime]:
        """Until when nothing may be posted, by channel."""
        latest = func.max(rate_limits.c.until, type_=rate_limits.c.until.type).label("until")
        query = select(rate_limits.c.channel, latest).group_by(rate_limits.c.channel)
        methods = [method.value for method in BY_CHANNEL]
        rows = self._connection.execute(query.where(rate_limits.c.method.in_(methods)))
        return {row.channel: row.until for row in rows}

    def follow_clock(self, now: datetime) -> None:
        """Where the clock was set back to before Slack spoke, the whole wait begins now."""
        for row in self._connection.execute(select(rate_limits).where(rate_limits.c.since > now)).all():
            is_it = (rate_limits.c.method == row.method) & (rate_limits.c.channel == row.channel)
            anew = {"since": now, "until": now + (row.until - row.since)}
            self._connection.execute(update(rate_limits).where(is_it).values(anew))
