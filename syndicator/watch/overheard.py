"""What watchdog tells only its log: the event queue overflowed, watches could not be renewed.

An overflow loses events and reaches no event handler (gorakhargosh/watchdog, issue 654); its log line is all
there is. While anybody listens, watchdog's own lines go no further: they repeat, by the megabyte at worst.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import structlog

log = structlog.get_logger()

_LOGGER = logging.getLogger("watchdog.observers")


class Overheard(logging.Handler):
    """Calls `overflowed` or `suspected` from watchdog's threads, between `attach` and `detach`.

    One queue per observer, but the log does not say which: all that listen are told.
    """

    def __init__(self, overflowed: Callable[[], None], suspected: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._overflowed, self._suspected = overflowed, suspected

    def attach(self) -> None:
        """Starts to listen; again is harmless."""
        warnings.filterwarnings(
            "ignore", message="Callback with id", category=RuntimeWarning, module=r"watchdog\."
        )
        _LOGGER.setLevel(logging.WARNING)
        _LOGGER.propagate = False
        _LOGGER.addHandler(self)

    def detach(self) -> None:
        """Ends listening; again is harmless."""
        _LOGGER.removeHandler(self)
        _LOGGER.propagate = not any(isinstance(other, Overheard) for other in _LOGGER.handlers)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.name.endswith(".inotify_c") and "overflow" in text:
            self._overflowed()
        elif "Unable to rebuild" in text:
            self._suspected()
        else:
            log.debug("watchdog said something", text=text)
