"""Input from which no call can be read: refused where hooks fail closed, else recorded and let be.

The entries are those that `install` writes, run by the shell as the agents run them.
"""

import json
import subprocess
from collections.abc import Mapping

import pytest

from agentaudit_hook.agents.shape import UNREADABLE
from agentaudit_hook.installing.clients import CLIENTS, Client
from agentaudit_hook.installing.entries import registered
from agentaudit_hook.places import find_place
from agentaudit_processor.model import Fact
from tests.support.hook import HookHome, HookServer, eventually, payload
from tests.support.relays import no_relay_can_start

ODD = {
    "nothing": b"",
    "a brace": b"{bad",
    "a list": b"[]",
    "an empty object": b"{}",
    "cut off": json.dumps(payload("PreToolUse-Bash")).encode()[:-20],
    "a tool that is no name": json.dumps(payload("PreToolUse-Bash", tool_name=7)).encode(),
    "input that is no object": json.dumps(payload("PreToolUse-Bash", tool_input="rm")).encode(),
    "an event that nobody knows": json.dumps(
        payload("PreToolUse-Bash", hook_event_name="PreToolUse2")
    ).encode(),
}
NO_RELAY = {"AGENTAUDIT_RELAY": "off"}
HURRIED = {"AGENTAUDIT_DEADLINE_MS": "500"}


def _entry(hook: HookHome, client: Client, *options: str) -> str:
    """The command line that `install` writes for calls about to run."""
    answer = hook.run("install", "--yes", "--client", client.name, *options)
    assert 0 == answer.returncode, answer.stderr
    path = client.path("user", hook.env, hook.home)
    found = registered(json.loads(path.read_text()))
    (entry,) = [one.entry for one in found if client.verbs.get(one.event) == "pre"]
    return str(entry.get("bash", entry.get("command")))


def _run(line: str, env: Mapping[str, str], stdin: bytes) -> tuple[int, str]:
    shell = ["/bin/sh", "-c", line]
    done = subprocess.run(shell, input=stdin, env=env, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def _is_refused(client: Client, code: int, stdout: str) -> bool:
    """Whether the agent, so answered, does not run the call."""
    if not stdout:
        return code == 2
    said = json.loads(stdout)
    said = said.get("hookSpecificOutput", said)
    field = "decision" if client.name == "gemini-cli" else "permissionDecision"
    return code == 0 and said[field] == "deny"


def _unreadable(server: HookServer) -> list[Fact]:
    facts = [event.activity for event in server.events() if isinstance(event.activity, Fact)]
    return [fact for fact in facts if fact.name == UNREADABLE]


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda one: one.name)
def test_hooks_installed_to_fail_closed_refuse_it_though_the_policy_fails_open(
    hook: HookHome, client: Client
) -> None:
    line = _entry(hook, client, "--fail-closed")

    refused = {
        name: _is_refused(client, *_run(line, hook.env, stdin)) for name, stdin in ODD.items()
    }

    assert dict.fromkeys(ODD, True) == refused


def test_and_without_a_relay_by_wish_too(server: HookServer, hook: HookHome) -> None:
    alone = HookHome(hook.home, hook.url, more=NO_RELAY)
    client = CLIENTS["claude-code"]
    line = _entry(alone, client, "--fail-closed")

    refused = {
        name: _is_refused(client, *_run(line, alone.env, ODD[name]))
        for name in ("nothing", "a brace", "an empty object", "a tool that is no name")
    }

    assert {True} == set(refused.values()), refused
    assert eventually(lambda: 3 == len(_unreadable(server)))


def test_and_with_a_relay_that_cannot_start(server: HookServer, hook: HookHome) -> None:
    client = CLIENTS["codex"]
    line = _entry(hook, client, "--fail-closed")
    with no_relay_can_start(find_place(hook.env), hook.home):
        code, stdout = _run(line, hook.env | HURRIED, ODD["a brace"])
    hook.flush()

    assert (2, "") == (code, stdout)
    (fact,) = _unreadable(server)
    assert fact.data["hook_failed_closed"] is True


def test_where_hooks_fail_open_it_runs_and_is_recorded(server: HookServer, hook: HookHome) -> None:
    line = _entry(hook, CLIENTS["claude-code"])

    answers = {name: _run(line, hook.env, stdin) for name, stdin in ODD.items()}
    hook.flush()

    assert dict.fromkeys(ODD, (0, "")) == answers
    assert 5 == len(_unreadable(server))
    assert 2 == len(server.calls())
    assert [] == [fact for fact in _unreadable(server) if "hook_failed_closed" in fact.data]


def test_a_call_that_can_be_read_runs_where_hooks_fail_closed(
    server: HookServer, hook: HookHome
) -> None:
    line = _entry(hook, CLIENTS["claude-code"], "--fail-closed")

    answer = _run(line, hook.env, json.dumps(payload("PreToolUse-Bash")).encode())

    assert (0, "") == answer


def test_a_call_kept_for_later_by_an_entry_that_refused_it_is_recorded_as_blocked(
    server: HookServer, hook: HookHome
) -> None:
    line = _entry(hook, CLIENTS["codex"], "--fail-closed")
    told = json.dumps(payload("PreToolUse-Bash")).encode()
    with no_relay_can_start(find_place(hook.env), hook.home):
        code, _ = _run(line, hook.env | HURRIED, told)
    hook.flush()

    request, end = server.calls()
    assert (2, "policy_block") == (code, end.error_type)
    assert request.extra["hook_failed_closed"] is True
