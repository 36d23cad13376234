"""The tables of notifying: what was decided of a story, and the messages.

`ledger` and `digest_slots` are kept for ever: their primary keys are what makes "once" true.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, and_, literal_column, text

from syndicator.alerts import ChannelState, DailyMinimum, Delivery, LedgerRow, Mute, RateLimit
from syndicator.store.tables import UtcTime, columns_of, metadata

routes = Table(
    "routes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("began", UtcTime, nullable=False),
)
"""The routes that have had their silent beginning, as they were then."""

minimums = Table("minimums", metadata, *columns_of(DailyMinimum, "route", "day"))
"""Each day's minimum quality of the routes with `about`: never changed, as stories are judged by them."""

ledger = Table(
    "ledger",
    metadata,
    *columns_of(LedgerRow, "channel", "story"),
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
    *columns_of(Delivery, "id"),
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
    *columns_of(Mute, "id"),
    Index("ix_mutes_route", "route", "until"),
)

channels = Table("channels", metadata, *columns_of(ChannelState, "channel"))

rate_limits = Table("rate_limits", metadata, *columns_of(RateLimit, "method", "channel"))
"""How long Slack asked not to be called, by method and, where it limits by channel, by channel (else '')."""

channel_names = Table(
    "channel_names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""The id that Slack gave for a channel's name, and when."""
