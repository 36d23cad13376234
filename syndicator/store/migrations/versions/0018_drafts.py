"""whether `published: false` makes a draft is told when an article is read; those that are none lose the mark"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(
        "UPDATE entries SET article = json_remove(article, '$.draft')"
        " WHERE visibility IN ('public', 'embargoed', 'expired') AND json_extract(article, '$.draft')"
    )
