"""Work is found by index: what the loop and the sender ask in each run reads no history and no baseline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from syndicator.store.history import History
from syndicator.store.outbox import Outbox
from tests.notify.values import make_entry
from tests.store.outbox_values import NOON, SECOND, OutboxStore, memory_store

FULL = (
    "ix_ledger_route (route=?)",
    "ix_ledger_delivery (delivery=?)\nUSE",
    "sqlite_autoindex_ledger_1 (channel=?)",
    "SCAN deliveries",
    "SCAN ledger\n",
)
"""What would read all that a route ever took, all that is in no message, a whole channel, or everything."""


@contextmanager
def planned(store: OutboxStore) -> Iterator[dict[str, str]]:
    """How SQLite goes about what is asked meanwhile, by statement."""
    plans: dict[str, str] = {}

    @event.listens_for(store.engine, "before_cursor_execute")
    def explain(
        connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            raw = connection.connection.driver_connection
            rows = raw.execute(f"EXPLAIN QUERY PLAN {statement}", values[0] if many else values).fetchall()
            plans[statement] = "\n".join(row[3] for row in rows) + "\n"

    yield plans
    store.engine.dispose()


def test_what_is_asked_in_each_run_is_found_by_index() -> None:
    store = memory_store()
    with planned(store) as plans, store() as outbox:
        outbox.expire_leases(NOON, confirm_after=SECOND)
        outbox.claim(NOON, lease=SECOND, pace=SECOND)
        outbox.next_time()
        outbox.edits.due(NOON)
        outbox.edits.next_due()
        outbox.edits.of("d1")
        outbox.edits.mark(["d1"], NOON, routes=["ai"], sent_after=NOON)
        outbox.open_ways()
        outbox.channels.begun_ways()
        outbox.channels.hand_over(("ai", "C1"), "new")
        outbox.release(("ai", "C1"), "muted", NOON)
        outbox.oldest("ai", "C1")
        outbox.sent_lately("C1", NOON)
        outbox.ledger.kinds(["s"], ["g"], ["C1"])
        outbox.ledger.deliveries_with([make_entry()])
        outbox.ledger.owing()
        outbox.ledger.owed("ai")
        outbox.ledger.has_taken("ai", NOON)
        outbox.ledger.arrivals("ai", NOON)
    assert len(plans) > 10
    wrong = {statement: plan for statement, plan in plans.items() if any(part in plan for part in FULL)}
    assert wrong == {}


def test_status_and_operators_page_read_no_messages_or_decisions_but_those_they_show() -> None:
    store = memory_store()
    with planned(store) as plans, store.engine.begin() as connection:
        Outbox(connection).count()
        history = History(connection)
        history.decisions(50)
        history.decided_since(NOON)
        history.last_sent()
        history.sent_to("C1", NOON)
        history.oldest_waiting()
        history.given_up()
    assert len(plans) == 8
    steps = {line for plan in plans.values() for line in plan.splitlines()}
    read = {line for line in steps if line.startswith("SCAN") and "COVERING" not in line}
    assert read == set()
