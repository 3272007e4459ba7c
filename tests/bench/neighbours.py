"""Spans a second through receivers of others, and by rotel to ours, until they are on the disk.

`python -m tests.bench neighbours`. Arize Phoenix and rotel acknowledge what they hold in memory, so
two figures are told: acknowledged, and kept. Ours are one figure: an ack means kept.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg

from tests.bench import ingest
from tests.bench.ingest import BATCHES, IN_FLIGHT, WARM_UP
from tests.bench.ingest_bodies import BATCH, bodies_of
from tests.support.phoenix import a_phoenix
from tests.support.postgres import postgres_server
from tests.support.processes import cpu_s
from tests.support.rotel import a_rotel
from tests.support.server import a_server

_PATIENCE_S = 60.0
_LOOK_S = 0.1
_WARM_S = 8.0
"""Until workers that the first batch has started are ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A receiver, and how many spans it has on its disk."""

    port: int
    authorization: str
    pids: tuple[int, ...]
    """Its processes; what is below them counts too."""
    kept: Callable[[], int] | None
    """None where nothing is kept; an ack is all there is then."""
    warm_up: int = WARM_UP
    """Batches before the clock, twice: the workers start with the first of them."""
    batches: int = BATCHES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Spans a second, and processor time for each that was kept."""

    acknowledged: float
    kept: float
    cpu_us: float


def main() -> None:
    """Print the table."""
    bodies = list(bodies_of(WARM_UP + BATCHES))
    print(f"{BATCH} spans of {len(bodies[0]) // BATCH} bytes a batch, {IN_FLIGHT} in flight")
    print(f"{'':40}{'acknowledged/s':>16}{'kept/s':>10}{'ratio':>9}{'µs/span':>9}")
    first = 0.0
    for name, start in ROWS.items():
        with start() as running:
            rates = measured(running, bodies)
        first = first or rates.kept
        print(
            f"{name:40}{rates.acknowledged:16,.0f}{rates.kept:10,.0f}{rates.kept / first:9.4f}"
            f"{rates.cpu_us:9,.0f}",
            flush=True,
        )


def measured(neighbour: Neighbour, bodies: Sequence[bytes]) -> Rates:
    """Send, and wait until all is kept, a minute at most."""
    with grpc.insecure_channel(f"127.0.0.1:{neighbour.port}") as channel:
        export = ingest.export_over(channel, neighbour.authorization)
        warming = bodies[: neighbour.warm_up]
        ingest.sent(export, warming, IN_FLIGHT)
        time.sleep(_WARM_S)
        ingest.sent(export, warming, IN_FLIGHT)
        kept = neighbour.kept or (lambda: 0)
        _wait_until_still(kept)
        used_s = _cpu_s(neighbour)
        before, begun = kept(), time.perf_counter()
        sending = bodies[WARM_UP : WARM_UP + neighbour.batches]
        ingest.sent(export, sending, IN_FLIGHT)
        acknowledged_s = time.perf_counter() - begun
        ends = begun + _PATIENCE_S
        while neighbour.kept and kept() < before + len(sending) * BATCH:
            if time.perf_counter() > ends:
                break
            time.sleep(_LOOK_S)
        elapsed_s = time.perf_counter() - begun
        count = kept() - before if neighbour.kept else len(sending) * BATCH
    return Rates(
        acknowledged=len(sending) * BATCH / acknowledged_s,
        kept=count / elapsed_s,
        cpu_us=(_cpu_s(neighbour) - used_s) / count * 1e6,
    )


def _wait_until_still(kept: Callable[[], int]) -> None:
    """Return once nothing comes in any more: what warmed it up must not count."""
    ends, before = time.perf_counter() + _PATIENCE_S, -1
    while (now := kept()) != before and time.perf_counter() < ends:
        before = now
        time.sleep(1.0)


def _cpu_s(neighbour: Neighbour) -> float:
    return sum(map(cpu_s, neighbour.pids))


def _rows_of(path: Path, table: str) -> Callable[[], int]:
    """How many rows a SQLite table has, now."""

    def count() -> int:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            found: tuple[int] = database.execute(f"SELECT count(*) FROM {table}").fetchone()
        return found[0]

    return count


# --- the rows -------------------------------------------------------------------------------------


@contextmanager
def dropping() -> Iterator[Neighbour]:
    """Keeps nothing: what is acknowledged counts as kept."""
    with ingest.dropping() as receiver:
        yield Neighbour(port=receiver.port, authorization="", pids=(receiver.pid,), kept=None)


@contextmanager
def ours() -> Iterator[Neighbour]:
    """`agentaudit serve` on SQLite."""
    with tempfile.TemporaryDirectory() as folder, a_server(Path(folder)) as server:
        yield Neighbour(
            port=server.otlp_grpc_port,
            authorization=f"Bearer {server.key}",
            pids=(server.pid,),
            kept=_rows_of(server.data_dir / "agentaudit.db", "event"),
        )


@contextmanager
def ours_on_postgres() -> Iterator[Neighbour]:
    """`agentaudit processor` beside `api`; fsync is on."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgres_server(durable=True)).new_database()
        settings = {"AGENTAUDIT_DATABASE_URL": url}
        api = stack.enter_context(a_server(folder / "api", verb="api", **settings))
        one = stack.enter_context(a_server(folder / "one", verb="processor", **settings))
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))

        def kept() -> int:
            found = connection.execute("SELECT count(*) FROM event").fetchone()
            return int(found[0]) if found else 0

        yield Neighbour(
            port=one.otlp_grpc_port,
            authorization=f"Bearer {api.key}",
            pids=(one.pid,),
            kept=kept,
        )


@contextmanager
def by_rotel() -> Iterator[Neighbour]:
    """rotel in front of `agentaudit serve`."""
    with ExitStack() as stack:
        server = stack.enter_context(ours())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = f"http://127.0.0.1:{server.port}"
        port, pid = stack.enter_context(
            a_rotel(folder, endpoint, authorization=server.authorization, request_timeout="60s")
        )
        yield Neighbour(port=port, authorization="", pids=(pid, *server.pids), kept=server.kept)


@contextmanager
def phoenix() -> Iterator[Neighbour]:
    """Arize Phoenix on SQLite; of a few batches, or it would take an hour."""
    with tempfile.TemporaryDirectory() as name, a_phoenix(Path(name)) as running:
        kept = _rows_of(Path(name) / "phoenix.db", "spans")
        yield Neighbour(
            port=running.grpc_port,
            authorization="",
            pids=(running.pid,),
            kept=kept,
            warm_up=1,
            batches=4,
        )


ROWS: dict[str, Callable[[], AbstractContextManager[Neighbour]]] = {
    "parse and drop (grpcio)": dropping,
    "agentaudit serve, SQLite": ours,
    "agentaudit processor, PostgreSQL": ours_on_postgres,
    "rotel, then agentaudit serve": by_rotel,
    "Arize Phoenix, SQLite": phoenix,
}
