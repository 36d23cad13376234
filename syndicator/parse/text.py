"""Text as written in front matter to text as shown: decoded once, cleaned, on one line, of a bearable length.

Nothing here makes HTML; a title of `List<T> &amp; C++` comes out as `List<T> & C++`.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_TAG_NAMES = (
    "a|abbr|address|article|aside|audio|b|blockquote|body|br|caption|center|cite|code|col|dd|del|details|div|dl"
    "|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|li"
    "|link|main|mark|meta|nav|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong"
    "|style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|u|ul|var|video|wbr"
)
_ATTRIBUTE = r"""\s+[a-zA-Z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:{_ATTRIBUTE})*\s*/?>|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)


def legal(text: str) -> str:
    """`text` without the characters that XML 1.0 forbids (section 2.2), lone surrogates among them.

    Nor with the other control characters, which XML discourages, HTML forbids and terminals obey; U+0085 is
    a line end, and stays one.
    """
    return text if text.isascii() and text.isprintable() else _ILLEGAL.sub("", text)


def decode_entities(text: str) -> str:
    """`text` with its HTML character references decoded once.

    Only those that end in a semicolon: `?a=1&copy=2` is an address, not a copyright sign.
    """
    return _ENTITY.sub(_decoded, text) if "&" in text else text


def one_line(text: str) -> str:
    """Plain text as shown: entities decoded once, forbidden characters gone, any white space one blank."""
    return squeezed(decode_entities(text))


def squeezed(text: str) -> str:
    """`text` without forbidden characters, any white space one blank."""
    return " ".join(legal(text).split())


def without_tags(text: str) -> str:
    """`text` without HTML tags, comments and scripts; a `<` that begins no known tag stays.

    As in a browser, a comment or script that is not closed hides everything after it.
    """
    if "<" not in text:
        return text
    return _TAG.sub(" ", _HIDDEN.sub(" ", text))


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters; cut between words where that loses little, and marked `…`."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    blank = head.rfind(" ", limit * 2 // 3)
    return head[: blank if blank > 0 else None].rstrip(" ,;:–—-") + "…"


def visible(text: str) -> bool:
    """Whether anything of `text` can be seen."""
    return any(c.isprintable() and not c.isspace() for c in text)


def _decoded(found: re.Match[str]) -> str:
    name = found[0]
    return unescape(name) if name[1] == "#" or name[1:] in html5 else name
