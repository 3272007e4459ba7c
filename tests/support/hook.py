"""The installed hook for tests: a throw-away home to run in, and a server to talk to."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentaudit_hook.places import Place, find_place
from agentaudit_processor.model import AuditEvent, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy_bundle import sealed
from agentaudit_processor.receivers.http import HttpReceiver, otlp_routes
from agentaudit_processor.sinks.memory import MemorySink
from tests.support.otlp import AUTHORIZATION, KEY, Rig, a_rig
from tests.support.relays import end_relays, relays_of
from tests.support.requirements import shared_cache

HOOK = str(Path(sys.executable).parent / "agentaudit-hook")
PAYLOADS = Path(__file__).parents[1] / "conformance" / "claude_code" / "payloads"
ARRIVAL_S = 60.0

Payload = dict[str, Any]
Answer = subprocess.CompletedProcess[bytes]


def payload(name: str, **changes: Any) -> Payload:
    """A recorded payload by its file's name, with some fields changed."""
    told: Payload = json.loads((PAYLOADS / f"{name}.json").read_text())
    return told | changes


def eventually(true: Callable[[], object], seconds: float = ARRIVAL_S) -> bool:
    """Wait until `true()` is; False when it is not so in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass(frozen=True, slots=True)
class HookHome:
    """A home folder, and the environment in which an agent would call the hook."""

    home: Path
    url: str = "http://127.0.0.1:9"
    key: str = KEY
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        told = {
            "HOME": str(self.home),
            **shared_cache(),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "AGENTAUDIT_BASE_URL": self.url,
            "AGENTAUDIT_API_KEY": self.key,
            "AGENTAUDIT_USER_EMAIL": "alice@example.com",
            "AI_AGENT": "claude-code_2-1-330_harness",
            "AGENTAUDIT_DEADLINE_MS": "15000",  # a loaded machine must not make tests flaky
        }
        return {key: value for key, value in (told | dict(self.more)).items() if value}

    @property
    def place(self) -> Place:
        return find_place(self.env)

    @property
    def state(self) -> Path:
        return Path(self.place.state)

    def run(
        self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, timeout: float = 60
    ) -> Answer:
        """Run `agentaudit-hook` as an agent does."""
        return subprocess.run(
            [HOOK, *arguments],
            input=stdin,
            env=self.env,
            cwd=cwd or self.home,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    def tell(self, verb: str, told: Payload | bytes) -> Answer:
        """One hook event; it must leave the agent unharmed."""
        stdin = told if isinstance(told, bytes) else json.dumps(told).encode()
        answer = self.run(verb, stdin=stdin)
        assert 0 == answer.returncode, answer.stderr
        return answer

    def relays(self) -> list[int]:
        return relays_of(self.home)

    def kill_relays(self) -> None:
        for pid in self.relays():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def flush(self) -> None:
        """Wait until everything has been delivered."""
        answer = self.run("flush", "--timeout", str(ARRIVAL_S))
        assert 0 == answer.returncode, answer.stderr


@contextmanager
def a_hook_home(
    folder: Path, url: str = "http://127.0.0.1:9", **options: Any
) -> Iterator[HookHome]:
    """A HookHome whose relays are ended with the test."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    try:
        yield HookHome(home, url, **options)
    finally:
        end_relays(home)


@dataclass
class HookServer:
    """Real receivers with everything in memory, and a policy to hand out."""

    rig: Rig
    policy: dict[str, Any] = field(
        default_factory=lambda: {
            "version": 1,
            "logging_level": "full",
            "frameworks": ["gdpr"],
            "blocking_rules": {"enabled": False, "block_on": "high"},
            "digest_key": "6b" * 32,
        }
    )
    receiver: HttpReceiver | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> MemorySink:
        return self.rig.store

    def start(self) -> None:
        """Serve, on the same port as before if it served already."""
        routes = [
            *otlp_routes(self.rig.ingest),
            Route("/v1/hook/policy", self._policy),
            Route("/v1/hook/events/{event_id}", self._stored),
            Route("/health", _health),
        ]
        self.receiver = HttpReceiver.start(Starlette(routes=routes), port=self.port)
        self.port = self.receiver.port

    def stop(self) -> None:
        if self.receiver is not None:
            self.receiver.stop(1.0)
            self.receiver = None

    def block_from(self, level: str) -> None:
        """Set a paranoid policy that blocks at `level` and above."""
        rules = {"enabled": True, "block_on": level}
        self.policy |= {
            "logging_level": "paranoid",
            "blocking_rules": rules,
            "version": self.policy["version"] + 1,
        }

    def events(self) -> list[AuditEvent]:
        return self.store.events()

    def calls(self) -> list[ToolCall]:
        """Tool calls in the order in which they were stored, requests included."""
        return [e.activity for e in self.events() if isinstance(e.activity, ToolCall)]

    def _stored(self, request: Request) -> Response:
        if request.headers.get("authorization") != AUTHORIZATION:
            return JSONResponse({"detail": "unknown API key"}, 401)
        for event in self.events():
            if event.event_id == request.path_params["event_id"]:
                verdict = event.verdict
                told = {
                    "id": event.event_id,
                    "kind": event.kind,
                    "risk_level": verdict.risk_level.label,
                    "decision": verdict.decision,
                }
                return JSONResponse(told)
        return JSONResponse({"detail": "no event with this id is stored yet"}, 404)

    def _policy(self, request: Request) -> Response:
        if request.headers.get("authorization") != AUTHORIZATION:
            return JSONResponse({"detail": "unknown API key"}, 401)
        etag = f'"{self.policy["version"]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304)
        return JSONResponse(sealed(self.policy, KEY), headers={"ETag": etag})


def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


@contextmanager
def a_hook_server(judge: Judge) -> Iterator[HookServer]:
    """A running HookServer."""
    server = HookServer(a_rig(judge))
    server.start()
    try:
        yield server
    finally:
        server.stop()
