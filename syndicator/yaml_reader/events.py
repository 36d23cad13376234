"""YAML text to plain values with the place of each, read event by event so that nothing can blow up.

PyYAML's own constructors recurse, expand aliases and guess types: a few hundred bytes can kill the process or
make a value that never ends. Here libyaml only splits the text into events, which it does without recursion;
the values are built in a loop that counts as it goes. Aliases of single values count as if they were written
out; those of lists and mappings, tags, merge keys and mostly duplicate keys are refused. libyaml's complaints
are put into words that somebody who writes articles understands, each with its fix; nothing of the text is
quoted in them. This module knows nothing of articles: topic files and settings use it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from syndicator.errors import ArticleError
from syndicator.text import shorten
from syndicator.yaml_reader.scalars import Value, plain_scalar

Key: TypeAlias = str | int
Mark: TypeAlias = Any
"""A place as libyaml gives it, with `line` and `column` counted from 0; or None."""
Place: TypeAlias = tuple[int, int]
"""Line and column of the file, counted from 1."""
SECRET = frozenset({"secured"})
"""Keys whose values are opaque to everybody: read over at any depth, never built, never kept."""
PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it, else the slower pure one; both yield the same events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a document may be. A real rich article has about 150 nodes."""

    size_bytes: int = 64 * 1024
    depth: int = 16
    nodes: int = 5_000


LIMITS = Limits()
Spots: TypeAlias = dict[int, dict[Key, Mark]]


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """A value of plain dicts (text keys), lists and scalars, and where in the file each part stands."""

    value: Value = field(repr=False)
    first_line: int = 1
    spots: Spots = field(default_factory=dict, repr=False)
    """For each dict and list, by its id, the mark of each key or item."""

    def place(self, *path: Key) -> Place:
        """Where the key or item at `path` stands; for a path that leads nowhere, its last known part."""
        here: Any = self.value
        mark: Mark = None
        for step in path:
            spots = self.spots.get(id(here), {})
            if step not in spots:
                break
            mark = spots[step]
            here = here.get(step) if type(here) is dict else here[step]
        return _place(mark, self.first_line)

    def problem(self, what: str, fix: str, *path: Key) -> ArticleError:
        """An ArticleError at the key of `path`."""
        line, column = self.place(*path)
        return ArticleError(what, fix=fix, line=line, column=column)


def read_yaml(
    text: str,
    *,
    first_line: int = 1,
    limits: Limits = LIMITS,
    secret: frozenset[str] = frozenset(),
    last_counts: bool = False,
) -> YamlDocument:
    """One YAML document as values with their places.

    `first_line` is the line of the file that `text` begins on. Keys are text whatever they look like (`on`,
    `1`); values of `secret` keys are read over. With `last_counts` a key may stand twice. An empty document
    is None. Raises ArticleError with line, column and fix for anything outside `limits` or the safe part of
    YAML.
    """
    refuse_oversize(text, limits, first_line)
    builder = _Builder(limits, secret, first_line, last_counts=last_counts)
    try:
        builder.read(PARSER(text))
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        _refuse_unprintable(text, first_line)
        raise explain_syntax(error, first_line) from None
    return YamlDocument(value=builder.root, first_line=first_line, spots=builder.spots)


_UNPRINTABLE = "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


def _refuse_unprintable(text: str, first_line: int) -> None:
    """Refuses what YAML cannot hold (YAML 1.2.2, 5.1) and libyaml reports without a line."""
    if found := re.search(_UNPRINTABLE, text):  # seldom asked for, and 10 ms to compile
        at = found.start()
        raise ArticleError(
            f"an invisible character (U+{ord(found[0]):04X})",
            fix="Remove it",
            line=first_line + text.count("\n", 0, at),
            column=at - text.rfind("\n", 0, at),
        )


def shown(text: str) -> str:
    """Text for a message: one short line without control characters."""
    return shorten("".join(c if c.isprintable() else " " for c in text[:100]), 41)


def refuse_oversize(text: str, limits: Limits, first_line: int) -> None:
    """Raises ArticleError for text that is longer than `limits` allow."""
    if (
        len(text) * 4 > limits.size_bytes
        and (size := len(text.encode("utf-8", "replace"))) > limits.size_bytes
    ):
        raise ArticleError(
            f"{size:,} bytes of front matter or settings, and {limits.size_bytes:,} are allowed",
            fix="Move long text below the front matter, or close the front matter where it should end",
            line=first_line,
        )


class _Builder:
    """Builds the value from events; one dict or list is open at a time, the outer ones wait on a stack."""

    def __init__(self, limits: Limits, secret: frozenset[str], first_line: int, *, last_counts: bool) -> None:
        self.root: Value = None
        self.spots: Spots = {}
        self._limits, self._secret, self._first_line = limits, secret, first_line
        self._last_counts = last_counts
        self._nodes = self._hidden = self._repeated = 0
        self._named: dict[str, Any] = {}
        self._open: Any = None
        self._marks: dict[Key, Mark] = {}
        self._key: str | None = None
        self._outer: list[tuple[Any, dict[Key, Mark]]] = []

    def read(self, parser: Any) -> None:
        next_event, documents = parser.get_event, 0
        # The types are compared, not asked for with isinstance: this loop is a third of all parsing.
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._begin(event, {} if kind is MappingStartEvent else [])
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._end()
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self._wrong("a second YAML document begins here", "Keep one document", event)

    def _scalar(self, event: Any) -> None:
        self._nodes += 1
        # A lone `!`, as Ruby once wrote titles, only says that what follows is text.
        is_text = event.tag == "!"
        if self._nodes > self._limits.nodes or not (event.tag is None or is_text):
            raise self._refusal(event)
        if self._hidden:
            return
        if self._key is None and type(self._open) is dict:
            self._take_key(event)
        elif self._key in self._secret:
            self._key = None
        else:
            is_plain = event.implicit[0] and not is_text
            if event.anchor is not None:
                self._named[event.anchor] = event
            self._put(plain_scalar(event.value) if is_plain else event.value, event)

    def _alias(self, event: Any) -> None:
        """A named value once more, as large as it is."""
        named = self._named.get(event.anchor)
        self._repeated += 0 if named is None else len(named.value)
        if named is None or self._repeated > self._limits.size_bytes:
            fix = "Write the value out, or put text with a star in quotes"
            raise self._wrong(
                "an alias (`*name`) of no single value above it, or of too long ones", fix, event
            )
        self._scalar(named)

    def _begin(self, event: Any, inner: Any) -> None:
        self._nodes += 1
        if self._nodes > self._limits.nodes or event.anchor is not None or event.tag is not None:
            raise self._refusal(event)
        if len(self._outer) + self._hidden >= self._limits.depth:
            what = f"values are nested more than {self._limits.depth} deep"
            raise self._wrong(what, "Close the brackets, or flatten the lists", event)
        if self._hidden or (self._key is not None and self._key in self._secret):
            self._hidden += 1
            return
        if self._key is None and type(self._open) is dict:
            what = "a list or mapping stands where a key should"
            raise self._wrong(what, "Use a plain word as key", event)
        self._put(inner, event)
        self._outer.append((self._open, self._marks))
        self._open = inner
        self._marks = self.spots[id(inner)] = {}

    def _end(self) -> None:
        if self._hidden:
            self._hidden -= 1
            self._key = None if not self._hidden else self._key
        else:
            self._open, self._marks = self._outer.pop()

    def _take_key(self, event: Any) -> None:
        key = event.value
        if key in self._marks and not self._last_counts:
            line, _ = _place(self._marks[key], self._first_line)
            what = f"the key `{shown(key)}` stands here a second time (first on line {line})"
            raise self._wrong(what, "Keep one of the two", event)
        if key == "<<" and event.implicit[0]:
            what = "a merge key (`<<`), which is not allowed here"
            raise self._wrong(what, "Write the merged keys out", event)
        self._marks[key] = event.start_mark
        self._key = key

    def _put(self, value: Value, event: Any) -> None:
        if type(self._open) is dict:
            self._open[self._key] = value
            self._key = None
        elif type(self._open) is list:
            self._marks[len(self._open)] = event.start_mark
            self._open.append(value)
        else:
            self.root = value

    def _refusal(self, event: Any) -> ArticleError:
        """What is wrong with a value that is one too many, named or tagged."""
        if self._nodes > self._limits.nodes:
            what = f"more than {self._limits.nodes:,} values"
            return self._wrong(what, "Shorten the lists; an article needs a few hundred at most", event)
        if event.anchor is not None:
            what = "an anchor (`&name`) of several values, which is not allowed here"
            return self._wrong(what, "Write the value out, or put text with `&` in quotes", event)
        return self._wrong("a tag (`!name`), which is not allowed here", _TAG, event)

    def _wrong(self, what: str, fix: str, event: Any) -> ArticleError:
        return _problem_at(event.start_mark, self._first_line, what, fix)


_COLON = "Put the whole value in double quotes if it contains `: ` or ` #`, and check the indentation"
_LOOSE = "If the text begins here, put a line `---` above it; otherwise put the value in double quotes"
_QUOTE = "Close the quotes; inside double quotes put a backslash before each quote and each backslash"
_INDENT = "Line the keys up: those of one level begin in the same column, with spaces and no tabs"
_TAG = "Remove it, or put text with `!` in quotes"
_BRACKET = "Close the bracket, put commas between the items, or put the text in double quotes"

_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a colon where no key can stand", _COLON),
    ("could not find expected ':'", "a line that is neither `key: value` nor part of the one above", _LOOSE),
    ("expected ',' or", "a bracket that is not closed", _BRACKET),
    ("node content", "a value that cannot begin like this", _BRACKET),
    ("did not find expected key", "a line that does not fit the lines above", f"{_QUOTE}. {_INDENT}"),
    ("did not find expected '-'", "a line that does not fit the list above", _INDENT),
    ("expected <block end>", "a line that does not fit the lines above", f"{_QUOTE}. {_INDENT}"),
    ("sequence entries are not allowed", "a list item (`- `) where none can stand", _INDENT),
    ("found a tab character", "a tab", "Indent with spaces"),
    ("cannot start any token", "a character no value can begin with (a tab, `@`, `` ` `` or `%`)",
     "Put the value in double quotes, and indent with spaces"),
    ("unknown escape character", "a backslash that stands for nothing", _QUOTE),
    ("invalid Unicode character", "an escape that is no character", "Write the character itself"),
    ("found undefined tag", "a tag (`!name`), which is not allowed here", _TAG),
    ("unexpected document indicator", "quotes that are not closed before `---`", _QUOTE),
    ("unexpected end of stream", "quotes that are not closed", _QUOTE),
    ("<document start>", "text that is not part of the YAML above", _COLON),
)  # fmt: skip
_BEGUN = ("quotes", "a bracket", "a line that is neither")
"""Problems that are mended where the thing began, not where libyaml noticed."""
_OTHER = ("text that is not YAML", _COLON)


def _place(mark: Mark, first_line: int) -> Place:
    """Where a mark is in the file; without a mark, the document's first line."""
    return (first_line, 1) if mark is None else (first_line + mark.line, mark.column + 1)


def explain_syntax(error: Exception, first_line: int) -> ArticleError:
    """The ArticleError for a syntax error; its place is where a person mends it."""
    problem = str(getattr(error, "problem", ""))
    what, fix = next(((w, c) for words, w, c in _PROBLEMS if words in problem), _OTHER)
    found: Mark = getattr(error, "problem_mark", None)
    begun: Mark = getattr(error, "context_mark", None)
    mark = begun or found if what.startswith(_BEGUN) else found or begun
    return _problem_at(mark, first_line, what, fix)


def _problem_at(mark: Mark, first_line: int, what: str, fix: str) -> ArticleError:
    line, column = _place(mark, first_line)
    return ArticleError(what, fix=fix, line=line, column=column)
