"""Addresses from articles: which are let through, and how a relative one becomes absolute."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from w3lib.url import safe_url_string

from syndicator.parse.text import decode_entities

LONGEST_LINK = 2_000
_SIMPLE = re.compile(
    r"https?://[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]+)*"
    r"(?:/(?:[\w/.~+,=@&?:!;-]|%[0-9a-fA-F]{2})*)?",
    re.ASCII,
)
_BLANK = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_HOST = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?\.?|\[[0-9a-fA-F:.]+\]")


def http_link(text: str) -> str:
    """An absolute http or https address in ASCII, `&#038;` and its like decoded, IDN hosts in punycode.

    Raises ValueError that says what is wrong: another scheme, no host, a blank or control character, a user
    name or password, a port that is none, or more than 2,000 characters.
    """
    link = decode_entities(text.strip())
    if len(link) > LONGEST_LINK:
        raise ValueError(f"is longer than {LONGEST_LINK:,} characters")
    if _SIMPLE.fullmatch(link):
        return link
    if _BLANK.search(link):
        raise ValueError("has a blank or an invisible character")
    try:
        _refuse_unsafe(link)
        link = str(safe_url_string(link))
        _refuse_unsafe(link)
    except UnicodeError:
        raise ValueError("has no valid host") from None
    if len(link) > LONGEST_LINK:
        raise ValueError(f"is longer than {LONGEST_LINK:,} characters when encoded")
    return link


def joined(base: str, text: str) -> str:
    """`text` as an absolute address, taken relative to `base`, blanks in it encoded. Raises ValueError."""
    if _SIMPLE.fullmatch(text):
        return http_link(text)
    return http_link(urljoin(base, decode_entities(text.strip()).replace(" ", "%20")))


def _refuse_unsafe(link: str) -> None:
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("has no valid host or port") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("does not begin with http:// or https://")
    if "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("has a user name or password in it")
    if not host or (link.isascii() and not _HOST.fullmatch(parts.netloc.removesuffix(f":{parts.port}"))):
        raise ValueError("has no valid host")
