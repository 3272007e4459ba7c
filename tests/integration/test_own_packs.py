"""Own packs and answers of the policy, over the whole way: server, hook, server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hook import a_hook_home, payload
from tests.support.packs import OWN_PACK
from tests.support.server import RunningServer, a_server

TOKEN = "acme_" + "a1b2c3d4e5f6g7h8i9j0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose policy has an own pack, an answer to a rule, and an exemption."""
    with a_server(tmp_path_factory.mktemp("server")) as running:
        policy = {
            "logging_level": "paranoid",
            "blocking_rules": {"enabled": True, "block_on": "high"},
            "packs": [OWN_PACK],
            "exemptions": [
                {
                    "id": "cleanup",
                    "rule": "destructive.*",
                    "owner": "alice@example.com",
                    "reason": "the old shop goes",
                    "expires": "2099-12-31",
                    "command": "rm -rf old-shop",
                }
            ],
        }
        answer = running.request("PUT", "/v1/org/policy", json=policy)
        assert 200 == answer.status_code, answer.text
        yield running


@pytest.mark.parametrize(
    ("command", "stopped"),
    [
        (f"ledgerctl post 7 {TOKEN}", True),
        ("ledgerctl show 7", False),
        ("rm -rf old-shop", False),
        ("rm -rf old-shop; rm -rf src", True),
    ],
)
def test_hook_and_server_judge_by_the_policys_own_words(
    server: RunningServer, tmp_path: Path, command: str, stopped: bool
) -> None:
    session = command.encode().hex()
    with a_hook_home(tmp_path, server.url, key=server.key) as hook:
        told = payload("PreToolUse-Bash", session_id=session, tool_input={"command": command})
        answer = hook.tell("pre", told)
        hook.flush()
        state = b"".join(path.read_bytes() for path in hook.state.rglob("*") if path.is_file())

    listed = server.request("GET", "/v1/events", params={"session_id": session}).json()["events"]
    (call,) = [event for event in listed if event["action"] == "shell_command"]
    event = server.request("GET", f"/v1/events/{call['id']}").json()
    assert stopped is (b'"deny"' in answer.stdout)
    assert ("block" if stopped else "allow") == event["verdict"]["decision"]
    assert not event["verdict"]["differs_from_hook"]
    assert TOKEN not in json.dumps(event)
    assert TOKEN.encode() not in state
