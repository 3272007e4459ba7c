"""Migrations build what the models say, on both databases, and may run twice or at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from agentaudit_backend.store.database import open_engine, writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.migrate import _prepare, alembic_config, is_current, migrate
from agentaudit_backend.store.policies import current_policy
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import LoggingLevel, Policy
from tests.support.audit_events import a_control_hit, a_finding, an_event
from tests.support.builders import a_tool_call
from tests.support.postgres import PostgresServer
from tests.support.stores import a_store

_ORGANIZATION = """
INSERT INTO organization (id, name, log, digest_key, created_at) VALUES (1, 'o', 'l', :key, :at)
"""
_POLICY = """
INSERT INTO policy (organization_id, version, logging_level, frameworks, blocking_enabled, block_on,
                    author, note, created_at)
VALUES (1, 7, 'paranoid', '["gdpr","soc2"]', true, 4, 'a', 'n', :at)
"""


_OF_ONE = ("event_by_id", "finding_by_event", "event_organization_id_event_id_key")
"""On PostgreSQL no key of `event` is unique without the month; its place is taken by an index."""
_PARTITION = re.compile(r"(event|event_content|finding)_(before|\d{4}_\d\d)")


def _is_of_both(thing: Any, name: str | None, kind: str, *_: object) -> bool:
    """Whether both databases have it: PostgreSQL has partitions, and other keys for them."""
    if kind == "unique_constraint" and thing.table.name == "event":
        return False
    return name not in _OF_ONE and not _PARTITION.fullmatch(name or "")


def test_migrations_build_the_tables_of_the_models(database_url: str) -> None:
    engine = open_engine(database_url)
    assert not is_current(engine)

    migrate(engine)

    with engine.begin() as connection:
        opts = {"compare_type": True, "include_object": _is_of_both}
        context = MigrationContext.configure(connection, opts=opts)
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


def test_events_and_their_controls_survive_the_way_back_and_up_again(
    store: Store, organization_id: int
) -> None:
    call = an_event(a_tool_call(), findings=(a_finding(),), controls=(a_control_hit(),))
    store.write(organization_id, [call])
    before = store.event(organization_id, call.event_id)
    engine = store._engine

    with writing(engine) as connection:
        command.downgrade(alembic_config(connection), "0010")
        met = connection.execute(text("SELECT count(*) FROM event_control")).scalar_one()
    migrate(engine)

    assert 1 == met
    assert before == store.event(organization_id, call.event_id)
    assert 1 == store.stats(organization_id, EventFilter()).total


@pytest.fixture
def at_0013(postgres: PostgresServer) -> Iterator[Engine]:
    """A PostgreSQL with an Event, of before its tables were parted."""
    with a_store(postgres.new_database()) as store:
        store.write(
            store.default_organization(), [an_event(a_tool_call(), findings=(a_finding(),))]
        )
        with writing(store._engine) as connection:
            command.downgrade(alembic_config(connection), "0013")
        yield store._engine


def indices(engine: Engine, *names: str) -> list[tuple[int, bool]]:
    """File and validity of each of these indices."""
    found = text(
        "SELECT relfilenode, indisvalid FROM pg_class JOIN pg_index ON indexrelid = oid "
        "WHERE oid = to_regclass(:name)"
    )
    with engine.begin() as connection:
        return [tuple(connection.execute(found, {"name": name}).one()) for name in names]


@pytest.mark.postgres
def test_what_takes_long_is_done_before_the_tables_are_locked(at_0013: Engine) -> None:
    _prepare(at_0013)
    before = indices(at_0013, "event_by_id", "new_key")

    migrate(at_0013)

    assert all(valid for _, valid in before)
    assert before == indices(at_0013, "event_by_id_before", "finding_before_pkey")
    with at_0013.begin() as connection:
        found = connection.execute(text("SELECT count(*) FROM finding_before")).scalar_one()
        bounds = text("SELECT count(*) FROM pg_constraint WHERE conname LIKE '%_is_before'")
        assert (1, 0) == (found, connection.execute(bounds).scalar_one())
    assert is_current(at_0013)


@pytest.mark.postgres
def test_an_upgrade_that_was_ended_half_way_goes_on(at_0013: Engine) -> None:
    _prepare(at_0013)
    with at_0013.begin() as connection:  # as if whoever built it had been killed
        broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'new_key'::regclass"
        connection.execute(text(broken))

    _prepare(at_0013)

    assert all(valid for _, valid in indices(at_0013, "event_by_id", "new_key"))
    migrate(at_0013)
    assert is_current(at_0013)
