"""What the WebSub hub has still to be told: owed first, told after, then forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from syndicator.store.dialect import upsert
from syndicator.store.tables import websub


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedNotification:
    """A feed that has changed since `since`; `attempts` have failed."""

    topic: str
    since: datetime
    attempts: int


class WebSubNotifications:
    """One open transaction on what the hub is owed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def owe(self, topics: Iterable[str], now: datetime) -> None:
        """Owes the hub a word on each feed, at once; one that waits for another try goes on waiting."""
        rows = ({"topic": topic, "since": now, "due": now, "attempts": 0} for topic in topics)
        upsert(self._connection, websub, rows, keep=("due", "attempts"))

    def due(self, now: datetime, *, limit: int) -> list[OwedNotification]:
        """What is to be told now, longest owed first."""
        query = (
            select(websub).where(websub.c.due <= now).order_by(websub.c.since, websub.c.topic).limit(limit)
        )
        return [
            OwedNotification(topic=row.topic, since=row.since, attempts=row.attempts)
            for row in self._connection.execute(query)
        ]

    def next_due(self) -> datetime | None:
        found: datetime | None = self._connection.scalar(select(func.min(websub.c.due)))
        return found

    def forget(self, topic: str, *, since: datetime) -> None:
        """The hub was told, or will not hear. A change that came meanwhile is owed anew, and stays."""
        self._connection.execute(delete(websub).where(websub.c.topic == topic, websub.c.since == since))

    def postpone(self, topic: str, due: datetime) -> None:
        """The hub was not reached."""
        values = {"due": due, "attempts": websub.c.attempts + 1}
        self._connection.execute(update(websub).where(websub.c.topic == topic).values(values))
