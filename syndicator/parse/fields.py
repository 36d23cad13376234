"""Front matter read through a profile, field by field, each with one strict idea of what it may hold.

A value of the wrong kind is an ArticleError at its key. Only what decorates (a picture, a logo, a related
article) is left out instead where it is malformed: a reader would rather have the article without it. Dates
are read by one rule for every form of front matter.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from syndicator.errors import ArticleError
from syndicator.parse.front_matter import FrontMatter
from syndicator.parse.profiles import KeyPath, Profile
from syndicator.settings.types import Field
from syndicator.text import plain_line, visible
from syndicator.yaml_reader.events import shown
from syndicator.yaml_reader.scalars import Value, WrittenFloat

FIRST_YEAR, LAST_YEAR = 1970, 2200
_TO_THE_SECOND = re.compile(r"-.*:\d{2}:\d{2}")
_UTC = ZoneInfo("UTC")
_FORM = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt ] ?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    r"(?: ?([Zz]|UTC|GMT|([+-])(\d{1,2}):?(\d{2})?))?)?",
    re.ASCII,
)


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment that `text` names, in UTC, in whole seconds.

    Takes RFC 3339 and the ISO 8601 forms near it (`2024-01-02`, `2024-01-02 15:04`, `2024-01-02T15:04:05Z`,
    `2024-01-02 15:04:05 +0200` as Jekyll writes it, `2024/01/02`); a date alone is its midnight. Without an
    offset it is in `zone`: the earlier of two where clocks are set back, moved forward where they skip an
    hour. Raises ValueError that says what is wrong, also outside the years 1970 to 2200.
    """
    found = _date(text)
    if found is None:
        raise ValueError("is not a date")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"is not between {FIRST_YEAR} and {LAST_YEAR}")
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(found, zone)).astimezone(UTC)
    except ValueError:
        raise ValueError("is not in the calendar") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"is not between {FIRST_YEAR} and {LAST_YEAR}")
    return moment


def _date(text: str) -> re.Match[str] | None:
    return _FORM.fullmatch(text.strip().replace("/", "-"))


def _zone(found: re.Match[str], zone: ZoneInfo) -> timezone | ZoneInfo:
    if not found[7]:
        return zone
    if not found[8]:
        return UTC
    hours, minutes = int(found[9]), int(found[10] or 0)
    if minutes > 59:
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if found[8] == "-" else offset)


_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_LARGEST = 1e15
LONGEST_NAME = 200


class FieldValue(NamedTuple):
    """A value and the keys that lead to it, as the file spells them."""

    value: Value
    at: KeyPath


def as_text(value: Value) -> str | None:
    """The words of a scalar as written; None for a flag, a list or a mapping, which are no text."""
    if type(value) is str:
        return value
    if isinstance(value, WrittenFloat):
        return value.written
    return str(value) if type(value) is int else None


def as_name(value: Value) -> str | None:
    """A name on one line, from a scalar or from the `name` of a mapping; None where there is none to see."""
    text = as_text(value.get("name") if isinstance(value, dict) else value)
    name = plain_line(text, LONGEST_NAME) if text is not None else ""
    return name if visible(name) else None


def as_number(value: Value) -> float | None:
    """A finite number, also from text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= _LARGEST else None


class Fields:
    """The fields of one file."""

    def __init__(self, matter: FrontMatter, profile: Profile) -> None:
        self.matter, self._profile = matter, profile

    def all(self, field: Field) -> list[FieldValue]:
        """What the keys of `field` hold, in order of preference; an empty value counts as none, so does a
        flag where the key may hold a date as well."""
        reached = [found for found in map(self._reach, self._profile.keys[field]) if found]
        if field is Field.PUBLISHED:
            reached = [one for one in reached if not self._is_date_or_flag(one) or _flag(one.value) is None]
        return [found for found in reached if found.value is not None and found.value != ""]

    def first(self, field: Field) -> FieldValue | None:
        return next(iter(self.all(field)), None)

    def problem(self, field: Field, what: str, fix: str) -> ArticleError:
        """An ArticleError for what the field holds, at its key; at the top where the file has no such key."""
        found = self.first(field)
        return self._wrong(found, what, fix) if found else self.matter.document.problem(what, fix)

    def keys(self, field: Field) -> str:
        """The keys that may hold the field, for a message."""
        return " or ".join(f"`{'.'.join(path)}`" for path in self._profile.keys[field])

    def text(self, field: Field) -> str | None:
        """The field's text as written; None where there is none. Raises ArticleError for what is no text."""
        found = self.first(field)
        if found is None:
            return None
        text = as_text(found.value)
        if text is None:
            fix = "Put it in quotes" if isinstance(found.value, bool) else "Write one text"
            raise self._wrong(found, f"is {_kind(found.value)}, not text", fix)
        return text

    def flag(self, field: Field) -> bool | None:
        """True or false; None where the key is missing, or has a date and may have one. Anything else is a
        problem, also an empty value."""
        found = next(filter(None, map(self._reach, self._profile.keys[field])), None)
        if found is None:
            return None
        flag = _flag(found.value)
        if flag is None and not (self._is_date_or_flag(found) and _date(as_text(found.value) or "")):
            raise self._wrong(found, f"is {_quoted(found.value)}, not a flag", "Write true or false")
        return flag

    def _is_date_or_flag(self, found: FieldValue) -> bool:
        """Whether it is Hugo's `published`, which may be either."""
        of_both = {*self._profile.keys[Field.PUBLISHED]} & {*self._profile.keys[Field.PUBLIC]}
        return tuple(map(str.lower, found.at)) in of_both

    def number(self, field: Field) -> float | None:
        """A finite number, also one in quotes; None where there is none. Raises ArticleError for others."""
        found = self.first(field)
        if found is None:
            return None
        if (number := as_number(found.value)) is None:
            raise self._wrong(found, f"is {_quoted(found.value)}, not a number", "Write a number such as 75")
        return number

    def moment(self, field: Field, zone: ZoneInfo) -> datetime | None:
        """The field's moment in UTC; None where there is none. Raises ArticleError for what is no date."""
        found = self.first(field)
        if found is None:
            return None
        try:
            text = as_text(found.value) or ""
            is_utc = self._profile.times_are_utc and _TO_THE_SECOND.search(text)
            return read_moment(text, _UTC if is_utc else zone)
        except ValueError as error:
            fix = "Write it like 2024-01-02 or 2024-01-02T15:04:05Z"
            raise self._wrong(found, f"{error}: {_quoted(found.value)}", fix) from None

    def offset(self, field: Field, zone: ZoneInfo) -> tzinfo:
        """The offset that the field's date is written with; `zone` where it has none."""
        found = self.first(field)
        date = _date(as_text(found.value) or "") if found else None
        return _zone(date, zone) if date else zone

    def names(self, field: Field, keys: frozenset[str] | None = None) -> tuple[str, ...]:
        """The names under all keys of the field, each once without regard to case, in their order.

        Only those under `keys` where these are given.
        Raises ArticleError for what is neither a text nor a list of texts.
        """
        names: dict[str, str] = {}
        for found in self.all(field):
            if keys is not None and found.at[-1] not in keys:
                continue
            for item in self._items(found):
                name = as_name(item)
                if name is None:
                    what = f"has {_quoted(item)} in it, not a name"
                    raise self._wrong(found, what, "Write a list of names")
                names.setdefault(name.casefold(), name)
        return tuple(names.values())

    def _items(self, found: FieldValue) -> list[Value]:
        if isinstance(found.value, list):
            # Hexo writes a category and its child as a list within the list.
            nested = (item if isinstance(item, list) else [item] for item in found.value)
            return [item for items in nested for item in items if item is not None and item != ""]
        if found.at[-1] in self._profile.split_words and type(found.value) is str:
            return list(dict.fromkeys(found.value.split()))
        return [found.value]

    def _wrong(self, found: FieldValue, what: str, fix: str) -> ArticleError:
        return self.matter.document.problem(f"`{'.'.join(found.at)}` {what}", fix, *found.at)

    def _reach(self, path: KeyPath) -> FieldValue | None:
        """What the path leads to; None where it leads nowhere."""
        here, at = self.matter.document.value, path
        for depth, step in enumerate(path):
            if type(here) is not dict:
                return None
            if step not in here:
                spelled = self._profile.any_case and next(
                    (k for k in here if k.lower() == step.lower()), None
                )
                if not spelled:
                    return None
                step, at = spelled, (*at[:depth], spelled, *at[depth + 1 :])
            here = here[step]
        return FieldValue(here, at)


def _flag(value: Value) -> bool | None:
    return value if isinstance(value, bool) else _FLAGS.get(value.lower()) if type(value) is str else None


def _kind(value: Value) -> str:
    """What a value is that is no text."""
    match value:
        case bool():
            return f"a flag ({str(value).lower()})"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "empty"


def _quoted(value: Value) -> str:
    text = as_text(value)
    return _kind(value) if text is None else f"“{shown(text)}”"
