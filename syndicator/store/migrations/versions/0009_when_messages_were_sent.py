"""messages of a channel are found by when they were sent

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_deliveries_recent", "deliveries")
    op.create_index("ix_deliveries_recent", "deliveries", ["channel", "ended"])
