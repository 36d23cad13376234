"""Alembic's entry: migrates on the connection that `database` hands over, inside its one transaction."""

from alembic import context

from syndicator.store import outbox_tables  # noqa: F401  its tables are part of the metadata
from syndicator.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
