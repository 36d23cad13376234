"""A request and its answer as plain values, so that deciding needs no server and no server needs deciding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Headers(Protocol):
    """A request's headers by lower-case name; a plain dict is one.

    A header that stands more than once has its values joined by `, ` (RFC 9110 5.3).
    """

    def get(self, name: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` is percent-decoded once; `query` is as it came, without its question mark."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The whole answer. For HEAD the body is what GET would get: the server sends its length alone."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


App = Callable[[Request], Response]
"""Anything that the server can serve. Called by one thread at a time; must not block for long."""
