"""Which entry is this file? Pure: what was found and what is known go in, entries and problems come out.

Behaviour 7 to 9. In order, each entry taken once:
  1. the entry that this very file was before; where files took each other's names, the one of its content;
  2. the entry with the file's own `guid` key, if its file is gone; if it is there, that is a problem;
  3. an entry of the source whose file is gone and that has the same content, else the same canonical link,
     else the same path;
  4. a new entry, with the guid of its key or one minted from source and path.

A link that is made of a source's site and a file's path belongs to one file: two files with the same one are
two pages for one address, of which readers would only ever see one. The first that had the link keeps it,
whatever the order in which files are read; another one is refused until that file is gone or has another
link, and an entry that it had stays as it was last good. A draft neither has a link nor wants one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from syndicator.models import Article, Change, DeclaredTopic, Entry, Problem, Visibility, judge_visibility
from syndicator.parse.identity import mint_guid, story_id
from syndicator.store.types import Stamp

Topics = Callable[[Sequence[str]], tuple[str, ...]]
"""An article's names of topics to their slugs."""
Likeness = Callable[[bytes, Article], object]
"""What a file's digest and article have in common with those of the file that it was before."""
LIKENESSES: Sequence[Likeness] = (
    lambda digest, _article: digest,
    lambda _digest, article: article.canonical_link,
    lambda _digest, article: article.path,
)

NEVER = datetime.max.replace(tzinfo=UTC)
SECOND_LINK_FIX = (
    "Rename one of them, or give it an address of its own; if the site has other addresses, set the source's "
    "`permalink`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFile:
    """A file that was read: an article, a topic file, a problem, or none of them (another page)."""

    path: str
    stamp: Stamp
    digest: bytes
    article: Article | None = None
    topic: DeclaredTopic | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows that could matter for a batch. `vacant` are guids whose file is not there."""

    by_file: Mapping[str, Entry] = field(default_factory=dict)
    """The entries of the files that were there before, by path."""
    others: Sequence[Entry] = ()
    """Entries that share a guid or canonical link with the batch, or, in its source, a content or a path;
    those that are in nobody's way may be left out."""
    taken: frozenset[str] = frozenset()
    """Guids that would be minted for the batch, but that entries have."""
    vacant: frozenset[str] = frozenset()


def recognise(
    found: Iterable[ScannedFile], known: Known, topics: Topics, *, apart: bool = False, now: datetime
) -> tuple[dict[str, Change], dict[str, Problem]]:
    """Gives every article of the batch its entry: the changes, and the problems of files that cannot be
    entries, both by path. The order of `found` does not matter.

    A new entry has the story of those with its link; with `apart` one of its own, which no other gets.
    """
    batch = sorted((one for one in found if one.article is not None), key=lambda one: one.path)
    holders, refused = _holders(batch, known)
    refused |= _second_links(batch, holders, known)
    changes: dict[str, Change] = {}
    stories = {one.article.canonical_link: one.story for one in known.others if not _apart(one)}
    taken = set(known.taken)
    for one in batch:
        if one.path in refused or one.article is None:
            continue
        before = holders.get(one.path)
        guid = before.guid if before else _new_guid(one.article, taken)
        taken.add(guid)
        link = one.article.canonical_link
        story = story_id(guid) if apart else stories.setdefault(link, story_id(link))
        entry = Entry(
            guid=guid,
            story=before.story if before else story,
            article=one.article,
            updated=_updated(one.article, one.digest, before, now),
            seen=before.seen if before else now,
            visibility=judge_visibility(one.article, now=now),
            topics=topics(one.article.topics),
            digest=one.digest,
        )
        changes[one.path] = Change(before=before, entry=entry)
    return changes, refused


def withdraw(entry: Entry, *, now: datetime) -> Change:
    """The entry with its file gone."""
    gone = replace(entry, visibility=Visibility.WITHDRAWN, withdrawn=entry.withdrawn or now)
    return Change(before=entry, entry=gone)


def judge_again(entry: Entry, *, now: datetime, topics: tuple[str, ...]) -> Change:
    """The same article at another time, in the topics as they are now."""
    visibility = judge_visibility(entry.article, now=now, gone=entry.visibility is Visibility.WITHDRAWN)
    return Change(before=entry, entry=replace(entry, visibility=visibility, topics=topics))


def _holders(batch: Sequence[ScannedFile], known: Known) -> tuple[dict[str, Entry], dict[str, Problem]]:
    holders = {one.path: known.by_file[one.path] for one in batch if one.path in known.by_file}
    holders |= _exchanged(batch, holders, known)
    claimed, refused = _claimed(batch, holders, known)
    holders |= claimed
    used = {stored.guid for stored in holders.values()}
    vacant = [stored for stored in known.others if stored.guid in known.vacant]
    for alike in LIKENESSES:
        left = _by_likeness(vacant, alike)
        for one in batch:
            if one.path in holders or one.path in refused or one.article is None or one.article.guid:
                continue
            candidates = left.get((one.article.source, alike(one.digest, one.article)), ())
            free = (stored for stored in candidates if stored.guid not in used)
            mover = max(free, key=partial(_rank, one), default=None)
            if mover is not None:
                holders[one.path] = mover
                used.add(mover.guid)
    return holders, refused


def _claimed(
    batch: Sequence[ScannedFile], holders: Mapping[str, Entry], known: Known
) -> tuple[dict[str, Entry], dict[str, Problem]]:
    """The entries that further files claim by their own `guid` key, and the claims that are refused."""
    used = {stored.guid for stored in holders.values()}
    by_guid = {stored.guid: stored for stored in known.others}
    claimed: dict[str, Entry] = {}
    refused: dict[str, Problem] = {}
    claims: dict[str, str] = {}
    for path, article in ((one.path, one.article) for one in batch if one.path not in holders):
        if article is None or (key := article.guid) is None:
            continue
        stored = by_guid.get(key)
        if key in claims or key in used or (stored is not None and key not in known.vacant):
            other = claims.get(key) or (stored.article.path if stored else "")
            refused[path] = _second_guid(article, key, other)
        else:
            claims[key] = path
            if stored is not None:
                claimed[path] = stored
    return claimed, refused


def _exchanged(batch: Sequence[ScannedFile], at_home: Mapping[str, Entry], known: Known) -> dict[str, Entry]:
    """The entries of files that took each other's names, as when a series is numbered anew.

    Only where a file has the very content that another known one had, whose place has another content now or
    is left, and where in the end no entry is without a file and no file in its place without an entry.
    """
    was = {stored.digest: stored for stored in known.by_file.values()}
    changed = {one.path for one in batch if one.path in at_home and at_home[one.path].digest != one.digest}
    moved: dict[str, Entry] = {}
    for one in batch:
        stored = was.pop(one.digest, None) if one.path in changed or one.path not in at_home else None
        if stored is not None and (stored.article.path in changed or stored.guid in known.vacant):
            moved[one.path] = stored
    while broken := _broken(moved, at_home):
        moved = {path: stored for path, stored in moved.items() if path not in broken}
    return moved


def _broken(moved: Mapping[str, Entry], at_home: Mapping[str, Entry]) -> set[str]:
    """The moves that push an entry out of its place that has no other, or leave a place to no entry."""
    held = {stored.guid for stored in moved.values()}
    return {
        path
        for path, stored in moved.items()
        if (path in at_home and at_home[path].guid not in held)
        or (stored.article.path in at_home and stored.article.path not in moved)
    }


def _by_likeness(vacant: Iterable[Entry], alike: Likeness) -> dict[tuple[str, object], list[Entry]]:
    found: dict[tuple[str, object], list[Entry]] = {}
    for stored in vacant:
        article = stored.article
        found.setdefault((article.source, alike(stored.digest, article)), []).append(stored)
    return found


def _rank(one: ScannedFile, stored: Entry) -> tuple[bool, float, str]:
    """Of several: the one that had this path, then the one that disappeared last, then by guid."""
    withdrawn = float("inf") if stored.withdrawn is None else stored.withdrawn.timestamp()
    return (stored.article.path == one.path, withdrawn, stored.guid)


def _apart(stored: Entry) -> bool:
    return stored.story == story_id(stored.guid)


def _new_guid(article: Article, taken: set[str]) -> str:
    if article.guid is not None:
        return article.guid
    salt = 0
    while (guid := mint_guid(article.source, article.path, salt)) in taken:
        salt += 1
    return guid


def _updated(article: Article, digest: bytes, before: Entry | None, now: datetime) -> datetime:
    """Moves only when the revision does, and only when the file itself changed: that other settings or a
    later version of this program read the same bytes otherwise is no news to a subscriber."""
    if before is None:
        return article.published
    if article.revision == before.article.revision or digest == before.digest:
        return before.updated
    if article.modified is not None and before.updated < article.modified <= now:
        return article.modified
    return max(now, article.published)


def _second_guid(article: Article, guid: str, other: str) -> Problem:
    return Problem(
        source=article.source,
        path=article.path,
        what=f"another article has the guid {guid!r} already" + (f": {other}" if other else ""),
        fix="Give one of them another `guid`, or delete the key",
    )


def _second_links(
    batch: Sequence[ScannedFile], holders: Mapping[str, Entry], known: Known
) -> dict[str, Problem]:
    """The articles of a batch whose derived link another file of the source has, by path."""
    owners = _owners_elsewhere(batch, holders, known)
    wanting: dict[str, list[Article]] = {}
    for article in (one.article for one in batch if one.article is not None):
        if article.derived and not article.draft:
            wanting.setdefault(article.canonical_link, []).append(article)
    refused: dict[str, Problem] = {}
    for link, articles in wanting.items():
        first = owners.get(link) or min(articles, key=lambda one: _link_rank(one, holders.get(one.path))).path
        refused |= {one.path: _second(one, first) for one in articles if one.path != first}
    return refused


def _owners_elsewhere(
    batch: Iterable[ScannedFile], holders: Mapping[str, Entry], known: Known
) -> dict[str, str]:
    """Paths by link, of files that are there and not in the batch."""
    paths = {one.path for one in batch}
    sources = {one.article.source for one in batch if one.article is not None}
    moving = {stored.guid for stored in holders.values()}
    return {
        stored.article.canonical_link: stored.article.path
        for stored in known.others
        if stored.article.derived
        and stored.article.source in sources
        and stored.article.path not in paths
        and stored.guid not in known.vacant | moving
        and stored.visibility not in (Visibility.DRAFT, Visibility.WITHDRAWN)
    }


def _link_rank(article: Article, before: Entry | None) -> tuple[bool, datetime, str]:
    """Whoever had the link already comes first, then whoever was seen first, then by path."""
    had = before is not None and before.article.canonical_link == article.canonical_link
    return (not had, before.seen if before is not None else NEVER, article.path)


def _second(article: Article, first: str) -> Problem:
    what = f"has the same link as {first}: {article.link}"
    return Problem(source=article.source, path=article.path, what=what, fix=SECOND_LINK_FIX)
