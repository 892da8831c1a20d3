"""How Alembic runs here: on the connection it is handed, in one transaction, one at a time."""

from alembic import context
from sqlalchemy import text

from rater_portal.models import Table

MIGRATION_LOCK = 20240923
"""Any fixed number: PostgreSQL lets one holder of it in."""

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    context.run_migrations()
