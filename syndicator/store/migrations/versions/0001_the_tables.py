"""The first tables. A new database gets those of now, so that nothing is made here."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    pass
