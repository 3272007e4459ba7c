"""docs/scale with Kafka, for real: gateway → Kafka → two consumers and processors → PostgreSQL.

Nothing is lost and nothing is there twice, whatever is killed on the way.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import grpc
import psycopg
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from agentaudit_processor.model import ToolCall
from tests.support.builders import a_request, a_tool_call
from tests.support.collector import CONFIG, Collector, a_collector
from tests.support.kafka import a_kafka
from tests.support.otlp import hook_logs, hook_traces
from tests.support.postgres import PostgresServer
from tests.support.server import RunningServer, a_server

pytestmark = [pytest.mark.collector, pytest.mark.kafka, pytest.mark.postgres]

SCALE = CONFIG.parent / "docs/scale"
TOKEN = "a-senders-token"
SESSIONS, CALLS = 24, 20
PATIENCE_S = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The running parts."""

    api: RunningServer
    gateway: Collector
    replicas: Sequence[tuple[RunningServer, Collector]]
    database_url: str

    def send(self, calls: Sequence[ToolCall], token: str = TOKEN) -> None:
        """Have the gateway take calls, their requests as log records first; Kafka has them then."""
        metadata = (("authorization", f"Bearer {token}"),)
        requests = [a_request(session_id=one.session_id, call_id=one.call_id) for one in calls]
        with grpc.insecure_channel(f"127.0.0.1:{self.gateway.grpc_port}") as channel:
            LogsServiceStub(channel).Export(hook_logs(*requests), metadata=metadata, timeout=30)
            TraceServiceStub(channel).Export(hook_traces(*calls), metadata=metadata, timeout=30)

    def stored(self, name: str) -> Counter[str]:
        """Calls that are stored with their end, by session, of the sessions called `name-…`."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(
                "SELECT session_id, count(*) FROM event"
                " WHERE phase = 'ended' AND session_id LIKE %s GROUP BY 1",
                (f"{name}-%",),
            )
            return Counter(dict(rows.fetchall()))

    def wait_for(self, name: str, count: int) -> Counter[str]:
        """What is stored once `count` calls are, or at the end of the patience."""
        end = time.monotonic() + PATIENCE_S
        while (stored := self.stored(name)).total() < count and time.monotonic() < end:
            time.sleep(0.5)
        return stored


@pytest.fixture(scope="module")
def shape(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shape]:
    tmp_path = tmp_path_factory.mktemp("shape")
    tokens = tmp_path / "senders.token"
    tokens.write_text(f"{TOKEN} # the team's laptops\n")
    database_url = postgres.new_database()
    database = {"AGENTAUDIT_DATABASE_URL": database_url}
    with ExitStack() as stack:
        kafka = stack.enter_context(
            a_kafka(tmp_path / "kafka", ["agentaudit_traces", "agentaudit_logs"])
        )
        api = stack.enter_context(a_server(tmp_path / "api", verb="api", **database))
        replicas = []
        for name in ("one", "two"):
            processor = stack.enter_context(a_server(tmp_path / name, verb="processor", **database))
            consumer = stack.enter_context(
                a_collector(
                    SCALE / "consumer.yaml",
                    KAFKA_BROKER=kafka,
                    PROCESSOR_ENDPOINT=f"127.0.0.1:{processor.otlp_grpc_port}",
                    AGENTAUDIT_INGEST_KEY=api.key,
                )
            )
            replicas.append((processor, consumer))
        gateway = stack.enter_context(
            a_collector(SCALE / "gateway.yaml", KAFKA_BROKER=kafka, SENDER_TOKENS_FILE=str(tokens))
        )
        yield Shape(api=api, gateway=gateway, replicas=replicas, database_url=database_url)


def test_the_gateway_refuses_who_has_no_token(shape: Shape) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        shape.send([a_tool_call()], token="another")

    assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()


def test_a_processor_that_comes_back_gets_what_waited_for_it(shape: Shape) -> None:
    calls = [a_tool_call(session_id=f"back-{number}") for number in range(SESSIONS)]
    for processor, _ in shape.replicas:
        processor.kill()

    shape.send(calls)
    for processor, _ in shape.replicas:
        processor.start()
    stored = shape.wait_for("back", SESSIONS)

    assert stored == {call.session_id: 1 for call in calls}


def test_a_replica_that_is_killed_in_mid_stream_loses_nothing_and_doubles_nothing(
    shape: Shape,
) -> None:
    rounds = [
        [
            a_tool_call(session_id=f"stream-{session}", call_id=f"c-{call}")
            for session in range(SESSIONS)
        ]
        for call in range(CALLS)
    ]

    for number, calls in enumerate(rounds):
        shape.send(calls)
        if number == CALLS // 3:
            processor, consumer = shape.replicas[0]
            processor.kill()
            consumer.kill()
    stored = shape.wait_for("stream", SESSIONS * CALLS)

    assert stored == {f"stream-{session}": CALLS for session in range(SESSIONS)}
    assert leaves_are_whole(shape.database_url)


def leaves_are_whole(database_url: str) -> bool:
    """Each number from 1 on is there once, though several processors wrote."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT seq FROM ledger_leaf ORDER BY seq").fetchall()
    return [seq for (seq,) in rows] == list(range(rows[0][0], rows[0][0] + len(rows)))
