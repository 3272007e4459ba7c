"""Migrations build what the models say, on both databases, and may run twice or at once."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

from agentaudit_backend.store.database import open_engine, writing
from agentaudit_backend.store.migrate import alembic_config, is_current, migrate


def test_migrations_build_the_tables_of_the_models(database_url: str) -> None:
    engine = open_engine(database_url)
    assert not is_current(engine)

    migrate(engine)

    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, SQLModel.metadata)
    assert is_current(engine)
    engine.dispose()


def test_migrating_again_changes_nothing(database_url: str) -> None:
    engine = open_engine(database_url)
    migrate(engine)

    migrate(engine)

    assert is_current(engine)
    engine.dispose()


def test_the_migrations_can_be_taken_back(database_url: str) -> None:
    engine = open_engine(database_url)
    migrate(engine)

    with writing(engine) as connection:
        command.downgrade(alembic_config(connection), "base")

    assert ["alembic_version"] == inspect(engine).get_table_names()
    migrate(engine)
    assert is_current(engine)
    engine.dispose()
