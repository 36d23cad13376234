"""Addresses from articles: which are let through, and how a relative one becomes absolute."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urldefrag, urljoin, urlsplit

from w3lib.url import safe_url_string

from syndicator.parse.text import decode_entities
from syndicator.settings.address import in_ascii

LONGEST_LINK = 2_000
_LABEL = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"  # RFC 1035 2.3.4; `_` is seen in real names
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?|\[[0-9a-fA-F:.]+\]")
_CHARACTERS = r"[\w/.~+,=@&?:!;-]|%[0-9a-fA-F]{2}"
_SIMPLE = re.compile(
    rf"https?://(?:{_LABEL}\.)*{_LABEL}(?:/(?:{_CHARACTERS})*(?:(?<![?;])#(?:{_CHARACTERS})+)?)?", re.ASCII
)
_STEP = r"[\w~+,=@&!-](?:[\w.~+,=@&!-]|%[0-9a-fA-F]{2})*"
_BELOW = re.compile(
    rf"(/?){_STEP}(?:/{_STEP})*/?(?:\?(?:{_CHARACTERS})+)?(?:#(?:{_CHARACTERS})+)?|(#)(?:{_CHARACTERS})+",
    re.ASCII,
)
"""A path from the root or from beside the base, without `.` and `..`, or a fragment alone."""
_BLANK = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff\ud800-\udfff]"
)


def http_link(text: str) -> str:
    """An absolute http or https address in ASCII, `&#038;` and its like decoded, IDN hosts in punycode.

    Raises ValueError that says what is wrong: another scheme, no host, a blank or control character, a user
    name or password, a port that is none, or more than 2,000 characters.
    """
    return _checked(decode_entities(text.strip()))


def joined(base: str, text: str) -> str:
    """`text` as an absolute address, taken relative to `base`, blanks in it encoded. Raises ValueError."""
    return joined_plainly(base, text) or _checked(
        urljoin(base, decode_entities(text.strip()).replace(" ", "%20"))
    )


def joined_plainly(base: str, text: str) -> str | None:
    """What `joined` makes of an address that needs no encoding, in a microsecond; None for any other."""
    link = decode_entities(text.strip())
    if link.startswith(("http://", "https://")):
        return link if len(link) <= LONGEST_LINK and _SIMPLE.fullmatch(link) else None
    found = _BELOW.fullmatch(link)
    if found is None:
        return None
    start = _starts(base).get(found[1] if found[2] is None else found[2])
    return start + link if start and len(start) + len(link) <= LONGEST_LINK else None


@lru_cache(maxsize=16)
def _starts(base: str) -> dict[str, str]:
    """What stands before an address from the root ("/"), from beside `base` (""), and a fragment ("#").

    Left out is what needs encoding itself.
    """
    starts = {"/": urljoin(base, "/")[:-1], "": urljoin(base, "."), "#": urldefrag(base).url}
    return {first: start for first, start in starts.items() if _SIMPLE.fullmatch(start)}


def _checked(link: str) -> str:
    if len(link) > LONGEST_LINK:
        raise ValueError(f"is longer than {LONGEST_LINK:,} characters")
    if _SIMPLE.fullmatch(link):
        return link
    if _BLANK.search(link):
        raise ValueError("has a blank or an invisible character")
    host = _host(link)
    link = str(safe_url_string(link))
    if not _HOST.fullmatch(_host(link)):
        raise ValueError("has no valid host")
    in_ascii(host)
    if len(link) > LONGEST_LINK:
        raise ValueError(f"is longer than {LONGEST_LINK:,} characters when encoded")
    return link


def _host(link: str) -> str:
    """The host of an http or https address without its port; raises ValueError where it has none."""
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        raise ValueError("has no valid host or port") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("does not begin with http:// or https://")
    if "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("has a user name or password in it")
    if not parts.hostname:
        raise ValueError("has no valid host")
    return parts.netloc if port is None else parts.netloc.rpartition(":")[0]
