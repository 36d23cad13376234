"""What routes judged entries by before it changed: visibility, quality, heat, published time.

How an entry is now stands in `entries`. With these rows it can be told how it was at any time of late, so
that other settings can be tried on what really happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, func, or_, select

from syndicator.models import Entry, Visibility
from syndicator.store import rows
from syndicator.store.dialect import insert_missing, row_of
from syndicator.store.tables import entries, former_states
from syndicator.store.types import FormerState

KEPT = timedelta(days=400)
BEGAN = "changes recorded since"
"""The metadata that says so: an ISO time."""


class Past:
    """One open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, changed: Iterable[tuple[Entry, Entry]], now: datetime, *, silent: bool) -> None:
        """Notes how entries were before and now are no longer, where routes judge by it; forgets what is
        older than KEPT. With `silent` the change announces nothing."""
        states = ([FormerState.of(one, until=now, silent=silent) for one in both] for both in changed)
        former = [before for before, after in states if before != after]
        if former:
            # Of two changes at one time the first says how the entry was until then.
            insert_missing(self._connection, former_states, map(row_of, former))
            self._connection.execute(delete(former_states).where(former_states.c.until < now - KEPT))

    def first_published(self, seen: datetime) -> datetime | None:
        """When the oldest of the entries was published that were seen by then, if any. Reads all of them."""
        oldest = select(func.min(entries.c.published)).where(entries.c.seen <= seen)
        found: datetime | None = self._connection.scalar(oldest)
        return found

    def states(self, since: datetime) -> dict[str, list[FormerState]]:
        """How entries were that changed after that moment; by guid, oldest first."""
        query = select(former_states).where(former_states.c.until > since)
        found: dict[str, list[FormerState]] = {}
        for row in self._connection.execute(query.order_by(former_states.c.until)).mappings():
            found.setdefault(row["guid"], []).append(FormerState(**row))
        return found

    def entries(self, *, changed: datetime, published: datetime) -> list[Entry]:
        """The entries that changed or were published after these moments, and the others of their stories; in
        any order. By index."""
        of_late = select(former_states.c.guid).where(former_states.c.until > changed)
        any_visibility = entries.c.visibility.in_(list(Visibility))
        late = or_(and_(any_visibility, entries.c.published > published), entries.c.guid.in_(of_late))
        query = select(entries).where(entries.c.story.in_(select(entries.c.story).where(late)))
        return [rows.entry_value(row) for row in self._connection.execute(query).mappings()]
