"""Whether Slack can be reached: said once when it no longer can be, and once when it can be again.

One call that fails is no outage: the next may well be answered. Two in a row are one. What failed must be
answered again to end it, so that an answer to `auth.test` does not hide that nothing can be posted. Wherever
Slack is called, the answer is noted here, in the transaction that keeps what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import structlog

from syndicator.alerts import Outage, SlackMethod
from syndicator.store.outages import Outages

log = structlog.get_logger()

Tell = Callable[[], object]
"""Writes a line to the log; to be called once what was noted is committed."""

WHERE_TO_LOOK = "See slack-status.com, and this machine's DNS, firewall and proxy"
FIX = f"Nothing is lost, it is tried again. {WHERE_TO_LOOK}"


DOUBT = timedelta(minutes=5)
"""A single failure so long ago has nothing to do with the next."""


class OutageWatch:
    """Notes of each call whether Slack answered. Threads may share it."""

    def __init__(self) -> None:
        self.doubt = Event()
        """Set when a first call was not answered: somebody should ask Slack how it is."""
        self._told = False

    def note(
        self, kept: Outages, method: SlackMethod, *, error: str | None, now: datetime
    ) -> tuple[bool, Tell | None]:
        """Notes a call that Slack answered (`error` None) or did not answer.

        Gives whether an outage is over by it, and what is to be said.
        """
        before = kept.current()
        if error is not None:
            return False, self._failed(kept, before, method, error, now)
        if before is None or not before.is_ended_by(method):
            return False, None
        kept.end(before, now)
        if not before.is_certain:
            return False, None
        self._told = False
        facts = {"after": lasted(now - before.since), "calls_failed": before.calls, "waiting": before.waiting}
        return True, lambda: log.info("Slack answers again", **facts)

    def _failed(
        self, kept: Outages, before: Outage | None, method: SlackMethod, error: str, now: datetime
    ) -> Tell | None:
        if before is not None and not before.is_certain and now - before.since > DOUBT:
            kept.end(before, now)
            before = None
        if before is None:
            self.doubt.set()
            after = Outage(since=now, calls=1, error=error, method=method, waiting=kept.waiting())
        else:
            whole = method is SlackMethod.AUTH_TEST
            after = replace(
                before, calls=before.calls + 1, error=error, method=method if whole else before.method
            )
        kept.put(after)
        if self._told or not after.is_certain:
            return None
        self._told = True
        return lambda: log.warning(
            "Slack cannot be reached",
            since=f"{after.since:%Y-%m-%d %H:%M:%S} UTC",
            waiting=after.waiting,
            calls_failed=after.calls,
            why=after.error,
            fix=FIX,
        )


def lasted(time: timedelta) -> str:
    """A length of time in the two largest units.

    >>> lasted(timedelta(seconds=42)), lasted(timedelta(minutes=12)), lasted(timedelta(days=1, hours=5))
    ('42 s', '12 min', '29 h 0 min')
    """
    seconds = int(time.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
