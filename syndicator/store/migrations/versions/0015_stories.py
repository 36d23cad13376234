"""stories that have begun, and the words that their leads are found by

Empty at first: the next start fills them in from the entries that there are, whose stories stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "stories",
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("story", name=op.f("pk_stories")),
    )
    op.create_table(
        "story_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("word", "published", "story", name=op.f("pk_story_words")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "word_counts",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_word_counts")),
        sqlite_with_rowid=False,
    )
