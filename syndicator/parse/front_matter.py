"""Bytes of an article file to its front matter, with the place of every key, and its body.

python-frontmatter tells which form the front matter has and splits and loads it through the handlers here;
its own handlers are not used, because they accept what would lose text or kill the process. Says only what
the file says: which key means what is for profiles and article.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import frontmatter
from frontmatter.default_handlers import BaseHandler

from syndicator.errors import ArticleError
from syndicator.models import Position
from syndicator.parse.toml_json import json_end, read_json, read_toml
from syndicator.yaml_reader.events import LIMITS, SECRET, Document, Key, Limits, read_yaml
from syndicator.yaml_reader.scalars import Value

FILE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What a file says: `fields` with text keys, and the Markdown below, which begins on `body_line`."""

    document: Document = field(repr=False)
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


def read_front_matter(
    data: bytes, *, limits: Limits = LIMITS, secret: frozenset[str] = SECRET
) -> FrontMatter:
    """The front matter and body of a file: YAML between `---`, TOML between `+++`, or a JSON object.

    Line endings become LF and a byte-order mark is dropped; characters that neither XML nor YAML allow are
    dropped from the front matter. Values of `secret` keys are not kept. Raises ArticleError with line and
    column for a file over 2 MiB, not UTF-8, with a zero byte, without front matter, or beyond `limits`.
    """
    text = decode(data)
    top = text.lstrip()
    handlers = [kind(limits, secret) for kind in (_Yaml, _Toml, _Json)]
    handler = cast("_Form | None", frontmatter.detect_format(top, handlers))
    if handler is None:
        raise ArticleError(
            "no front matter",
            fix="Begin the file with a line `---`, then `title: …` and the other keys, then a line `---`",
        )
    handler.first_line = text.count("\n", 0, len(text) - len(top)) + 1
    _, body = frontmatter.parse(top, handler=handler)
    return FrontMatter(document=handler.document, body=body, body_line=handler.body_line)


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


class _Form(BaseHandler):
    """One form of front matter: splits off the fenced part and loads it, keeping the places."""

    name: str
    fences: int
    """Lines that the opening takes of its own."""
    reader: Callable[..., Document]
    OPENING: re.Pattern[str]
    CLOSING: re.Pattern[str]

    def __init__(self, limits: Limits, secret: frozenset[str]) -> None:
        super().__init__(fm_boundary=self.OPENING)
        self.limits, self.secret = limits, secret
        self.first_line = self.body_line = 1
        self.document = Document(value={})

    def split(self, text: str) -> tuple[str, str]:
        opening = self.OPENING.match(text)
        start = opening.end() if opening else 0
        closing = self.CLOSING.search(text, start)
        if closing is None:
            raise ArticleError(
                "the front matter is not closed",
                fix=f"Put a line `{self.name}` below its last key",
                line=self.first_line,
            )
        self._count_lines(text, closing.end())
        return text[start : closing.start()], text[closing.end() :]

    def load(self, fm: str) -> dict[str, object]:
        first_line = self.first_line + self.fences
        document = self.reader(_printable(fm), first_line=first_line, limits=self.limits, secret=self.secret)
        if document.value is None:
            document = Document(value={}, first_line=first_line)
        self.document = document
        if not isinstance(document.value, dict):
            at = document.place()
            raise ArticleError(
                "the front matter is not a list of keys with values",
                fix="Write it as lines of `key: value`",
                line=at.line,
            )
        return cast("dict[str, object]", document.value)

    def _count_lines(self, text: str, end: int) -> None:
        body = text[end:]
        blank = len(body) - len(body.lstrip())
        self.body_line = self.first_line + text.count("\n", 0, end + blank)


class _Yaml(_Form):
    name, fences, reader = "---", 1, staticmethod(read_yaml)
    OPENING = re.compile(r"---[ \t]*(?:\n|\Z)")
    CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)


class _Toml(_Form):
    name, fences, reader = "+++", 1, staticmethod(read_toml)
    OPENING = re.compile(r"\+\+\+[ \t]*(?:\n|\Z)")
    CLOSING = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)


class _Json(_Form):
    name, fences, reader = "}", 0, staticmethod(read_json)
    OPENING = re.compile(r'\{(?=\s*["}])')

    def split(self, text: str) -> tuple[str, str]:
        end = json_end(text, self.limits)
        if end is None:
            what = f"the JSON front matter is not closed within {self.limits.size_bytes:,} bytes"
            raise ArticleError(what, fix="Close its brackets and quotes", line=self.first_line)
        self._count_lines(text, end)
        return text[:end], text[end:]


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_BREAKS = frozenset("\x85\u2028\u2029")


def _printable(text: str) -> str:
    """Front matter without what only looks like nothing: articles are pasted together from anywhere.

    Line breaks that no editor shows become blanks, since YAML 1.1 would begin a new line there.
    """
    return _UNPRINTABLE.sub(lambda found: " " if found[0] in _LINE_BREAKS else "", text)
