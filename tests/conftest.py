"""Fixtures that several components' tests share: databases and stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentaudit_backend.store.store import Store
from tests.support.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; each test takes a database of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A migrated store with its default organisation."""
    opened = Store.open(database_url)
    opened.migrate()
    opened.first_start()
    yield opened
    opened.close()


@pytest.fixture
def organization_id(store: Store) -> int:
    return store.default_organization()
