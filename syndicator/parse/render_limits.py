"""What keeps a body from taking long: limits on what its HTML may ask of the sanitiser.

Markdown is parsed in a few milliseconds, whatever it is; only marks of quotes and lists in their hundreds on
one line are looked at again by every line after it. The sanitiser takes about a microsecond for each tag,
and as much again for each formatting element that is open around it, since unclosed ones are opened anew in
every paragraph: 2,000 times `<p><b id=…>` become 14 MB. Figures are of pyromark 0.10 and nh3 0.3.7.
"""

from __future__ import annotations

import re

from syndicator.errors import ArticleError

MOST_STEPS = 10_000
"""A step is a tag, an attribute, a character reference, or a formatting element open around a tag. Of 5,720
real posts of up to 100,000 characters none took more than two thirds of these."""
_DEEPEST_TAGS = 200
_DEEP_MARKS = re.compile(r"^(?:[ \t]*+(?:>|(?:[-+*]|\d{1,9}[.)])[ \t])){200}", re.MULTILINE)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)")


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMATTING = words("a b big code em font i nobr s small strike strong tt u")
_UNPAIRED = words(
    """area base br col embed hr img input link meta source track wbr
    p li dt dd td th tr tbody thead tfoot caption colgroup option optgroup rt rp"""
)
_MANY_ATTRIBUTES = re.compile(r"<[a-zA-Z](?:[^\s<>/]*+[\s/]++){400}")
_FIX = "Split it into several articles, or nest and mark up less of it"


def check_markdown(markdown: str) -> None:
    """Raises ArticleError, with the line from 1, where quotes or lists begin 200 deep on one line."""
    if sum(map(markdown.count, ">-+*.)")) < _DEEPEST_TAGS:
        return
    if found := _DEEP_MARKS.search(markdown):
        line = markdown.count("\n", 0, found.start()) + 1
        raise ArticleError("quotes or lists are nested over 200 deep", fix="Nest less deeply", line=line)


def check_size(rendered: str) -> None:
    """Raises ArticleError for HTML with too many tags, attributes and character references."""
    if sum(map(rendered.count, "<=&")) > MOST_STEPS:
        raise ArticleError(f"the text makes more than {MOST_STEPS:,} tags and attributes of HTML", fix=_FIX)


def check_html(rendered: str) -> None:
    """Raises ArticleError for HTML that takes the sanitiser too many steps."""
    check_size(rendered)
    if _is_too_intricate(rendered) or _MANY_ATTRIBUTES.search(rendered):
        raise ArticleError("the text has too many tags inside each other, or left open", fix=_FIX)


def _is_too_intricate(rendered: str) -> bool:
    """Whether tags are nested over 200 deep, or take too many steps.

    Elements whose end tag may be left out do not count as open. An end tag that is not the innermost one's
    closes nothing here, so that what is counted is never less than what the sanitiser has open.
    """
    tags = rendered.count("<")
    if tags < _DEEPEST_TAGS and tags * (tags + 1) < 2 * MOST_STEPS:
        return False  # though all of them stood open inside each other
    open_tags: list[str] = []
    formatting = steps = 0
    for closing, tag in _TAG.findall(rendered):
        steps += 1 + formatting
        name = tag.lower()
        if name in _UNPAIRED:
            continue
        if not closing:
            open_tags.append(name)
            formatting += name in _FORMATTING
        elif open_tags and open_tags[-1] == name:
            open_tags.pop()
            formatting -= name in _FORMATTING
        if len(open_tags) > _DEEPEST_TAGS:
            return True
    return steps > MOST_STEPS
