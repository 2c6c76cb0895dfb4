"""How Alembic reaches our database: through the application, batch mode for SQLite."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

import app.models  # noqa: F401 - makes all tables known
from app.database import Table, db


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate the application's database, in one transaction."""
    with current_app.app_context(), db.engine.connect() as connection:
        _run(connection)
        connection.commit()


run_online()
