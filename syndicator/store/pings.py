"""What the WebSub hub has still to be told: owed first, told after, then forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from syndicator.store.tables import Moment, pings


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPing:
    """A feed that has changed since `since`; `attempts` have failed."""

    topic: str
    since: datetime
    attempts: int


class Pings:
    """One open transaction on what the hub is owed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def owe(self, topics: Iterable[str], now: datetime) -> None:
        """Owes the hub a word on each feed, at once; one that waits for another try goes on waiting."""
        values = [{"topic": topic, "since": now, "due": now, "attempts": 0} for topic in topics]
        if values:
            anew = insert(pings).on_conflict_do_update(index_elements=["topic"], set_={"since": now})
            self._connection.execute(anew, values)

    def due(self, now: datetime, *, limit: int) -> list[OwedPing]:
        """What is to be told now, longest owed first."""
        query = select(pings).where(pings.c.due <= now).order_by(pings.c.since, pings.c.topic).limit(limit)
        return [
            OwedPing(topic=row.topic, since=row.since, attempts=row.attempts)
            for row in self._connection.execute(query)
        ]

    def next_due(self) -> datetime | None:
        found: datetime | None = self._connection.scalar(select(func.min(pings.c.due, type_=Moment)))
        return found

    def forget(self, topic: str, *, since: datetime) -> None:
        """The hub was told, or will not hear. A change that came meanwhile is owed anew, and stays."""
        self._connection.execute(delete(pings).where(pings.c.topic == topic, pings.c.since == since))

    def postpone(self, topic: str, due: datetime) -> None:
        """The hub was not reached."""
        values = {"due": due, "attempts": pings.c.attempts + 1}
        self._connection.execute(update(pings).where(pings.c.topic == topic).values(values))
