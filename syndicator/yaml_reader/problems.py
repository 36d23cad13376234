"""libyaml's complaints in words that somebody who writes articles understands, each with its fix.

Nothing of the text itself is quoted, so that no value of an article can leave through a message.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from syndicator.errors import ArticleError
from syndicator.models import Position

_COLON = "Put the whole value in double quotes if it contains `: ` or ` #`, and check the indentation"
_LOOSE = "If the text begins here, put a line `---` above it; otherwise put the value in double quotes"
_QUOTE = 'Close the quotes; inside double quotes write \\" for a quote and \\\\ for a backslash'
_INDENT = "Line the keys up: those of one level begin in the same column, with spaces and no tabs"
_TAG = "Remove it, or put text with `!` in quotes"
_BRACKET = "Close the bracket, put commas between the items, or put the text in double quotes"

_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a colon where no key can stand", _COLON),
    ("could not find expected ':'", "a line that is neither `key: value` nor part of the one above", _LOOSE),
    ("did not find expected ',' or", "a bracket that is not closed", _BRACKET),
    ("expected ',' or", "a bracket that is not closed", _BRACKET),
    ("did not find expected node content", "a value that cannot begin like this", _BRACKET),
    ("expected the node content", "a value that cannot begin like this", _BRACKET),
    ("did not find expected key", "a line that does not fit the lines above", f"{_QUOTE}. {_INDENT}"),
    ("did not find expected '-'", "a line that does not fit the list above", _INDENT),
    ("expected <block end>", "a line that does not fit the lines above", f"{_QUOTE}. {_INDENT}"),
    ("block sequence entries are not allowed", "a list item (`- `) where none can stand", _INDENT),
    ("sequence entries are not allowed", "a list item (`- `) where none can stand", _INDENT),
    ("mapping keys are not allowed", "a key where none can stand", _INDENT),
    ("found a tab character", "a tab", "Indent with spaces"),
    ("found character that cannot start", "a character no value can begin with (a tab, `@`, `` ` `` or `%`)",
     "Put the value in double quotes, and indent with spaces"),
    ("cannot start any token", "a character no value can begin with (a tab, `@`, `` ` `` or `%`)",
     "Put the value in double quotes, and indent with spaces"),
    ("unknown escape character", "a backslash that stands for nothing", _QUOTE),
    ("invalid Unicode character", "an escape that is no character", "Write the character itself"),
    (
        "found undefined tag",
        "a tag (`!name`), which is not allowed here",
        "Remove it, or put text with `!` in quotes",
    ),
    ("unexpected document indicator", "quotes that are not closed before `---`", _QUOTE),
    ("unexpected end of stream", "quotes that are not closed", _QUOTE),
    ("did not find expected <document start>", "text that is not part of the YAML above", _COLON),
    ("expected '<document start>'", "text that is not part of the YAML above", _COLON),
    ("simple key", "a key that is too long or goes over several lines", _COLON),
    ("control characters", "a character that YAML does not allow", "Remove the invisible character"),
)  # fmt: skip
_BEGUN = ("quotes", "a bracket", "a line that is neither")
"""Problems that are mended where the thing began, not where libyaml noticed."""
_OTHER = ("text that is not YAML", _COLON)


Mark: TypeAlias = Any
"""A place as libyaml gives it, with `line` and `column` counted from 0; or None."""


def position(mark: Mark, first_line: int) -> Position:
    """A mark as lines and columns of the file; without a mark, the document's first line."""
    if mark is None:
        return Position(line=first_line)
    return Position(line=first_line + mark.line, column=mark.column + 1)


def explain_syntax(error: Exception, first_line: int) -> ArticleError:
    """The ArticleError for a syntax error; its place is where a person mends it."""
    problem = str(getattr(error, "problem", ""))
    what, fix = next(((w, c) for words, w, c in _PROBLEMS if words in problem), _OTHER)
    found: Mark = getattr(error, "problem_mark", None)
    begun: Mark = getattr(error, "context_mark", None)
    at = position(begun or found if what.startswith(_BEGUN) else found or begun, first_line)
    return ArticleError(what, fix=fix, line=at.line, column=at.column)
