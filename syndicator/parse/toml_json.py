"""TOML and JSON front matter, as Hugo writes it, to the same plain values and within the same limits as YAML.

Neither parser tells where a value stands: what is wrong with one is reported at the first line.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from datetime import date, datetime, time
from typing import Any

from syndicator.errors import ArticleError
from syndicator.yaml_reader.events import LIMITS, SECRET, refuse_oversize, shown
from syndicator.yaml_reader.scalars import Value, decimal_number, whole_number

_TOML_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*'?"
    r"|\#[^\n]*+",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{LIMITS.depth}}}")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WIDEST = 10**18


def read_toml(text: str, first_line: int) -> Value:
    """A TOML document as plain values; dates become text as TOML writes them. Raises ArticleError."""
    refuse_oversize(text, LIMITS, first_line)
    # tomllib takes its time, with the square of the parts of a dotted key: what is too much is told before.
    bare = _TOML_TEXT.sub("s", text)
    if _LONG_KEY.search(bare):
        raise _too_deep(first_line)
    if sum(map(bare.count, "=,{[.")) > LIMITS.nodes:
        raise _too_many(first_line)
    try:
        table = tomllib.loads(text, parse_float=decimal_number)
    except RecursionError:
        raise _too_deep(first_line) from None
    except ValueError as error:
        raise _toml_problem(error, first_line) from None
    return _Plain(first_line).of(table)


def read_json(text: str, first_line: int) -> tuple[Value, int]:
    """The JSON object that `text` begins with, and where it ends. Raises ArticleError; a repeated key is
    refused."""

    def unite(pairs: list[tuple[str, Value]]) -> Value:
        united = dict(pairs)
        if len(united) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            what = f"the key `{shown(twice)}` stands twice in one object"
            raise ArticleError(what, fix="Keep one of the two", line=first_line)
        return united

    decoder = json.JSONDecoder(
        object_pairs_hook=unite, parse_float=decimal_number, parse_int=whole_number, parse_constant=str
    )
    try:
        value, end = decoder.raw_decode(text[: LIMITS.size_bytes + 1])
    except RecursionError:
        raise _too_deep(first_line) from None
    except json.JSONDecodeError as error:
        raise _json_problem(error, text, first_line) from None
    refuse_oversize(text[:end], LIMITS, first_line)
    return _Plain(first_line).of(value), end


class _Plain:
    """Plain values of what a parser made, without secrets, while they are within the limits."""

    def __init__(self, first_line: int) -> None:
        self._first_line, self._nodes = first_line, 0

    def of(self, value: Any, depth: int = 0) -> Value:
        self._nodes += 1
        if self._nodes > LIMITS.nodes:
            raise _too_many(self._first_line)
        if depth > LIMITS.depth:
            raise _too_deep(self._first_line)
        match value:
            case dict():
                return {key: self.of(one, depth + 1) for key, one in value.items() if key not in SECRET}
            case list():
                return [self.of(one, depth + 1) for one in value]
            case datetime() | date() | time():
                return value.isoformat()
            case int() if abs(value) >= _WIDEST:
                what = "a number of more than 18 digits"
                raise ArticleError(what, fix="Put it in quotes", line=self._first_line)
        plain: Value = value
        return plain


def _too_many(line: int) -> ArticleError:
    return ArticleError(f"more than {LIMITS.nodes:,} values", fix="Shorten the lists", line=line)


def _too_deep(line: int) -> ArticleError:
    what = f"values are nested more than {LIMITS.depth} deep"
    return ArticleError(what, fix="Close the brackets, or flatten the tables", line=line)


def _toml_problem(error: ValueError, first_line: int) -> ArticleError:
    place = _TOML_PLACE.search(str(error))
    line, column = (int(place[1]), int(place[2])) if place and place[1] else (1, 1)
    what = _TOML_PLACE.sub("", str(error)) if place else "a number that is too long"
    fix = "Check the quotes, brackets and dates here; every line is `key = value`"
    what = f"text that is not TOML ({shown(what)})"
    return ArticleError(what, fix=fix, line=first_line + line - 1, column=column)


def _json_problem(error: json.JSONDecodeError, text: str, first_line: int) -> ArticleError:
    if error.pos >= min(len(text.rstrip()), LIMITS.size_bytes) or error.msg.startswith("Unterminated"):
        what = f"the JSON front matter is not closed within {LIMITS.size_bytes:,} bytes"
        return ArticleError(what, fix="Close its brackets and quotes", line=first_line)
    fix = "Check the quotes, commas and brackets; JSON has no comments and no comma after the last item"
    what = f"text that is not JSON ({error.msg})"
    return ArticleError(what, fix=fix, line=first_line + error.lineno - 1, column=error.colno)
