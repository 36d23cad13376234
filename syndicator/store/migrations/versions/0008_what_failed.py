"""which method of Slack failed in an outage"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("outages", sa.Column("method", sa.Text(), nullable=False, server_default="auth.test"))
