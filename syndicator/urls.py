"""Addresses: which are let through, in which form, and how a relative one becomes absolute (pure).

What comes from `http_link`, `joined` or `base_address` is ASCII and, once `encoded`, a URI by RFC 3986:
feeds, pages and messages carry it as it is, and nothing after the parser and the settings checks it again.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urldefrag, urljoin, urlsplit

from syndicator.text import INVISIBLE, JOINERS, clean, decode_entities

LONGEST_LINK = 2_000
LONGEST_HOST = 60
"""Characters of a host as `other_host` gives it."""

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
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_URI_PART = r"(?:[\w\-.~:/?@!$&'()*+,;=]++|%[0-9A-Fa-f]{2})"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_URI_PART}+(?:#{_URI_PART}*)?", re.ASCII)

_WORD = re.compile(r"[\w.-]+")
_OTHER_DOTS = str.maketrans("。．｡", "...")
"""What browsers take for a dot in a host, beside the dot (https://www.unicode.org/reports/tr46/)."""
_UNSEEN = re.compile(f"[{INVISIBLE}{JOINERS}\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def http_link(text: str) -> str:
    """An absolute http or https address in ASCII, `&#038;` and its like decoded, blanks within encoded, IDN
    hosts in punycode.

    Raises ValueError that says what is wrong: another scheme, no host, an invisible or control character, a
    user name or password, a port that is none, or more than 2,000 characters.
    """
    return _checked(decode_entities(text.strip()).replace(" ", "%20"))


def base_address(text: str) -> str:
    """`http_link` of an address with which others begin; it ends in a slash. Raises ValueError."""
    link = encoded(http_link(text))
    if "?" in link or "#" in link:
        raise ValueError("has a query or a fragment; write it without, like https://feeds.example.org/")
    return link if link.endswith("/") else f"{link}/"


def joined(base: str, text: str) -> str:
    """`text` as an absolute address, taken relative to `base`, blanks in it encoded. Raises ValueError."""
    return joined_plainly(base, text) or _checked(
        urljoin(base, decode_entities(text.strip()).replace(" ", "%20"))
    )


def joined_plainly(base: str, text: str) -> str | None:
    """What `joined` makes of an address that needs no encoding, in a microsecond; None for any other."""
    link = decode_entities(text.strip())
    if link.startswith("//"):
        link = f"{base.partition('//')[0]}{link}"
    if link.startswith(("http://", "https://")):
        return link if len(link) <= LONGEST_LINK and _SIMPLE.fullmatch(link) else None
    found = _BELOW.fullmatch(link)
    if found is None:
        return None
    start = _starts(base).get(found[1] if found[2] is None else found[2])
    return start + link if start and len(start) + len(link) <= LONGEST_LINK else None


def encoded(link: str) -> str:
    """The address with `%` written `%25` where it begins no escape."""
    return _LONE_PERCENT.sub("%25", link) if "%" in link else link


def site_of(link: str) -> str:
    """The host of an address without `www.`, for showing; empty if there is none."""
    try:
        return (urlsplit(link).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


@lru_cache(maxsize=1_000)
def home_of(domain: str) -> str | None:
    """The address of the site at a domain; None where it is none."""
    try:
        return http_link(f"https://{domain}/")
    except ValueError:
        return None


def document_id(guid: str) -> str:
    """The guid as all formats carry it: itself where it is a URI (RFC 4287 4.2.6), else a UUIDv5 of it."""
    return guid if _URI.fullmatch(guid) else uuid.uuid5(uuid.NAMESPACE_URL, clean(guid)).urn


def other_host(title: str, link: str) -> str | None:
    """The link's host, where the title looks like an address or host of another; None elsewhere.

    A reader takes `https://mybank.example/login` for where a click leads. In its ASCII form, so that no
    letter passes for another, and cut from the front, where anything may stand. It errs on showing:
    `README.md` looks like a host as well; `Node.js` does not, since no domain ends in `.js`.

    >>> other_host("https://mybank.example/login", "https://evil.example/")
    'evil.example'
    >>> other_host("News of example.org", "https://www.example.org/news"), other_host("Node.js", "https://a.b/")
    (None, None)
    """
    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", title.translate(_OTHER_DOTS)))
    named = list(_hosts(text))
    if "://" not in text and not named:
        return None
    host = _punycode(site_of(link))
    if not host or (named and all(host == name or host.endswith(f".{name}") for name in named)):
        return None
    return host if len(host) <= LONGEST_HOST else "…" + host[1 - LONGEST_HOST :]


def _hosts(text: str) -> Iterator[str]:
    """The words of the text that look like a host, in ASCII form."""
    for word in _WORD.findall(text):
        if "." not in word:  # almost every one
            continue
        labels = word.strip(".-").split(".")
        is_name = len(labels[-1]) > 1 and (labels[-1].isalpha() or labels[-1].lower().startswith("xn--"))
        is_number = len(labels) == 4 and all(label.isdigit() for label in labels)
        if len(labels) > 1 and all(labels) and (is_name or is_number) and labels[-1].lower() != "js":
            yield _punycode(".".join(labels))


def _punycode(host: str) -> str:
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    return host.casefold().removeprefix("www.")


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
    from w3lib.url import safe_url_string  # half a tenth of a second to load, and seldom needed

    link = str(safe_url_string(link))
    if not _HOST.fullmatch(_host(link)):
        raise ValueError("has no valid host")
    _refuse_other_host(host)
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
    if not parts.hostname or port == 0:
        raise ValueError("has no valid host or port" if parts.hostname else "has no valid host")
    return parts.netloc if port is None else parts.netloc.rpartition(":")[0]


def _refuse_other_host(host: str) -> None:
    """Refuses what the standard library's IDNA 2003 would make another host of than browsers do, as of
    `straße.example`."""
    if host.isascii():
        return
    try:
        same = host.encode("idna").decode("idna") == unicodedata.normalize("NFC", host.lower())
    except UnicodeError:
        same = False
    if not same:
        raise ValueError("has a host that cannot be encoded safely; write it in its xn-- form")
