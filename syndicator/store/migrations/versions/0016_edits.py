"""edits of posted messages"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("edit_of", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("edit_due", sa.BigInteger(), nullable=True))
    for name in ("edit_of", "edit_due"):
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_deliveries_{name}", "deliveries", [name], sqlite_where=there)
