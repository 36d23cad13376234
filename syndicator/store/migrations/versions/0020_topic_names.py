"""how many articles carry each topic name is kept, and no longer counted at each start"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "topic_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_topic_names"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO topic_names SELECT names.value, count(*)"
        " FROM entries, json_each(entries.article, '$.topics') AS names"
        " WHERE entries.visibility != 'withdrawn' GROUP BY names.value"
    )
