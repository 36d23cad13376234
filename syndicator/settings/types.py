"""How single settings are written, and what is said where they are not.

Relative paths are those of the settings file's folder, which is the `context` of the validation; a model
that is made without one keeps them as they are. Nothing is opened or made here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticKnownError

from syndicator.alerts import CHANNEL_ID
from syndicator.models import RESERVED_LEVELS
from syndicator.text import language_tag, one_line
from syndicator.urls import base_address, encoded, http_link

STATE_PREFIX = "sqlite:///"
"""An SQLAlchemy URL: what follows is the path, absolute where it begins with another `/`."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=100 * 365)
DURATION = re.compile(r"(\d{1,9})\s*([smhdw])")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
PACE = re.compile(r"([1-9]\d{0,3}) ?(?:a |/ ?)(day|week)")
CHANNEL = re.compile(r"\S{1,81}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

# What a `permalink` may say, of a source or an article.
# Sources: jekyllrb.com/docs/permalinks, gohugo.io/configuration/permalinks.
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title.html",
    "none": "/:categories/:title.html",
}
TOKEN = re.compile(r":([a-z_]+(?:\[[^\]/]*\])?|2006[^/]*)")
"""A word, or a date as Hugo may have it, by Go's example of one."""
TIMES = {
    "year": "%Y", "short_year": "%y", "month": "%m", "i_month": "%-m", "day": "%d", "i_day": "%-d",
    "y_day": "%j", "hour": "%H", "minute": "%M", "second": "%S",
}  # fmt: skip
_WORDS = (
    "path", "sections", "section", "categories", "title", "slug", "name", "filename", "contentbasename",
    "slugorfilename", "slugorcontentbasename", "output_ext",
)  # fmt: skip
_TOKENS = frozenset((*_WORDS, *TIMES))


class Tool(StrEnum):
    SMARTABLE = "smartable"
    JEKYLL = "jekyll"
    HUGO = "hugo"


ANY_SITE = "https://www.example.org/"
"""Stands for a site's address that is not known; who leaves it in the settings is told so."""
DEFAULT_PERMALINKS = {
    Tool.SMARTABLE: "/:path",
    Tool.JEKYLL: "/:categories/:year/:month/:day/:title.html",
    Tool.HUGO: "/:sections/:slugorcontentbasename/",
}
"""The paths of articles on a site that says nothing of them."""


class StoryRule(StrEnum):
    """By what entries are one story."""

    ALIKE = "alike"
    """The rare words of titles and summaries, and what LINKS goes by."""
    LINKS = "links"
    """The same link."""
    OFF = "off"
    """Nothing: each is its own."""


class Field(StrEnum):
    """What a source may override: the fields of an entry, and what decides on them."""

    TITLE = "title"
    SUMMARY = "summary"
    LINK = "link"
    """The article's own absolute address."""
    PUBLISHED = "published"
    """The time of publishing."""
    MODIFIED = "modified"
    EXPIRES = "expires"
    PUBLIC = "public"
    """A flag: false makes a draft."""
    DRAFT = "draft"
    """A flag: true makes a draft."""
    TOPICS = "topics"
    """All keys are read, not only the first that is there; so too of authors and images."""
    AUTHORS = "authors"
    IMAGES = "images"
    PROVIDER = "provider"
    TYPE = "type"
    LANGUAGE = "language"
    RELATED = "related"
    QUALITY = "quality"
    HEAT = "heat"
    GUID = "guid"
    EMBEDDED = "embedded"
    """Raw HTML that stands above the body."""
    SLUG = "slug"
    ADDRESS = "address"
    """A path on the source's own site, or a Jekyll permalink template."""


def duration(text: str) -> timedelta:
    """A length of time as people write it: 90s, 10m, 2h, 7d. Raises ValueError with what it must be."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be a number and a unit: 90s, 10m, 2h, 7d")
    length = timedelta(**{UNITS[match[2]]: int(match[1])}) if len(match[1]) < 8 else LONGEST + LONGEST
    if length > LONGEST:
        raise ValueError("is longer than any life of this service")
    return length


def stories_a_day(about: str) -> float:
    """How many a day a pace asks for.

    >>> stories_a_day("3 a day"), stories_a_day("7 a week")
    (3.0, 1.0)
    """
    match = PACE.fullmatch(about)
    if match is None:
        raise ValueError("must be a number of stories a day or a week, like `3 a day` or `2 a week`")
    return int(match[1]) / (7 if match[2] == "week" else 1)


def _pace(value: object) -> str:
    """As people say it: `3/day` is `3 a day`."""
    text = str(value).strip()
    stories_a_day(text)
    return " a ".join(PACE.sub(r"\1 \2", text).split())


def at_least(length: str) -> AfterValidator:
    """Refuses what is shorter."""

    def check(value: timedelta) -> timedelta:
        if value < duration(length):
            raise ValueError(f"must be at least {length}")
        return value

    return AfterValidator(check)


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


def matches(form: re.Pattern[str], what: str) -> AfterValidator:
    """Refuses what is not wholly of this form, saying what it must be."""

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(what)
        return value

    return AfterValidator(check)


def _level(value: str) -> str:
    if value.lower() in RESERVED_LEVELS:
        raise ValueError("this name is taken by the output folder's own; choose another, like `top`")
    return value


def check_pattern(pattern: str) -> str:
    """`pattern`, or the pattern that Jekyll's style of that name stands for.

    Raises ValueError for a placeholder that is not known.
    """
    pattern = _STYLES.get(pattern, pattern)
    unknown = [f":{token}" for token in TOKEN.findall(pattern) if token not in _TOKENS]
    if unknown:
        known = " ".join(f":{token}" for token in sorted(_TOKENS))
        raise ValueError(f"{', '.join(unknown)} is not known; there are {known}")
    return pattern


def _permalink(value: str) -> str:
    if not check_pattern(value).startswith("/"):
        raise ValueError("must begin with a slash, like /blog/:year/:title/, or be one of Jekyll's styles")
    return value


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    match = CLOCK.fullmatch(str(value).strip())
    if match is None:
        raise ValueError('must be a time of day in quotes, like "22:00"')
    return time(int(match[1]), int(match[2]))


def _path(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str | Path):
        raise PydanticKnownError("string_type")
    return Path(value) if info.context is None else _beside(info.context, value)


def _beside(file: Path, path: str | Path) -> Path:
    """A path relative to the settings file's folder; `..` is folded, links are left alone."""
    return Path(os.path.normpath(file.absolute().parent / Path(path).expanduser()))


def _not_empty(value: object) -> object:
    if value == "":
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return value


def _database(value: str, info: ValidationInfo) -> str:
    path = value.removeprefix(STATE_PREFIX)
    if path == value:
        meant = STATE_PREFIX + ("var/syndicator.db" if ":" in value else value)
        raise ValueError(f"must be an SQLite file as a URL; write {meant}")
    if path in ("", ":memory:") or path.startswith("file:") or path.endswith("/") or "?" in path:
        raise ValueError(f"must name a file, without options; write {STATE_PREFIX}var/syndicator.db")
    return value if info.context is None else f"{STATE_PREFIX}{_beside(info.context, path)}"


Duration = Annotated[
    timedelta, BeforeValidator(lambda value: value if isinstance(value, timedelta) else duration(str(value)))
]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Language = Annotated[str, AfterValidator(_language)]
Address = Annotated[str, AfterValidator(base_address)]
Hub = Annotated[str, AfterValidator(http_link), AfterValidator(encoded)]
Line = Annotated[str, AfterValidator(one_line)]
Title = Annotated[str, AfterValidator(lambda value: one_line(value) or "News")]
Database = Annotated[str, AfterValidator(_database)]
Name = Annotated[str, matches(NAME, "must be letters, digits, `-`, `_` and `.`, at most 64")]
LevelName = Annotated[Name, AfterValidator(_level)]
Pattern = Annotated[str, AfterValidator(_permalink)]
FolderName = Annotated[str, AfterValidator(lambda value: value.strip("/"))]
Permalink = Annotated[
    Annotated[Pattern, Tag("[pattern]")] | Annotated[Mapping[FolderName, Pattern], Tag("[folders]")],
    Discriminator(lambda value: "[folders]" if isinstance(value, Mapping) else "[pattern]"),
]
"""One pattern, or one for each folder, such as a Hugo section; the nearest counts, "" for all others."""
Pace = Annotated[
    str, BeforeValidator(_pace), WithJsonSchema({"type": "string", "pattern": f"^{PACE.pattern}$"})
]
TimeOfDay = Annotated[time, BeforeValidator(_clock)]
Channel = Annotated[
    str, matches(CHANNEL, 'must be a channel\'s id, like C0123456789, or its name in quotes, like "#news"')
]
ChannelId = Annotated[
    str,
    matches(CHANNEL_ID, "must be the channel's id, like C0123456789, at the end of its details in Slack"),
]
Beside = Annotated[Path, BeforeValidator(_path)]
Named = Annotated[Path, BeforeValidator(_path), BeforeValidator(_not_empty)]
_ONE_OR_MORE = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
Names = Annotated[tuple[str, ...], _ONE_OR_MORE]
Patterns = Annotated[tuple[Beside, ...], _ONE_OR_MORE]
FieldKeys = Mapping[Field, Names]
