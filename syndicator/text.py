"""Text as feeds, pages and messages carry it: cleaned, compared and cut (pure).

What the parser and the settings let in has passed `clean`; nothing after them cleans it again. Nothing here
makes HTML: a title of `List<T> &amp; C++` is `List<T> & C++` as a `plain_line`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from html import unescape
from html.entities import html5
from itertools import accumulate, takewhile

_HIGHER_PLANES = "".join(f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 17))
_FORBIDDEN = re.compile(f"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd{_HIGHER_PLANES}]")
"""XML 1.0 2.2 `Char`, less the control characters, which HTML forbids and terminals obey, and Unicode's
noncharacters. U+0085 is a line end."""

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What hides or reorders what is read: Unicode's Default_Ignorable_Code_Point less joiners and variation
selectors, which scripts and emoji need."""
JOINERS = "\u200c\u200d\ufe00-\ufe0f"
_HIDDEN = re.compile(
    f"[{INVISIBLE}]|(?<![^\x00-\x7f])[\u200c\u200d]++|(?<![\u200c\u200d])[\u200c\u200d]++(?![^\x00-\x7f])"
)
"""And joiners that join nothing: they belong only inside scripts and emoji outside ASCII. A row of them goes
as one, or a text of joiners would take time by the square of its length."""
_UNSEEN = re.compile(f"[{INVISIBLE}{JOINERS}\u2800]")
"""U+2800 is the blank of Braille."""
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_LINE = 1_000
"""What is beyond is not even looked at: no message shows so much of one text."""

OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters (ECMA-48), marks of direction and line ends (Unicode), bytes that were not UTF-8, and
noncharacters, which XML forbids."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_COMMON = re.compile(
    "ar|cs|da|de|el|en|es|et|fi|fr|he|hi|hu|id|it|ja|ko|lt|lv|nl|no|pl|pt|ro|ru|sv|th|tr|uk|zh"
)
_TAG_NAMES = (
    "a|abbr|address|article|aside|audio|b|blockquote|body|br|caption|center|cite|code|col|dd|del|details|div|dl"
    "|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|li"
    "|link|main|mark|meta|nav|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong"
    "|style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|u|ul|var|video|wbr"
)
_ATTRIBUTE = r"""\s+[a-zA-Z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:{_ATTRIBUTE})*\s*/?>|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_SCRIPT = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)


def shown(text: str, *, but: str = "") -> str:
    r"""`text` with what a terminal obeys written out, as `\x1b` or `\u202e`; characters in `but` stay."""
    return OBEYED.sub(lambda found: found[0] if found[0] in but else _written_out(found[0]), text)


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def clean(text: str) -> str:
    """`text` without the characters that no document should hold; U+0085 becomes a line feed."""
    if text.isascii() and text.isprintable():
        return text
    return _FORBIDDEN.sub("", text).replace("\x85", "\n")


def one_line(text: str) -> str:
    """`clean`, with every run of white space made one blank and none left at the ends."""
    return " ".join(clean(text).split())


def visible_line(text: str) -> str:
    """The text on one line, without characters that are not seen or change the order of others."""
    text = text[:_LONGEST_LINE].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _SPACE.sub(" ", _HIDDEN.sub("", _SPACE.sub(" ", text))).strip()


def decode_entities(text: str) -> str:
    """`text` with its HTML character references decoded once.

    Only those that end in a semicolon: `?a=1&copy=2` is an address, not a copyright sign.
    """
    return _ENTITY.sub(_decoded, text) if "&" in text else text


def _decoded(found: re.Match[str]) -> str:
    name = found[0]
    return unescape(name) if name[1] == "#" or name[1:] in html5 else name


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
    return _TAG.sub(" ", _SCRIPT.sub(" ", text))


def visible(text: str) -> bool:
    return any(c.isprintable() and not c.isspace() for c in _UNSEEN.sub("", text))


def shorten(text: str, limit: int, weigh: Callable[[str], int] = len) -> str:
    """`text` in at most `limit` characters, or what else `weigh` counts; cut between words where that loses
    little, never before a combining mark, and marked `…`.

    >>> shorten("one two three", 9), shorten("onelongword", 5)
    ('one two…', 'onel…')
    """
    if weigh(text) <= limit:
        return text
    end = sum(1 for _ in takewhile(lambda total: total < limit, accumulate(map(weigh, text))))
    earliest = (end + 1) * 2 // 3
    while end > 0 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    blank = text.rfind(" ", earliest, end)
    return text[: blank if blank > 0 else end].rstrip(" ,;:–—-") + "…"


def _joins(character: str) -> bool:
    # Vowel signs of the scripts of India and South-East Asia are marks (M) of combining class 0.
    return character in "\u200c\u200d" or unicodedata.category(character).startswith("M")


def say_count(number: int, noun: str, plural: str | None = None) -> str:
    """
    >>> say_count(1, "entry", "entries"), say_count(12000, "publisher")
    ('1 entry', '12,000 publishers')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def fold(name: str) -> str:
    """What two spellings of one name have in common: NFKC, case and blanks folded, and without what is not
    seen; empty for an empty name. Folding twice is folding once.

    >>> fold(" Power\\u00a0 A\\u00adPPS\\u200b ") == fold("power apps")
    True
    """
    folded = _folded_once(name)
    # What is folded may leave a joiner beside a blank or an ASCII letter, where it joins nothing.
    while (again := _folded_once(folded)) != folded:
        folded = again
    return folded


def _folded_once(name: str) -> str:
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _HIDDEN.sub("", name)).casefold())
    return " ".join(normal.split())


@lru_cache(maxsize=256)
def language_tag(language: str | None) -> str | None:
    """The language as RSS, Atom and HTML spell it (RFC 5646 2.1.1), None where it is no registered one.

    >>> language_tag("DE_de"), language_tag("zh-hant-tw"), language_tag("German"), language_tag("jp")
    ('de-DE', 'zh-Hant-TW', None, None)
    """
    if not language or not _LANGUAGE.fullmatch(language):
        return None
    tag = language.replace("_", "-").lower()
    if _COMMON.fullmatch(tag):
        return tag
    from langcodes import standardize_tag, tag_is_valid  # its tables take 0.1 s to load

    return standardize_tag(tag) if tag_is_valid(tag) else None
