"""What keeps a body from taking long: Markdown and HTML that are tangled beyond what anybody writes.

markdown-it-py and nh3 are linear on sane text, but brackets in brackets, wide tables and unclosed tags make
either take seconds to minutes for a few kilobytes. What is beyond these bounds is shown as plain text.
Figures are of markdown-it-py 4.3 and nh3 0.3.7 on an idle core.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore

MOST_LINES = 20_000
"""A line costs some 35 microseconds, even an empty one of a paragraph."""
_MARKS = "\n!#$%&*+-:<=>@[\\]^_`{|}~"
_MOST_MARKS = 20_000
_FEW_MARKS = 40
_DEEPEST_BRACKETS = 6
_MOST_CELLS = 20_000
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


def spare_tangles(markdown: MarkdownIt) -> None:
    """Makes `markdown` leave tangled paragraphs and immense tables as plain text."""
    markdown.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    markdown.core.ruler.before("inline", "spare_tangles", _spare_paragraphs)


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
    """The rule for tables, for as long as all tables of the body together have 20,000 cells at most.

    Missing cells are filled in, so that a wide head makes each later line as wide: 65,000 cells take 4 s.
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
