"""Threads beside the loop: begun anew when they break."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()

PAUSE_S = 5.0
"""Before a part that broke begins anew."""


def keep_running(
    name: str, run: Callable[[], None], stop: threading.Event, *, pause_s: float = PAUSE_S
) -> None:
    """Calls `run` until it ends by itself or `stop` is set; where it breaks, it begins anew after a pause."""
    while not stop.is_set():
        try:
            run()
            return
        except Exception:  # the job boundary: a service that says nothing and sends nothing is worse
            log.exception("a part of the service broke, it begins anew", part=name)
            stop.wait(pause_s)
