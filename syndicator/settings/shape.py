"""The shape of the settings file: what each key may hold, and how it is said when it holds something else.

pydantic checks; pydantic-settings lays the environment (`SYNDICATOR_SERVER__PORT`) over the file. Nothing
outside this package sees these classes: `load` turns them into the frozen values of `syndicator.settings`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from json import JSONDecodeError
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from syndicator.errors import SettingsError
from syndicator.publish.characters import language_tag
from syndicator.settings.address import base_address, whole_address
from syndicator.settings.places import database_url

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=100 * 365)
DURATION = re.compile(r"(\d{1,9})\s*([smhdw])")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
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


def _clock(value: object) -> object:
    match = CLOCK.fullmatch(str(value).strip())
    if match is None:
        raise ValueError('must be a time of day in quotes, like "22:00"')
    return int(match[1]) * 60 + int(match[2])


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
Clock = Annotated[int, BeforeValidator(_clock)]
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


class AdminShape(Shape):
    host: str = "127.0.0.1"
    port: int = Field(default=9090, ge=0, le=65535)


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
    channel: str = Field(min_length=1, max_length=81)
    topics: Names = Field(default_factory=list)
    providers: Names = Field(default_factory=list)
    types: Names = Field(default_factory=list)
    exclude: ExcludeShape = Field(default_factory=ExcludeShape)
    min_quality: float | None = None
    min_heat: float | None = None
    level: str | None = None
    deliver: Literal["immediate"] | DeliverShape = Field(
        default_factory=lambda: DeliverShape(digest="0 9 * * *")
    )
    gather: Duration = timedelta(0)
    edits: bool | None = None
    max_age: Duration = timedelta(days=7)
    quiet_hours: QuietHoursShape | None = None
    per_hour: int | None = Field(default=None, ge=1)
    show_reason: bool = False
    webhook_file: str | None = None

    @model_validator(mode="after")
    def one_bar(self) -> RouteShape:
        if self.level is not None and self.min_quality is not None:
            raise ValueError("give `level` or `min_quality`, not both")
        if self.gather and self.deliver != "immediate":
            raise ValueError("`gather` is for `deliver: immediate`; a digest gathers by its schedule")
        return self


class SlackShape(Shape):
    """`slack: preview` is short for `slack: {mode: preview}`."""

    mode: Literal["post", "preview"] = "post"
    confirm_after: Duration = timedelta(seconds=60)


class Environment(EnvSettingsSource):
    """The variables that begin with SYNDICATOR_; those of lists and mappings hold JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The value of a variable. Raises SettingsError, which names the variable, where it is no JSON."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError as error:
            raise SettingsError([f"{self._name_of(value)}: {_not_json(error)}"]) from None

    def _name_of(self, value: object) -> str:
        prefix = self.env_prefix.lower()
        names = (name for name, found in self.env_vars.items() if found == value and name.startswith(prefix))
        return next(names, self.env_prefix + "…").upper()


def _not_json(error: ValueError) -> str:
    where = f" ({error.msg} at character {error.pos + 1})" if isinstance(error, JSONDecodeError) else ""
    return f"must be JSON{where}; write it like '{{\"good\": 90}}' or '[\"a\"]', in single quotes"


class FileShape(BaseSettings):
    """The whole file. Lists come from the environment as JSON."""

    model_config = SettingsConfigDict(
        env_prefix="SYNDICATOR_", env_nested_delimiter="__", extra="forbid", frozen=True, allow_inf_nan=False
    )

    site: SiteShape
    sources: list[SourceShape] = Field(min_length=1)
    levels: dict[Name, Annotated[float, Field(ge=-1e9, le=1e9)]] = Field(default_factory=dict)
    topics: Names = Field(default_factory=list)
    feeds: FeedsShape = Field(default_factory=FeedsShape)
    output: str = Field(default="../public", min_length=1)
    state: Database = "sqlite:///../var/syndicator.db"
    server: ServerShape | None = Field(default_factory=ServerShape)
    admin: AdminShape = Field(default_factory=AdminShape)
    watch: WatchShape = Field(default_factory=WatchShape)
    slack: Annotated[SlackShape, BeforeValidator(_slack)] = Field(default_factory=SlackShape)
    routes: list[RouteShape] = Field(default_factory=list)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return Environment(settings_cls), init_settings

    @field_validator("sources", "routes", mode="before")
    @classmethod
    def absent_is_empty(cls, value: Any) -> Any:
        return [] if value is None else value
