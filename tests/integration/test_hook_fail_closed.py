"""A policy that fails closed: whatever breaks, no call runs unchecked, and the record says so."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agentaudit_hook.control import ask_relay
from agentaudit_hook.relay.closed_file import fails_closed
from agentaudit_processor.model import Decision, Phase
from agentaudit_processor.pipeline import Judge
from tests.support.hook import (
    Answer,
    HookHome,
    HookServer,
    a_hook_home,
    a_hook_server,
    eventually,
    payload,
)
from tests.support.relays import no_relay_can_start

STOP, CONTINUE = 19, 18
NO_RELAY = {"AGENTAUDIT_RELAY": "off"}


@pytest.fixture
def server(judge: Judge) -> Iterator[HookServer]:
    with a_hook_server(judge) as server:
        server.policy |= {"on_failure": "closed", "version": 2}
        yield server


@pytest.fixture
def hook(server: HookServer, tmp_path: Path) -> Iterator[HookHome]:
    """A home in which the policy is known already."""
    with a_hook_home(tmp_path, server.url) as hook:
        hook.tell("session-start", payload("SessionStart-startup"))
        assert eventually(lambda: fails_closed(Path(hook.place.closed)))
        yield hook


def test_what_can_be_checked_and_recorded_runs(hook: HookHome) -> None:
    answer = hook.tell("pre", payload("PreToolUse-Bash"))

    assert b"" == answer.stdout


def test_a_relay_that_hangs_stops_the_call_and_the_record_says_so(
    server: HookServer, hook: HookHome
) -> None:
    (pid,) = hook.relays()
    os.kill(pid, STOP)
    try:
        answer = _hurried(hook).tell("pre", payload("PreToolUse-Bash"))
    finally:
        os.kill(pid, CONTINUE)
    hook.flush()

    assert "its relay on this machine does not answer" in _reason(answer)
    _assert_blocked(server)


def test_a_relay_that_cannot_start_stops_the_call_and_the_record_says_so(
    server: HookServer, hook: HookHome
) -> None:
    _stop_relay(hook)
    lock = hook.state / "lock"
    lock.unlink()
    lock.mkdir()

    answer = hook.tell("pre", payload("PreToolUse-Bash"))
    lock.rmdir()
    hook.flush()

    assert "agentaudit-hook doctor" in _reason(answer)
    _assert_blocked(server)


@pytest.mark.parametrize(
    "garbage", [b"", b"AA", b"HTTP/1.1 200 OK\r\n\r\n", b"AA1\0\xff\xff\xff\xff\0\0\0\0"], ids=repr
)
def test_an_answer_that_is_none_stops_the_call(hook: HookHome, garbage: bytes) -> None:
    _stop_relay(hook)
    with _listening(hook, garbage):
        answer = _hurried(hook).tell("pre", payload("PreToolUse-Bash"))

    assert "does not answer" in _reason(answer)


def test_the_refusal_is_in_the_words_of_the_agent(hook: HookHome) -> None:
    _stop_relay(hook)
    (hook.state / "lock").unlink()
    (hook.state / "lock").mkdir()
    told = json.dumps(payload("PreToolUse-Bash")).encode()

    copilot = hook.run("pre", "--agent", "copilot-cli", stdin=told)
    gemini = hook.run("pre", "--agent=gemini-cli", stdin=told)

    assert "deny" == json.loads(copilot.stdout)["permissionDecision"]
    assert "deny" == json.loads(gemini.stdout)["decision"]


@pytest.mark.parametrize(
    "variable",
    [
        {"AGENTAUDIT_OTLP_PROTOCOL": "grpc"},
        {"AGENTAUDIT_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"AGENTAUDIT_BASE_URL": "http://127.0.0.1:9"},
        {"AGENTAUDIT_API_KEY": "another"},
        {"AGENTAUDIT_CAPTURE_USER": "nobody"},
        {"AGENTAUDIT_HEARTBEAT_SECONDS": "soon"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_variable_opens_what_fails_closed(hook: HookHome, variable: dict[str, str]) -> None:
    other = HookHome(hook.home, hook.url, more=variable)
    with no_relay_can_start(other.place, hook.home):
        answer = _hurried(other).tell("pre", payload("PreToolUse-Bash"))

    assert "does not answer" in _reason(answer)


def test_only_calls_are_stopped(hook: HookHome) -> None:
    _stop_relay(hook)
    (hook.state / "lock").unlink()
    (hook.state / "lock").mkdir()

    answers = [
        hook.tell("post", payload("PostToolUseFailure-Bash")),
        hook.tell("prompt", payload("UserPromptSubmit")),
    ]

    assert [b"", b""] == [answer.stdout for answer in answers]


def test_no_variable_can_have_calls_go_unjudged_for_want_of_time(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("high")
    hook.run("flush")
    assert ask_relay(hook.place, "policy") is not None
    hurried = HookHome(hook.home, server.url, more={"AGENTAUDIT_DEADLINE_MS": "0"})

    def is_judged() -> bool:  # half a second may be short for once, on a busy machine
        told = payload("PreToolUse-Bash", tool_input={"command": "rm -rf /"})
        return "delete" in _reason(hurried.tell("pre", told)).lower()

    assert eventually(is_judged)


def test_without_a_known_policy_the_option_of_the_entry_makes_the_hook_fail(
    tmp_path: Path,
) -> None:
    with a_hook_home(tmp_path) as hook:
        (hook.state / "lock").mkdir(parents=True)  # no relay can start
        told = json.dumps(payload("PreToolUse-Bash")).encode()

        codes = [
            hook.run("pre", stdin=told).returncode,
            hook.run("pre", "--fail-closed", stdin=told).returncode,
            hook.run("pre", "--agent", "codex", "--fail-closed", stdin=told).returncode,
        ]

    assert [0, 1, 1] == codes


@pytest.mark.parametrize("more", [{}, NO_RELAY], ids=["relay", "no relay"])
def test_before_any_policy_is_known_an_entry_that_fails_closed_wants_the_server(
    tmp_path: Path, more: dict[str, str]
) -> None:
    with a_hook_home(tmp_path, more=more) as hook:
        told = json.dumps(payload("PreToolUse-Bash")).encode()

        open_entry = hook.run("pre", stdin=told)
        closed_entry = hook.run("pre", "--fail-closed", stdin=told)

    assert b"" == open_entry.stdout
    assert "has not acknowledged the record of this call" in _reason(closed_entry)


def test_the_option_of_the_entry_changes_nothing_while_a_relay_answers(hook: HookHome) -> None:
    told = json.dumps(payload("PreToolUse-Bash")).encode()

    answer = hook.run("pre", "--fail-closed", stdin=told)

    assert (0, b"") == (answer.returncode, answer.stdout)


def test_a_policy_that_opens_again_opens_the_client_too(server: HookServer, hook: HookHome) -> None:
    server.policy |= {"on_failure": "open", "version": 3}
    ask_relay(hook.place, "policy")
    _stop_relay(hook)
    (hook.state / "lock").unlink()
    (hook.state / "lock").mkdir()

    answer = hook.tell("pre", payload("PreToolUse-Bash"))

    assert b"" == answer.stdout


# --- the server's receipt -----------------------------------------------------------------------


def test_a_call_runs_only_after_the_server_has_its_request(
    server: HookServer, hook: HookHome
) -> None:
    server.policy |= {"require_remote_record": True, "version": 3}
    ask_relay(hook.place, "policy")

    answer = hook.tell("pre", payload("PreToolUse-Bash"))
    there_at_once = [call.phase for call in server.calls()]

    assert b"" == answer.stdout
    assert [Phase.REQUESTED] == there_at_once


def test_without_the_server_no_call_runs_and_with_it_calls_run_again(
    server: HookServer, hook: HookHome
) -> None:
    server.policy |= {"require_remote_record": True, "version": 3}
    ask_relay(hook.place, "policy")
    server.stop()

    refused = hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_away"))
    server.start()
    hook.flush()
    allowed = hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_back"))

    assert "has not acknowledged the record of this call" in _reason(refused)
    assert b"" == allowed.stdout
    ends = [call for call in server.calls() if call.phase is Phase.ENDED]
    assert [("toolu_away", "policy_block")] == [(call.call_id, call.error_type) for call in ends]


def test_under_an_open_policy_a_missing_server_stops_nothing(
    server: HookServer, hook: HookHome
) -> None:
    server.policy |= {"require_remote_record": True, "on_failure": "open", "version": 3}
    ask_relay(hook.place, "policy")
    server.stop()

    answer = hook.tell("pre", payload("PreToolUse-Bash"))

    assert b"" == answer.stdout


# --- helpers ------------------------------------------------------------------------------------


def _reason(answer: Answer) -> str:
    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert "deny" == said["permissionDecision"]
    return str(said["permissionDecisionReason"])


def _assert_blocked(server: HookServer) -> None:
    stored = {
        (call.phase, call.error_type, call.extra["hook_failed_closed"]) for call in server.calls()
    }
    decided = {call.client_verdict.decision for call in server.calls() if call.client_verdict}
    assert {(Phase.REQUESTED, None, True), (Phase.ENDED, "policy_block", True)} == stored
    assert {Decision.BLOCK} == decided
    assert [] == [event.summary for event in server.events() if event.verdict_differs]


def _hurried(hook: HookHome) -> HookHome:
    return HookHome(hook.home, hook.url, more={**hook.more, "AGENTAUDIT_DEADLINE_MS": "500"})


def _stop_relay(hook: HookHome) -> None:
    ask_relay(hook.place, "stop")
    assert eventually(lambda: not hook.relays())


@contextmanager
def _listening(hook: HookHome, answer: bytes) -> Iterator[None]:
    """Something that is no relay of ours holds the socket."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(hook.place.socket)
        listener.listen(8)

        def serve() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                with link, suppress(OSError):  # the client hangs up on nonsense
                    link.recv(1 << 20)
                    link.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    Path(hook.place.socket).unlink()
