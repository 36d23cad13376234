"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called between two steps that are kept: how many are done, of how many. What it raises ends the work."""


def no_progress(done: int, of: int) -> None:
    """Goes on."""
