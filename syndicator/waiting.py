"""What the service waits out: a disk that is full, read-only or broken, a database that cannot be made anew.

Said once when it begins and once when it is over, however often it is tried meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from syndicator.errors import (
    OutputUnwritable,
    StoreDamaged,
    StoreError,
    StoreForeign,
    StoreGone,
    StoreUnavailable,
    SyndicatorError,
)
from syndicator.once import SaidOnce

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
BROKE = "a run of the loop failed"
REPORT = "The log has the traceback; please report it"


def is_disk_failure(error: Exception) -> bool:
    """Whether nothing can be written until somebody sees to the disk, so that waiting is what helps."""
    return isinstance(error, StoreUnavailable) or (isinstance(error, OutputUnwritable) and error.everywhere)


def can_wait(error: SyndicatorError, *, for_disk: bool, was_open: bool) -> bool:
    """Whether a service goes on trying and serves what is there: with a damaged database, with a disk that
    cannot be written (`for_disk`), and whatever hinders opening the database again once it was open."""
    if isinstance(error, StoreDamaged):
        return True
    may_pass = isinstance(error, StoreError) and not isinstance(error, StoreGone | StoreForeign)
    return (for_disk and is_disk_failure(error)) or (was_open and may_pass)


class FailureLog:
    """One failure at a time. One thread uses it; `current` may be read from any."""

    def __init__(self) -> None:
        self._said = SaidOnce()
        self.current: tuple[SyndicatorError, datetime] | None = None
        """What fails, and since when; None while all works."""
        self._is_of_disk = False

    def began(self, error: Exception) -> None:
        """Says what failed, unless that has been said. May be called at each failure."""
        since, ours = self.current[1] if self.current is not None else datetime.now(UTC), error
        if not isinstance(ours, SyndicatorError):
            ours = SyndicatorError(BROKE, why=type(error).__name__, fix=REPORT)
        self.current, is_of_disk = (ours, since), is_disk_failure(error)
        if not self._said.changed("disk" if is_of_disk else str(error) or repr(error)):
            return
        self._is_of_disk = isinstance(error, StoreError) or is_of_disk
        if is_of_disk:
            what = "the disk cannot be written: what is there is served, and it is tried again"
            log.warning(what, on=ours.on, why=ours.why, fix=ours.fix)
        elif ours is error:
            log.error(ours.what, on=ours.on, why=ours.why, fix=ours.fix)
        else:
            log.error("a run of the loop failed; it goes on", exc_info=error)

    def over(self) -> None:
        """Says that it works again, where it did not. May be called at each success."""
        failed, self.current = self.current, None
        if self._said.changed("") and failed is not None and self._is_of_disk:
            seconds = round((datetime.now(UTC) - failed[1]).total_seconds())
            log.info("the disk and the database work again", after_seconds=seconds)


def back_off(
    failures: int, first: timedelta = FIRST_PAUSE, longest: timedelta = LONGEST_PAUSE, jitter: float = 1.0
) -> timedelta:
    """The wait after so many failures in a row: `first`, then twice as long each time, `longest` at most.

    `jitter` from 0 to 1 spreads it over the upper half, so that many hosts do not come at once.

    >>> first, longest = timedelta(seconds=1), timedelta(seconds=30)
    >>> [back_off(n, first, longest).total_seconds() for n in (1, 2, 5, 10, 99)]
    [1.0, 2.0, 16.0, 30.0, 30.0]
    >>> back_off(5, first, longest, 0.0).total_seconds()
    8.0
    """
    whole: timedelta = min(first * 2 ** min(failures - 1, 30), longest)
    return max(first, whole * (0.5 + jitter / 2))
