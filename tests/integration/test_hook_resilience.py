"""What may go wrong on a developer's machine: the agent never notices, and nothing is lost."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentaudit_hook import waking
from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import find_place, usable_place
from agentaudit_processor.model import EventKind, Fact, Phase, ToolCall
from tests.support.hook import (
    HOOK,
    HookHome,
    HookServer,
    a_hook_home,
    eventually,
    payload,
)
from tests.support.relays import a_deaf_relay, end_relays


def test_a_call_that_ends_the_relay_by_its_number_is_stopped_and_the_server_agrees(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("critical")
    hook.tell("session-start", payload("SessionStart-startup"))
    relay = ask_relay(hook.place, "policy")
    assert relay is not None
    kill = {"command": f"kill -STOP {relay['pid']}"}

    answer = hook.tell("pre", payload("PreToolUse-Bash", tool_input=kill))
    hook.flush()

    assert b"Ends AgenticAudit's relay" in answer.stdout
    requests = [e for e in server.events() if getattr(e.activity, "phase", "") == Phase.REQUESTED]
    assert [False] == [event.verdict_differs for event in requests]


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stdin", "reason"),
    [
        pytest.param(b"", "empty input", id="nothing"),
        pytest.param(b'{"session_id": "s", "tool', "invalid JSON", id="broken JSON"),
        pytest.param(b'{"prompt": "\xff\xfe"}', "invalid UTF-8", id="invalid UTF-8"),
        pytest.param(b'["pre"]', "expected a JSON object", id="no object"),
        pytest.param(b'{"a":' * 9000 + b"1" + b"}" * 9000, "invalid JSON", id="deep nesting"),
    ],
)
def test_unreadable_input_is_recorded_and_harms_nobody(
    server: HookServer, hook: HookHome, stdin: bytes, reason: str
) -> None:
    answer = hook.tell("pre", stdin)
    hook.flush()

    (event,) = server.events()
    assert (b"", b"") == (answer.stdout, answer.stderr)
    assert EventKind.LOGGING_STATE == event.kind
    assert isinstance(event.activity, Fact)
    assert reason in str(event.activity.data["reason"])
    assert len(stdin) == event.activity.data["size_bytes"]


def test_unreadable_input_is_masked_as_well(server: HookServer, hook: HookHome) -> None:
    hook.tell("pre", b'{"command": "export AWS_ACCESS_KEY_ID=AKIAQ3EGV7RTN5WLKZ2M')
    hook.flush()

    (event,) = server.events()

    assert "AKIAQ3EGV7RTN5WLKZ2M" not in repr(event)
    assert "export AWS" in repr(event)


def test_two_megabytes_are_taken_whole_and_cut_inside_the_json(
    server: HookServer, hook: HookHome
) -> None:
    content = "first line\n" + "x" * 2_000_000 + "\nlast line"
    told = payload("PreToolUse-Write", tool_input={"file_path": "/tmp/big", "content": content})

    hook.tell("pre", told)
    hook.flush()

    (call,) = server.calls()
    kept = str(call.arguments["content"])
    assert call.truncated
    assert "/tmp/big" == call.arguments["file_path"]
    assert kept.startswith("first line\n")
    assert kept.endswith("\nlast line")
    assert len(kept) < 300_000


def test_unknown_tools_and_events_are_kept_as_they_are(server: HookServer, hook: HookHome) -> None:
    hook.tell("pre", payload("PreToolUse-Bash", tool_name="Teleport", tool_input={"to": "Mars"}))
    hook.tell("event", payload("Stop", hook_event_name="QuantumLeap", leap="year"))
    hook.flush()

    call, fact = (event.activity for event in server.events())

    assert isinstance(call, ToolCall)
    assert isinstance(fact, Fact)
    assert ("Teleport", "Mars") == (call.tool_name, call.arguments["to"])
    assert ("QuantumLeap", "year") == (fact.name, fact.data["leap"])


def test_fields_of_a_wrong_type_do_not_cost_the_record(server: HookServer, hook: HookHome) -> None:
    wrong = {
        "session_id": 7,
        "tool_input": "ls",
        "cwd": ["/"],
        "prompt_id": {},
        "permission_mode": None,
        "tool_use_id": 9,
    }
    hook.tell("pre", payload("PreToolUse-Bash", **wrong))
    hook.flush()

    (call,) = server.calls()

    assert ("7", "9", {"input": "ls"}) == (call.session_id, call.call_id, dict(call.arguments))


def test_the_payload_says_what_an_event_is_not_the_verb(server: HookServer, hook: HookHome) -> None:
    hook.tell("stop", payload("PreToolUse-Bash"))
    hook.tell("pre", payload("PostToolUseFailure-Bash"))
    hook.flush()

    assert [Phase.REQUESTED, Phase.ENDED] == [call.phase for call in server.calls()]


def test_a_usage_error_is_never_taken_for_a_refusal(tmp_path: Path) -> None:
    with a_hook_home(tmp_path) as hook:
        wrong: list[list[str]] = [[], ["prex"], ["--nonsense"], ["pre", "--nonsense"]]

        codes = [hook.run(*arguments).returncode for arguments in wrong]

    assert [1, 1, 1, 0] == codes


# --- bad machines -------------------------------------------------------------------------------


def test_without_a_home_the_last_resort_is_used(server: HookServer, tmp_path: Path) -> None:
    with a_hook_home(tmp_path, server.url, more={"HOME": ""}) as hook:
        env = hook.env | {"XDG_STATE_HOME": str(tmp_path / "state")}

        done = subprocess.run(
            [HOOK, "pre"],
            input=json.dumps(payload("PreToolUse-Bash")).encode(),
            env=env,
            cwd=tmp_path,
            capture_output=True,
            timeout=180,
            check=False,
        )
        flushed = subprocess.run([HOOK, "flush"], env=env, timeout=180, check=False)
        ask_relay(find_place(env), "stop")

    assert (0, b"") == (done.returncode, done.stdout)
    assert 0 == flushed.returncode
    assert 1 == len(server.calls())


def test_a_state_folder_that_is_a_file_costs_neither_agent_nor_record(
    server: HookServer, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url) as hook:
        (hook.home / ".local").write_text("in the way")

        first = time.monotonic()
        answer = hook.tell("pre", payload("PreToolUse-Bash"))
        took = time.monotonic() - first
        hook.flush()
        used = usable_place(hook.env)
        assert used is not None
        end_relays(hook.home)
        shutil.rmtree(used.state)

    assert b"" == answer.stdout
    assert took < 10
    assert 1 == len(server.calls())


def test_everything_the_hook_writes_is_for_its_user_only(
    server: HookServer, hook: HookHome
) -> None:
    server.stop()
    hook.tell("pre", payload("PreToolUse-Bash"))
    found = [hook.state, *hook.state.rglob("*"), Path(hook.place.socket)]

    loose = [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]

    assert len(found) > 5
    assert [] == loose


def test_a_hostile_project_folder_cannot_put_its_code_into_the_relay(
    server: HookServer, hook: HookHome, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for module in ("json", "logging", "agentaudit_hook", "socket"):
        (project / f"{module}.py").write_text(
            f"open({str(tmp_path / 'owned')!r}, 'w')\nraise SystemExit"
        )

    told = json.dumps(payload("PreToolUse-Bash")).encode()
    answer = hook.run("pre", stdin=told, cwd=project)
    hook.flush()

    assert 0 == answer.returncode
    assert not (tmp_path / "owned").exists()
    assert 1 == len(server.calls())


def test_modules_in_the_projects_pythonpath_do_not_reach_the_relay(
    server: HookServer, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for module in ("logging", "requests", "grpc", "fcntl"):
        (project / f"{module}.py").write_text("raise SystemExit")
    with a_hook_home(tmp_path, server.url) as hook:
        there = HookHome(hook.home, hook.url, more={"PYTHONPATH": str(project)})
        there.tell("pre", payload("PreToolUse-Bash"))

        hook.flush()

    assert 1 == len(server.calls())


def test_the_relay_knows_no_secret_of_the_agents_environment(
    server: HookServer, tmp_path: Path
) -> None:
    more = {"ANTHROPIC_API_KEY": "sk-dummy", "CLAUDE_CODE_MESSAGING_TOKEN": "t0ken"}
    with a_hook_home(tmp_path, server.url, more=more) as hook:
        hook.tell("pre", payload("PreToolUse-Bash"))
        (pid,) = hook.relays()

        environment = Path(f"/proc/{pid}/environ").read_bytes()

        assert b"AGENTAUDIT_API_KEY" in environment
        assert b"sk-dummy" not in environment
        assert b"t0ken" not in environment
        assert b"aa_live_" not in Path(f"/proc/{pid}/cmdline").read_bytes()


# --- crashes and races --------------------------------------------------------------------------


def test_clients_that_start_a_relay_at_once_end_up_with_one(
    server: HookServer, hook: HookHome
) -> None:
    told = [payload("PreToolUse-Bash", tool_use_id=f"toolu_{n}") for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: hook.tell("pre", one), told))
    hook.flush()

    assert 1 == len(hook.relays())
    assert {one["tool_use_id"] for one in told} == {call.call_id for call in server.calls()}


def test_a_relay_that_was_stopped_is_woken_by_the_call_that_finds_it_so(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("critical")
    hook.tell("session-start", payload("SessionStart-startup"))
    ask_relay(hook.place, "policy")  # it knows what to block
    (pid,) = hook.relays()
    os.kill(pid, signal.SIGSTOP)
    dangerous = payload("PreToolUse-Bash", tool_input={"command": "rm -rf /"})
    patient = HookHome(hook.home, hook.url, more={"AGENTAUDIT_DEADLINE_MS": "3000"})

    answer = patient.tell("pre", dangerous)  # waits as long again for the one that it woke
    hook.flush()

    assert b'"deny"' in answer.stdout, "judged, though late"
    assert [pid] == hook.relays()
    assert 1 == len({call.call_id for call in server.calls()})
    assert ["RelayStopped"] == _troubles(server)


def test_a_relay_that_hangs_costs_its_deadline_and_no_record_and_is_replaced(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    ask_relay(hook.place, "stop")
    assert eventually(lambda: not hook.relays())
    calls = [payload("PreToolUse-Bash", tool_use_id=f"toolu_{n}") for n in range(10)]
    unanswered = hook.state / waking.UNANSWERED
    now = int(time.monotonic())

    with a_deaf_relay(hook.place) as pid:
        first = hook.tell("pre", calls[0])
        # as if seven others had waited in vain, over half a minute
        lines = [f"{pid} {now - 60 + number}" for number in range(waking.HANGS_AFTER_CALLS - 1)]
        unanswered.write_text("\n".join(lines) + "\n")
        for call in calls[1:]:
            hook.tell("pre", call)
    hook.flush()

    assert (0, b"") == (first.returncode, first.stdout)
    assert pid not in hook.relays()
    assert 1 == len(hook.relays())
    assert not unanswered.exists()
    assert {call["tool_use_id"] for call in calls} == {call.call_id for call in server.calls()}
    assert ["RelayHung"] == _troubles(server)


def test_an_agent_that_leaves_stdin_open_is_not_waited_for_for_ever(
    server: HookServer, tmp_path: Path
) -> None:
    more = {"AGENTAUDIT_DEADLINE_MS": "2000"}
    with a_hook_home(tmp_path, server.url, more=more) as hook:
        hook.tell("session-start", payload("SessionStart-startup"))
        command = [HOOK, "pre"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=hook.env
        ) as client:
            assert client.stdin is not None
            client.stdin.write(json.dumps(payload("PreToolUse-Bash")).encode())
            client.stdin.flush()

            assert 0 == client.wait(20)
        hook.flush()

    assert 1 == len(server.calls())


@pytest.mark.parametrize("deadline", ["²", "99999999999999999999", "-1"])
def test_a_deadline_that_is_no_number_costs_no_record(
    server: HookServer, tmp_path: Path, deadline: str
) -> None:
    with a_hook_home(tmp_path, server.url, more={"AGENTAUDIT_DEADLINE_MS": deadline}) as hook:
        hook.tell("pre", payload("PreToolUse-Bash"))

        hook.flush()

    assert 1 == len(server.calls())


def test_an_agent_that_ignores_its_children_costs_no_record(
    server: HookServer, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url) as hook:
        (hook.home / "stdin").write_text(json.dumps(payload("PreToolUse-Bash")))
        told = 'trap \'\' CHLD; for n in 1 2 3; do "$0" pre < stdin & done; wait; "$0" pre < stdin'
        subprocess.run(["bash", "-c", told, HOOK], cwd=hook.home, env=hook.env, check=True)

        hook.flush()

    assert {"toolu_"} == {call.call_id[:6] for call in server.calls()}


def test_a_relay_of_another_configuration_is_not_talked_to(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    other = HookHome(hook.home, hook.url, key="aa_live_other")

    other.tell("pre", payload("PreToolUse-Bash"))

    assert hook.place.name != other.place.name
    assert 2 == len(hook.relays())
    assert [] == server.calls()


def test_a_relay_whose_socket_was_taken_away_ends(server: HookServer, hook: HookHome) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))

    Path(hook.place.socket).unlink()

    assert eventually(lambda: not hook.relays(), 10)
    assert not list(hook.state.glob("spool/*.seg")) or server.events()


def test_a_relay_whose_state_folder_was_removed_ends(server: HookServer, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    with a_hook_home(tmp_path, server.url, more={"XDG_RUNTIME_DIR": str(runtime)}) as hook:
        hook.tell("session-start", payload("SessionStart-startup"))

        # The relay may be writing into it just now: what it makes in between is removed again.
        while hook.state.exists():
            shutil.rmtree(hook.state, ignore_errors=True)

        assert eventually(lambda: not hook.relays(), 10)


def test_no_call_is_lost_or_doubled_while_relays_are_killed(
    server: HookServer, hook: HookHome
) -> None:
    told = [payload("PreToolUse-Bash", tool_use_id=f"toolu_{n:03d}") for n in range(40)]
    chance = random.Random(7)
    finished = threading.Event()

    def killer() -> None:
        while not finished.is_set():
            time.sleep(chance.uniform(0.2, 0.8))
            hook.kill_relays()

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: hook.tell("pre", one), told))
    finally:
        finished.set()
        thread.join()
    hook.flush()

    calls = server.calls()
    asked = {str(one["tool_use_id"]) for one in told}
    assert asked == {call.call_id for call in calls}
    # A resend after a crash is the same record: same id, same time.
    times = Counter(call.call_id for call in {(c.call_id, c.started_ns): c for c in calls}.values())
    assert {1} == set(times.values())


def _troubles(server: HookServer) -> list[str]:
    facts = [event.activity for event in server.events() if isinstance(event.activity, Fact)]
    return [fact.name for fact in facts if fact.name.startswith("Relay")]
