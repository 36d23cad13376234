"""What is said once, however often it is found."""

from __future__ import annotations


class SaidOnce:
    """Remembers what was said last; the empty text is that all is well. One thread uses it."""

    def __init__(self) -> None:
        self.last = ""

    def changed(self, what: str) -> bool:
        """Whether this is another thing than the last time.

        >>> said = SaidOnce()
        >>> [said.changed(what) for what in ("", "full", "full", "", "full")]
        [False, True, False, True, True]
        """
        changed, self.last = what != self.last, what
        return changed
