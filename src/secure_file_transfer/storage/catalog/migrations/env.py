"""Alembic's entry: runs the scripts on the connection that `schema` has already begun a transaction on."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
