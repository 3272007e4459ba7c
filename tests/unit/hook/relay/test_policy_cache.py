"""The policy cache: the server's word while it speaks, its last word while it does not."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import Settings
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_bundle import policy_of_bundle, sealed

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


def _cache(folder: Path, settings: Settings = NOWHERE) -> PolicyCache:
    status = StatusFile(folder / "status.json", time.time_ns)
    return PolicyCache(settings, folder / "policy.json", status)


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
