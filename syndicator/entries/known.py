"""What the store knows that could matter for a batch: whose file each of them was, is, or may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syndicator.entries.match import Found, Known
from syndicator.models import Visibility
from syndicator.parse.identity import mint_guid
from syndicator.store.session import Session
from syndicator.store.types import KnownFile, StoredEntry


def alike_in(
    session: Session,
    source: str,
    found: Sequence[Found],
    missing: frozenset[str],
    files: Mapping[str, KnownFile],
) -> list[StoredEntry]:
    """The entries that files of the batch might be, by key, content, link or path: for those that have none
    yet, and, where files are missing, by content for those that have. With them those whose link a file of
    the batch would get."""
    read = [(one, one.article) for one in found if one.article is not None]
    fresh = [(one, article) for one, article in read if one.path not in files or files[one.path].guid is None]
    moving = read if missing else fresh
    links = {article.canonical_link for _, article in fresh}
    links |= {article.canonical_link for _, article in read if article.derived}
    some = [
        *session.entries(sorted({article.guid for _, article in fresh if article.guid})).values(),
        *session.copies(sorted(links)),
        *session.twins(source, sorted({one.digest for one, _ in moving})),
        *session.entries_at(source, [one.path for one, _ in fresh]).values(),
    ]
    return list({stored.entry.guid: stored for stored in some}.values())


def known_of(
    session: Session,
    source: str,
    found: Sequence[Found],
    missing: frozenset[str],
    files: Mapping[str, KnownFile],
    alike: Sequence[StoredEntry],
) -> Known:
    """The same, told apart: the entries of these very files, and those whose file is not there."""
    concerned = {one.path for one in found} | {stored.entry.article.path for stored in alike}
    owners = {path: file.guid for path, file in files.items() if file.guid is not None and path in concerned}
    of_files = session.entries(sorted(set(owners.values())))
    fresh = [one for one in found if one.article is not None and one.path not in owners]
    keys = {one.article.guid for one in fresh if one.article}
    there = {guid for path, guid in owners.items() if path not in missing}
    leaving = {guid for path, guid in owners.items() if path in missing} - there
    others = {stored.entry.guid: stored for stored in alike}
    by_key = {guid: stored for guid, stored in others.items() if guid in keys}
    others |= {guid: of_files[guid] for guid in leaving if guid in of_files}
    vacant = {
        guid
        for guid, stored in {**others, **of_files}.items()
        if guid in leaving or stored.entry.visibility is Visibility.WITHDRAWN
    }
    return Known(
        by_file={path: of_files[guid] for path, guid in owners.items() if guid in of_files},
        by_guid=by_key,
        others=list(others.values()),
        taken=frozenset(_taken(session, source, [one.path for one in fresh])),
        vacant=frozenset(vacant),
    )


def _taken(session: Session, source: str, paths: Sequence[str]) -> set[str]:
    """The guids that minting for these paths would give and that entries have already, up to a free one."""
    taken: set[str] = set()
    salt = 0
    while paths:
        minted = {path: mint_guid(source, path, salt) for path in paths}
        there = session.existing(minted.values())
        taken |= there
        paths = [path for path in paths if minted[path] in there]
        salt += 1
    return taken
