"""Fixtures that several components' tests share: databases, stores, the judge."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.stores import a_store

# No deadlines: a busy machine is no fault of the code. CI tries the same examples each time, so
# that a run that passed passes again; at a desk each run tries others.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; each test takes a database of its own."""
    with postgres_server() as server:
        yield server


DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def new_database(request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of an empty database of the kind that `request` is parametrised with."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'test.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: the test runs once on each kind."""
    return new_database(request, tmp_path)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store of the test's own."""
    with a_store(database_url) as opened:
        yield opened


@pytest.fixture(scope="module", params=DATABASES)
def shared_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store that a module's tests share; they must not write to it."""
    with a_store(new_database(request, tmp_path_factory.mktemp("store"))) as opened:
        yield opened


@pytest.fixture
def organization_id(store: Store) -> int:
    return store.default_organization()


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Packs and controls, loaded once: a judge keeps nothing of what it has seen."""
    return Judge.load()
