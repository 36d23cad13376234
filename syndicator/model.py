"""The values that pass between the rooms, named after the stage they have reached.

    file -> Article (what a file says) -> Entry (what subscribers see of it, with identity and history)
    Entry -> Topic feeds
    Entry -> Owed (a route has taken its story) -> Delivery (one message to one channel)

Everything here is a frozen value. Nothing here reads a clock, a disk or a network; all times are aware
UTC datetimes and a naive one is refused where it would enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

ALL = "all"
"""The slug of the feed of all topics together; no topic ever gets it."""


class Visibility(StrEnum):
    """Whether an entry is public, and if not, why. A closed list: logged, stored and shown as it stands."""

    PUBLIC = "public"
    DRAFT = "draft"
    """The article says that it is not published (`published: false`, Hugo's `draft: true`)."""
    EMBARGOED = "embargoed"
    """The published time is still to come; the entry appears at it without any file event."""
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The file is gone. The entry is kept, so that its guid and what was announced are kept."""


class FeedReason(StrEnum):
    """Why an entry stands in a feed or does not."""

    IN = "in the feed"
    ARCHIVED = "in the archive: newer entries fill the feed"
    CROWDED_OUT = "newer entries fill the feed"
    NOT_PUBLIC = "not public"
    OTHER_TOPIC = "not of this topic"
    BELOW_LEVEL = "quality below the level's bar"
    OTHER_COPY = "another copy with the same link is shown"


class RouteReason(StrEnum):
    """Why a route takes a story or holds it back. The log field, the metric label and `explain` use it."""

    OWED = "owed"
    """The route takes it: public, matching, good and young enough, and new to the channel."""
    RISING = "owed: quality rose over the bar"
    BASELINE = "baseline: it was there when the route or source began"
    WAITING = "owed: waits for its message"
    ANNOUNCED = "announced in this channel before"
    SAME_STORY = "another entry of its story is announced"
    NOT_PUBLIC = "not public"
    OTHER_TOPIC = "not of the route's topics"
    OTHER_PROVIDER = "not of the route's providers"
    OTHER_TYPE = "not of the route's types"
    EXCLUDED = "excluded by the route"
    BELOW_BAR = "quality below the route's bar"
    TOO_COOL = "heat below the route's bar"
    TOO_OLD = "older than max_age"


class Format(StrEnum):
    RSS = "rss"
    ATOM = "atom"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a text file; lines and columns count from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a file and how to mend it. `path` is relative to the source's folder."""

    source: str
    path: str
    at: Position = field(default_factory=Position)
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.path}:{self.at.line}:{self.at.column}: {self.what}. {self.cure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture by its absolute http(s) address; sizes in pixels where the article gives them."""

    url: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The publisher of an article."""

    name: str
    domain: str | None = None
    logo: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Another article that this one names; `canonical_link` is for comparing, `link` for showing."""

    title: str
    link: str
    canonical_link: str
    provider: str | None = None
    published: datetime | None = None
    quality: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What one file says, checked and cleaned: no entity, control character or relative link is left.

    Texts are plain but for `body`, which is sanitised HTML (empty when the article has none). `topics` are
    names as written, each once, in the article's order. `revision` is a hash over the fields that a
    subscriber can see; `quality`, `heat` and the draft flag are not among them.
    """

    source: str
    path: str
    """Relative to the source's folder, with `/`."""
    title: str
    link: str
    canonical_link: str
    published: datetime
    revision: str
    summary: str = ""
    body: str = ""
    images: tuple[Image, ...] = ()
    provider: Provider | None = None
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    type: str = "article"
    language: str | None = None
    related: tuple[Related, ...] = ()
    modified: datetime | None = None
    """The article's own word on when it was last changed; never trusted to say that it was."""
    expires: datetime | None = None
    draft: bool = False
    quality: float | None = None
    heat: float | None = None
    guid: str | None = None
    """A `guid` key of the front matter, read at first sight only."""

    def __post_init__(self) -> None:
        for moment in (self.published, self.modified, self.expires):
            refuse_naive(moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article with its identity and history: what feeds and messages are made of.

    `topics` are slugs of the article's own topics and, where settings roll up, of their parents; `seen` is
    when the service first saw it; `story` names the event it covers, the same for all its copies.
    """

    guid: str
    story: str
    article: Article
    updated: datetime
    seen: datetime
    visibility: Visibility
    topics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_naive(self.updated)
        refuse_naive(self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTopic:
    """What one topic file says. `parent` is a name, alias or slug; `path` is where it stands."""

    name: str
    slug: str | None = None
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    description: str = ""
    language: str | None = None
    source: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject that has feeds. `names` are the keys it is found by (its name, aliases and slug, folded)."""

    slug: str
    name: str
    parent: str | None = None
    """The parent topic's slug."""
    description: str = ""
    language: str | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all feeds say of the place they come from. `base_url` ends in a slash."""

    title: str
    base_url: str
    language: str = "en"
    description: str = ""


def refuse_naive(moment: datetime | None) -> None:
    """Raises ValueError for a datetime without an offset or in another zone than UTC."""
    if moment is not None and moment.utcoffset() != timedelta(0):
        raise ValueError(f"times are aware and in UTC here, and this one is not: {moment!r}")


def judge_visibility(
    article: Article, *, now: datetime, include_unpublished: bool = False, gone: bool = False
) -> Visibility:
    """Whether the article is public at `now`, with the reason if it is not; the first that applies wins."""
    if gone:
        return Visibility.WITHDRAWN
    if article.draft and not include_unpublished:
        return Visibility.DRAFT
    if article.expires is not None and article.expires <= now:
        return Visibility.EXPIRED
    if article.published > now:
        return Visibility.EMBARGOED
    return Visibility.PUBLIC


def number(value: float | None) -> str:
    """A quality or heat as people write it: `93`, `7.5`, and `unrated` where there is none.

    >>> number(93.0), number(7.5), number(None)
    ('93', '7.5', 'unrated')
    """
    return "unrated" if value is None else f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


# --- announcing -------------------------------------------------------------------------------------------


class DeliveryState(StrEnum):
    """Where a message owed stands. Docs letter the transitions; no other way leads between states."""

    OWED = "owed"
    """Written, waiting for its time."""
    SENDING = "sending"
    """Claimed and committed; the call may be under way. A lapsed lease makes it unclear."""
    UNCLEAR = "unclear"
    """Slack may or may not have it: looked up after `confirm_after`, never sent again before that."""
    SENT = "sent"
    FAILED = "failed"
    """Given up after 24 hours, or refused for good by a webhook; visible, retryable."""
    DROPPED = "dropped"
    """Ended by the operator, or empty because all its entries were withdrawn before it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Messages on a schedule: a five-field crontab in a named time zone, weekday 1 is Monday."""

    cron: str
    time_zone: str = "UTC"
    minimum: int = 1
    """Below this many stories a digest carries over to the next."""
    maximum: int = 10
    per_provider: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Immediate:
    """A message per story as soon as it qualifies, after the `gather` wait for its other publishers."""

    gather: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From and to as minutes after local midnight; `start > end` spans midnight."""

    start: int
    end: int
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One Slack channel's standing order: which entries, how good, when, how much.

    Topics, providers and types are shell-style patterns matched without regard to case; empty means all.
    A topic pattern is matched against names, slugs and aliases and takes the topic's children along.
    """

    name: str
    channel: str
    topics: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    exclude_topics: tuple[str, ...] = ()
    exclude_providers: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    min_quality: float | None = None
    min_heat: float | None = None
    max_age: timedelta = timedelta(days=7)
    deliver: Digest | Immediate = field(default_factory=lambda: Digest(cron="0 9 * * *"))
    quiet_hours: QuietHours | None = None
    per_hour: int | None = None
    edits: bool = False
    webhook: bool = False
    """Posted through an incoming webhook; the address itself stays with the sender."""
    show_reason: bool = False
    """A last line in each message that says why it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A story that a route has taken and not yet put into a message. Judged once; never judged again."""

    route: str
    channel: str
    story: str
    guid: str
    reason: RouteReason
    qualified: datetime


class LedgerKind(StrEnum):
    """What the ledger says of a story in a channel. A story is in it once for ever."""

    BASELINE = "baseline"
    """It was there when the route or source began, or was too old when it qualified; never announced."""
    OWED = "owed"
    """Taken by a route; its message is not yet known to be in the channel."""
    ANNOUNCED = "announced"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One line of the ledger: what was decided of a story in a channel, by which route and why."""

    channel: str
    story: str
    guid: str
    route: str
    kind: LedgerKind
    reason: RouteReason
    at: datetime
    delivery: str | None = None
    """The message it is in, once there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One time of a digest: `nominal` is local, without offset (`2026-10-25T02:30`); `at` is the moment.

    Both passes of the repeated hour in autumn are one slot, since they have the same nominal time.
    """

    nominal: str
    at: datetime


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """How a channel does: nothing goes to it before `not_before`; `broken` says what a person must mend."""

    channel: str
    not_before: datetime
    failures: int = 0
    """Tries in a row that were not accepted or unclear."""
    broken: str | None = None
    broken_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel. `id` is deterministic, so that it is recognised after a restore."""

    id: str
    route: str
    channel: str
    kind: str
    """`alert` or `digest`."""
    guids: tuple[str, ...]
    state: DeliveryState
    created: datetime
    due: datetime
    """Not to be tried before this moment."""
    message: Mapping[str, object] = field(default_factory=dict)
    """What is posted: `blocks`, `text`, `metadata` as Slack takes them."""
    attempts: int = 0
    lease_until: datetime | None = None
    misses: int = 0
    """How often an unclear delivery was looked for and not found."""
    message_ts: str | None = None
    """Slack's id of the posted message."""
    error: str | None = None
    """What the last try said, without any secret."""
    more: int = 0
    """How many stories a digest counts as "+N more" beside those of `guids`."""
    failing_since: datetime | None = None
    """When the first of the tries that have failed since it was owed was made."""
    look_from: datetime | None = None
    """Before this moment it cannot have been posted; a look-up starts here. None: at `created`."""
    unsure: bool = False
    """The last try may have been accepted; before it is sent again it must be looked for."""
