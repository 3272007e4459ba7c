"""The policy cache: the server's word while it speaks, its last word while it does not."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agentaudit_hook.relay.policy_cache import REFRESH_SECONDS, PolicyCache
from agentaudit_hook.relay.status import StatusFile, read_status
from agentaudit_hook.settings import Settings
from agentaudit_processor.policy import OnFailure, Policy
from agentaudit_processor.policy_bundle import policy_of_bundle, sealed
from tests.support.hook import eventually

TOLD = sealed(
    {
        "version": 3,
        "logging_level": "paranoid",
        "frameworks": ["gdpr", "soc2"],
        "blocking_rules": {"enabled": True, "block_on": "critical"},
        "digest_key": "00ff",
    },
    "k",
)
NOWHERE = Settings(base_url="http://127.0.0.1:9", api_key="k")


def _cache(
    folder: Path, settings: Settings = NOWHERE, now_ns: Callable[[], int] = time.time_ns
) -> PolicyCache:
    status = StatusFile(folder / "status.json", time.time_ns)
    return PolicyCache(settings, folder / "policy.json", status, now_ns=now_ns)


class PolicyServer:
    """Hands out a policy, with its version as ETag."""

    def __init__(self) -> None:
        self.tell(version=3)
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.headers.get("If-None-Match") == told.etag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("ETag", told.etag)
                self.send_header("Content-Length", str(len(told.body)))
                self.end_headers()
                self.wfile.write(told.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.settings = Settings(
            base_url=f"http://127.0.0.1:{self._server.server_port}", api_key="k"
        )

    def tell(self, **changes: object) -> None:
        told = {key: value for key, value in TOLD.items() if key != "seal"} | changes
        self.body = json.dumps(sealed(told, "k")).encode()
        self.etag = f'"{told["version"]}"'

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_kept_policy_that_somebody_changed_is_not_taken_over(tmp_path: Path) -> None:
    changed = TOLD | {"blocking_rules": {"enabled": False, "block_on": "critical"}}
    kept = {"etag": '"3"', "url": NOWHERE.policy_url, "policy": changed}
    (tmp_path / "policy.json").write_text(json.dumps(kept))
    cache = _cache(tmp_path)
    cache.stop()

    assert Policy() == cache.current()


def test_the_last_known_policy_holds_without_the_server(tmp_path: Path) -> None:
    kept = {"etag": '"3"', "url": NOWHERE.policy_url, "policy": TOLD}
    (tmp_path / "policy.json").write_text(json.dumps(kept))
    cache = _cache(tmp_path)

    cache.refresh()

    assert policy_of_bundle(TOLD, "k") == cache.current()


def test_another_servers_policy_is_not_taken_over(tmp_path: Path) -> None:
    kept = {"etag": '"3"', "url": "http://other:8000/v1/hook/policy", "policy": TOLD}
    (tmp_path / "policy.json").write_text(json.dumps(kept))
    cache = _cache(tmp_path)
    cache.stop()

    assert Policy() == cache.current()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}'])
def test_a_damaged_file_costs_the_file_only(tmp_path: Path, content: str) -> None:
    (tmp_path / "policy.json").write_text(content)
    cache = _cache(tmp_path)
    cache.stop()

    assert Policy() == cache.current()


def test_the_first_call_waits_a_moment_for_the_first_policy(tmp_path: Path) -> None:
    cache = _cache(tmp_path)  # nobody fetches: the longest wait there is

    start = time.monotonic()
    cache.current()

    assert 0.4 < time.monotonic() - start < 3


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{",
        b'HTTP/1.0 200 OK\r\n\r\n{"blocking_rules": {}, "version": Infinity}',
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000,
    ],
    ids=["not HTTP", "cut off", "infinite version", "deeply nested"],
)
def test_no_answer_ends_the_asking_or_changes_the_policy(tmp_path: Path, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_once, args=(listener, answer), daemon=True).start()
        port = listener.getsockname()[1]
        cache = _cache(tmp_path, Settings(base_url=f"http://127.0.0.1:{port}", api_key="k"))

        cache.refresh()

    assert Policy() == cache._policy
    assert "policy" in (tmp_path / "status.json").read_text()


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    link, _ = listener.accept()
    with link:
        link.recv(65536)
        link.sendall(answer)


# --- ages, versions, files ----------------------------------------------------------------------


class Clock:
    """Wall time that a test sets."""

    def __init__(self) -> None:
        self.now_ns = time.time_ns()

    def __call__(self) -> int:
        return self.now_ns

    def pass_by(self, seconds: int) -> None:
        self.now_ns += seconds * 1_000_000_000


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    server = PolicyServer()
    try:
        yield server
    finally:
        server.close()


def test_an_older_version_than_the_known_one_is_not_taken(
    tmp_path: Path, server: PolicyServer
) -> None:
    cache = _cache(tmp_path, server.settings)
    cache.refresh()
    server.tell(version=2)

    cache.refresh()

    assert 3 == cache.current().version
    told = read_status(tmp_path / "status.json")["policy"]["problem"]
    assert "gave policy version 2, older than version 3" in told
    assert "agentaudit-hook login" in told


def test_an_older_version_is_not_taken_after_a_restart_either(
    tmp_path: Path, server: PolicyServer
) -> None:
    _cache(tmp_path, server.settings).refresh()
    server.tell(version=2)
    again = _cache(tmp_path, server.settings)

    again.refresh()

    assert 3 == again.current().version


def test_a_server_set_up_anew_is_believed_once_the_known_policy_was_forgotten(
    tmp_path: Path, server: PolicyServer
) -> None:
    cache = _cache(tmp_path, server.settings)
    cache.refresh()
    server.tell(version=1)
    (tmp_path / "policy.json").unlink()

    cache.refresh()

    assert 1 == cache.current().version


@pytest.mark.parametrize("seconds", [121, -3600], ids=["a pause", "a clock set back"])
def test_the_first_answer_after_a_pause_is_by_a_policy_fetched_anew(
    tmp_path: Path, server: PolicyServer, seconds: int
) -> None:
    clock = Clock()
    cache = _cache(tmp_path, server.settings, clock)
    thread = threading.Thread(target=cache.run)
    thread.start()
    try:
        assert 3 == cache.current().version
        server.tell(version=4)
        clock.pass_by(seconds)

        policy = cache.current()
    finally:
        cache.stop()
        thread.join(10)

    assert 4 == policy.version


def test_the_age_of_the_policy_is_that_of_its_last_confirmation(
    tmp_path: Path, server: PolicyServer
) -> None:
    clock = Clock()
    cache = _cache(tmp_path, server.settings, clock)
    cache.refresh()
    clock.pass_by(60)
    cache.refresh()

    again = _cache(tmp_path, server.settings, clock)

    assert clock.now_ns == cache.fetched_ns
    assert abs(clock.now_ns - again.fetched_ns) < 1_000_000


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\0" * 100], ids=repr)
def test_a_damaged_file_is_told_and_fetched_again(
    tmp_path: Path, server: PolicyServer, content: bytes
) -> None:
    (tmp_path / "policy.json").write_bytes(content)
    cache = _cache(tmp_path, server.settings)
    told = read_status(tmp_path / "status.json")["policy"]["problem"]

    cache.refresh()

    assert "cannot be used" in told
    assert 3 == cache.current().version
    assert read_status(tmp_path / "status.json")["policy"]["problem"] is None


def test_the_clients_are_told_whether_the_policy_fails_closed(
    tmp_path: Path, server: PolicyServer
) -> None:
    cache = _cache(tmp_path, server.settings)
    cache.refresh()
    before = (tmp_path / "closed" / tmp_path.name).read_bytes()
    server.tell(version=4, on_failure="closed")
    cache.refresh()
    lines = (tmp_path / "closed" / tmp_path.name).read_text().splitlines()
    server.tell(version=5, on_failure="open")
    cache.refresh()

    assert b"" == before
    assert ["claude-code", "codex", "gemini-cli", "copilot-cli"] == [
        line.partition(" ")[0] for line in lines
    ]
    assert all("does not answer" in line.partition(" ")[2] for line in lines)
    assert b"" == (tmp_path / "closed" / tmp_path.name).read_bytes()


def test_a_lost_policy_that_failed_closed_is_still_closed(
    tmp_path: Path, server: PolicyServer
) -> None:
    server.tell(version=4, on_failure="closed")
    cache = _cache(tmp_path, server.settings)
    cache.refresh()
    (tmp_path / "policy.json").write_text("{")

    again = _cache(tmp_path, server.settings)
    again.stop()

    policy = again.current()
    assert (OnFailure.CLOSED, True) == (policy.on_failure, policy.require_remote_record)


# --- how often ----------------------------------------------------------------------------------


def test_after_a_failure_it_asks_again_soon_and_then_ever_later(tmp_path: Path) -> None:
    cache = _cache(tmp_path)
    before = cache.pause_seconds

    pauses = []
    for _ in range(8):
        cache.refresh()
        pauses.append(cache.pause_seconds)

    assert 15.0 == before
    assert [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0] == pauses


def test_once_the_server_answers_it_asks_as_rarely_as_ever(tmp_path: Path) -> None:
    server = PolicyServer()
    cache = _cache(tmp_path, server.settings)
    body, server.body = server.body, b"{"
    cache.refresh()
    after_nonsense = cache.pause_seconds
    server.body = body
    cache.refresh()
    after_an_answer = cache.pause_seconds
    cache.refresh()
    server.close()

    assert [0.5, 15.0, 15.0] == [after_nonsense, after_an_answer, cache.pause_seconds]


def test_a_server_that_comes_up_a_moment_later_is_heard_by_the_next_try(tmp_path: Path) -> None:
    server = PolicyServer()
    body, server.body = server.body, b"{"
    cache = _cache(tmp_path, server.settings)
    thread = threading.Thread(target=cache.run)
    thread.start()
    assert eventually(lambda: cache.pause_seconds < REFRESH_SECONDS)
    server.body = body

    came = eventually(lambda: cache.fetched_ns, REFRESH_SECONDS - 5)
    cache.stop()
    thread.join(10)
    server.close()

    assert came
    assert 3 == cache.current().version
