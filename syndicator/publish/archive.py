"""Archive pages of a feed of everything: its complete history, behind its newest entries (pure).

RFC 5005 4. The store numbers the entries of a topic in the order in which they first appeared in the feed of
everything: 0, 1, 2 and so on; a number is never given again, also not after a withdrawal. Page `n` holds the
numbers from `n * limit` up to and without `(n + 1) * limit`, of which those that are public now are shown.

- Membership of a page depends on nothing but the number: a late old article shifts no page, and an edit or a
  withdrawal rewrites its page alone.
- A feed that ever had more entries than its limit has pages for all its numbers, the last one unfinished.
  So the feed and its pages together hold every public entry, also a late old article that never was among
  the newest of the feed. An entry may stand in both; readers join them by id.
- A reader need not ask again for an archive document that it has (RFC 5005 4.2), and a page that is still
  filling would then be incomplete for ever. Links to it therefore carry how full it is (`?entries=12`), which
  static hosts ignore and readers take for a new address; links to a full page carry nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage:
    """One page, counted from 0: the numbers from `first` up to and without `stop`."""

    number: int
    first: int
    stop: int
    full: bool

    @property
    def marker(self) -> str:
        """What links to the page end in."""
        return "" if self.full else f"?entries={self.stop - self.first}"


def archive_pages(count: int, limit: int) -> tuple[ArchivePage, ...]:
    """The pages of a feed that has given `count` numbers, oldest first; none while all fit into the feed.

    >>> [(page.first, page.stop, page.full) for page in archive_pages(120, 50)]
    [(0, 50, True), (50, 100, True), (100, 120, False)]
    >>> archive_pages(50, 50)
    ()
    """
    if count <= limit:
        return ()
    return tuple(
        ArchivePage(
            number=number,
            first=number * limit,
            stop=min(count, (number + 1) * limit),
            full=(number + 1) * limit <= count,
        )
        for number in range((count + limit - 1) // limit)
    )
