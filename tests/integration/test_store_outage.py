"""The database goes away and comes back: callers hear so, and nothing needs a restart."""

import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from agentaudit_backend.store import database
from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.database import TooLong, patience, reading, writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.parts import parts_of
from agentaudit_backend.store.store import Store
from agentaudit_processor.policy import LoggingLevel
from agentaudit_processor.ports import Unavailable
from tests.support.audit_events import an_event, numbered_call
from tests.support.ledger import proven_envelopes
from tests.support.postgres import PostgresServer
from tests.support.stores import a_store


@pytest.mark.postgres
def test_connections_that_were_cut_are_made_anew(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    with a_store(url) as store:
        organization_id = store.default_organization()
        store.write(organization_id, [an_event(numbered_call(1))])

        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        query = make_url(url).query
        with psycopg.connect(f"host={query['host']} user=postgres dbname=postgres") as connection:
            connection.execute(cut)

        store.write(organization_id, [an_event(numbered_call(2))])
        assert 2 == store.list_events(organization_id, EventFilter()).total
    assert 2 == len(proven_envelopes(url, organization_id))


def test_a_locked_database_is_unavailable_and_then_takes_the_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 200)
    path = tmp_path / "test.db"
    with a_store(f"sqlite:///{path}") as store:
        organization_id = store.default_organization()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match="database is locked"):
            store.write(organization_id, [an_event()])
        assert 0 == store.list_events(organization_id, EventFilter()).total

        other.execute("ROLLBACK")
        other.close()
        store.write(organization_id, [an_event()])
        assert 1 == store.list_events(organization_id, EventFilter()).total


def test_one_batch_that_cannot_be_written_costs_the_others_nothing(
    store: Store, organization_id: int
) -> None:
    """Three callers share a commit; one brings an Event that no database takes."""
    made = {number: an_event(numbered_call(number)) for number in range(3)}
    (part,) = parts_of(organization_id, [made[1]], LoggingLevel.FULL)
    kind = COLUMNS.index("kind")
    spoiled = part._replace(row=(*part.row[:kind], None, *part.row[kind + 1 :]))
    outcomes: dict[str, str] = {}
    ready = threading.Barrier(3)

    def write(name: str, number: int) -> None:
        ready.wait()
        try:
            if name == "spoiled":
                store.write_parts(organization_id, [spoiled])
            else:
                store.write(organization_id, [made[number]])
            outcomes[name] = "stored"
        except Unavailable:
            outcomes[name] = "refused"

    names = ("first", "spoiled", "last")
    threads = [threading.Thread(target=write, args=(n, i)) for i, n in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {"first": "stored", "spoiled": "refused", "last": "stored"} == outcomes
    assert 2 == store.list_events(organization_id, EventFilter()).total


@pytest.mark.postgres
def test_a_database_that_only_reads_is_read_and_refuses_to_write(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    with a_store(url) as store:
        organization_id = store.default_organization()
        store.write(organization_id, [an_event(numbered_call(1))])
    standby = Store.open(f"{url}%20-cdefault_transaction_read_only%3Don")

    with pytest.raises(Unavailable, match="ReadOnlySqlTransaction"):
        standby.write(organization_id, [an_event(numbered_call(2))])
    with pytest.raises(Unavailable, match="ReadOnlySqlTransaction"):
        standby.make_ahead()
    assert 1 == standby.list_events(organization_id, EventFilter()).total
    assert 1 == standby.stats(organization_id, EventFilter()).total
    standby.close()


@pytest.mark.postgres
def test_who_finds_no_connection_in_time_hears_so_and_finds_one_later(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.new_database()
    with a_store(url) as store:
        organization_id = store.default_organization()
    monkeypatch.setattr(database, "POOL_TIMEOUT_S", 0.05)
    one = Store.open(url, connections=1)

    with reading(one._engine):
        with pytest.raises(Unavailable, match="TimeoutError"):
            one.list_events(organization_id, EventFilter())
        with pytest.raises(Unavailable, match="TimeoutError"):
            one.write(organization_id, [an_event()])

    one.write(organization_id, [an_event()])
    assert 1 == one.list_events(organization_id, EventFilter()).total
    one.close()


ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}


def test_a_read_that_nobody_waits_for_any_longer_is_ended(store: Store) -> None:
    statement = text(ENDLESS[store._engine.dialect.name])

    with (
        patience(0.3),
        pytest.raises(TooLong),
        reading(store._engine) as connection,
    ):
        connection.execute(statement)

    assert 0 == store.list_events(1, EventFilter()).total
    with patience(0), pytest.raises(TooLong):
        store.list_events(1, EventFilter())


@pytest.mark.postgres
def test_no_statement_is_compiled_which_no_time_out_would_end(postgres: PostgresServer) -> None:
    with a_store(postgres.new_database()) as store, reading(store._engine) as connection:
        assert "off" == connection.execute(text("SHOW jit")).scalar_one()


LIMITS = {
    "STATEMENT_TIMEOUT_S": ("SELECT pg_sleep(60)", "QueryCanceled"),
    "LOCK_TIMEOUT_S": ("SELECT size FROM ledger_head FOR UPDATE", "LockNotAvailable"),
}


@pytest.mark.postgres
@pytest.mark.parametrize("limit", LIMITS)
def test_a_statement_that_takes_too_long_is_ended(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    statement, said = LIMITS[limit]
    url = postgres.new_database()
    with a_store(url) as store, writing(store._engine) as holder:
        holder.execute(text("SELECT size FROM ledger_head FOR UPDATE"))
        monkeypatch.setattr(database, limit, 1)
        impatient = Store.open(url)

        with (
            pytest.raises(Unavailable, match=said),
            writing(impatient._engine) as connection,
        ):
            connection.execute(text(statement))

        impatient.check()
        impatient.close()
