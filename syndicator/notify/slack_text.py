"""An article's text made safe and short for Slack (pure).

Text from articles goes into `rich_text` elements, which Slack does not parse at all, and into `plain_text`
objects, in which it decodes only the three entities
(https://docs.slack.dev/messaging/formatting-message-text/#escaping). So nothing in it can ping, format, make
an emoji or a link. Lengths are counted in UTF-16 units after escaping, the most that Slack may count.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate, takewhile
from urllib.parse import quote, urlsplit

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

INVISIBLE = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff"
    "]"
)
"""Bidirectional overrides, zero-width and other characters that hide or reorder what is read."""

STRAY_JOINER = re.compile("(?<![^\\x00-\\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\\x00-\\x7f])")
"""A joiner that joins nothing: it belongs only inside scripts and emoji outside ASCII."""

SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")

URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What stays as it is in an address; the space, `<`, `>`, `|`, quotes and backticks are percent-encoded."""


LONGEST = 1_000
"""What is beyond is not even looked at: no message shows so much of one text."""


def clean(text: str) -> str:
    """The text on one line, without characters that are not seen or change the order of others."""
    text = text[:LONGEST]
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = STRAY_JOINER.sub("", INVISIBLE.sub("", SPACE.sub(" ", text)))
    return SPACE.sub(" ", text).strip()


def escape(text: str) -> str:
    """The three control characters as entities, and nothing else.

    >>> escape("R&D <!channel>")
    'R&amp;D &lt;!channel&gt;'
    """
    return re.sub("[&<>]", lambda match: ENTITIES[match[0]], text)


def weigh(text: str, *, escaped: bool = True) -> int:
    """How long the text is for Slack: in UTF-16 units, after escaping where it will be escaped."""
    return sum(_weight(character, escaped) for character in text)


def shorten(text: str, limit: int, *, escaped: bool = True) -> str:
    """The text cut at a word, with an ellipsis, so that it weighs at most `limit`.

    >>> shorten("one two three", 9)
    'one two…'
    """
    if weigh(text, escaped=escaped) <= limit:
        return text
    totals = accumulate(_weight(character, escaped) for character in text)
    end = sum(1 for total in takewhile(lambda total: total < limit, totals))
    while end > 0 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    head = text[:end]
    word = head.rstrip() if text[end].isspace() else head.rpartition(" ")[0].rstrip()
    return (word if len(word) > end // 2 else head.rstrip()) + "…"


def safe_link(url: str, limit: int) -> str | None:
    """The address as it may stand in a message, or None if it is not http(s) or longer than `limit`.

    >>> safe_link("https://example.org/a|b c", 100)
    'https://example.org/a%7Cb%20c'
    """
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).netloc
    except ValueError:
        return None
    if scheme not in ("http", "https") or not host:
        return None
    encoded = quote(url.encode("utf-8", "replace"), safe=URL_SAFE)
    return encoded if len(encoded) <= limit else None


def host(url: str) -> str:
    """The site of an address, for showing; empty if there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _weight(character: str, escaped: bool) -> int:
    if escaped and character in ENTITIES:
        return len(ENTITIES[character])
    return 2 if ord(character) > 0xFFFF else 1


def _joins(character: str) -> bool:
    """Whether the character belongs to the one before it, so that no cut may come between them."""
    return character in "\u200c\u200d\ufe0e\ufe0f" or unicodedata.combining(character) != 0
