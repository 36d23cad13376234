"""What keeps a body from taking long: limits on what Markdown and HTML may ask of their parsers.

markdown-it-py takes time for each rule that it tries and each token that it makes, and what is nested is
read again at each level. That work is counted while it is done, in steps of about a microsecond, and a body
that asks for more than any real one is a problem. Brackets in brackets, wide tables and unclosed tags, which
make either parser take minutes for a few kilobytes, are shown as plain text. Figures are of markdown-it-py
4.3 and nh3 0.3.7 on an idle core.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from syndicator.errors import ArticleError

MOST_STEPS = 150_000
"""Of a body of up to 100,000 characters; as many of prose, lists, code and quotes take 20,000 to 115,000."""
_BLOCK_STEPS = 4
_REFERENCE_STEPS = 16
_INLINE_STEPS = 3
_TOKEN_STEPS = 5
_ADDRESS_STEPS = 34
_CONTAINERS = ["paragraph", "reference", "blockquote", "list", "table", "footnote_def"]
_ADDRESS = re.compile(r"\b(?:href|src)=")
_TASK = re.compile(r"\[([ xX])\][ \t\n]+")
MOST_LINES = 20_000
"""A line costs some 35 microseconds, even an empty one of a paragraph."""
_MARKS = "\n!#$%&*+-:<=>@[\\]^_`{|}~"
_MOST_MARKS = 20_000
_FEW_MARKS = 40
_DEEPEST_BRACKETS = 6
_MOST_CELLS = 6_000
_DEEPEST_TAGS = 64
_BRACKET = re.compile(r"[\[\]]")
_DELIMITERS = re.compile(r"[ \t:|-]*-[ \t:|-]*")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)")
_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
_CLOSED_BY_OTHERS = (
    "p",
    "li",
    "dt",
    "dd",
    "td",
    "th",
    "tr",
    "tbody",
    "thead",
    "tfoot",
    "caption",
    "colgroup",
)
_UNPAIRED = frozenset((*_VOID, *_CLOSED_BY_OTHERS, "option", "optgroup", "rt", "rp"))
_MANY_ATTRIBUTES = re.compile(r"<[a-zA-Z](?:[^\s<>/]*+[\s/]++){400}")


def limit_rendering(markdown: MarkdownIt) -> None:
    """Makes `markdown` count its steps, and leave tangled paragraphs and immense tables as plain text.

    It must then be rendered with an `allowance` as its environment, and raises ArticleError with the line in
    the Markdown, from 1, when that is used up.
    """
    markdown.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    markdown.block.ruler.before("table", "count_steps", _count_block, {"alt": _CONTAINERS})
    markdown.inline.ruler.before("text", "count_steps", _count_inline)
    markdown.core.ruler.before("inline", "spare_tangles", _spare_paragraphs)
    markdown.core.ruler.at("inline", _parse_inline)


def allowance(markdown: str) -> dict[str, Any]:
    """The environment in which a body is rendered: how many steps it may take, more for a longer one."""
    return {"steps_left": MOST_STEPS * max(len(markdown), 100_000) // 100_000}


def refuse_addresses(rendered: str) -> None:
    """Raises ArticleError for HTML with more addresses than can be checked in the steps of a body."""
    if (found := len(_ADDRESS.findall(rendered))) * _ADDRESS_STEPS > MOST_STEPS:
        raise ArticleError(
            f"the text has {found:,} links and pictures, and {MOST_STEPS // _ADDRESS_STEPS:,} are allowed",
            cure="Split it into several articles",
        )


def _spend(env: MutableMapping[str, Any], steps: int, line: int) -> None:
    """Counts steps. Raises ArticleError at `line` (from 0) when the body has asked for too many."""
    env["steps_left"] -= steps
    if env["steps_left"] < 0:
        raise ArticleError(
            "the text up to here is too intricate to render",
            cure="Split it into several articles, or nest and mark up less of it",
            line=line + 1,
        )


def _count_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule that is tried first on every line at every level, and never applies."""
    at = state.bMarks[start] + state.tShift[start]
    tried = _REFERENCE_STEPS if state.src[at : at + 1] == "[" else _BLOCK_STEPS
    made = len(state.tokens)
    _spend(state.env, tried + _TOKEN_STEPS * max(0, made - state.env.get("made", 0)), start)
    state.env["made"] = made
    return False


def _count_inline(state: StateInline, silent: bool) -> bool:
    """The rule that is tried first on every piece of a paragraph, and never applies."""
    _spend(state.env, _INLINE_STEPS, state.env["line"])
    return False


def _parse_inline(state: StateCore) -> None:
    """markdown-it's own rule, which also counts the tokens made and remembers the line."""
    for token in state.tokens:
        line = state.env["line"] = token.map[0] if token.map else state.env.get("line", 0)
        if token.type == "inline":
            token.children = token.children or []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
            _spend(state.env, _TOKEN_STEPS * len(token.children), line)


def mark_tasks(state: StateCore) -> None:
    """Items of lists that begin with `[ ]` or `[x]` are shown with a box, as on GitHub."""
    lists: list[Token] = []
    for at, token in enumerate(state.tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "inline" and at > 1 and state.tokens[at - 2].type == "list_item_open":
            first = token.children[0] if token.children else token
            if task := _TASK.match(token.content if first.type == "text" else ""):
                first.content = f"{'☐' if task[1] == ' ' else '☑'} {first.content[task.end() :]}"
                state.tokens[at - 2].attrSet("class", "task-list-item")
                lists[-1].attrSet("class", "contains-task-list")


def too_tangled(rendered: str) -> bool:
    """Whether tags are nested or crossed so that parsing takes quadratic time or makes copies of copies.

    Elements whose end tag may be left out do not count. 52,000 nested `div` take nh3 25 s, and 2,000
    unclosed `<p><b id=…>` become 14 MB; below these bounds 200,000 characters take 0.3 s.
    """
    open_tags: list[str] = []
    crossed = 0
    for closing, tag in _TAG.findall(rendered):
        name = tag.lower()
        if name in _UNPAIRED:
            continue
        if not closing:
            open_tags.append(name)
        elif open_tags and open_tags[-1] == name:
            open_tags.pop()
        else:
            crossed += 1
            if name in open_tags:
                del open_tags[len(open_tags) - 1 - open_tags[::-1].index(name) :]
        if len(open_tags) > _DEEPEST_TAGS or crossed > _DEEPEST_TAGS:
            return True
    return _MANY_ATTRIBUTES.search(rendered) is not None


def _spare_paragraphs(state: StateCore) -> None:
    """Turns off marks in what would take long: brackets in brackets, and all beyond 20,000 marks.

    Each mark is looked at anew for each open bracket around it, down to 20. 17 times `![` before 1,600 marks
    take 0.4 s and before 50 marks 8 ms; at six deep 20,000 marks take 2 s.
    """
    left = _MOST_MARKS
    for token in state.tokens:
        if token.type != "inline":
            continue
        marks = sum(map(token.content.count, _MARKS))
        left -= marks
        if left < 0 or (marks > _FEW_MARKS and _bracket_depth(token.content) > _DEEPEST_BRACKETS):
            token.type = "text"


def _bracket_depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule for tables, for as long as all tables of the body together have 6,000 cells at most.

    Missing cells are filled in, so that a wide head makes each later line as wide: a cell takes 25
    microseconds.
    """
    if start + 2 > end or not _DELIMITERS.fullmatch(head := _line(state, start + 1)):
        return False
    rows = _paragraph_end(state, start, end) - start
    left = state.env.get("cells", _MOST_CELLS) - (head.count("|") + 1) * rows
    if left < 0 or not table(state, start, end, silent):
        return False
    if not silent:
        state.env["cells"] = left
    return True


def _paragraph_end(state: StateBlock, start: int, end: int) -> int:
    """The next empty line; remembered, since each line of a paragraph may ask."""
    first, last = state.env.get("paragraph", (0, 0))
    if not first <= start < last <= end:
        last = start
        while last < end and not state.isEmpty(last):
            last += 1
        state.env["paragraph"] = (start, last)
    return int(last)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
