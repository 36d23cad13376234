"""What a client already has and what it can read: the request's conditional and encoding headers (pure)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

# RFC 9110 8.8.3: an entity tag is quoted, may be marked weak, and holds no quote or control character.
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_TAGS = re.compile(rf"\s*(?:{_TAG.pattern}\s*)?(?:,\s*(?:{_TAG.pattern}\s*)?)*")


def is_unchanged(
    *, etag: str, modified: int, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Whether the client's copy is still good, so that 304 is the answer (RFC 9110 13.2.2).

    `etag` is strong and quoted, `modified` in Unix seconds. `If-None-Match` is compared weakly and, where it
    is there, decides alone, even when it makes no sense; a date that makes no sense is ignored.
    """
    if if_none_match is not None:
        return if_none_match == etag or _lists_tag(if_none_match.strip(), etag)
    since = _read_date(if_modified_since) if if_modified_since else None
    return since is not None and modified <= since


def _lists_tag(value: str, etag: str) -> bool:
    return value == "*" or (_TAGS.fullmatch(value) is not None and etag in _TAG.findall(value))


@lru_cache(maxsize=1024)
def _read_date(date: str) -> int | None:
    """The date in Unix seconds; None where it makes no sense, however many digits it has."""
    try:
        moment = parsedate_to_datetime(date)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is acceptable and at least as welcome as the plain form (RFC 9110 12.5.3).

    >>> [accepts_gzip(v) for v in ("gzip, br", "", "gzip;q=0", "*", "gzip;q=0.2, identity;q=0.9", "x-gzip")]
    [True, False, False, True, False, True]
    """
    weights = dict(_read_weight(part) for part in accept_encoding.lower().split(",") if part.strip())
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    # Where identity is not named it is acceptable, but anything that is named is preferred to it.
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _read_weight(part: str) -> tuple[str, float]:
    """`gzip;q=0.5` as ("gzip", 0.5); a weight that makes no sense is 0, the careful reading."""
    coding, _, parameters = part.partition(";")
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return coding.strip(), 1.0
    match = re.fullmatch(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?", value.strip())
    return coding.strip(), float(match[0]) if match else 0.0
