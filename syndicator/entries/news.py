"""What an operator is told of each batch: entries that came, changed or went, and files that are bad.

Of each kind ten entries are named and more are counted, so that a folder of 100,000 files costs no more than
one of ten. Files that are bad for one reason are one line when there are more than three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import structlog

from syndicator.models import Change, Problem, Visibility
from syndicator.store.types import ProblemChanges

log = structlog.get_logger()

NAMED, NAMED_PROBLEMS = 10, 3
LINES = 20
"""At most so many reasons why files are bad have lines of their own."""


def say_changes(changes: Iterable[Change], roots: Mapping[str, Path]) -> None:
    """Says what a subscriber sees, and what is new and not to be seen; `roots` are the sources' folders."""
    kinds: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if kind := _kind(change):
            kinds.setdefault(kind, []).append(change)
    for (event, why), of_kind in sorted(kinds.items()):
        reason = {"why": why} if why else {}
        if len(of_kind) > NAMED:
            log.info(event, count=len(of_kind), **reason)
            continue
        for change in of_kind:
            article, was = change.entry.article, change.before and change.before.article.path
            moved = {"was": was} if was not in (None, article.path) else {}
            path = _path(article.source, article.path, roots)
            log.info(event, path=path, title=article.title, link=article.link, **moved, **reason)


def _kind(change: Change) -> tuple[str, str] | None:
    """What happened to the entry, and why it is not public; None where nobody needs to know."""
    before = None if change.before is None else change.before
    after = change.entry
    why = "file gone" if after.visibility is Visibility.WITHDRAWN else after.visibility.value
    match change.was_public, change.is_public:
        case False, True:
            return "published", ""
        case True, False:
            return "withdrawn", why
        case False, False:
            other = before is None or before.visibility is not after.visibility
            return ("not public", why) if other and after.visibility is not Visibility.WITHDRAWN else None
        case _:
            moved = before is not None and before.article.path != after.article.path
            return ("revised", "") if change.revised else ("moved", "") if moved else None


def say_problems(changes: ProblemChanges, roots: Mapping[str, Path]) -> None:
    """Says which files have become bad, or bad in another way, and which are so no longer."""
    reasons: dict[str, list[Problem]] = {}
    for problem in changes.found:
        reasons.setdefault(problem.what, []).append(problem)
    for bad in list(reasons.values())[:LINES]:
        _say_bad(bad, roots)
    if len(reasons) > LINES:
        log.warning("problem", more_kinds=len(reasons) - LINES, see="syndicator check")
    for problem in changes.over[:NAMED]:
        log.info("problem over", path=_path(problem.source, problem.path, roots), was=problem.what)
    if len(changes.over) > NAMED:
        log.info("problem over", count=len(changes.over))


def _say_bad(bad: Sequence[Problem], roots: Mapping[str, Path]) -> None:
    what, fix = bad[0].what, bad[0].fix
    paths = [_path(problem.source, problem.path, roots) for problem in bad]
    if len(bad) > NAMED_PROBLEMS:
        examples = ", ".join(paths[:2])
        log.warning("problem", count=len(bad), what=what, fix=fix, examples=examples, see="syndicator check")
        return
    for problem, path in zip(bad, paths, strict=True):
        line, column = problem.line, problem.column
        log.warning("problem", path=path, line=line, column=column, what=what, fix=problem.fix)


def _path(source: str, path: str, roots: Mapping[str, Path]) -> str:
    return str(roots[source] / path) if source in roots else path
