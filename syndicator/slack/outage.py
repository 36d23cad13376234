"""Whether Slack can be reached: said once when it no longer can be, and once when it can be again.

One call that fails is no outage: the next may well be answered. Two in a row are one. What failed must be
answered again to end it, so that an answer to `auth.test` does not hide that nothing can be posted. It is
kept in memory: the first calls after a start find out anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event, Lock

import structlog

from syndicator.activity import Durations
from syndicator.alerts import SlackMethod
from syndicator.errors import SLACK_FIX, DeliveryError
from syndicator.store.outbox import Outbox

log = structlog.get_logger()

TOKEN_CODES = ("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "no_token")
"""Slack's words about the token, whatever was asked with it."""

DOUBT = timedelta(minutes=5)
"""A single failure so long ago has nothing to do with the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Calls in a row that Slack did not answer: it could not be reached, or had a failure of its own."""

    since: datetime
    calls: int
    method: SlackMethod
    """What failed. `auth.test`, which is asked in any doubt, stands for Slack as a whole."""


class OutageWatch:
    """Notes of each call whether Slack answered. Threads may share it."""

    def __init__(self) -> None:
        self.doubt = Event()
        """Set when a first call was not answered, or the token is not as known: somebody should ask Slack."""
        self.refusal: DeliveryError | None = None
        """Why Slack does not accept the token; None while it does, and while that is not known."""
        self.missing_scopes: tuple[str, ...] = ()
        """What the token may not do of what is needed; empty while that is not known."""
        self.unnamed: frozenset[str] = frozenset()
        """Names of channels that were asked for, and that Slack does not know."""
        self.answers: Counter[tuple[str, str]] = Counter()
        """How many calls there were, by method and by what came of them."""
        self.to_slack = Durations()
        """From when a message was written until Slack had it."""
        self._lock = Lock()
        self._failed: Outage | None = None

    @property
    def outage(self) -> Outage | None:
        """The outage that lasts; None while Slack answers, and for a single call that failed."""
        failed = self._failed
        return failed if failed is not None and failed.calls > 1 else None

    @property
    def in_doubt(self) -> bool:
        """Whether a call has failed since Slack answered last."""
        return self._failed is not None

    def note(self, method: SlackMethod, outbox: Outbox, *, error: str | None, now: datetime) -> bool:
        """Notes a call that Slack answered (`error` None) or did not; whether an outage is over by it.

        Then all that waits in the outbox is tried. Where nothing waits, any answer ends an outage, since
        nobody calls what failed.
        """
        with self._lock:
            self.answers[method.value, "answered" if error is None else "not answered"] += 1
            if error is not None:
                self._note_failure(method, error, now, outbox)
                return False
            return self._note_answer(method, now, outbox)

    def note_token(self, answer: object) -> None:
        """Notes what Slack answered to a call with the token: `doubt` is set where that is new."""
        is_refused = isinstance(answer, DeliveryError) and answer.code in TOKEN_CODES
        if is_refused != (self.refusal is not None):
            self.doubt.set()

    def _note_answer(self, method: SlackMethod, now: datetime, outbox: Outbox) -> bool:
        before, outage = self._failed, self.outage
        if before is None or not (before.method in (method, SlackMethod.AUTH_TEST) or not outbox.waiting()):
            return False
        self._failed = None
        if outage is not None:
            after = lasted(now - outage.since)
            log.info("Slack answers again", after=after, calls_failed=outage.calls, waiting=outbox.waiting())
            outbox.reset_back_off(now)
        return outage is not None

    def _note_failure(self, method: SlackMethod, error: str, now: datetime, outbox: Outbox) -> None:
        before = self._failed
        if before is None or (before.calls == 1 and now - before.since > DOUBT):
            self._failed = Outage(since=now, calls=1, method=method)
            self.doubt.set()
            return
        what = method if method is SlackMethod.AUTH_TEST else before.method
        self._failed = replace(before, calls=before.calls + 1, method=what)
        if before.calls == 1:
            log.warning(
                "Slack cannot be reached",
                since=f"{before.since:%Y-%m-%d %H:%M:%S} UTC",
                waiting=outbox.waiting(),
                calls_failed=2,
                why=error,
                fix=SLACK_FIX,
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
