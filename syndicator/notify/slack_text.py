"""An article's text made safe for Slack, and how long it is there (pure).

Text from articles goes into `rich_text` elements, which Slack does not parse at all, and into `plain_text`
objects, in which it decodes only the three entities
(https://docs.slack.dev/messaging/formatting-message-text/#escaping). So nothing in it can ping, format, make
an emoji or a link. Lengths are counted in UTF-16 units after escaping, the most that Slack may count.
"""

from __future__ import annotations

import re

from syndicator.text import INVISIBLE

_HIDDEN = re.compile(f"[{INVISIBLE}]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])")
"""Bidirectional overrides, zero-width and other characters that hide or reorder what is read; and joiners
that join nothing: they belong only inside scripts and emoji outside ASCII."""
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST = 1_000
"""What is beyond is not even looked at: no message shows so much of one text."""


def clean(text: str) -> str:
    """The text on one line, without characters that are not seen or change the order of others."""
    text = text[:_LONGEST].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _SPACE.sub(" ", _HIDDEN.sub("", _SPACE.sub(" ", text))).strip()


def escape(text: str) -> str:
    """The three control characters as entities, and nothing else.

    >>> escape("R&D <!channel>")
    'R&amp;D &lt;!channel&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def units(text: str) -> int:
    """How long the text is for Slack where it is not escaped: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped_units(text: str) -> int:
    """How long it is once it is escaped."""
    return units(escape(text))
