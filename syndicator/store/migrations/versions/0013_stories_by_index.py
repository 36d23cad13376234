"""what is known of a story is found by index; that its quality rose is said by the ledger alone"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index("ix_entries_story", "entries", ["story"])
    op.create_index("ix_ledger_story", "ledger", ["story"])
    op.execute("ALTER TABLE deliveries DROP COLUMN rising")
