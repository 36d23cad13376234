"""What is wrong with files, since when; whoever found a problem takes it back.

Works on the caller's open transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, true

from syndicator.models import Problem
from syndicator.store import rows
from syndicator.store.dialect import batches, row_of, upsert
from syndicator.store.tables import problems
from syndicator.store.types import ProblemChanges, ProblemKind


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

    def put(self, found: Iterable[Problem], now: datetime) -> list[Problem]:
        """Stores what reading articles found, keeping `since` of a problem that was there before.

        Returns those that are new, or are said in other words than before, in their order.
        """
        found = list(found)
        before: list[Problem] = []
        for paths in batches({problem.path for problem in found}):
            before += self._of(and_(problems.c.path.in_(paths), problems.c.kind == ProblemKind.ARTICLE))
        return self._put(found, before, ProblemKind.ARTICLE, now)

    def drop(self, source: str, paths: Iterable[str]) -> list[Problem]:
        """Takes back what reading these articles once found; returns what there was."""
        of_articles = and_(problems.c.source == source, problems.c.kind == ProblemKind.ARTICLE)
        return self._drop(of_articles, paths)

    def replace(
        self, kind: ProblemKind, found: Iterable[Problem], now: datetime, *, source: str | None = None
    ) -> ProblemChanges:
        """All problems of a kind (of one source) are these now; the others are taken back."""
        found = list(found)
        there = {(problem.source, problem.path) for problem in found}
        before = self._of(
            and_(problems.c.kind == kind, true() if source is None else problems.c.source == source)
        )
        over = [problem for problem in before if (problem.source, problem.path) not in there]
        for problem in over:
            self._drop(and_(problems.c.kind == kind, problems.c.source == problem.source), [problem.path])
        return ProblemChanges(self._put(found, before, kind, now), over)

    def _of(self, condition: ColumnElement[bool]) -> list[Problem]:
        query = select(problems).where(condition)
        return [rows.problem_value(row) for row in self._connection.execute(query).mappings()]

    def _drop(self, condition: ColumnElement[bool], paths: Iterable[str]) -> list[Problem]:
        dropped: list[Problem] = []
        for some in batches(paths):
            statement = delete(problems).where(condition, problems.c.path.in_(some)).returning(problems)
            dropped += map(rows.problem_value, self._connection.execute(statement).mappings())
        return dropped

    def _put(
        self, found: Sequence[Problem], before: Iterable[Problem], kind: ProblemKind, now: datetime
    ) -> list[Problem]:
        written = (row_of(problem) | {"kind": kind, "since": now} for problem in found)
        upsert(self._connection, problems, written, keep=("since",))
        known = {(problem.source, problem.path, problem.what) for problem in before}
        return [problem for problem in found if (problem.source, problem.path, problem.what) not in known]
