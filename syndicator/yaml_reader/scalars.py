"""What a bare word in front matter means: text, number, flag or nothing, by the YAML 1.2 core schema.

Narrower than the schema where it loses what was written: `012`, `0x1F`, `+5`, `1_000` and `12:30` stay text,
and so do whole numbers over 18 digits. A decimal number keeps its written form, so that a title of `1.10`
is not shown as `1.1`. Dates are never made here: they stay text and are read by one rule (parse.fields).
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"


class WrittenFloat(float):
    """A decimal number that remembers how it was written."""

    __slots__ = ("written",)

    def __new__(cls, written: str) -> WrittenFloat:
        number = super().__new__(cls, written)
        number.written = written
        return number

    written: str


_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("0123456789-+.")
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]{1,4})?")
_LONGEST_NUMBER = 64


def plain_scalar(text: str) -> Value:
    """The value of an unquoted scalar.

    >>> [plain_scalar(word) for word in ("NO", "true", "~", "012", "12", "1.5", "2024-01-02")]
    ['NO', True, None, '012', 12, 1.5, '2024-01-02']
    """
    if text[:1] in _NUMBER_STARTS and len(text) <= _LONGEST_NUMBER:
        return _number(text)
    return _WORDS.get(text, text)


def whole_number(digits: str) -> Value:
    """A JSON whole number: text where it is longer than a number may be here."""
    return int(digits) if _WHOLE.fullmatch(digits) else digits


def decimal_number(digits: str) -> Value:
    """A JSON or TOML decimal number: text where it is too long, infinite or not a number."""
    if len(digits) > _LONGEST_NUMBER or not math.isfinite(number := WrittenFloat(digits)):
        return digits
    return number


def _number(text: str) -> Value:
    if _WHOLE.fullmatch(text):
        return int(text)
    return decimal_number(text) if _DECIMAL.fullmatch(text) else text
