"""Titles that look like an address: the host that the link really leads to (pure).

A reader takes `https://mybank.example/login` for where a click leads. Where a title names another host than
its link has, the real one is shown beside it. It errs on showing: `Node.js` looks like a host as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

WORD = re.compile(r"[\w.-]+")
OTHER_DOTS = str.maketrans("。．｡", "...")
"""What browsers take for a dot in a host, beside the dot (https://www.unicode.org/reports/tr46/)."""
UNSEEN = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
"""What no reader sees: Unicode's Default_Ignorable_Code_Point and control characters that are no space."""

LONGEST_HOST = 60


def real_host(title: str, link: str) -> str | None:
    """The link's host, where the title looks like an address or host of another; None elsewhere.

    In its ASCII form, so that no letter passes for another, and cut from the front, where anything may stand.

    >>> real_host("https://mybank.example/login", "https://evil.example/")
    'evil.example'
    >>> real_host("News of example.org", "https://www.example.org/news"), real_host("Plain words", "https://a.b/")
    (None, None)
    """
    try:
        host = _ascii(urlsplit(link).hostname or "")
    except ValueError:
        return None
    text = unicodedata.normalize("NFKC", UNSEEN.sub("", title.translate(OTHER_DOTS)))
    named = list(_hosts(text))
    if not host or ("://" not in text and not named):
        return None
    if named and all(host == name or host.endswith(f".{name}") for name in named):
        return None
    return host if len(host) <= LONGEST_HOST else "…" + host[1 - LONGEST_HOST :]


def _hosts(text: str) -> Iterator[str]:
    """The words of the text that look like a host, in ASCII form."""
    for word in WORD.findall(text):
        labels = word.strip(".-").split(".")
        is_name = len(labels[-1]) > 1 and (labels[-1].isalpha() or labels[-1].lower().startswith("xn--"))
        is_number = len(labels) == 4 and all(label.isdigit() for label in labels)
        if len(labels) > 1 and all(labels) and (is_name or is_number):
            yield _ascii(".".join(labels))


def _ascii(host: str) -> str:
    try:
        plain = host.encode("idna").decode("ascii")
    except UnicodeError:
        plain = host
    return plain.casefold().removeprefix("www.")
