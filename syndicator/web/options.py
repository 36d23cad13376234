"""What the service tells the server's process: plain values that pass as one line of JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Which folder is served, as what, where, and how long clients may take.

    `base_url` ends in a slash: links in headers come from it alone. `port` 0 takes any free one.
    """

    output: str
    moved_map: str
    base_url: str
    host: str
    port: int
    hub: str | None = None
    cache_seconds: int = 300
    header_timeout_s: float = 5.0
    """A connection is closed when no whole request head has come for so long: half-open, dripping or idle."""
    stalled_after_s: float = 20.0
    """A connection is dropped when its client takes nothing of an answer for so long."""
    grace_s: float = 2.0
    """How long answers under way may take when the server is to end."""
