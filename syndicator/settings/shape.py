"""The shape of the settings file: what each key may hold, and how it is said when it holds something else.

pydantic checks, `wording` says what it finds. Nothing outside this package sees these classes: `load` turns
them into the frozen values of `syndicator.settings`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from syndicator.characters import language_tag
from syndicator.errors import SettingsError
from syndicator.settings.address import base_address, whole_address
from syndicator.settings.permalinks import check_pattern
from syndicator.settings.places import database_url

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=100 * 365)
DURATION = re.compile(r"(\d{1,9})\s*([smhdw])")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
CHANNEL = re.compile(r"\S{1,81}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def duration(text: str) -> timedelta:
    """A length of time as people write it: 90s, 10m, 2h, 7d. Raises ValueError with what it must be."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be a number and a unit: 90s, 10m, 2h, 7d")
    length = timedelta(**{UNITS[match[2]]: int(match[1])}) if len(match[1]) < 8 else LONGEST + LONGEST
    if length > LONGEST:
        raise ValueError("is longer than any life of this service")
    return length


def _duration(value: object) -> object:
    return value if isinstance(value, timedelta) else duration(str(value))


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone; write one like UTC or Europe/Berlin") from None
    return value


def _language(value: str) -> str:
    tag = language_tag(value)
    if tag is None:
        raise ValueError("is not a language; write one like en or de-DE (ja, not the country's jp)")
    return tag


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("must be letters, digits, `-`, `_` and `.`, at most 64")
    return value


def _permalink(value: str) -> str:
    try:
        pattern = check_pattern(value)
    except SettingsError as error:
        raise ValueError(str(error).removeprefix("permalink: ")) from None
    if not pattern.startswith("/"):
        raise ValueError("must begin with a slash, like /blog/:year/:title/, or be one of Jekyll's styles")
    return value


def _clock(value: object) -> object:
    match = CLOCK.fullmatch(str(value).strip())
    if match is None:
        raise ValueError('must be a time of day in quotes, like "22:00"')
    return int(match[1]) * 60 + int(match[2])


def _channel(value: str) -> str:
    if not CHANNEL.fullmatch(value):
        raise ValueError('must be a channel\'s id, like C0123456789, or its name in quotes, like "#news"')
    return value


def _deliver(value: object) -> object:
    if value != "immediate" and not isinstance(value, dict):
        raise ValueError('must be `immediate`, or a digest like {digest: "0 9 * * mon-fri"}')
    return value


def _edits(value: bool) -> bool:
    if value:
        raise ValueError("is not built yet: nothing would be corrected; leave it out")
    return value


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _slack(value: object) -> object:
    return {"mode": value} if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Language = Annotated[str, AfterValidator(_language)]
Address = Annotated[str, AfterValidator(base_address)]
Hub = Annotated[str, AfterValidator(whole_address)]
Database = Annotated[str, AfterValidator(database_url)]
Name = Annotated[str, AfterValidator(_name)]
Permalink = Annotated[str, AfterValidator(_permalink)]
Clock = Annotated[int, BeforeValidator(_clock)]
Channel = Annotated[str, AfterValidator(_channel)]
Edits = Annotated[bool, AfterValidator(_edits)]
Names = Annotated[list[str], BeforeValidator(_list)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SiteShape(Shape):
    title: str = Field(min_length=1)
    base_url: Address
    language: Language = "en"
    time_zone: TimeZone = "UTC"
    description: str = ""


class SourceShape(Shape):
    name: Name
    path: str = Field(min_length=1)
    profile: Literal["smartable", "jekyll", "hugo"] = "smartable"
    fields: dict[str, Names] = Field(default_factory=dict)
    unpublished: Literal["exclude", "include"] = "exclude"
    topics: Names = Field(default_factory=list)
    base_url: Address | None = None
    permalink: Permalink | None = None
    time_zone: TimeZone | None = None


class FeedsShape(Shape):
    limit: int = Field(default=50, ge=1, le=500)
    hub: Hub | None = None
    roll_up: bool = False
    tombstones: bool = False


class ServerShape(Shape):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    cache: Duration = timedelta(minutes=5)


class WatchShape(Shape):
    quiet: Duration = timedelta(seconds=2)
    scan_every: Duration = timedelta(seconds=60)

    @field_validator("scan_every")
    @classmethod
    def not_busy(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError("must be at least 1s")
        return value


class DeliverShape(Shape):
    """`deliver: immediate`, or `{digest: "0 9 * * mon-fri", time_zone: …}`."""

    digest: str
    time_zone: TimeZone = "UTC"
    minimum: int = Field(default=1, ge=1)
    maximum: int = Field(default=10, ge=1, le=20)
    per_provider: int = Field(default=3, ge=1)


class QuietHoursShape(Shape):
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    time_zone: TimeZone = "UTC"


class ExcludeShape(Shape):
    topics: Names = Field(default_factory=list)
    providers: Names = Field(default_factory=list)
    types: Names = Field(default_factory=list)


class RouteShape(Shape):
    name: Name
    channel: Channel
    topics: Names = Field(default_factory=list)
    providers: Names = Field(default_factory=list)
    types: Names = Field(default_factory=list)
    exclude: ExcludeShape = Field(default_factory=ExcludeShape)
    min_quality: float | None = None
    min_heat: float | None = None
    level: str | None = None
    deliver: Annotated[Literal["immediate"] | DeliverShape, BeforeValidator(_deliver)] = Field(
        default_factory=lambda: DeliverShape(digest="0 9 * * *")
    )
    gather: Duration = timedelta(0)
    flood_window: Duration = timedelta(seconds=30)
    edits: Edits = False
    max_age: Duration = timedelta(days=7)
    quiet_hours: QuietHoursShape | None = None
    per_hour: int | None = Field(default=None, ge=1)
    show_reason: bool = False
    webhook_file: str | None = None


class SlackShape(Shape):
    """`slack: preview` is short for `slack: {mode: preview}`."""

    mode: Literal["post", "preview"] = "post"
    confirm_after: Duration = timedelta(seconds=60)


class FileShape(Shape):
    """The whole file, with the environment laid over it."""

    site: SiteShape
    sources: list[SourceShape] = Field(min_length=1)
    levels: dict[Name, Annotated[float, Field(ge=-1e9, le=1e9)]] = Field(default_factory=dict)
    topics: Names = Field(default_factory=list)
    feeds: FeedsShape = Field(default_factory=FeedsShape)
    output: str = Field(default="../public", min_length=1)
    state: Database = "sqlite:///../var/syndicator.db"
    server: ServerShape | None = Field(default_factory=ServerShape)
    watch: WatchShape = Field(default_factory=WatchShape)
    slack: Annotated[SlackShape, BeforeValidator(_slack)] = Field(default_factory=SlackShape)
    routes: list[RouteShape] = Field(default_factory=list)

    @field_validator("sources", "routes", mode="before")
    @classmethod
    def absent_is_empty(cls, value: Any) -> Any:
        return [] if value is None else value
