"""why a message was written and when it ended; what a route took of late"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("why", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("rising", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("ended", sa.BigInteger(), nullable=True))
    payload = "$.metadata.event_payload"
    op.execute(
        f"UPDATE deliveries SET why = coalesce(json_extract(message, '{payload}.why'), 'sent at once'),"  # noqa: S608
        f" rising = coalesce(json_extract(message, '{payload}.rising'), 0)"
    )
    op.create_index("ix_ledger_route", "ledger", ["route", "at"])
