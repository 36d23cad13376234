"""messages of a channel are found by when they were sent"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("ix_deliveries_recent", "deliveries")
    op.create_index("ix_deliveries_recent", "deliveries", ["channel", "ended"])
