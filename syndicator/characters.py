"""Which characters may stand in a feed, an address, an id or a language tag (pure).

The parser has cleaned every text before; this is the second fence. It is stricter than XML where a validator
is: a document that is well-formed for a parser but full of warnings for a validator is not good enough.
"""

from __future__ import annotations

import re
import uuid
from functools import lru_cache

import langcodes
from w3lib.url import safe_url_string

_HIGHER_PLANES = "".join(f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 17))
_FORBIDDEN = re.compile(f"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffc{_HIGHER_PLANES}]")
"""XML 1.0 2.2 `Char`, less the C1 controls, U+FFFD and Unicode's noncharacters, for which validators warn."""

_URI_PART = r"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_WEB_LINK = re.compile(
    r"https?://(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@)?"
    r"(?:(?:[A-Za-z0-9\-._~]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?"
    rf"(?:[/?]{_URI_PART}*)?(?:\#{_URI_PART}*)?",
    re.IGNORECASE,
)
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_URI_PART}+(?:\#{_URI_PART}*)?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNWISE = str.maketrans({character: f"%{ord(character):02X}" for character in '[]|\\^`{}<>" '})


def clean(text: str) -> str:
    """The text without the characters that XML 1.0 forbids or validators warn of; `\\ufffd` becomes `?`."""
    return _FORBIDDEN.sub(lambda found: "?" if found[0] == "\ufffd" else "", text)


def one_line(text: str) -> str:
    """`clean`, with every run of white space made one blank and none left at the ends."""
    return " ".join(clean(text).split())


def web_link(link: str) -> str | None:
    """The absolute http(s) address as an RFC 3986 URI, or None where it is none (`javascript:`, relative).

    What is not ASCII is percent-encoded and a host goes to its IDNA form, as feeds carry URIs, not IRIs.
    """
    if _WEB_LINK.fullmatch(link):
        return link
    try:
        safe = safe_url_string(clean(link).strip())
    except (ValueError, UnicodeError):
        return None
    scheme, mark, rest = safe.partition("://")
    host, slash, path = rest.partition("/")
    encoded = scheme + mark + host + slash + _LONE_PERCENT.sub("%25", path).translate(_UNWISE)
    return encoded if _WEB_LINK.fullmatch(encoded) else None


def document_id(guid: str) -> str:
    """The guid as all formats carry it: itself where it is a URI (RFC 4287 4.2.6), else a UUIDv5 of it."""
    if _URI.fullmatch(guid):
        return guid
    return uuid.uuid5(uuid.NAMESPACE_URL, clean(guid)).urn


@lru_cache(maxsize=256)
def language_tag(language: str | None) -> str | None:
    """The language as RSS, Atom and HTML spell it (RFC 5646 2.1.1), None where it is no registered one.

    >>> language_tag("DE_de"), language_tag("zh-hant-tw"), language_tag("German"), language_tag("jp")
    ('de-DE', 'zh-Hant-TW', None, None)
    """
    if not language or not _LANGUAGE.fullmatch(language):
        return None
    first, *rest = language.replace("_", "-").split("-")
    tag = "-".join([first.lower(), *map(_subtag, rest)])
    return tag if langcodes.tag_is_valid(tag) else None


def _subtag(part: str) -> str:
    match len(part):
        case 2:
            return part.upper()
        case 4 if part.isalpha():
            return part.title()
        case _:
            return part.lower()
