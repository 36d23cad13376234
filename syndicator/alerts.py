"""The values that entries become on their way to Slack, named after the stage they have reached.

    Entry -> LedgerRow (what was decided of its story in a channel) -> Delivery (one message to one channel)

Frozen values, as in `models`; nothing here reads a clock, a disk or a network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RouteReason(StrEnum):
    """Why a route takes a story or holds it back. The log field, the metric label and `explain` use it.

    First why it does not, in the order in which a route asks.
    """

    NOT_PUBLIC = "not public"
    OTHER_TOPIC = "not of the route's topics"
    OTHER_PROVIDER = "not of the route's providers"
    OTHER_TYPE = "not of the route's types"
    EXCLUDED = "excluded by the route"
    BELOW_MINIMUM = "quality below the route's minimum"
    TOO_COOL = "heat below the route's minimum"
    FEW_PUBLISHERS = "fewer publishers than the route's minimum"
    TOO_OLD = "older than max_age"
    OWED = "owed"
    """The route takes it: public, matching, good and young enough, and new to the channel."""
    RISING = "owed: quality reached the minimum later"
    BACKFILL = "owed: asked for by `backfill`"
    BASELINE = "baseline: it was there when the route or source began"
    LET_GO = "let go: its route was removed while it was owed"
    WAITING = "owed: waits for its message"
    ANNOUNCED = "announced in this channel before"
    SHOWN = "shown in the terminal (`slack: preview`), not posted"
    DROPPED = "dropped before it was sent"
    FAILED = "given up: its message waits for a person"
    SAME_STORY = "another entry of its story is announced"
    BEYOND_LIMIT = "beyond the limit of `backfill`"


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyMinimum:
    """The minimum quality of a route with `about` from `day` (midnight UTC) on; None: it takes all.

    `stories` of the `days` before reached it.
    """

    route: str
    day: datetime
    quality: float | None
    stories: int
    days: int


class DeliveryState(StrEnum):
    """Where a message owed stands. Docs letter the transitions; no other way leads between states."""

    OWED = "owed"
    """Written, waiting for its time."""
    SENDING = "sending"
    """Claimed and committed; the call may be under way. An expired lease makes it unclear."""
    UNCLEAR = "unclear"
    """Slack may or may not have it: looked up after `confirm_after`, never sent again before that."""
    SENT = "sent"
    """Slack has it."""
    SHOWN = "shown"
    """Drawn in the terminal, because `slack: preview` asks for that; Slack does not have it."""
    FAILED = "failed"
    """Given up after 24 hours, or refused for good by a webhook; visible, retryable."""
    DROPPED = "dropped"
    """Ended by the operator, or empty because all its entries were withdrawn before it was sent; an edit also
    where Slack edits the message no more."""
    RELEASED = "released"
    """Taken back before it was sent: a mute, quiet hours or a flood began, and its stories are owed again. An
    edit: what it was for changed back."""


ENDED = {DeliveryState.DROPPED: RouteReason.DROPPED, DeliveryState.FAILED: RouteReason.FAILED}
"""What is so of a story that the ledger holds as owed, where its message has come to an end."""


class EditReason(StrEnum):
    CHANGED = "its story changed"
    WITHDRAWN = "its story was withdrawn"


class Retry(StrEnum):
    """What an operator's `retry` comes to, in the words that the operator reads."""

    AGAIN = "is sent again as soon as its channel is free"
    LOOKED_UP = "may be in the channel: it is looked up now, and sent again only if it is not there"
    UNCLEAR = "may be in the channel: it is looked up by itself, and sent again only if it is not there"
    ANYWAY = (
        "may be in the channel, and a webhook cannot look: nothing was changed. "
        "See whether it is there; if not, `--anyway` sends it, and perhaps twice"
    )
    NOT_NOW = "is not to be changed"


class LedgerKind(StrEnum):
    """What the ledger says of a story in a channel. A story is in it once for ever."""

    BASELINE = "baseline"
    """It was there when the route or source began, was too old when it qualified, or was let go with its
    route; announced by `backfill` alone."""
    OWED = "owed"
    """Taken by a route; its message is not yet known to be in the channel."""
    ANNOUNCED = "announced"
    SHOWN = "shown"
    """Its message was drawn in the terminal, and Slack does not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One line of the ledger: what was decided of a story in a channel, by which route and why.

    Judged once, at `at`; never judged again. An OWED one that is in no message waits for its message.
    """

    channel: str
    story: str
    guid: str
    route: str
    kind: LedgerKind
    reason: RouteReason
    at: datetime
    delivery: str | None = None
    """The message it is in, once there is one."""
    suspect: bool = False
    """It was owed in a backup that was restored: it may have been sent since, and is looked for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One time of a digest: `nominal` is local, without offset (`2026-10-25T02:30`); `at` is the moment.

    Both passes of the repeated hour in autumn are one slot, since they have the same nominal time.
    """

    nominal: str
    at: datetime


ALL_ROUTES = ""
"""In place of a route's name in a mute: it holds every route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A route told to hold back for a while, by whom it concerns and why; `lifted` ends it early."""

    id: int
    route: str
    since: datetime
    until: datetime
    why: str
    lifted: datetime | None = None

    @property
    def end(self) -> datetime:
        return self.until if self.lifted is None else min(self.until, self.lifted)

    def holds(self, route: str) -> bool:
        """Whether it is the route's own, or that of all routes."""
        return self.route in (ALL_ROUTES, route)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """How a channel does: nothing goes to it before `not_before`; `broken` says what a person must mend."""

    channel: str
    not_before: datetime
    failures: int = 0
    """Tries in a row that were not accepted or unclear."""
    broken: str | None = None


class SlackMethod(StrEnum):
    """What is called at Slack: its methods by their names, and an incoming webhook."""

    POST_MESSAGE = "chat.postMessage"
    UPDATE = "chat.update"
    WEBHOOK = "webhook"
    HISTORY = "conversations.history"
    LIST = "conversations.list"
    INFO = "conversations.info"
    AUTH_TEST = "auth.test"


BY_CHANNEL = frozenset({SlackMethod.POST_MESSAGE, SlackMethod.WEBHOOK})
"""The methods that Slack limits by channel; the others it limits for the whole workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How long Slack asked for a method not to be called (`Retry-After`).

    For one channel, or, with an empty `channel`, for the whole workspace
    (https://docs.slack.dev/apis/web-api/rate-limits).
    """

    method: SlackMethod
    channel: str = ""
    since: datetime
    """When Slack said so; a clock that shows less was set back."""
    until: datetime


CHANNEL_ID = re.compile(r"[CDG](?:[A-Z]*[0-9][A-Z0-9]*|[A-Z]{8,})")
"""Some have letters alone, as CPNFRNLTS; names are in small letters."""


def channel_name(channel: str) -> str | None:
    """The name of a channel that is called by it, as Slack has it; None for an id.

    >>> channel_name("#General"), channel_name("NEWS"), channel_name("C0GENERAL"), channel_name("CPNFRNLTS")
    ('general', 'news', None, None)
    """
    return None if CHANNEL_ID.fullmatch(channel) else channel.removeprefix("#").lower()


Way = tuple[str, str]
"""A route's name and a channel: how a message goes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel, or one edit of a message that was posted. `id` is deterministic, so that it
    is recognised after a restore."""

    id: str
    route: str
    channel: str
    kind: str
    """`alert`, `digest` or `edit`."""
    guids: tuple[str, ...] = ()
    more: int = 0
    """How many stories a digest counts as "+N more" beside those of `guids`."""
    state: DeliveryState = DeliveryState.OWED
    created: datetime
    due: datetime
    """Not to be tried before this moment."""
    message: Mapping[str, Any] = field(default_factory=dict)
    """What is posted: `blocks`, `text`, `metadata` as Slack takes them."""
    attempts: int = 0
    lease_until: datetime | None = None
    misses: int = 0
    """How often an unclear delivery was looked for and not found."""
    message_ts: str | None = None
    """Slack's id of the posted message."""
    error: str | None = None
    """What the last try said, without any secret."""
    failing_since: datetime | None = None
    """When the first of the tries that have failed since it was owed was made."""
    look_from: datetime | None = None
    """Before this moment it cannot have been posted; a look-up starts here. None: at `created`."""
    unsure: bool = False
    """The last try may have been accepted; before it is sent again it must be looked for."""
    why: str = ""
    """Why it was written, as the route's decision says it."""
    ended: datetime | None = None
    """When it was sent, dropped or released; None while something is to become of it."""
    edit_of: str | None = None
    """The id of the message that this edits."""
    edit_due: datetime | None = None
    """When a message that may be in its channel is to be compared with its story again, which has changed."""

    @property
    def permalink(self) -> str | None:
        """Where the message stands: Slack leads on from there to the workspace. None where its id or the
        channel's is not known, as with a webhook."""
        if self.message_ts is None or channel_name(self.channel) is not None:
            return None
        return f"https://slack.com/archives/{self.channel}/p{self.message_ts.replace('.', '')}"
