"""tables and columns have the names that the code has"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

REASONS = {
    "owed: quality rose over the bar": "owed: quality reached the minimum later",
    "quality below the route's bar": "quality below the route's minimum",
    "heat below the route's bar": "heat below the route's minimum",
}
MEMBERSHIP_INDEXES = (
    ("newest", ["topic", "shown", "published", "guid"], False),
    ("number", ["topic", "number"], True),
    ("guid", ["guid"], False),
)


def upgrade() -> None:
    for before, after in REASONS.items():
        for table in ("ledger", "owed"):
            statement = sa.text(f"UPDATE {table} SET reason = :after WHERE reason = :before")
            op.execute(statement.bindparams(before=before, after=after))
    op.execute("ALTER TABLE problems RENAME COLUMN cure TO fix")
    op.execute("ALTER TABLE topics RENAME COLUMN fate TO status")
    op.rename_table("standings", "memberships")
    op.rename_table("pings", "websub_notifications")
    op.rename_table("marks", "metadata")
    op.execute("UPDATE metadata SET name = 'topics applied' WHERE name = 'shelving'")
    for name, columns, unique in MEMBERSHIP_INDEXES:
        op.drop_index(f"ix_standings_{name}", "memberships")
        op.create_index(f"ix_memberships_{name}", "memberships", columns, unique=unique)
