"""The tables of notifying: what was decided of a story, and the messages.

`ledger` and `digest_slots` are kept for ever: their primary keys are what makes "once" true.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, and_, literal_column, text

from syndicator.alerts import DeliveryState, LedgerKind, RouteReason, SlackMethod
from syndicator.store.tables import EnumText, JsonText, UtcTime, metadata

routes = Table(
    "routes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("began", UtcTime, nullable=False),
)
"""The routes that have had their silent beginning, as they were then."""

minimums = Table(
    "minimums",
    metadata,
    Column("route", Text, primary_key=True),
    Column("day", UtcTime, primary_key=True),
    Column("quality", Float),
    Column("stories", Integer, nullable=False),
    Column("days", Integer, nullable=False),
)
"""Each day's minimum quality of the routes with `about`: never changed, as stories are judged by them."""

ledger = Table(
    "ledger",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("story", Text, primary_key=True),
    Column("guid", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("kind", EnumText(LedgerKind), nullable=False),
    Column("reason", EnumText(RouteReason), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("delivery", Text),
    Column("suspect", Boolean, nullable=False, default=False),
    Index("ix_ledger_guid", "guid"),
    Index("ix_ledger_story", "story"),
    Index("ix_ledger_delivery", "delivery", sqlite_where=text("delivery IS NOT NULL")),
    Index("ix_ledger_route", "route", "at"),
    Index("ix_ledger_owed", "route", "at", sqlite_where=text("kind = 'owed' AND delivery IS NULL")),
)
"""Once for ever: the primary key is the promise. What is owed and in no message yet is owed a message;
`suspect` where it comes from a restored backup."""

WAITING = and_(ledger.c.kind == literal_column("'owed'"), ledger.c.delivery.is_(None))
"""Of a row of the ledger: it is owed and in no message yet. Written out, so that the index is used."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("guids", JsonText, nullable=False),
    Column("more", Integer, nullable=False),
    Column("state", EnumText(DeliveryState), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("message", JsonText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", UtcTime),
    Column("misses", Integer, nullable=False),
    Column("message_ts", Text),
    Column("error", Text),
    Column("failing_since", UtcTime),
    Column("look_from", UtcTime),
    Column("unsure", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("ended", UtcTime),
    Column("edit_of", Text),
    Column("edit_due", UtcTime),
    Index("ix_deliveries_state", "state", "due", "created"),
    Index("ix_deliveries_channel", "channel", "state"),
    Index("ix_deliveries_recent", "channel", "ended"),
    Index("ix_deliveries_edit_of", "edit_of", sqlite_where=text("edit_of IS NOT NULL")),
    Index("ix_deliveries_edit_due", "edit_due", sqlite_where=text("edit_due IS NOT NULL")),
)
"""Messages, and edits of messages that were posted, each a row of its own."""

EDITS = deliveries.c.edit_of.is_not(None)

digest_slots = Table(
    "digest_slots",
    metadata,
    Column("route", Text, primary_key=True),
    Column("nominal", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("delivery", Text),
)
"""Each time of a digest that was dealt with, also when nothing was sent."""

mutes = Table(
    "mutes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("route", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("why", Text, nullable=False),
    Column("lifted", UtcTime),
    Index("ix_mutes_route", "route", "until"),
)

channels = Table(
    "channels",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("not_before", UtcTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("broken", Text),
)

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("method", EnumText(SlackMethod), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)
"""How long Slack asked not to be called, by method and, where it limits by channel, by channel (else '')."""

channel_names = Table(
    "channel_names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""The id that Slack gave for a channel's name, and when."""
