"""A progress bar for what takes longer than a moment, and only where a person can see it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE_S = 1.0
"""How long one waits without being told anything."""


class Bar:
    """Appears after a moment if there is still something to do."""

    def __init__(self, console: Console, what: str) -> None:
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=None)
        self._shown = False

    def update(self, done: int, of: int) -> None:
        """So many are done, of so many."""
        if not self._shown and time.monotonic() - self._began > PATIENCE_S and done < of:
            self._bar.start()
            self._shown = True
        self._bar.update(self._task, completed=done, total=of)

    def stop(self) -> None:
        """Takes the bar away. May be repeated."""
        if self._shown:
            self._bar.stop()
            self._shown = False


@contextmanager
def progress_bar(console: Console, what: str) -> Iterator[Bar]:
    """A bar that is gone when the block ends, however it ends."""
    bar = Bar(console, what)
    try:
        yield bar
    finally:
        bar.stop()
