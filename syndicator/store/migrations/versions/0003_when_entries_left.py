"""when an entry left a topic's feed"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("standings", sa.Column("removed", sa.BigInteger(), nullable=True))
    # What left before is dated by what is known of its entry: withdrawn, expired, or last changed.
    op.execute(
        """
        UPDATE standings SET removed = (
            SELECT coalesce(withdrawn, CASE visibility WHEN 'expired' THEN expires END, updated)
            FROM entries WHERE entries.guid = standings.guid
        )
        WHERE number IS NOT NULL AND NOT shown
        """
    )
