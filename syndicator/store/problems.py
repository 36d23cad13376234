"""What is wrong with files, since when; whoever found a problem takes it back.

Works on the caller's open transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from syndicator.models import Problem
from syndicator.store import rows
from syndicator.store.dialect import batches, row_of, upsert
from syndicator.store.tables import problems
from syndicator.store.types import ProblemChanges, ProblemKind

_DROP = delete(problems).where(
    problems.c.kind == bindparam("of_kind"),
    problems.c.source == bindparam("of"),
    problems.c.path == bindparam("at"),
)


class Problems:
    """One open transaction on the problems."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Problem]:
        """All problems, by source, path and kind."""
        query = select(problems).order_by(problems.c.source, problems.c.path, problems.c.kind)
        return [rows.problem_value(row) for row in self._connection.execute(query).mappings()]

    def count(self) -> dict[ProblemKind, int]:
        """How many problems of each kind there are."""
        query = select(problems.c.kind, func.count()).group_by(problems.c.kind)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def replace(
        self,
        kind: ProblemKind,
        found: Iterable[Problem],
        now: datetime,
        *,
        source: str | None = None,
        paths: Iterable[str] | None = None,
    ) -> ProblemChanges:
        """All problems of a kind (of one source, or of these paths of it) are these now; the others are taken
        back. One that was there before keeps its `since`."""
        found, before = [*found], [*self._of(kind, source, paths)]
        there = {(problem.source, problem.path) for problem in found}
        over = [problem for problem in before if (problem.source, problem.path) not in there]
        if over:
            keys = [{"of_kind": kind, "of": problem.source, "at": problem.path} for problem in over]
            self._connection.execute(_DROP, keys)
        written = (row_of(problem) | {"kind": kind, "since": now} for problem in found)
        upsert(self._connection, problems, written, keep=("since",))
        known = {(problem.source, problem.path, problem.what) for problem in before}
        new = [problem for problem in found if (problem.source, problem.path, problem.what) not in known]
        return ProblemChanges(new, over)

    def _of(self, kind: ProblemKind, source: str | None, paths: Iterable[str] | None) -> Iterator[Problem]:
        query = select(problems).where(problems.c.kind == kind)
        if source is not None:
            query = query.where(problems.c.source == source)
        some = [query] if paths is None else (query.where(problems.c.path.in_(one)) for one in batches(paths))
        for one in some:
            yield from map(rows.problem_value, self._connection.execute(one).mappings())
