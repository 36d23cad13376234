"""Text as written in front matter to text as shown: decoded once, cleaned, on one line, of a bearable length.

Nothing here makes HTML; a title of `List<T> &amp; C++` comes out as `List<T> & C++`.
"""

from __future__ import annotations

import re

from syndicator.text import decode_entities, one_line, shorten

_TAG_NAMES = (
    "a|abbr|address|article|aside|audio|b|blockquote|body|br|caption|center|cite|code|col|dd|del|details|div|dl"
    "|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|li"
    "|link|main|mark|meta|nav|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong"
    "|style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|u|ul|var|video|wbr"
)
_ATTRIBUTE = r"""\s+[a-zA-Z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:{_ATTRIBUTE})*\s*/?>|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)


def plain_line(text: str, limit: int) -> str:
    """Plain text as shown: entities decoded once, forbidden characters gone, any white space one blank, in at
    most `limit` characters."""
    return shorten(one_line(decode_entities(text)), limit)


def without_tags(text: str) -> str:
    """`text` without HTML tags, comments and scripts; a `<` that begins no known tag stays.

    As in a browser, a comment or script that is not closed hides everything after it.
    """
    if "<" not in text:
        return text
    return _TAG.sub(" ", _HIDDEN.sub(" ", text))


def visible(text: str) -> bool:
    """Whether anything of `text` can be seen."""
    return any(c.isprintable() and not c.isspace() for c in text)
