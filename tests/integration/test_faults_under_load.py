"""Under load, what all stands on dies, hangs or is slow: each acknowledged span is there, once.

The senders are as OTLP wants them: what is not acknowledged they send again.
"""

import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from tests.bench.ingest_bodies import BATCH, bodies_of
from tests.support.ledger import assert_each_call_is_there_once
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.requirements import need
from tests.support.sending import Sender, wait_until
from tests.support.server import RunningServer, a_server
from tests.support.small_disk import a_small_disk

BATCHES = 24
SYNC_S = 0.4


@pytest.fixture(scope="module")
def bodies() -> Sequence[bytes]:
    return list(bodies_of(BATCHES))


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    """One that may be killed: its commits wait for the disk."""
    with postgres_server(durable=True) as server:
        yield server


def sender_to(server: RunningServer, key: str = "") -> Sender:
    return Sender(port=server.otlp_grpc_port, authorization=f"Bearer {key or server.key}")


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'data' / 'agentaudit.db'}"


def test_a_server_that_is_killed_loses_nothing_that_it_acknowledged(
    tmp_path: Path, bodies: Sequence[bytes]
) -> None:
    with a_server(tmp_path, AGENTAUDIT_WORKERS="2") as server:
        sender = sender_to(server)

        with sender.sending(bodies):
            for reached in (BATCHES // 4, BATCHES // 2):
                sender.wait_for(reached)
                server.kill()
                server.start()

        server.stop()
    assert [] != sender.refused
    assert_each_call_is_there_once(sqlite_url(tmp_path), BATCHES * BATCH)


@pytest.mark.postgres
def test_a_processor_that_is_killed_beside_another_loses_nothing(
    tmp_path: Path, bodies: Sequence[bytes], durable_postgres: PostgresServer
) -> None:
    url = durable_postgres.new_database()
    env = {"AGENTAUDIT_DATABASE_URL": url, "AGENTAUDIT_WORKERS": "1"}
    with (
        a_server(tmp_path / "api", verb="api", **env) as api,
        a_server(tmp_path / "one", verb="processor", **env) as one,
        a_server(tmp_path / "other", verb="processor", **env) as other,
    ):
        first, second = sender_to(one, api.key), sender_to(other, api.key)

        # each gets all, as behind a balancer that sends again elsewhere
        with first.sending(bodies), second.sending(bodies[::-1]):
            first.wait_for(BATCHES // 4)
            one.kill()
            one.start()

    assert [] != first.refused
    assert_each_call_is_there_once(url, BATCHES * BATCH)


@pytest.mark.postgres
def test_a_postgres_that_is_killed_loses_nothing_that_was_acknowledged(
    tmp_path: Path, bodies: Sequence[bytes], durable_postgres: PostgresServer
) -> None:
    url = durable_postgres.new_database()
    env = {"AGENTAUDIT_DATABASE_URL": url}
    with (
        a_server(tmp_path / "api", verb="api", **env) as api,
        a_server(tmp_path / "one", verb="processor", **env) as processor,
    ):
        sender = sender_to(processor, api.key)

        with sender.sending(bodies):
            sender.wait_for(BATCHES // 4)
            durable_postgres.kill()
            wait_until(lambda: len(sender.refused) > 0)
            durable_postgres.start()

    assert_each_call_is_there_once(url, BATCHES * BATCH)


@pytest.mark.postgres
def test_a_postgres_that_is_read_only_for_a_while_is_waited_for(
    tmp_path: Path, bodies: Sequence[bytes], durable_postgres: PostgresServer
) -> None:
    """As a standby before its promotion."""
    url = durable_postgres.new_database()
    env = {"AGENTAUDIT_DATABASE_URL": url}
    with (
        a_server(tmp_path / "api", verb="api", **env) as api,
        a_server(tmp_path / "one", verb="processor", **env) as processor,
    ):
        sender = sender_to(processor, api.key)
        with (
            psycopg.connect(
                f"host={durable_postgres.directory} user=postgres dbname=postgres", autocommit=True
            ) as connection,
            sender.sending(bodies),
        ):
            sender.wait_for(BATCHES // 4)
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            connection.execute("SELECT pg_reload_conf()")
            wait_until(lambda: len(sender.refused) > 0)
            connection.execute("SET transaction_read_only = off")
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = off")
            connection.execute("SELECT pg_reload_conf()")

    assert any("ReadOnlySqlTransaction" in said for said in sender.refused)
    assert_each_call_is_there_once(url, BATCHES * BATCH)


def test_a_database_that_is_locked_for_half_a_minute_is_waited_for(
    tmp_path: Path, bodies: Sequence[bytes]
) -> None:
    with a_server(tmp_path) as server:
        sender = sender_to(server)
        other = sqlite3.connect(server.data_dir / "agentaudit.db", isolation_level=None)

        with sender.sending(bodies):
            sender.wait_for(2)
            other.execute("PRAGMA busy_timeout=20000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(30)
            other.execute("ROLLBACK")

        server.stop()
    assert any("database is locked" in said for said in sender.refused)
    assert_each_call_is_there_once(sqlite_url(tmp_path), BATCHES * BATCH)


def test_a_full_disk_is_waited_for_and_costs_nothing_that_was_acknowledged(
    tmp_path: Path, bodies: Sequence[bytes]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with a_small_disk(data, "16m") as disk:
        with a_server(tmp_path) as server:
            sender = sender_to(server)

            with sender.sending(bodies):
                wait_until(lambda: len(sender.refused) > 0)
                full_at = sender.acknowledged
                disk.grow("1g")

            server.stop()
        assert any("full" in said for said in sender.refused)
        assert full_at < BATCHES
        assert_each_call_is_there_once(sqlite_url(tmp_path), BATCHES * BATCH)


def test_no_ack_comes_before_a_slow_disk_has_said_that_it_is_safe(
    tmp_path: Path, bodies: Sequence[bytes]
) -> None:
    """Each sync takes 400 ms."""
    library = tmp_path / "slow_disk.so"
    source = Path(__file__).parents[1] / "support" / "slow_disk.c"
    subprocess.run(
        [need("cc"), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60
    )
    with a_server(tmp_path, LD_PRELOAD=str(library)) as server:
        sender = sender_to(server)

        with sender.sending(bodies, threads=8):
            pass

        server.stop()
    assert min(sender.waited_s) >= SYNC_S
    assert_each_call_is_there_once(sqlite_url(tmp_path), BATCHES * BATCH)
