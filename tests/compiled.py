"""Statements compiled once a process: doing it for each database was a third of what a test on one took."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event


class Compiled(dict[tuple[Any, ...], Any]):
    """SQLAlchemy's `compiled_cache`, whose keys begin with the engine's own dialect, for all of one kind."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


COMPILED = Compiled()


def share_compiled_statements() -> None:
    """For every engine of this process from now on; may be repeated."""
    if not event.contains(Engine, "engine_connect", _share):
        event.listen(Engine, "engine_connect", _share)


def _share(connection: Connection) -> None:
    if "compiled_cache" not in connection.get_execution_options():
        connection.engine.update_execution_options(compiled_cache=COMPILED)  # for its next connections
        connection.execution_options(compiled_cache=COMPILED)
