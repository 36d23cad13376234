"""Whose link is it? A link that is made of a source's site and a file's path belongs to one file (pure).

Two files with the same one are two pages for one address, of which readers would only ever see one (behaviour
7). The first that had the link keeps it, whatever the order in which files are read; another one is refused
until that file is gone or has another link. A draft neither has a link nor wants one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syndicator.models import Article, Problem, Visibility, is_draft
from syndicator.store.types import StoredEntry

if TYPE_CHECKING:
    from syndicator.entries.match import Found, Known

NEVER = datetime.max.replace(tzinfo=UTC)
FIX = (
    "Rename one of them, or give it an address of its own; if the site has other addresses, set the source's "
    "`permalink`"
)


def second_links(
    batch: Sequence[Found], holders: Mapping[str, StoredEntry], known: Known, *, include_unpublished: bool
) -> dict[str, Problem]:
    """The articles of a batch whose derived link another file of the source has, by path."""
    owners = _owners_elsewhere(batch, holders, known)
    wanting: dict[str, list[Article]] = {}
    for one in batch:
        article = one.article
        if (
            article is not None
            and article.derived
            and not is_draft(article, include_unpublished=include_unpublished)
        ):
            wanting.setdefault(article.canonical_link, []).append(article)
    refused: dict[str, Problem] = {}
    for link, articles in wanting.items():
        first = owners.get(link) or min(articles, key=lambda one: _rank(one, holders.get(one.path))).path
        refused |= {one.path: _second(one, first) for one in articles if one.path != first}
    return refused


def _owners_elsewhere(
    batch: Iterable[Found], holders: Mapping[str, StoredEntry], known: Known
) -> dict[str, str]:
    """Paths by link, of files that are there and not in the batch."""
    paths = {one.path for one in batch}
    sources = {one.article.source for one in batch if one.article is not None}
    moving = {stored.entry.guid for stored in holders.values()}
    return {
        stored.entry.article.canonical_link: stored.entry.article.path
        for stored in known.others
        if stored.entry.article.derived
        and stored.entry.article.source in sources
        and stored.entry.article.path not in paths
        and stored.entry.guid not in known.vacant | moving
        and stored.entry.visibility not in (Visibility.DRAFT, Visibility.WITHDRAWN)
    }


def _rank(article: Article, before: StoredEntry | None) -> tuple[bool, datetime, str]:
    """Whoever had the link already comes first, then whoever was seen first, then by path."""
    had = before is not None and before.entry.article.canonical_link == article.canonical_link
    return (not had, before.entry.seen if before is not None else NEVER, article.path)


def _second(article: Article, first: str) -> Problem:
    what = f"has the same link as {first}: {article.link}"
    return Problem(source=article.source, path=article.path, what=what, fix=FIX)
