"""rows lie in the order of their keys where that spares an index; what pages count stands beside what they show"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

BY_KEY = {"sqlite_with_rowid": False}
ORDER = ("guid", "topic", "member", "shown", "number", "published", "quality", "removed", "provider")


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_entries_link")
    op.execute("DROP INDEX IF EXISTS ix_memberships_guid")
    op.drop_index("ix_entries_visibility_expires", "entries")
    expiring = sa.text("expires IS NOT NULL")
    op.create_index(
        "ix_entries_visibility_expires", "entries", ["visibility", "expires"], sqlite_where=expiring
    )
    for table in ("files", "stories", "written"):
        with op.batch_alter_table(table, recreate="always", table_kwargs=BY_KEY):
            pass
    op.add_column("memberships", sa.Column("provider", sa.Text()))
    op.execute("UPDATE memberships SET provider = (SELECT provider FROM entries WHERE guid = memberships.guid)")
    op.execute("ALTER TABLE entries DROP COLUMN provider")
    with op.batch_alter_table("memberships", recreate="always", partial_reordering=[ORDER]) as memberships:
        memberships.create_primary_key("pk_memberships", ["guid", "topic"])
