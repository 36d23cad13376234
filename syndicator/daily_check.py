"""SQLite's full check once a day, in a thread beside the loop.

The check at the start is the quick one, which does not compare an index with its table. This one reads the
whole file over a connection of its own, and holds nobody up. What it finds is for a person to see to: the
service goes on, since most of such a database can often still be read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from syndicator.errors import StoreDamaged, SyndicatorError
from syndicator.store.database import Store
from syndicator.store.inspection import check_in_full

EVERY = timedelta(days=1)
LOOK_EVERY_S = 60.0
CHECKED = "checked in full"
"""The metadata that says when it was last found sound."""

log = structlog.get_logger()


class DailyCheck:
    """Checks an open store's database; `damage` says what was found, and when."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.damage: tuple[SyndicatorError, datetime] | None = None
        """Read from any thread."""
        self._due: datetime | None = None

    def run(self, stop: threading.Event, clock: Callable[[], datetime], told: Callable[[], None]) -> None:
        """Works until `stop`; calls `told` after each check."""
        while not stop.wait(LOOK_EVERY_S):
            if self.is_due(clock()):
                self.check(stop, clock())
                told()

    def is_due(self, now: datetime) -> bool:
        """Whether it is time for a check: a day after the last that was tried."""
        self._due = min(self._due or self._first(now), now + EVERY)  # the clock may have been set back
        return now >= self._due

    def check(self, stop: threading.Event, now: datetime) -> None:
        """Checks now, unless `stop` is set meanwhile. A damage is logged once."""
        self._due = now + EVERY
        try:
            if check_in_full(self._store.path, stop.is_set):
                self.damage = None
                with self._store.transaction() as session:
                    session.put_metadata(CHECKED, now.isoformat())
        except StoreDamaged as error:
            if self.damage is None:
                log.error("database damaged", on=error.on, why=error.why, fix=error.fix)
                self.damage = error, now
        except SyndicatorError as error:
            log.warning("database not checked today", on=error.on, why=error.why or error.what)

    def _first(self, now: datetime) -> datetime:
        """When the first check is due: a day after the last that found it sound, or now."""
        with self._store.reading() as session:
            last = session.metadata(CHECKED)
        return now if last is None else datetime.fromisoformat(last) + EVERY
