"""what is owed is in the ledger alone; what nobody reads goes"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

SAME = "owed.channel = ledger.channel AND owed.story = ledger.story"
UNWRITTEN = "kind = 'owed' AND delivery IS NULL"


def upgrade() -> None:
    op.add_column("ledger", sa.Column("suspect", sa.Boolean(), nullable=False, server_default=sa.false()))
    # The two were written together; should they differ, nothing may be announced by this.
    op.execute(
        f"UPDATE ledger SET kind = 'baseline', reason = 'baseline: it was there when the route or source began'"  # noqa: S608
        f" WHERE {UNWRITTEN} AND NOT EXISTS (SELECT 1 FROM owed WHERE {SAME})"
    )
    op.execute(f"UPDATE ledger SET suspect = 1 WHERE EXISTS (SELECT 1 FROM owed WHERE {SAME} AND suspect)")  # noqa: S608
    op.execute(
        "INSERT OR IGNORE INTO ledger (channel, story, guid, route, kind, reason, at, suspect)"
        " SELECT channel, story, guid, route, 'owed', reason, qualified, suspect FROM owed"
    )
    op.create_index("ix_ledger_owed", "ledger", ["route", "at"], sqlite_where=sa.text(UNWRITTEN))
    op.drop_index("ix_ledger_delivery", "ledger")
    written = sa.text("delivery IS NOT NULL")
    op.create_index("ix_ledger_delivery", "ledger", ["delivery"], sqlite_where=written)
    for table in ("owed", "attempts", "outages"):
        op.drop_table(table)
    op.execute("ALTER TABLE digest_slots DROP COLUMN outcome")
    op.execute("ALTER TABLE channels DROP COLUMN broken_since")
    op.drop_index("ix_entries_story", "entries")
    op.drop_index("ix_deliveries_queue", "deliveries")
    op.drop_index("ix_deliveries_state", "deliveries")
    op.create_index("ix_deliveries_state", "deliveries", ["state", "due", "created"])
    op.create_index("ix_deliveries_channel", "deliveries", ["channel", "state"])
