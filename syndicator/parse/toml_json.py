"""TOML and JSON front matter, as Hugo writes it, to the same plain values and within the same limits as YAML.

A quick look at the brackets comes before the parser, because both parsers recurse. Neither tells where a
value stands: places here are the lines of the top-level keys, and a TOML key is taken to stand on the first
line that begins with it.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from syndicator.errors import ArticleError
from syndicator.yaml_reader.events import Document, Key, Limits, refuse_oversize, shown
from syndicator.yaml_reader.problems import Mark
from syndicator.yaml_reader.scalars import Value, decimal_number, whole_number


@dataclass(frozen=True, slots=True)
class _Spot:
    line: int
    column: int


class _Lines:
    """Where the lines of a text begin, to tell an offset as line and column."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def spot(self, at: int) -> _Spot:
        line = bisect_right(self._starts, at) - 1
        return _Spot(line, at - self._starts[line])


_TOML_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*'?"
    r"|(?:\#[^\n]*+\n?+[ \t\n]*+)++"
    r"|[\[\]{}=,.\n]",
    re.DOTALL,
)
_TOML_KEY = re.compile(
    r"^[ \t]*+(?:\[{1,2}[ \t]*+)?(?:([\w-]+)|\"([^\"\n]*)\"|'([^'\n]*)')[ \t]*[=.\]]", re.MULTILINE
)
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WIDEST = 10**18
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[{}\[\],]', re.DOTALL)
_COLON = re.compile(r"\s*:")


def read_toml(text: str, *, first_line: int, limits: Limits, secret: frozenset[str]) -> Document:
    """A TOML document as values; dates become text as TOML writes them. Raises ArticleError."""
    refuse_oversize(text, limits, first_line)
    _refuse_excess(_TOML_TOKEN.finditer(text), text, first_line, limits)
    try:
        table = tomllib.loads(text, parse_float=decimal_number)
    except ValueError as error:
        raise _toml_problem(error, first_line) from None
    value = _plain(table, 1, limits, secret, first_line)
    return Document(value=value, first_line=first_line, spots={id(value): _toml_spots(text)})


def read_json(text: str, *, first_line: int, limits: Limits, secret: frozenset[str]) -> Document:
    """A JSON object, which is all of `text`, as values. Raises ArticleError; a repeated key is refused."""
    refuse_oversize(text, limits, first_line)
    spots = _refuse_excess(_JSON_TOKEN.finditer(text), text, first_line, limits)

    def unite(pairs: list[tuple[str, Value]]) -> Value:
        united: dict[str, Value] = {}
        for key, value in pairs:
            if key in united:
                at = spots.get(key) or _Spot(0, 0)
                what = f"the key `{shown(key)}` stands twice in one object"
                raise _problem(what, "Keep one of the two", first_line + at.line, at.column + 1)
            united[key] = value
        return {key: value for key, value in united.items() if key not in secret}

    decoder = json.JSONDecoder(
        object_pairs_hook=unite, parse_float=decimal_number, parse_int=whole_number, parse_constant=str
    )
    try:
        value: Value = decoder.decode(text)
    except json.JSONDecodeError as error:
        fix = "Check the quotes, commas and brackets; JSON has no comments and no comma after the last item"
        line, column = first_line + error.lineno - 1, error.colno
        raise _problem(f"text that is not JSON ({error.msg})", fix, line, column) from None
    return Document(value=value, first_line=first_line, spots={id(value): dict(spots)})


def json_end(text: str, limits: Limits) -> int | None:
    """Where the object that `text` begins with ends; None where it does not end within the limits."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text, 0, limits.size_bytes + 1):
        depth += (token[0] in "{[") - (token[0] in "}]")
        if not depth:
            return token.end()
    return None


def _refuse_excess(
    tokens: Iterator[re.Match[str]], text: str, first_line: int, limits: Limits
) -> dict[Key, Mark | None]:
    """Refuses what is too deep or has too many parts; returns the places of quoted keys one level down."""
    lines = _Lines(text)
    depth = nodes = dots = texts = 0
    spots: dict[Key, Mark | None] = {}
    for token in tokens:
        mark = token[0]
        depth += (mark in "{[") - (mark in "}]")
        nodes += mark in "=,{[."
        dots = dots + (mark == ".") if mark[0] in ".\"'" else 0
        texts += mark[0] == '"'
        too_many = nodes > limits.nodes or texts > 2 * (limits.nodes + 1)  # a key and a value for each
        if depth > limits.depth or dots >= limits.depth or too_many:
            at = lines.spot(token.start())
            what = (
                f"more than {limits.nodes:,} values"
                if too_many
                else f"values are nested more than {limits.depth} deep"
            )
            raise _problem(
                what, "Close the brackets, or shorten the lists", first_line + at.line, at.column + 1
            )
        if depth == 1 and mark[0] == '"' and _COLON.match(text, token.end()):
            spots.setdefault(mark[1:-1], lines.spot(token.start()))
    return spots


def _plain(value: Any, depth: int, limits: Limits, secret: frozenset[str], first_line: int) -> Value:
    if depth > limits.depth:
        fix = "Flatten the tables"
        raise _problem(f"values are nested more than {limits.depth} deep", fix, first_line, 1)
    match value:
        case dict():
            items = ((k, v) for k, v in value.items() if k not in secret)
            return {k: _plain(v, depth + 1, limits, secret, first_line) for k, v in items}
        case list():
            return [_plain(v, depth + 1, limits, secret, first_line) for v in value]
        case datetime() | date() | time():
            return value.isoformat()
        case bool() | str() | float():
            return value
        case int() if abs(value) < _WIDEST:
            return value
    raise _problem("a number of more than 18 digits", "Put it in quotes", first_line, 1)


def _toml_spots(text: str) -> dict[Key, Mark | None]:
    lines = _Lines(text)
    spots: dict[Key, Mark | None] = {}
    for found in _TOML_KEY.finditer(text):
        key = found[1] or found[2] or found[3] or ""
        spots.setdefault(key, lines.spot(found.start(found.lastindex or 0)))
    return spots


def _toml_problem(error: ValueError, first_line: int) -> ArticleError:
    place = _TOML_PLACE.search(str(error))
    line, column = (int(place[1]), int(place[2])) if place and place[1] else (1, 1)
    what = _TOML_PLACE.sub("", str(error)) if place else "a number that is too long"
    fix = "Check the quotes, brackets and dates here; every line is `key = value`"
    return _problem(f"text that is not TOML ({shown(what)})", fix, first_line + line - 1, column)


def _problem(what: str, fix: str, line: int, column: int) -> ArticleError:
    return ArticleError(what, fix=fix, line=line, column=column)
