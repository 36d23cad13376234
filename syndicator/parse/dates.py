"""Dates as people and tools write them to moments in UTC, by one rule for every form of front matter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1970, 2200
_FORM = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt ] ?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    r"(?: ?([Zz]|UTC|GMT|([+-])(\d{2}):?(\d{2})?))?)?",
    re.ASCII,
)


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment that `text` names, in UTC, in whole seconds.

    Takes RFC 3339 and the ISO 8601 forms near it (`2024-01-02`, `2024-01-02 15:04`, `2024-01-02T15:04:05Z`,
    `2024-01-02 15:04:05 +0200` as Jekyll writes it); a date alone is its midnight. Without an offset it is
    in `zone`: the earlier of two where clocks are set back, moved forward where they skip an hour. Raises
    ValueError that says what is wrong, also outside the years 1970 to 2200.
    """
    found = _FORM.fullmatch(text.strip())
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


def _zone(found: re.Match[str], zone: ZoneInfo) -> timezone | ZoneInfo:
    if not found[7]:
        return zone
    if not found[8]:
        return UTC
    offset = timedelta(hours=int(found[9]), minutes=int(found[10] or 0))
    if offset > timedelta(hours=18) or int(found[10] or 0) > 59:
        raise ValueError
    return timezone(-offset if found[8] == "-" else offset)
