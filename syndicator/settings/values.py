"""The settings as every stage gets them: frozen, checked, paths absolute, durations and secrets typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from syndicator.alerts import Route
from syndicator.model import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One folder of articles. `name` is part of every guid; `path` is absolute."""

    name: str
    path: Path
    profile: str = "smartable"
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    include_unpublished: bool = False
    topics: tuple[str, ...] = ()
    """Patterns of topic files, relative to `path`."""
    base_url: str | None = None
    permalink: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    limit: int = 50
    hub: str | None = None
    roll_up: bool = False
    """Whether a child topic's entries stand in its parents' feeds as well."""
    tombstones: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    host: str
    port: int
    cache: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    quiet: timedelta = timedelta(seconds=2)
    scan_every: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """Where messages go: a bot's token, or one webhook for each route that has it.

    With `preview` nothing is posted, whatever there is: messages are drawn in the terminal.
    """

    token: SecretStr | None = None
    webhooks: Mapping[str, SecretStr] = field(default_factory=dict)
    """By route name."""
    api_url: str = "https://slack.com/api/"
    confirm_after: timedelta = timedelta(seconds=60)
    preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    file: Path
    site: Site
    sources: tuple[Source, ...]
    levels: Mapping[str, float]
    topics: tuple[Path, ...]
    """Patterns of topic files that belong to no source, absolute."""
    feeds: Feeds
    output: Path
    state: str
    """An SQLAlchemy URL whose path is absolute."""
    server: Listen | None
    watch: Watch
    slack: Slack
    routes: tuple[Route, ...]
