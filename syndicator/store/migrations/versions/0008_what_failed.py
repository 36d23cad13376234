"""which method of Slack failed in an outage

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outages", sa.Column("method", sa.Text(), nullable=False, server_default="auth.test"))
