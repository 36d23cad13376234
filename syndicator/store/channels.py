"""Slack's channels as they are known: how each does, how long Slack asked to wait, which name has which id.

Works on the caller's open transaction. It keeps what was found out and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from syndicator.alerts import ChannelState, RateLimit, SlackMethod
from syndicator.store.dialect import change_unless_taken, insert_missing, row_of, upsert
from syndicator.store.ledger import Ledger
from syndicator.store.outbox_tables import channel_names, channels, deliveries, rate_limits, routes


class Channels:
    """One open transaction on what is known of channels."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, channel: str) -> ChannelState | None:
        """How a channel does; None for one that never had a message."""
        query = select(channels).where(channels.c.channel == channel)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ChannelState(**row)

    def broken(self) -> list[ChannelState]:
        """The channels that need a person, by name. Reads all channels."""
        query = select(channels).where(channels.c.broken.is_not(None)).order_by(channels.c.channel)
        return [ChannelState(**row) for row in self._connection.execute(query).mappings()]

    def put(self, state: ChannelState) -> None:
        upsert(self._connection, channels, [row_of(state)])

    def know(self, channel: str, now: datetime) -> None:
        """Notes a channel that has its first message."""
        insert_missing(self._connection, channels, [row_of(ChannelState(channel=channel, not_before=now))])

    def hold(self, channel: str, until: datetime) -> None:
        """Nothing more goes to the channel before that."""
        self._connection.execute(
            update(channels).where(channels.c.channel == channel).values(not_before=until)
        )

    def reset_back_off(self, now: datetime) -> None:
        """Ends our own waits. What Slack asked for stands; where the clock was set back to before Slack
        spoke, that whole wait begins now."""
        self._connection.execute(update(channels).where(channels.c.not_before > now).values(not_before=now))
        later = select(rate_limits).where(rate_limits.c.since > now)
        for row in self._connection.execute(later).mappings().all():
            wait = row["until"] - row["since"]
            self.put_limit(RateLimit(**{**row, "since": now, "until": now + wait}))

    # what Slack asked for

    def put_limit(self, limit: RateLimit) -> None:
        """Keeps how long Slack asked to wait, in place of what it asked for before; only time ends that."""
        upsert(self._connection, rate_limits, [row_of(limit)])

    def limited_until(self, method: SlackMethod) -> datetime | None:
        """Until when the workspace may not call this method; past, or None, if it may."""
        of_all = (rate_limits.c.method == method, rate_limits.c.channel == "")
        return self._connection.scalar(select(rate_limits.c.until).where(*of_all))

    # names and ids

    def ids(self) -> dict[str, str]:
        """The id of each name that is known, by the name as Slack has it: no `#`, lower case."""
        return {row.name: row.id for row in self._connection.execute(select(channel_names))}

    def put_ids(self, ids: Mapping[str, str], now: datetime) -> None:
        rows = [{"name": name, "id": id, "at": now} for name, id in ids.items()]
        upsert(self._connection, channel_names, rows)

    def used(self) -> set[str]:
        """All that channels are called here: by routes, and by whatever was written for them."""
        some = (self._connection.scalars(select(table.c.channel)) for table in (routes, channels))
        return {name for names in some for name in names}

    def carry_over(self, name: str, id: str) -> int:
        """Moves all that is kept under a channel's name to its id; how many rows of the ledger.

        To be called once the messages that wait in either are taken back.
        """
        for table in (channels, rate_limits):
            change_unless_taken(self._connection, table, table.c.channel == name, channel=id)
        for other in (deliveries, routes):
            self._connection.execute(update(other).where(other.c.channel == name).values(channel=id))
        return Ledger(self._connection).move(name, id)
