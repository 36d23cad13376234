"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called between two steps that are kept: how many are done, of how many; 0 of 0 where that is not known.
What it raises ends the work."""
ShowProgress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, of how much; of 0 where that is not known yet."""


def no_progress(done: int, of: int) -> None:
    """Goes on."""


class Stopped(Exception):
    """The service is to stop, and a long run ends between two of its steps."""


class PutOff(Exception):
    """Something else goes before long work, which goes on later where it was."""


class Stages:
    """Long work, stage by stage. A stage that comes in portions goes on where the portion before it ended."""

    def __init__(self, show: ShowProgress = lambda _what, _done, _of: None) -> None:
        self._show, self._what = show, ""
        self._before = self._done = 0

    def begin(self, what: str) -> None:
        self._before = self._before + self._done if what == self._what else 0
        if what != self._what:
            self._show(what, 0, 0)
        self._what, self._done = what, 0

    def update(self, done: int, of: int) -> None:
        """So much of the portion is done, of what is left of the stage."""
        if of:
            self._done = done
            self._show(self._what, self._before + done, self._before + of)
