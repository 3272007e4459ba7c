"""A throw-away Arize Phoenix: a backend of another maker that enriched spans arrive at."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.collector import free_ports
from tests.support.processes import end_process
from tests.support.requirements import need

_START_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phoenix:
    """A running one: its UI and API at `url`, OTLP/gRPC at `grpc_port`."""

    url: str
    grpc_port: int
    pid: int

    def spans(self) -> list[dict[str, Any]]:
        """All it has stored, as OTLP/JSON."""
        path = "/v1/projects/default/spans/otlpv1"
        answer = httpx.get(self.url + path, params={"limit": 500}, timeout=30)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return found

    def wait_for(self, words: str, timeout_s: float = 60) -> list[str]:
        """The spans, as JSON text, that hold `words`, once there are any; [] at the end."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            found = [text for span in self.spans() if words in (text := json.dumps(span))]
            if found:
                return found
            time.sleep(0.5)
        return []


@contextmanager
def a_phoenix(folder: Path) -> Iterator[Phoenix]:
    """Start one that keeps everything in `folder` and tells nobody; end it afterwards."""
    program = need("phoenix")
    port, grpc_port = free_ports(2)
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    with (folder / "phoenix.log").open("wb") as out:
        process = subprocess.Popen([program, "serve"], env=settings, stdout=out, stderr=out)
    running = Phoenix(url=f"http://127.0.0.1:{port}", grpc_port=grpc_port, pid=process.pid)
    try:
        _wait_until_ready(process, running, folder / "phoenix.log")
        yield running
    finally:
        end_process(process)


def _wait_until_ready(process: subprocess.Popen[bytes], running: Phoenix, log: Path) -> None:
    end = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{running.url}/healthz", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    told = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Phoenix did not start, exit code {process.poll()}:\n{told}")
