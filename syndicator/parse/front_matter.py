"""Bytes of an article file to its front matter, with the place of every key, and its body.

python-frontmatter tells which form the front matter has and splits it off; what it then holds is read by
parsers within limits, because those of the library lose text or kill the process. Says only what the file
says: which key means what is for profiles and article.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import frontmatter
from frontmatter.default_handlers import BaseHandler

from syndicator.errors import ArticleError
from syndicator.models import Position
from syndicator.parse.toml_json import read_json, read_toml
from syndicator.text import clean
from syndicator.yaml_reader.events import SECRET, Key, YamlDocument, read_yaml
from syndicator.yaml_reader.scalars import Value

FILE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What a file says: `fields` with text keys, and the Markdown below, which begins on `body_line`."""

    document: YamlDocument = field(repr=False)
    body: str = field(repr=False)
    body_line: int

    @property
    def fields(self) -> Mapping[str, Value]:
        return cast("dict[str, Value]", self.document.value)

    def place(self, *path: Key) -> Position:
        """Where a key stands, as in `place("images", 0, "url")`."""
        return self.document.place(*path)

    def problem(self, what: str, fix: str, *path: Key) -> ArticleError:
        """An ArticleError at the key of `path`."""
        at = self.place(*path)
        return ArticleError(what, fix=fix, line=at.line, column=at.column)


class _Yaml(BaseHandler):
    # Only the second fence may be three dots.
    FM_BOUNDARY = re.compile(r"\n(?:---|(?<!\A\n)\.\.\.)[ \t]*(?=\n|\Z)")
    END_DELIMITER = "---"


class _Toml(BaseHandler):
    FM_BOUNDARY = re.compile(r"\n\+\+\+[ \t]*(?=\n|\Z)")
    END_DELIMITER = "+++"


class _Json(BaseHandler):
    FM_BOUNDARY = re.compile(r'\n\{(?=\s*["}])')


_HANDLERS = (_Yaml(), _Toml(), _Json())


def read_front_matter(data: bytes) -> FrontMatter:
    """The front matter and body of a file: YAML between `---`, TOML between `+++`, or a JSON object.

    Line endings become LF and a byte-order mark is dropped; characters that neither XML nor YAML allow are
    dropped from YAML and TOML. Values of secret keys are not kept. Raises ArticleError with line and
    column for a file over 2 MiB, not UTF-8, with a zero byte, without front matter, or beyond the limits.
    """
    text = decode(data)
    top = text.strip()
    first_line = text.count("\n", 0, len(text) - len(text.lstrip())) + 1
    handler = frontmatter.detect_format(f"\n{top}", _HANDLERS)
    if handler is None:
        raise ArticleError(
            "no front matter",
            fix="Begin the file with a line `---`, then `title: …` and the other keys, then a line `---`",
        )
    if isinstance(handler, _Json):
        value, end = read_json(top, first_line)
        document, body = YamlDocument(value=value, first_line=first_line), top[end:].lstrip()
    else:
        document, body = _between_fences(handler, top, first_line)
    if not isinstance(document.value, dict):
        what, fix = "the front matter is not a list of keys with values", "Write it as lines of `key: value`"
        raise ArticleError(what, fix=fix, line=document.place().line)
    body_line = first_line + top.count("\n", 0, len(top) - len(body))
    return FrontMatter(document=document, body=body, body_line=body_line)


def _between_fences(handler: BaseHandler, top: str, first_line: int) -> tuple[YamlDocument, str]:
    try:
        matter, body = handler.split(f"\n{top}")
    except ValueError:
        fix = f"Put a line `{handler.END_DELIMITER}` below its last key"
        raise ArticleError("the front matter is not closed", fix=fix, line=first_line) from None
    matter, first_line = _printable(f"{matter[1:]}\n"), first_line + 1
    if isinstance(handler, _Toml):
        document = YamlDocument(value=read_toml(matter, first_line), first_line=first_line)
    else:
        document = read_yaml(matter, first_line=first_line, secret=SECRET)
    if document.value is None:
        document = YamlDocument(value={}, first_line=first_line)
    return document, body.lstrip()


def begins_with_front_matter(data: bytes) -> bool:
    """Whether a file makes a beginning of front matter, however badly it goes on."""
    return data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"---", b"+++", b"{"))


def decode(data: bytes) -> str:
    """The text of a file with LF line endings; raises ArticleError where it is too large or no UTF-8 text."""
    if len(data) > FILE_BYTES:
        raise ArticleError(
            f"the file is {len(data):,} bytes long, and {FILE_BYTES:,} are allowed",
            fix="Shorten it, or keep pictures and data in files of their own",
        )
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


def _printable(text: str) -> str:
    """Front matter without what only looks like nothing: articles are pasted together from anywhere.

    Line breaks that no editor shows become blanks, since YAML 1.1 would begin a new line there.
    """
    return clean(text if text.isascii() else text.translate(_LINE_BREAKS))
