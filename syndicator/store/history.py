"""What was decided and sent lately, and how entries were before they changed, as far as routes judge by it.

So other settings can be tried on what really happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, func, not_, or_, select

from syndicator.alerts import DeliveryState, LedgerRow
from syndicator.models import Entry, Visibility
from syndicator.store import rows
from syndicator.store.dialect import ROWID, insert_missing, row_of
from syndicator.store.outbox_tables import EDITS, channels, deliveries, ledger
from syndicator.store.tables import entries, former_states
from syndicator.store.types import FormerState

SENT = and_(deliveries.c.state == DeliveryState.SENT, not_(EDITS))
WAITING = (DeliveryState.OWED, DeliveryState.SENDING, DeliveryState.UNCLEAR)
KEPT = timedelta(days=400)
BEGAN = "changes recorded since"
"""The metadata that says so: an ISO time."""


class History:
    """One open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def oldest_waiting(self) -> tuple[int, int, datetime] | None:
        """How many messages and how many edits wait, and when the oldest of them was written; None where none
        does. By index."""
        counts = func.count().filter(not_(EDITS)), func.count().filter(EDITS)
        query = select(*counts, func.min(deliveries.c.created)).where(deliveries.c.state.in_(WAITING))
        messages, edits, oldest = self._connection.execute(query).one()
        return (messages, edits, oldest) if oldest else None

    def given_up(self) -> tuple[int, datetime] | None:
        """How many messages were given up, and when the oldest of them was written; None where none was. By
        index."""
        query = select(func.count(), func.min(deliveries.c.created))
        query = query.where(deliveries.c.state == DeliveryState.FAILED, not_(EDITS))
        count, oldest = self._connection.execute(query).one()
        return (count, oldest) if oldest else None

    def sent_to(self, channel: str, since: datetime) -> Sequence[datetime]:
        """When this channel took each message since then, oldest first. By index."""
        over = and_(deliveries.c.channel == channel, deliveries.c.ended > since)
        query = select(deliveries.c.ended).where(over, SENT)
        return self._connection.scalars(query.order_by(deliveries.c.ended)).all()

    def last_sent(self) -> dict[str, datetime]:
        """When each channel last took a message. By index."""
        last = select(func.max(deliveries.c.ended)).where(deliveries.c.channel == channels.c.channel, SENT)
        found = self._connection.execute(select(channels.c.channel, last.scalar_subquery()))
        return {channel: at for channel, at in found if at is not None}

    def decisions(self, limit: int) -> list[LedgerRow]:
        """What was decided last, newest first. Reads an index of the whole ledger."""
        last = select(ROWID).select_from(ledger).order_by(ledger.c.at.desc()).limit(limit)
        query = select(ledger).where(ROWID.in_(last))
        query = query.order_by(ledger.c.at.desc(), ledger.c.channel, ledger.c.story)
        return [LedgerRow(**row) for row in self._connection.execute(query).mappings()]

    def decided_since(self, since: datetime) -> Counter[datetime]:
        """How many decisions were taken at each moment since then. Reads an index of the whole ledger."""
        query = select(ledger.c.at, func.count()).where(ledger.c.at >= since).group_by(ledger.c.at)
        return Counter({row[0]: row[1] for row in self._connection.execute(query)})

    # how entries were

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
