"""The settings: each stage is handed the part that it needs, as it is.

Frozen and checked. What a route or a source alone can tell to be wrong is refused here, in code as in the
file; `faults` has what needs more than one of them. Made by `load_settings`, paths are absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    InstanceOf,
    SecretStr,
    Tag,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from syndicator.models import Problem
from syndicator.settings import types as setting
from syndicator.urls import encoded, http_link

RULE = "rule"
"""The type of an error that says all there is to say, without the value."""


class Model(BaseModel):
    """An alias is the key in the file, the name is for code."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=True, validate_by_alias=True
    )


class Site(Model):
    """What all feeds say of the place they come from. `base_url` ends in a slash."""

    title: setting.Title = Field(min_length=1)
    base_url: setting.Address
    language: setting.Language = "en"
    time_zone: setting.TimeZone = "UTC"
    description: setting.Line = ""


class Source(Model):
    """One folder of articles. `name` is part of every guid."""

    name: setting.Name
    path: setting.Named
    profile: setting.Tool = setting.Tool.SMARTABLE
    fields: setting.FieldKeys = Field(default_factory=dict)
    """Keys in order of preference, by the field that is read from them."""
    unpublished: Literal["exclude", "include"] = "exclude"
    stories: setting.StoryRule = setting.StoryRule.ALIKE
    topics: setting.Names = ()
    """Patterns of topic files, relative to `path`."""
    base_url: setting.Address | None = None
    """Where the source's own site is published, for articles without a link of their own."""
    permalink: setting.Permalink | None = None
    """The pattern of their paths there, or a Jekyll style, or one for each folder; the tool's default for
    what it leaves out."""
    languages: setting.Names = ()
    """Hugo's, the default first, where files are translations by their names (`a.de.md`)."""
    time_zone: setting.TimeZone | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or "UTC")

    @field_validator("topics")
    @classmethod
    def inside(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        if any(Path(pattern).is_absolute() or ".." in Path(pattern).parts for pattern in topics):
            raise PydanticCustomError(RULE, "must lie inside the source's folder")
        return topics


class Feeds(Model):
    limit: int = Field(default=50, ge=1, le=500)
    hub: setting.Hub | None = None
    roll_up: bool = False
    """Whether a child topic's entries stand in its parents' feeds as well."""
    tombstones: bool = False


class Listen(Model):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    cache: setting.Duration = timedelta(minutes=5)


class Admin(Model):
    """Where the operator looks: health, metrics, a page. Who reaches it may read paths and titles."""

    host: str = "127.0.0.1"
    port: int = Field(default=9090, ge=0, le=65535)


class Backup(Model):
    """How often the service backs its state up, and where to; beside the database where `folder` is None."""

    folder: setting.Named | None = None
    every: Annotated[setting.Duration, setting.at_least("1m")] = timedelta(hours=1)


class AlertsTo(Model):
    """Where the operator is told that something is wrong with the service, and that it is over.

    `after` is for what may pass by itself; bad files are told from `problems` of a kind on.
    """

    channel: setting.ChannelId | None = None
    webhook_file: setting.Beside | None = None
    after: setting.Duration = timedelta(minutes=10)
    problems: int = Field(default=10, ge=1)


class Watch(Model):
    quiet: setting.Duration = timedelta(seconds=2)
    scan_every: Annotated[setting.Duration, setting.at_least("1s")] = timedelta(seconds=60)


class Digest(Model):
    """Messages on a schedule: a five-field crontab in a named time zone, weekday 1 is Monday."""

    cron: str = Field(validation_alias="digest")
    time_zone: setting.TimeZone = "UTC"
    minimum: int = Field(default=1, ge=1)
    """Below this many stories a digest carries over to the next."""
    maximum: int = Field(default=10, ge=1, le=20)
    per_provider: int = Field(default=3, ge=1)
    group: Literal["topic", "publisher", "none"] = "topic"
    """How a digest of more than 10 stories is divided."""

    @field_validator("cron")
    @classmethod
    def sometimes(cls, cron: str, info: ValidationInfo) -> str:
        if info.context is None:
            return cron
        from syndicator.crontab import read_crontab  # it loads APScheduler, which `status` has no need of

        try:
            read_crontab(cron)
        except ValueError as error:
            raise PydanticCustomError(RULE, "{what}", {"what": str(error)}) from None
        return cron


class QuietHours(Model):
    """From and to in local time; `start > end` spans midnight."""

    start: setting.TimeOfDay = Field(validation_alias="from")
    end: setting.TimeOfDay = Field(validation_alias="to")
    time_zone: setting.TimeZone = "UTC"


class Exclude(Model):
    topics: setting.Names = ()
    providers: setting.Names = ()
    types: setting.Names = ()


def _deliver(value: object) -> object:
    if value != "immediate" and not isinstance(value, dict | Digest):
        raise ValueError('must be `immediate`, or a digest like {digest: "0 9 * * mon-fri"}')
    return value


Deliver = Annotated[
    Annotated[Literal["immediate"], Tag("[immediate]")] | Annotated[Digest, Tag("[digest]")],
    Discriminator(lambda value: "[immediate]" if value == "immediate" else "[digest]"),
    BeforeValidator(_deliver),
]


class Route(Model):
    """What one Slack channel gets: which entries, how good, when, how much.

    Topics, providers and types are shell-style patterns matched without regard to case; empty means all.
    A topic pattern is matched against names, slugs and aliases and takes the topic's children along.
    """

    name: setting.Name
    channel: setting.Channel
    topics: setting.Names = ()
    providers: setting.Names = ()
    types: setting.Names = ()
    exclude: Exclude = Exclude()
    min_quality: float | None = None
    """Within Settings, that of the `level` where it has one."""
    min_heat: float | None = None
    min_publishers: int = Field(default=1, ge=1)
    """How many must have the story."""
    level: str | None = None
    about: setting.Pace | None = None
    """So many stories a day or week; each day's minimum quality is worked out from the month before it."""
    deliver: Deliver = Digest(cron="0 9 * * *")
    gather: setting.Duration = timedelta(0)
    """How long an immediate message waits for the other publishers of its story."""
    flood_window: setting.Duration = timedelta(seconds=30)
    """More than 20 stories within it become one digest."""
    edits: bool = False
    """Whether a posted message follows its story, for a week."""
    max_age: setting.Duration = timedelta(days=7)
    quiet_hours: QuietHours | None = None
    per_hour: int | None = Field(default=None, ge=1)
    show_reason: bool = False
    """A last line in each message that says why it was sent."""
    webhook_file: setting.Beside | None = None

    @field_validator("level", "about")
    @classmethod
    def one_minimum(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = [name for name in ("min_quality", "level") if info.data.get(name) is not None]
        if value is not None and given:
            names = {"one": info.field_name, "other": given[0]}
            raise PydanticCustomError(RULE, "give `{one}` or `{other}`, not both: leave one out", names)
        return value

    @field_validator("gather", "flood_window", "edits")
    @classmethod
    def immediate(cls, value: timedelta | bool, info: ValidationInfo) -> timedelta | bool:
        if value and isinstance(info.data.get("deliver"), Digest):
            raise PydanticCustomError(
                RULE, "is for `deliver: immediate`: a digest waits, and is never edited"
            )
        return value


class Slack(Model):
    """With `preview` nothing is posted: messages are drawn in the terminal."""

    mode: Literal["post", "preview"] = "post"
    confirm_after: setting.Duration = timedelta(seconds=60)


class Credentials(Model):
    """How to reach Slack, from the environment and the files that it or a route names; never in the settings
    file. A bot's token, or one webhook for each route that has it."""

    token: SecretStr | None = None
    webhooks: Mapping[str, SecretStr] = Field(default_factory=dict)
    """By route name."""
    alerts: SecretStr | None = None
    """The webhook of `alerts_to`."""
    api_url: str = "https://slack.com/api/"


Levels = Annotated[
    Mapping[setting.LevelName, Annotated[float, Field(ge=-1e9, le=1e9)]],
    AfterValidator(lambda levels: dict(sorted(levels.items(), key=lambda level: level[1]))),
]


class Settings(Model):
    site: Site
    sources: tuple[Source, ...]
    levels: Levels = Field(default_factory=dict)
    """The lowest quality of each, lowest first."""
    topics: setting.Patterns = ()
    """Patterns of topic files that belong to no source."""
    feeds: Feeds = Feeds()
    output: setting.Named = Field(default=Path("../public"), validate_default=True)
    state: setting.Database = Field(default="sqlite:///../var/syndicator.db", validate_default=True)
    """An SQLAlchemy URL."""
    backup: Backup | None = None
    server: Listen | None = Listen()
    admin: Admin | None = None
    alerts_to: AlertsTo | None = None
    ping: SecretStr | None = None
    """An address that is called every minute while the service does its work."""
    watch: Watch = Watch()
    slack: Annotated[
        Slack, BeforeValidator(lambda value: {"mode": value} if isinstance(value, str) else value)
    ] = Slack()
    routes: tuple[Route, ...] = ()
    credentials: InstanceOf[Credentials] = Field(default=Credentials(), exclude=True)
    """No key of the file: a mapping is refused."""

    @field_validator("sources", "routes", mode="before")
    @classmethod
    def absent_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @field_validator("ping", mode="before")
    @classmethod
    def http(cls, value: object) -> object:
        """Errors hold no value: whoever has the address can call it."""
        if value is None or isinstance(value, SecretStr):
            return value
        try:
            return SecretStr(encoded(http_link(str(value))))
        except ValueError as error:
            raise PydanticCustomError(RULE, "{what}", {"what": str(error)}) from None

    @field_validator("sources")
    @classmethod
    def some_in_a_zone(cls, sources: tuple[Source, ...], info: ValidationInfo) -> tuple[Source, ...]:
        """At least one source; one without a time zone has the site's."""
        if not sources:
            # With `min_length`, pydantic counts wrong items as absent.
            raise PydanticKnownError(
                "too_short", {"field_type": "Tuple", "min_length": 1, "actual_length": 0}
            )
        zone = {"time_zone": info.data["site"].time_zone} if "site" in info.data else {}
        return tuple(one if one.time_zone else one.model_copy(update=zone) for one in sources)

    @field_validator("routes")
    @classmethod
    def with_levels(cls, routes: tuple[Route, ...], info: ValidationInfo) -> tuple[Route, ...]:
        levels = info.data.get("levels", {})
        return tuple(
            one.model_copy(update={"min_quality": levels[one.level]}) if one.level in levels else one
            for one in routes
        )

    def file_of(self, problem: Problem) -> Path:
        """The file that has the problem. Topic files outside any source are named by their folder."""
        folders = {source.name: source.path for source in self.sources}
        return folders.get(problem.source, Path(problem.source)) / problem.path

    def place_of(self, problem: Problem) -> str:
        """The file with line and column, as an editor takes it."""
        return f"{self.file_of(problem)}:{problem.line}:{problem.column}"
