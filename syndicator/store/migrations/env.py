"""Alembic's entry: migrates on the connection that `database` hands over, inside its one transaction."""

from alembic import context
from sqlalchemy.exc import DatabaseError

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
try:
    context.run_migrations()
except DatabaseError as error:
    # On a full disk SQLite has taken all back by itself, and Alembic fails again at taking its table back.
    first = error.orig and error.orig.__context__
    raise (first if isinstance(first, DatabaseError) else error) from None
