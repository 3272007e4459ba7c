"""The hook without a relay: the same records, answers and delivery, by its own process."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from agentaudit_hook.relay.folder_lock import take_lock
from agentaudit_hook.relay.spool import Spool
from agentaudit_processor.model import Outcome, Phase
from tests.support.hook import HookHome, HookServer, a_hook_home, eventually, payload

NO_RELAY = {"AGENTAUDIT_RELAY": "off"}
DESTRUCTIVE = {"command": "rm -rf / --no-preserve-root"}
AS_ON_WINDOWS = """
import os, sys, _socket, socket
missing = "fork getuid geteuid fchmod fdatasync O_NOFOLLOW O_DIRECTORY O_NONBLOCK O_CLOEXEC"
for name in missing.split():
    delattr(os, name)
del _socket.AF_UNIX
del socket.AF_UNIX
sys.modules["pwd"] = None
sys.argv = ["agentaudit-hook", "pre"]
from agentaudit_hook import client, unanswered
unanswered.start_process = lambda place, module: 0
client.main()
"""


@pytest.fixture
def hook(server: HookServer, tmp_path: Path) -> Iterator[HookHome]:
    with a_hook_home(tmp_path, server.url, more=NO_RELAY) as hook:
        yield hook


def test_a_call_is_recorded_and_delivered_and_no_relay_stays(
    server: HookServer, hook: HookHome
) -> None:
    answers = [
        hook.tell("pre", payload("PreToolUse-Bash")),
        hook.tell("post", payload("PostToolUseFailure-Bash")),
    ]

    assert [(b"", b"")] * 2 == [(one.stdout, one.stderr) for one in answers]
    assert eventually(lambda: 2 == len(server.calls()))
    request, end = server.calls()
    assert (Phase.REQUESTED, Phase.ENDED) == (request.phase, end.phase)
    assert (Outcome.FAILURE, 1, 2) == (end.outcome, request.client_sequence, end.client_sequence)
    assert eventually(lambda: not hook.relays())


def test_what_the_policy_blocks_is_stopped(server: HookServer, hook: HookHome) -> None:
    server.block_from("high")

    answer = hook.tell("pre", payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))

    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert "deny" == said["permissionDecision"]
    assert eventually(lambda: 2 == len(server.calls()))
    assert "policy_block" == server.calls()[1].error_type


def test_calls_at_once_take_turns(server: HookServer, hook: HookHome) -> None:
    ids = [f"toolu_{number}" for number in range(6)]

    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(lambda one: hook.tell("pre", payload("PreToolUse-Bash", tool_use_id=one)), ids)
        )
    hook.tell("session-end", payload("SessionEnd-other"))

    arrived = {call.call_id for call in server.calls()}
    assert arrived == set(ids) or eventually(
        lambda: {c.call_id for c in server.calls()} == set(ids)
    )


def test_records_wait_while_the_server_is_away(server: HookServer, hook: HookHome) -> None:
    server.stop()
    hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_1"))
    server.start()

    hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_2"))

    assert eventually(lambda: {"toolu_1", "toolu_2"} == {c.call_id for c in server.calls()}, 40)


def test_a_call_that_waited_for_its_turn_is_answered_as_it_is_recorded(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("high")
    server.policy |= {"on_failure": "closed"}
    hook.tell("session-start", payload("SessionStart-startup"))

    hurried = replace(hook, more=NO_RELAY | {"AGENTAUDIT_DEADLINE_MS": "500"})
    told = payload("PreToolUse-Bash", tool_input=DESTRUCTIVE)
    lock = take_lock(hook.state / "lock")
    assert lock is not None
    threading.Timer(1.5, os.close, (lock,)).start()

    answer = hurried.tell("pre", told)

    assert b"deny" in answer.stdout
    assert eventually(lambda: 2 == len(server.calls()))
    assert "policy_block" == server.calls()[1].error_type


def test_the_servers_receipt_is_waited_for(server: HookServer, hook: HookHome) -> None:
    server.policy |= {"require_remote_record": True, "on_failure": "closed", "version": 2}

    allowed = hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_1"))
    there_at_once = [call.phase for call in server.calls()]
    server.stop()
    refused = hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_2"))

    assert b"" == allowed.stdout
    assert [Phase.REQUESTED] == there_at_once
    assert b"has not acknowledged" in refused.stdout


def test_it_works_where_there_is_neither_fork_nor_unix_socket(
    server: HookServer, hook: HookHome
) -> None:
    told = json.dumps(payload("PreToolUse-Bash")).encode()

    done = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS],
        input=told,
        env={**hook.env, "AGENTAUDIT_RELAY": "", "TEMP": str(hook.home)},
        capture_output=True,
        timeout=180,
        check=False,
    )
    (folder,) = (hook.home / ".local/state/agentaudit").glob("*/spool")
    ((_, packed),) = Spool(folder).read(10, 1 << 20)

    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert payload("PreToolUse-Bash")["tool_use_id"] in packed.decode()


def test_a_fault_keeps_the_call_for_later_and_harms_nobody(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    journal = hook.state / "open-calls"
    journal.unlink()
    journal.mkdir()

    answer = hook.tell("pre", payload("PreToolUse-Bash"))
    journal.rmdir()
    hook.tell("post", payload("PostToolUseFailure-Bash"))

    assert (b"", b"") == (answer.stdout, answer.stderr)
    assert eventually(lambda: {Phase.REQUESTED, Phase.ENDED} == {c.phase for c in server.calls()})
