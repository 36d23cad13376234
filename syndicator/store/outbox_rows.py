"""Rows of the outbox and the ledger as values, and back; nothing else knows the form of their columns."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from syndicator.alerts import Delivery, DeliveryState, LedgerKind, LedgerRow, Owed, RouteReason


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    """A message as its row's values; the message's own text and its entries are JSON."""
    values = {name: getattr(delivery, name) for name in Delivery.__dataclass_fields__}
    values["state"] = delivery.state.value
    values["guids"] = json.dumps(delivery.guids)
    values["message"] = json.dumps(delivery.message, ensure_ascii=False)
    return values


def delivery_value(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    values["state"] = DeliveryState(row.state)
    values["guids"] = tuple(json.loads(row.guids))
    values["message"] = json.loads(row.message)
    return Delivery(**values)


def ledger_values(line: LedgerRow) -> dict[str, Any]:
    values = {name: getattr(line, name) for name in LedgerRow.__dataclass_fields__}
    values["kind"], values["reason"] = line.kind.value, line.reason.value
    return values


def ledger_value(row: Row[Any]) -> LedgerRow:
    values = dict(row._mapping)
    values["kind"], values["reason"] = LedgerKind(row.kind), RouteReason(row.reason)
    return LedgerRow(**values)


def owed_values(story: Owed) -> dict[str, Any]:
    values = {name: getattr(story, name) for name in Owed.__dataclass_fields__}
    values["reason"] = story.reason.value
    return values


def owed_value(row: Row[Any]) -> Owed:
    values = {name: row._mapping[name] for name in Owed.__dataclass_fields__}
    values["reason"] = RouteReason(row.reason)
    return Owed(**values)
