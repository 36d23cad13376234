"""The addresses in the settings: such that every feed made with them is a sound one (pure)."""

from __future__ import annotations

import re
import string
import unicodedata
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote

from syndicator.characters import web_link

BASE = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ip>[^\]/]*)\]|(?P<host>[^\s/?#@:\[\]]+))(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[^\s?#]*)?",
    re.IGNORECASE | re.ASCII,
)
LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
LARGEST_PORT = 65535


def base_address(value: str) -> str:
    """The address with which others begin: its host in ASCII (IDNA), ending in a slash.

    Raises ValueError, with what is wrong or the fix, for what no feed could carry (RFC 3986).
    """
    match = BASE.fullmatch(value)
    if match is None:
        raise ValueError(
            "must be an absolute http or https address without query, like https://feeds.example.org/"
        )
    port = "" if match["port"] is None else f":{_port(match['port'])}"
    path = quote(match["path"] or "/", safe=string.punctuation)
    address = f"{match['scheme'].lower()}://{_host(match)}{port}{path}"
    if web_link(address) != address:
        raise ValueError("holds a character that no address has; write it as % and two hexadecimal digits")
    return address if address.endswith("/") else address + "/"


def whole_address(value: str) -> str:
    """An address as it is, query and all. Raises ValueError where no feed could carry it."""
    if web_link(value) != value:
        raise ValueError("must be an absolute http or https address, like https://hub.example.org/")
    return value


def _port(digits: str) -> int:
    if not 0 < int(digits) <= LARGEST_PORT:
        raise ValueError(f"has a port that does not exist; write one from 1 to {LARGEST_PORT}")
    return int(digits)


def _host(match: re.Match[str]) -> str:
    if match["host"] is None:
        return f"[{_ip(match['ip'])}]"
    host = in_ascii(match["host"])
    if not all(LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        raise ValueError("has a host that cannot be; write one like feeds.example.org")
    return host


def _ip(text: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except AddressValueError:
        raise ValueError("has no IPv6 address in its brackets; write one like http://[::1]/") from None


def in_ascii(host: str) -> str:
    """The host in its `xn--` form. Refused where the standard library's IDNA 2003 would make another host of
    it than browsers do, as of `straße.example`."""
    if host.isascii():
        return host
    try:
        encoded = host.encode("idna")
        same = encoded.decode("idna") == unicodedata.normalize("NFC", host.lower())
    except UnicodeError:
        same = False
    if not same:
        raise ValueError("has a host that cannot be encoded safely; write it in its xn-- form")
    return encoded.decode("ascii")
