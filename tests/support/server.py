"""A real `agentaudit serve` in a process of its own, on free ports, with its own data directory."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

START_S = 180.0
STOP_S = 90.0
_PORTS = ("port", "otlp_grpc_port", "otlp_http_port")
_LABELS = {"port": "Dashboard", "otlp_grpc_port": "OTLP/gRPC", "otlp_http_port": "OTLP/HTTP"}


class RunningServer:
    """One server. After `start` again, it has the same data and the same ports.

    `key` is the default key, role admin, as the first start printed it.
    """

    def __init__(self, folder: Path, *, verb: str = "serve", env: Mapping[str, str] | None = None):
        self.folder = folder
        self.data_dir = folder / "data"
        self.key = ""
        self.port = self.otlp_grpc_port = self.otlp_http_port = 0
        self._verb = verb
        self._env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the web port: dashboard, API, and OTLP over HTTP."""
        return f"http://127.0.0.1:{self.port}"

    base_url = url

    @property
    def api_key(self) -> str:
        """The same as `key`."""
        return self.key

    @property
    def grpc_endpoint(self) -> str:
        """Of OTLP/gRPC."""
        return f"http://127.0.0.1:{self.otlp_grpc_port}"

    @property
    def otlp_http_endpoint(self) -> str:
        """Of OTLP/HTTP on its own port."""
        return f"http://127.0.0.1:{self.otlp_http_port}"

    @property
    def database_url(self) -> str:
        """Of the embedded database, as another process of the server opens it."""
        return f"sqlite:///{self.data_dir / 'agentaudit.db'}"

    @property
    def output(self) -> str:
        """All that it printed and logged."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it is healthy."""
        before = len(self.output)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, env=self._environment()
            )
        deadline = time.monotonic() + START_S
        while not self._read_banner(self.output[before:]) or not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.output[before:]}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Ask it to end (SIGTERM); gives its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it without a chance to tidy up (SIGKILL)."""
        return self._end(signal.SIGKILL)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the API with the default key."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return httpx.request(method, self.url + path, headers=headers, timeout=120, **options)

    def run_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `agentaudit` with the server's database, e.g. `key create --role ingest`."""
        return subprocess.run(
            [_program(), *words, "--data-dir", str(self.data_dir)],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def _command(self) -> list[str]:
        ports = {
            "serve": _PORTS,
            "api": ("port",),
            "processor": ("otlp_grpc_port", "otlp_http_port"),
        }[self._verb]
        flags = [f"--{name.replace('_', '-')}={getattr(self, name)}" for name in ports]
        return [_program(), self._verb, "--data-dir", str(self.data_dir), *flags]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "AGENTAUDIT" not in name}
        return kept | {"PYTHONUNBUFFERED": "1"} | self._env

    def _read_banner(self, printed: str) -> bool:
        key = re.search(r"Default API key: (aa_live_\w+)", printed)
        self.key = key[1] if key else self.key
        if "\n  Data " not in printed:
            return False
        for name, label in _LABELS.items():
            bound = re.search(rf"{label} +http://[^\s/]+:(\d+)", printed)
            if bound:
                setattr(self, name, int(bound[1]))
        return True

    def _is_healthy(self) -> bool:
        port = self.port or self.otlp_http_port
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


@contextmanager
def a_server(folder: Path, *, verb: str = "serve", **env: str) -> Iterator[RunningServer]:
    """A server that keeps everything in `folder`, started and in the end stopped.

    `env` adds variables: `AGENTAUDIT_DATABASE_URL=…`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    running = RunningServer(folder, verb=verb, env=env)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def _program() -> str:
    return str(Path(sys.executable).with_name("agentaudit"))
