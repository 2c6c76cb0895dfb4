"""The migrations and the models give the same database, up and down, with rows in it."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from app.commands import use_migrations
from app.database import Table, db
from tests.conftest import MONDAY
from tests.factories import an_account, said, take_in


def not_of_the_search_index(name, kind, _parents):
    """Whether something is described by the models: the search index is made by its migration."""
    return not (kind == "table" and name.startswith("search_"))


def test_models_and_migrations_agree(app):
    """Nothing that the models say is missing in the database, and nothing more is there."""
    with db.engine.connect() as connection:
        options = {"compare_type": True, "include_name": not_of_the_search_index}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Table.metadata) == []


def test_down_and_up_again_with_rows(app):
    """With rows in every main table the database goes down to nothing and up again."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    use_migrations(app)
    db.session.remove()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    assert set(Table.metadata.tables) <= set(inspect(db.engine).get_table_names())


def test_every_rule_has_a_name_that_says_it(app):
    """Every unique and check constraint is named in words."""
    for table in Table.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, table.name
            assert "_" in str(constraint.name)
