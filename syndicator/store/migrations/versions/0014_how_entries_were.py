"""how entries were before they changed, as far as routes judge by it"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "former_states",
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("quality", sa.Float()),
        sa.Column("heat", sa.Float()),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("guid", "until", name="pk_former_states"),
    )
    op.create_index("ix_former_states_until", "former_states", ["until"])
