"""Alembic's entry: migrates on the connection that `database` hands over, inside its one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
