"""each day's minimum quality of routes with `about`, and when stories began"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("stories", sa.Column("began", sa.BigInteger(), nullable=True))
    op.create_table(
        "minimums",
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("quality", sa.Float()),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("route", "day", name="pk_minimums"),
    )
