"""How Alembic runs here: on the connection, and in the transaction and lock, of `store.schema`."""

from __future__ import annotations

from alembic import context

from adtempo.store.schema import ALEMBIC_OPTIONS

context.configure(connection=context.config.attributes["connection"], **ALEMBIC_OPTIONS)
with context.begin_transaction():
    context.run_migrations()
