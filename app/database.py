"""The database: one typed base for all tables, one session, SQLite and PostgreSQL alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, event
from sqlalchemy import Table as CoreTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NAMES = {
    "pk": "%(table_name)s_have_an_id",
    "fk": "%(table_name)s_%(column_0_name)s_is_one_of_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Constraint names that read as sentences; unique and check constraints are named one by one."""


class Table(DeclarativeBase):
    """The base of every table; gives the type checker columns it understands."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(metadata=Table.metadata, session_options={"expire_on_commit": False})

KEPT_UNTIL_WRITTEN = "kept until something is written"
"""Where the session (`info`) remembers what it has read; `writing` forgets it."""


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware UTC in Python, on both databases. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times with ValueError; SQLite gets UTC without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone must not be stored: {value}")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the stored time back as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def prepare_engine(engine: Engine) -> None:
    """Teach an SQLite engine our manners: WAL, foreign keys, patience, explicit transactions."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see _begun
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=15000")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA cache_size=-16000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def writing() -> Iterator[None]:
    """One transaction that changes something: committed at the end, undone on any error.

    What the session had read before is not part of it. On SQLite it waits for its turn to write
    at the start, so that a reader who turns writer is never refused half-way.
    """
    db.session.commit()
    db.session.info.pop(KEPT_UNTIL_WRITTEN, None)
    db.session.connection(execution_options={"writing": True})
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def insert_or_add(
    table: type[Table], rows: Sequence[dict[str, Any]], keys: Sequence[str], sums: Sequence[str]
) -> None:
    """Insert rows; where the keys are taken, add the `sums` columns to what stands there."""
    core: CoreTable = table.__table__  # type: ignore[assignment]  # always a Table here
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    for row in rows:
        insert = sqlite.insert(core) if on_sqlite else postgresql.insert(core)
        statement = insert.values(row)
        added = {name: core.c[name] + statement.excluded[name] for name in sums}
        db.session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=added))


def insert_or_ignore(
    table: type[Table], rows: Sequence[dict[str, Any]], *returning: Any
) -> list[Any]:
    """Insert rows, passing over those that break a unique constraint.

    Returns the `returning` columns of the rows that really were inserted (an empty list when no
    column is asked for). One statement shape on SQLite and PostgreSQL.
    """
    if not rows:
        return []
    core: CoreTable = table.__table__  # type: ignore[assignment]  # always a Table here
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(core) if on_sqlite else postgresql.insert(core)
    statement = insert.on_conflict_do_nothing()
    if not returning:
        db.session.execute(statement, list(rows))
        return []
    return list(db.session.execute(statement.returning(*returning), list(rows)).all())
