"""The values that articles become on their way to the feeds, named after the stage they have reached.

    file -> Article (what a file says) -> Entry (what subscribers see of it, with identity and history)
    Entry -> Topic feeds

What is made of them for Slack is in `alerts`.

Everything here is a frozen value. Nothing here reads a clock, a disk or a network; all times are aware
UTC datetimes and a naive one is refused where it would enter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from syndicator.text import fold

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

    def why(self, count: int = 1) -> str:
        """Why so many entries are not public, to follow "is" or "are"; empty for public ones. Code stands
        between backticks."""
        one = count == 1
        return {
            self.DRAFT: "not published (`published: false` or a draft)",
            self.EMBARGOED: f"embargoed: {'its' if one else 'their'} time is still to come",
            self.EXPIRED: "expired",
            self.WITHDRAWN: f"withdrawn: {'its file is' if one else 'their files are'} gone",
        }.get(self, "")


INCLUDE = (
    "If `published: false` only means that the text is not hosted by you, set `unpublished: include` "
    "for the source"
)
"""What to do about a draft that the operator may want to see."""


class FeedReason(StrEnum):
    IN = "in the feed"
    ARCHIVED = "in the archive: newer entries fill the feed"
    CROWDED_OUT = "newer entries fill the feed"
    NOT_PUBLIC = "not public"
    OTHER_TOPIC = "not of this topic"
    BELOW_LEVEL = "quality below the level's minimum"
    OTHER_COPY = "another copy with the same link is shown"


class Format(StrEnum):
    RSS = "rss"
    ATOM = "atom"
    JSON = "json"


FILE_NAMES = {Format.RSS: "rss.xml", Format.ATOM: "atom.xml", Format.JSON: "feed.json"}
RESERVED_LEVELS = frozenset({ALL, "archive", *FILE_NAMES.values()})
"""Names that no quality level may have, as they stand beside the levels' folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a file and how to mend it. `path` is relative to the source's folder; lines and
    columns count from 1."""

    source: str
    path: str
    line: int = 1
    column: int = 1
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.what}. {self.fix}"


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
    """A draft by its own word or, where its source takes that for one, `published: false`."""
    marked_draft: bool = False
    """A draft by its own word (`draft: true`, a folder of drafts), which no setting publishes."""
    quality: float | None = None
    heat: float | None = None
    guid: str | None = None
    """A `guid` key of the front matter, read at first sight only."""
    derived: bool = False
    """Whether the link was made of the source's `base_url` and the path, and so belongs to one file."""

    def __post_init__(self) -> None:
        refuse_naive(self.published)
        refuse_naive(self.modified)
        refuse_naive(self.expires)


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
    digest: bytes = field(default=b"", compare=False)
    """Of its file. By it and the next files are matched with entries; neither makes an entry another one."""
    withdrawn: datetime | None = field(default=None, compare=False)
    """When it was last found to be gone."""

    def __post_init__(self) -> None:
        refuse_naive(self.updated)
        refuse_naive(self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry as it is now and, where it was known, as it was before."""

    entry: Entry
    before: Entry | None = None

    @property
    def was_public(self) -> bool:
        return self.before is not None and self.before.visibility is Visibility.PUBLIC

    @property
    def is_public(self) -> bool:
        return self.entry.visibility is Visibility.PUBLIC

    @property
    def revised(self) -> bool:
        """Whether a subscriber can see a difference in the article itself."""
        return self.before is not None and self.before.updated != self.entry.updated


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTopic:
    """What one topic file says. `parent` is a name, alias or slug; `path` is where it stands. Names are found
    by their folded form: `key` is the name's; `aliases` are folded and sorted, the name not among them."""

    name: str
    key: str = field(init=False)
    slug: str | None = None
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    description: str = ""
    language: str | None = None
    source: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", fold(self.name))
        aliases = set(map(fold, self.aliases)) - {"", self.key}
        object.__setattr__(self, "aliases", tuple(sorted(aliases)))


class TopicStatus(StrEnum):
    """What became of a topic, which decides what its addresses answer."""

    WAITING = "waiting"
    """Named by articles of which none was ever public: no feed, and no word of it outside (404)."""
    LIVE = "live"
    MOVED = "moved"
    """It has another slug now (301)."""
    GONE = "gone"
    """It had feeds, and neither a topic file nor an article names it any more (410)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject that has feeds. `names` are the keys it is found by (its name, aliases and slug, folded), in
    order."""

    slug: str
    name: str
    parent: str | None = None
    """The parent topic's slug."""
    description: str = ""
    language: str | None = None
    names: tuple[str, ...] = ()
    status: TopicStatus = TopicStatus.WAITING
    moved_to: str | None = None
    """The slug that one which moved has now."""


_NO_OFFSET = timedelta(0)


def refuse_naive(moment: datetime | None) -> None:
    """Raises ValueError for a datetime without an offset or in another zone than UTC."""
    if moment is not None and moment.tzinfo is not UTC and moment.utcoffset() != _NO_OFFSET:
        raise ValueError(f"times are aware and in UTC here, and this one is not: {moment!r}")


def judge_visibility(article: Article, *, now: datetime, gone: bool = False) -> Visibility:
    """Whether the article is public at `now`, with the reason if it is not; the first that applies wins."""
    if gone:
        return Visibility.WITHDRAWN
    if article.draft:
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


class WrittenFile(NamedTuple):
    """A file of the output folder as it was when it was written; the digest is of its uncompressed bytes."""

    size_bytes: int
    mtime_ns: int
    inode: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that once stood in a topic's feed and does not now, and since when (RFC 6721)."""

    guid: str
    removed: datetime


class Appearance(NamedTuple):
    """What counts of one entry that a feed shows."""

    published: datetime
    quality: float | None = None
    publisher: str | None = None


def rank(entry: Entry) -> tuple[float, float, str]:
    """The order in a digest: best quality first, then newest; the guid breaks ties."""
    quality = entry.article.quality
    return (float("inf") if quality is None else -quality, -entry.article.published.timestamp(), entry.guid)
