"""topic files are files like the articles: what each says is kept as it was last good"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("files", sa.Column("topic", sa.Text()))
