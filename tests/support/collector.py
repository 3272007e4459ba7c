"""Runs a real OpenTelemetry Collector with the configurations that we ship, on free ports."""

import random
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.requirements import need

CONFIG = Path(__file__).parents[2] / "otel-collector-config.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A running Collector: where it listens, and what it has said."""

    grpc_port: int
    http_port: int
    enriched_port: int
    health_port: int
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """The one that runs."""

    def kill(self) -> None:
        """End it without a chance to tidy up (SIGKILL)."""
        self.processes[0].kill()
        self.processes[0].wait(10)

    def said(self) -> str:
        """Its log so far, with what the debug exporter printed."""
        return self.log.read_text(errors="replace")

    def wait_to_say(self, words: str, timeout_s: float = 15) -> str:
        """Its log once `words` are in it, or at the end of the time."""
        end = time.monotonic() + timeout_s
        while words not in self.said() and time.monotonic() < end:
            time.sleep(0.05)
        return self.said()


@contextmanager
def collector(
    processor_port: int, enriched_port: int | None = None, *, over: Path | None = None
) -> Iterator[Collector]:
    """A Collector whose processor listens on loopback at `processor_port`.

    `enriched_port`, if given, is where it takes what the processor found; `over` is configuration
    laid over the shipped one.
    """
    configs = [CONFIG, over] if over else [CONFIG]
    addresses = {"PROCESSOR_ENDPOINT": f"127.0.0.1:{processor_port}"}
    with a_collector(*configs, enriched_port=enriched_port, **addresses) as running:
        yield running


@contextmanager
def a_collector(
    *configs: Path, enriched_port: int | None = None, **variables: str
) -> Iterator[Collector]:
    """A Collector with these files, laid one over the other, and these variables besides ports."""
    grpc_port, http_port, free, health_port = free_ports(4)
    with TemporaryDirectory() as folder:
        running = Collector(
            grpc_port=grpc_port,
            http_port=http_port,
            enriched_port=enriched_port or free,
            health_port=health_port,
            log=Path(folder) / "collector.log",
        )
        options = [word for config in configs for word in ("--config", str(config))]
        with running.log.open("wb") as out:
            process = subprocess.Popen(
                [need("collector"), *options],
                env=_environment(running) | variables,
                stdout=out,
                stderr=out,
            )
        running.processes.append(process)
        try:
            _wait_until_ready(process, running)
            yield running
        finally:
            process.terminate()
            process.wait(40)


def _environment(running: Collector) -> dict[str, str]:
    ports = {
        "GRPC": running.grpc_port,
        "HTTP": running.http_port,
        "ENRICHED": running.enriched_port,
        "HEALTH": running.health_port,
    }
    return {
        "COLLECTOR_DEBUG_VERBOSITY": "detailed",
        "COLLECTOR_METRICS_LEVEL": "none",
        **{f"COLLECTOR_{name}_ENDPOINT": f"127.0.0.1:{port}" for name, port in ports.items()},
    }


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on.

    They lie below the range from which the system picks by itself (Linux: 32768 and up), or another
    process could be given one of them before it is used here.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randint(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found += [port] if port not in found else []
    return found


def _wait_until_ready(process: subprocess.Popen[bytes], running: Collector) -> None:
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        if is_ready(running.health_port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the Collector did not start: {running.said()}")


def is_ready(health_port: int) -> bool:
    """What the Collector's health check says."""
    connection = HTTPConnection("127.0.0.1", health_port, timeout=1)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
