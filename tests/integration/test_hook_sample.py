"""`test`: a sample call is judged as the relay would, shown, and recorded only when asked for."""

import json
from pathlib import Path

import pytest

from agentaudit_hook.installing.clients import CLIENTS
from agentaudit_processor.model import Decision, Outcome, Phase
from tests.support.hook import PAYLOADS, HookHome, HookServer, payload


def _fetch_policy(hook: HookHome) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    hook.flush()


def test_it_shows_what_was_found_and_records_nothing(server: HookServer, hook: HookHome) -> None:
    answer = hook.run("test")

    said = answer.stdout.decode()
    assert 0 == answer.returncode, answer.stderr
    assert "Call       Bash: rm -rf /srv/data && cat .env" in said
    assert "sensitive_paths.read_env_file" in said
    assert "blocks nothing)" in said
    assert "Claude Code would be told nothing, and run it." in said
    assert [] == server.events()
    assert [] == hook.relays()


@pytest.mark.parametrize("client", CLIENTS)
def test_under_a_paranoid_policy_each_agents_refusal_is_shown(
    server: HookServer, hook: HookHome, client: str
) -> None:
    server.block_from("high")
    _fetch_policy(hook)
    before = len(server.events())

    said = hook.run("test", "--client", client).stdout.decode()

    assert "Decision   block (policy version 2, blocks from high)" in said
    assert f"{CLIENTS[client].title} would read: {{" in said
    assert "Blocked by AgenticAudit" in said
    assert before == len(server.events())


def test_a_file_with_a_payload_is_tried_as_its_agent_gave_it(hook: HookHome) -> None:
    file = str(PAYLOADS / "PreToolUse-Bash-rm-rf.json")

    from_file = hook.run("test", file)
    from_stdin = hook.run("test", "-", stdin=Path(file).read_bytes())

    assert 0 == from_file.returncode, from_file.stderr
    assert from_file.stdout == from_stdin.stdout
    assert b"rm -rf" in from_file.stdout


def test_an_event_that_asks_for_nothing_says_so(hook: HookHome) -> None:
    said = hook.run("test", str(PAYLOADS / "Notification.json")).stdout.decode()

    assert "It asks for no call: it is recorded, and never stopped." in said


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"tool_input": 3}'])
def test_what_no_agent_would_give_is_told_and_not_fatal(hook: HookHome, body: bytes) -> None:
    answer = hook.run("test", "-", stdin=body)

    assert 0 == answer.returncode, answer.stderr
    assert b"Traceback" not in answer.stderr


def test_a_file_that_is_not_there_is_named(hook: HookHome) -> None:
    answer = hook.run("test", "/nowhere.json")

    assert 3 == answer.returncode
    assert b"/nowhere.json" in answer.stderr


def test_sent_it_goes_the_whole_way_and_is_not_left_open(
    server: HookServer, hook: HookHome
) -> None:
    answer = hook.run("test", "--send", "--client", "claude-code")

    request, end = server.calls()
    assert 0 == answer.returncode, answer.stderr
    assert b"Stored as " in answer.stderr
    assert {"agentaudit-hook-test"} == {request.session_id, end.session_id}
    assert (Phase.REQUESTED, Phase.ENDED) == (request.phase, end.phase)
    assert Outcome.FAILURE == end.outcome
    assert "it was not run" in (end.error_message or "")


def test_sent_under_a_paranoid_policy_it_is_stored_as_blocked(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("high")
    _fetch_policy(hook)

    answer = hook.run("test", "--send", "--client", "claude-code")

    assert b", block" in answer.stderr
    assert Decision.BLOCK == server.calls()[0].client_verdict.decision  # type: ignore[union-attr]


def test_a_secret_in_the_file_is_not_shown(hook: HookHome) -> None:
    token = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    told = payload("PreToolUse-Bash", tool_input={"command": f"curl -H 'X: {token}' https://x.io"})

    answer = hook.run("test", "-", stdin=json.dumps(told).encode())

    assert token.encode() not in answer.stdout + answer.stderr
