"""The tables of announcing: what was decided of a story, what is owed, and the messages and their tries.

`ledger` and `digest_slots` are kept for ever: their primary keys are what makes "once" true. Texts that are
only shown are JSON.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from syndicator.store.tables import UtcTime, metadata

routes = Table(
    "routes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("began", UtcTime, nullable=False),
)
"""The routes that have had their silent beginning, as they were then."""

ledger = Table(
    "ledger",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("story", Text, primary_key=True),
    Column("guid", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("delivery", Text),
    Index("ix_ledger_guid", "guid"),
    Index("ix_ledger_delivery", "delivery"),
    Index("ix_ledger_route", "route", "at"),
)
"""Once for ever: the primary key is the promise."""

owed = Table(
    "owed",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("story", Text, primary_key=True),
    Column("guid", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("qualified", UtcTime, nullable=False),
    Column("suspect", Boolean, nullable=False, default=False),
    Index("ix_owed_route", "route", "qualified"),
)
"""Stories taken and not yet in a message; `suspect` ones come from a restored backup."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("guids", Text, nullable=False),
    Column("more", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", UtcTime),
    Column("misses", Integer, nullable=False),
    Column("message_ts", Text),
    Column("error", Text),
    Column("failing_since", UtcTime),
    Column("look_from", UtcTime),
    Column("unsure", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("rising", Boolean, nullable=False),
    Column("ended", UtcTime),
    Index("ix_deliveries_queue", "channel", "state", "due", "created"),
    Index("ix_deliveries_state", "state", "lease_until"),
    Index("ix_deliveries_recent", "channel", "ended"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("ended", UtcTime),
    Column("outcome", Text),
    Index("ix_attempts_delivery", "delivery", "id"),
)
"""Each try and each look; one without an end was cut off."""

digest_slots = Table(
    "digest_slots",
    metadata,
    Column("route", Text, primary_key=True),
    Column("nominal", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("outcome", Text, nullable=False),
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
    Column("broken_since", UtcTime),
)

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("method", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)
"""How long Slack asked not to be called, by method and, where it limits by channel, by channel (else '')."""

outages = Table(
    "outages",
    metadata,
    Column("since", UtcTime, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("ended", UtcTime),
    Column("method", Text, nullable=False, server_default="auth.test"),
)
"""Times in which Slack could not be reached; the one without an end lasts."""

channel_names = Table(
    "channel_names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""The id that Slack gave for a channel's name, and when."""
