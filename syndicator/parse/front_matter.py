"""Bytes of an article file to its front matter, with the place of every key, and its body.

python-frontmatter tells which form the front matter has and splits it off; what it then holds is read by
parsers within limits, because those of the library lose text or kill the process. TOML and JSON, as Hugo
writes them, come to the same plain values within the same limits as YAML; their parsers do not tell where a
value stands, so what is wrong with one is reported at the first line. Says only what the file says: which key
means what is for profiles and article.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import partial
from typing import Any, cast

import frontmatter
from frontmatter.default_handlers import BaseHandler

from syndicator.errors import ArticleError
from syndicator.text import clean
from syndicator.yaml_reader.events import (
    LIMITS,
    SECRET,
    Limits,
    YamlDocument,
    read_yaml,
    refuse_oversize,
    shown,
)
from syndicator.yaml_reader.scalars import Value, decimal_number, whole_number


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What a file says: `fields` with text keys, and the Markdown below, which begins on `body_line`."""

    document: YamlDocument = field(repr=False)
    body: str = field(repr=False)
    body_line: int

    @property
    def fields(self) -> Mapping[str, Value]:
        return cast("dict[str, Value]", self.document.value)


class _Yaml(BaseHandler):
    # Only the second fence may be three dots.
    FM_BOUNDARY = re.compile(r"\n(?:---|(?<!\A\n)\.\.\.)[ \t]*(?=\n|\Z)")
    END_DELIMITER = "---"


class _Toml(BaseHandler):
    FM_BOUNDARY = re.compile(r"\n\+\+\+[ \t]*(?=\n|\Z)")
    END_DELIMITER = "+++"


class _Json(BaseHandler):
    FM_BOUNDARY = re.compile(r'\n\{(?=\s*["}])')


_YAML_LIMITS = Limits(size_bytes=256 * 1024, nodes=10_000)
"""A real site writes a hundred related articles into one: 143 KB, 5,195 values, read in 9 ms."""
_HANDLERS = (_Yaml(), _Toml(), _Json())


def read_front_matter(data: bytes) -> FrontMatter:
    """The front matter and body of a file: YAML between `---`, TOML between `+++`, or a JSON object.

    Line endings become LF and a byte-order mark is dropped; characters that neither XML nor YAML allow are
    dropped from YAML and TOML. Values of secret keys are not kept. Raises ArticleError with line and
    column for a file that is not UTF-8, with a zero byte, without front matter, or beyond the limits.
    """
    text = decode(data)
    top = text.strip()
    first_line = text.count("\n", 0, len(text) - len(text.lstrip())) + 1
    document, body = _split(top, first_line)
    if not isinstance(document.value, dict):
        what = "the front matter is not a list of keys with values"
        raise document.problem(what, "Write it as lines of `key: value`")
    body_line = first_line + top.count("\n", 0, len(top) - len(body))
    return FrontMatter(document=document, body=body, body_line=body_line)


def _split(top: str, first_line: int) -> tuple[YamlDocument, str]:
    handler = frontmatter.detect_format(f"\n{top}", _HANDLERS)
    if handler is None:
        fix = "Begin the file with a line `---`, then `title: …` and the other keys, then a line `---`"
        raise ArticleError("no front matter", fix=fix)
    if isinstance(handler, _Json):
        value, end = read_json(top, first_line)
        return YamlDocument(value=value, first_line=first_line), top[end:].lstrip()
    return _between_fences(handler, top, first_line)


def _between_fences(handler: BaseHandler, top: str, first_line: int) -> tuple[YamlDocument, str]:
    try:
        matter, body = handler.split(f"\n{top}")
    except ValueError:
        fix = f"Put a line `{handler.END_DELIMITER}` below its last key"
        raise ArticleError("the front matter is not closed", fix=fix, line=first_line) from None
    # Line breaks that no editor shows become blanks, since YAML 1.1 would begin a new line there.
    matter, first_line = clean(f"{matter[1:]}\n".translate(_LINE_BREAKS)), first_line + 1
    if isinstance(handler, _Toml):
        document = YamlDocument(value=read_toml(matter, first_line), first_line=first_line)
    else:
        # Of a key that stands twice Jekyll takes the last, and some sites have posts with two.
        document = read_yaml(
            matter, first_line=first_line, secret=SECRET, limits=_YAML_LIMITS, last_counts=True
        )
    return replace(document, value={}) if document.value is None else document, body.lstrip()


def begins_with_front_matter(data: bytes) -> bool:
    """Whether a file makes a beginning of front matter, however badly it goes on."""
    return data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"---", b"+++", b"{"))


def decode(data: bytes) -> str:
    """The text of a file with LF line endings; raises ArticleError where it is no UTF-8 text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ArticleError("the file is UTF-16, not UTF-8", fix="Save it as UTF-8")
    if (zero := data.find(b"\0")) >= 0:
        raise _no_text(data, zero, "a zero byte", "The file is damaged or no text; write it anew")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8: byte 0x{error.object[error.start]:02x}"
        raise _no_text(data, error.start, what, "Save the file as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _no_text(data: bytes, offset: int, what: str, fix: str) -> ArticleError:
    line = data.count(b"\n", 0, offset) + 1
    column = offset - data.rfind(b"\n", 0, offset)
    return ArticleError(f"{what} at offset {offset}", fix=fix, line=line, column=column)


_LINE_BREAKS = {0x85: " ", 0x2028: " ", 0x2029: " ", 0xFEFF: None}


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
    """The JSON object that `text` begins with, and where it ends. Raises ArticleError."""
    decoder = json.JSONDecoder(
        object_pairs_hook=partial(_united, first_line),
        parse_float=decimal_number,
        parse_int=whole_number,
        parse_constant=str,
    )
    try:
        value, end = decoder.raw_decode(text[: LIMITS.size_bytes + 1])
    except RecursionError:
        raise _too_deep(first_line) from None
    except json.JSONDecodeError as error:
        raise _json_problem(error, text, first_line) from None
    refuse_oversize(text[:end], LIMITS, first_line)
    return _Plain(first_line).of(value), end


def _united(first_line: int, pairs: list[tuple[str, Value]]) -> Value:
    """An object of these keys; a repeated one is refused."""
    united = dict(pairs)
    if len(united) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        what = f"the key `{shown(twice)}` stands twice in one object"
        raise ArticleError(what, fix="Keep one of the two", line=first_line)
    return united


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
