"""What is said to SQLite in its own words: rows written over others or left, and a look into JSON.

What else only SQLite knows: pragmas and checks (`database`, `inspection`), its backup API (`backup`), error
codes (`translation`), signed integers (`types`), partial indexes and tables in the order of their keys
(`tables`, `outbox_tables`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    TableValuedAlias,
    UnaryExpression,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.operators import custom_op

T = TypeVar("T")
Row = Mapping[str, Any]
_Value = tuple[str, Callable[[Any], Any] | None]
_SQLITE = sqlite.dialect(paramstyle="qmark")

ROWID: ColumnElement[int] = literal_column("rowid")
"""A row's place in its table, which every index has. For tables that are not in the order of their keys."""
BATCH = 500
"""Values per statement, well below SQLite's 32,766 variables."""


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in their order, `BATCH` at a time."""
    remaining = iter(values)
    while some := list(islice(remaining, BATCH)):
        yield some


def row_of(value: Any) -> dict[str, Any]:
    """A dataclass whose fields are a table's columns (`columns_of`), as a row of it."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def upsert(connection: Connection, table: Table, rows: Iterable[Row], *, keep: Collection[str] = ()) -> None:
    """Writes each row, over the one with its primary key if there is one, but for the columns to `keep`."""
    _execute(connection, table, _upsert(table, frozenset(keep)), rows)


def _execute(connection: Connection, table: Table, statement: Insert, rows: Iterable[Row]) -> None:
    for some in batches(rows):
        # As `connection.execute`, which spends half as long again on values that are looked at one by one.
        text, columns = _prepared(table, statement, tuple(some[0]))
        values = (tuple([to(row[name]) if to else row[name] for name, to in columns]) for row in some)
        connection.exec_driver_sql(text, list(values))


@cache
def _prepared(table: Table, statement: Insert, names: tuple[str, ...]) -> tuple[str, list[_Value]]:
    """The statement as SQLite takes it, and which values in which order, each with what makes it one."""
    compiled = statement.compile(dialect=_SQLITE, column_keys=names)
    places = compiled.positiontup or ()
    return str(compiled), [(n, table.c[n].type.dialect_impl(_SQLITE).bind_processor(_SQLITE)) for n in places]


@cache
def _upsert(table: Table, keep: frozenset[str]) -> Insert:
    statement = insert(table)
    changes = {name: statement.excluded[name] for name in _others(table) if name not in keep}
    return statement.on_conflict_do_update(index_elements=_keys(table), set_=changes)


def insert_missing(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Writes each row whose primary key is not there."""
    _execute(connection, table, _insert(table), rows)


@cache
def _insert(table: Table) -> Insert:
    return insert(table).on_conflict_do_nothing()


def insert_listed(table: Table, *, adding: bool = False) -> Insert:
    """A statement that writes each item of the JSON list `rows`, a list of the columns' values, whose primary
    key is not there; with `adding` the values of the others are added to those that are there. Many rows take
    a third of the time that they take in `upsert`."""
    items, values = listed("rows", len(table.columns))
    # Without a condition SQLite reads ON as that of a join (https://sqlite.org/lang_upsert.html, 2.2).
    rows = select(*values).select_from(items).where(true())
    statement = insert(table).from_select([column.name for column in table.columns], rows)
    if not adding:
        return statement.on_conflict_do_nothing()
    sums = {name: table.c[name] + statement.excluded[name] for name in _others(table)}
    return statement.on_conflict_do_update(index_elements=_keys(table), set_=sums)


def replace_if(connection: Connection, table: Table, row: Row, condition: ColumnElement[bool]) -> bool:
    """Writes the row if its primary key is not there, or over the one that is there if the condition holds
    of it; whether it was written."""
    statement = insert(table).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=_keys(table), set_={name: row[name] for name in _others(table)}, where=condition
    )
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def change_unless_taken(
    connection: Connection, table: Table, condition: ColumnElement[bool], **values: object
) -> int:
    """Changes the rows; one whose primary key would be another's then is deleted. How many were changed."""
    changed = table.update().prefix_with("OR IGNORE").where(condition).values(values)
    count = len(connection.execute(changed.returning(*table.primary_key)).all())
    connection.execute(delete(table).where(condition))
    return count


def json_text(column: ColumnElement[str], path: str) -> ColumnElement[str | None]:
    """The value at a path such as `$.provider.name`; None where there is none."""
    return func.json_extract(column, path)


def in_list(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Whether the column's text is in the JSON list that is given by this name, of any length: unlike `in_`
    the statement is put together once."""
    items = func.json_each(bindparam(name)).table_valued("value")
    return column.in_(select(items.c.value))


def unindexed(column: Column[str]) -> ColumnElement[str]:
    """The column, for a condition that is not to be answered by an index: SQLite, which has no counts of
    rows, may take the worse one (https://sqlite.org/optoverview.html, unary "+")."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def listed(name: str, width: int) -> tuple[TableValuedAlias, list[ColumnElement[Any]]]:
    """A row for each item of the JSON list that is given by this name, and the columns of the items, which
    are lists of this width."""
    items = func.json_each(bindparam(name)).table_valued("value")
    return items, [func.json_extract(items.c.value, f"$[{at}]") for at in range(width)]


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _others(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.primary_key]
