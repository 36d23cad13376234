"""the oldest tables that are brought up to date; a new database gets this version's, without any migration

Revision ID: 0012
Revises:
"""

revision = "0012"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing leads here: `tests/store/0012.sql` has the tables as they were."""
