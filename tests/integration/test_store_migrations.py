"""Migrations build what the models say, on both databases, and may run twice or at once."""

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from agentaudit_backend.store.database import open_engine, writing
from agentaudit_backend.store.migrate import alembic_config, is_current, migrate
from agentaudit_backend.store.policies import current_policy
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import LoggingLevel, Policy

_ORGANIZATION = """
INSERT INTO organization (id, name, log, digest_key, created_at) VALUES (1, 'o', 'l', :key, :at)
"""
_POLICY = """
INSERT INTO policy (organization_id, version, logging_level, frameworks, blocking_enabled, block_on,
                    author, note, created_at)
VALUES (1, 7, 'paranoid', '["gdpr","soc2"]', true, 4, 'a', 'n', :at)
"""


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


def test_policies_of_before_become_documents_and_back(database_url: str) -> None:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        command.upgrade(alembic_config(connection), "0003")
        at = 0 if engine.dialect.name == "sqlite" else datetime(2026, 1, 1, tzinfo=UTC)
        connection.execute(text(_ORGANIZATION), {"key": b"k", "at": at})
        connection.execute(text(_POLICY), {"at": at})

    migrate(engine)

    with engine.begin() as connection:
        policy = current_policy(connection, 1)
    expected = Policy(
        version=7,
        logging_level=LoggingLevel.PARANOID,
        frameworks=("gdpr", "soc2"),
        blocking_enabled=True,
        block_on=RiskLevel.CRITICAL,
        digest_key=b"k",
    )
    assert expected == policy
    with pytest.raises(DatabaseError, match="never change"), engine.begin() as connection:
        connection.execute(text("UPDATE policy SET note = 'x'"))
    with writing(engine) as connection:
        command.downgrade(alembic_config(connection), "0003")
        found = connection.execute(text("SELECT logging_level, block_on FROM policy")).one()
    assert ("paranoid", 4) == tuple(found)
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
