"""A store of its own for each test of the outbox, and the values that those tests are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from syndicator.alerts import Delivery, DeliveryState, LedgerKind, LedgerRow, RouteReason
from syndicator.store.outbox import Outbox
from syndicator.store.tables import metadata
from tests.making import utc

NOON = utc(2026, 3, 2, 12)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=60)


def open_engine(path: Path | None = None, *, durable: bool = True, timeout_s: float = 30.0) -> Engine:
    """An SQLite engine as the service's: own BEGIN IMMEDIATE, WAL; in memory without a path."""
    if path is None:
        engine = create_engine("sqlite://")
    else:
        engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": timeout_s})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    metadata.create_all(engine)
    return engine


class OutboxStore:
    """Opens the outbox, one transaction at a time, as the service's store does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def __call__(self) -> Iterator[Outbox]:
        with self.engine.begin() as connection:
            yield Outbox(connection)


def memory_store() -> OutboxStore:
    return OutboxStore(open_engine())


def make_delivery(
    id: str = "d1", *, channel: str = "C1", route: str = "ai", now: datetime = NOON, **fields: Any
) -> Delivery:
    values: dict[str, Any] = {
        "id": id,
        "route": route,
        "channel": channel,
        "kind": "alert",
        "guids": (f"urn:{id}",),
        "state": DeliveryState.OWED,
        "created": now,
        "due": now,
        "message": {"text": id, "blocks": [], "metadata": {"event_payload": {"delivery": id}}},
    }
    return Delivery(**(values | fields))


def make_owed(
    story: str = "s1", *, channel: str = "C1", route: str = "ai", now: datetime = NOON
) -> LedgerRow:
    return LedgerRow(
        route=route,
        channel=channel,
        story=story,
        guid=f"urn:{story}",
        kind=LedgerKind.OWED,
        reason=RouteReason.OWED,
        at=now,
    )
