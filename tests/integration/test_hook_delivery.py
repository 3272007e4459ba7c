"""The installed hook, a real relay, real receivers: every recorded event arrives, once, masked."""

import json
import subprocess
from collections import Counter
from pathlib import Path

from agentaudit_processor import attributes as names
from agentaudit_processor.model import (
    Action,
    Decision,
    EventKind,
    Fact,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)
from tests.support.hook import (
    PAYLOADS,
    HookHome,
    HookServer,
    a_hook_home,
    eventually,
    payload,
)
from tests.support.relays import no_relay_can_start


def test_every_recorded_payload_arrives_and_each_tool_use_ends_once(
    server: HookServer, hook: HookHome
) -> None:
    told = [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("[A-Z]*.json"))]
    order = ["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolBatch"]
    told.sort(key=lambda one: _place(one["hook_event_name"], order))

    for one in told:
        assert b"" == hook.tell("event", one).stdout
    hook.flush()

    asked = {one["tool_use_id"] for one in told if one["hook_event_name"] == "PreToolUse"}
    stored = Counter((call.call_id, call.phase) for call in server.calls())
    requested = {call_id for call_id, phase in stored if phase is Phase.REQUESTED}
    ended = {call_id for call_id, phase in stored if phase is Phase.ENDED}
    assert asked == requested
    assert _all_tool_uses(told) == requested | ended
    assert {1} == set(stored.values())


def test_a_session_arrives_with_its_people_times_and_places(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("pre", payload("PreToolUse-Bash"))
    hook.tell("post", payload("PostToolUseFailure-Bash"))
    hook.flush()

    request, call = server.calls()

    assert (Phase.REQUESTED, Phase.ENDED) == (request.phase, call.phase)
    assert request.started_ns == call.started_ns
    assert call.ended_ns is not None
    assert call.started_ns < call.ended_ns
    assert (Outcome.FAILURE, "tool_error", 3) == (call.outcome, call.error_type, call.exit_code)
    assert "Exit code 3" == call.error_message
    assert "alice@example.com" == call.actor.user_email
    assert ("claude-code", "2.1.330") == (call.actor.agent_name, call.actor.agent_version)
    assert "/home/dev/project" == call.cwd
    assert Action.SHELL_COMMAND == call.action


def test_hook_and_server_come_to_the_same_verdict(server: HookServer, hook: HookHome) -> None:
    for path in sorted(PAYLOADS.glob("P*ToolUse-*.json")):
        hook.tell("event", path.read_bytes())
    hook.flush()

    events = [event for event in server.events() if isinstance(event.activity, ToolCall)]

    assert events
    assert [] == [event.summary for event in events if event.verdict_differs]


def test_no_secret_leaves_the_machine_nor_lies_on_its_disk(
    server: HookServer, hook: HookHome
) -> None:
    token = "AKIAQ3EGV7RTN5WLKZ2M"
    command = f"aws configure set aws_access_key_id {token}"
    told = payload("PreToolUse-Bash", tool_input={"command": command})
    hook.tell("pre", told)
    on_disk = b"".join(p.read_bytes() for p in hook.state.rglob("*") if p.is_file())

    hook.flush()

    assert token.encode() not in on_disk
    (event,) = server.events()
    assert token not in repr(event)
    assert event.secret_types


def test_a_prompt_is_told_by_length_and_digest_only(server: HookServer, hook: HookHome) -> None:
    hook.tell("prompt", payload("UserPromptSubmit", prompt="Delete Bob's account, please"))
    hook.flush()

    (event,) = server.events()

    assert isinstance(event.activity, Fact)
    assert EventKind.PROMPT == event.activity.kind
    assert 28 == event.activity.data["prompt_length"]
    assert 64 == len(str(event.activity.data["prompt_digest"]))
    assert "Bob" not in repr(event)


def test_a_call_that_nothing_ends_is_abandoned_when_its_session_ends(
    server: HookServer, hook: HookHome
) -> None:
    told = payload("PreToolUse-Bash")
    hook.tell("pre", told)
    hook.tell("session-end", payload("SessionEnd-other", session_id=told["session_id"]))
    hook.flush()

    ended = [call for call in server.calls() if call.phase is Phase.ENDED]

    assert [(told["tool_use_id"], "abandoned", Outcome.UNKNOWN)] == [
        (call.call_id, call.error_type, call.outcome) for call in ended
    ]


def test_a_denial_by_the_user_ends_the_call_through_the_batch(
    server: HookServer, hook: HookHome
) -> None:
    batch = payload("PostToolBatch-permission-denied")
    (item,) = batch["tool_calls"]
    hook.tell("pre", payload("PreToolUse-Bash", session_id=batch["session_id"], **_asked(item)))
    hook.tell("post", batch)
    hook.flush()

    request, ended = server.calls()

    assert request.started_ns == ended.started_ns
    assert (Outcome.FAILURE, "permission_denied") == (ended.outcome, ended.error_type)
    assert "require approval" in str(ended.error_message)


def test_a_batch_does_not_end_a_call_again_even_after_a_crash_of_the_relay(
    server: HookServer, hook: HookHome
) -> None:
    before, after = payload("PreToolUse-Bash"), payload("PostToolUseFailure-Bash")
    hook.tell("pre", before)
    hook.tell("post", after)
    hook.kill_relays()
    item = _asked(before) | {"tool_response": "Exit code 3"}

    hook.tell("post", payload("PostToolBatch", session_id=before["session_id"], tool_calls=[item]))
    hook.flush()

    ended = {(call.call_id, call.outcome) for call in server.calls() if call.ended_ns}
    assert {(before["tool_use_id"], Outcome.FAILURE)} == ended


def test_records_wait_for_the_server_and_keep_order_and_times(
    server: HookServer, hook: HookHome
) -> None:
    server.stop()
    for number in range(5):
        hook.tell("pre", payload("PreToolUse-Bash", tool_use_id=f"toolu_{number}"))
    hook.kill_relays()
    server.start()

    hook.flush()

    calls = server.calls()
    assert [f"toolu_{number}" for number in range(5)] == [call.call_id for call in calls]
    assert sorted(call.started_ns for call in calls) == [call.started_ns for call in calls]


def test_a_wrong_key_keeps_the_spool_and_says_what_to_do(
    server: HookServer, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url, key="aa_live_wrong") as hook:
        hook.tell("pre", payload("PreToolUse-Bash"))
        told = _status_until(hook, "export")
        doctor = hook.run("doctor")

        assert 1 == told["relay"]["pending"]
        assert (
            "refused the API key (401): give a valid one with `agentaudit-hook login`"
            in told["relay"]["problems"]["export"]
        )
        assert 1 == doctor.returncode
        assert "✗ fail  API key: aa_live_wron… is not accepted" in doctor.stdout.decode()
    assert [] == server.events()


def test_mending_the_key_delivers_what_was_kept_under_the_wrong_one(
    server: HookServer, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url, key="aa_live_wrong") as hook:
        hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_kept"))
        _status_until(hook, "export")
        mended = HookHome(hook.home, server.url)

        mended.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_new"))

        arrived = {"toolu_kept", "toolu_new"}
        assert eventually(lambda: arrived == {call.call_id for call in server.calls()})
        assert 1 == len(hook.relays()), "the relay with the wrong key has ended"


def test_mending_a_variable_delivers_what_was_kept_under_the_bad_one(
    server: HookServer, tmp_path: Path
) -> None:
    more = {"AGENTAUDIT_HEARTBEAT_SECONDS": "soon"}
    with a_hook_home(tmp_path, server.url, more=more) as hook:
        hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_kept"))
        _status_until(hook, "settings")
        mended = HookHome(hook.home, server.url)

        mended.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_new"))

        arrived = {"toolu_kept", "toolu_new"}
        assert eventually(lambda: arrived == {call.call_id for call in server.calls()})

    kept = {call.call_id: call for call in server.calls()}["toolu_kept"]
    assert {} == kept.arguments
    assert "arguments: off" in kept.reduced


def test_the_spool_of_another_server_is_not_taken_over(server: HookServer, tmp_path: Path) -> None:
    refusing = HookServer(server.rig)
    refusing.start()
    try:
        with a_hook_home(tmp_path, refusing.url, key="aa_live_wrong") as hook:
            hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_kept"))
            _status_until(hook, "export")

            other = HookHome(hook.home, server.url)
            other.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_new"))
            other.flush()

            assert not eventually(lambda: len(server.calls()) > 1, seconds=5)
            assert {"toolu_new"} == {call.call_id for call in server.calls()}
    finally:
        refusing.stop()


def test_grpc_carries_the_same(server: HookServer, tmp_path: Path) -> None:
    receiver = server.rig.grpc()
    more = {
        "AGENTAUDIT_OTLP_ENDPOINT": f"127.0.0.1:{receiver.port}",
        "AGENTAUDIT_OTLP_PROTOCOL": "grpc",
    }
    try:
        with a_hook_home(tmp_path, server.url, more=more) as hook:
            hook.tell("pre", payload("PreToolUse-Bash"))
            hook.tell("post", payload("PostToolUseFailure-Bash"))
            hook.flush()
    finally:
        receiver.stop(1.0)

    assert [Phase.REQUESTED, Phase.ENDED] == [call.phase for call in server.calls()]


def test_grpc_tells_a_refused_key_too(server: HookServer, tmp_path: Path) -> None:
    receiver = server.rig.grpc()
    more = {
        "AGENTAUDIT_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}",
        "AGENTAUDIT_OTLP_PROTOCOL": "grpc",
    }
    try:
        with a_hook_home(tmp_path, server.url, key="aa_live_wrong", more=more) as hook:
            hook.tell("pre", payload("PreToolUse-Bash"))
            told = _status_until(hook, "export")
            assert "refused the API key (UNAUTHENTICATED)" in told["relay"]["problems"]["export"]
            assert 1 == told["relay"]["pending"]
    finally:
        receiver.stop(1.0)


# --- blocking -----------------------------------------------------------------------------------


def test_a_paranoid_policy_stops_the_call_and_records_that_it_did(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("high")

    answer = hook.tell("pre", _destructive())
    hook.flush()

    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert ("PreToolUse", "deny") == (said["hookEventName"], said["permissionDecision"])
    assert said["permissionDecisionReason"].startswith("Blocked by AgenticAudit: ")
    assert eventually(lambda: len(server.calls()) == 2)
    request, ended = server.calls()
    assert request.client_verdict is not None
    assert Decision.BLOCK == request.client_verdict.decision
    assert (Phase.ENDED, Outcome.FAILURE, "policy_block") == (
        ended.phase,
        ended.outcome,
        ended.error_type,
    )


def test_a_paranoid_policy_holds_without_the_server(server: HookServer, hook: HookHome) -> None:
    server.block_from("high")
    hook.tell("session-start", payload("SessionStart-startup"))
    hook.flush()
    server.stop()
    hook.kill_relays()

    answer = hook.tell("pre", _destructive())

    assert b'"permissionDecision": "deny"' in answer.stdout


def test_the_default_policy_lets_everything_run_and_prints_nothing(
    server: HookServer, hook: HookHome
) -> None:
    answer = hook.tell("pre", _destructive())
    hook.flush()

    assert (b"", b"") == (answer.stdout, answer.stderr)
    (event,) = server.events()
    assert event.verdict.risk_level >= RiskLevel.HIGH


def test_a_call_that_ran_unjudged_is_not_said_to_be_blocked(
    server: HookServer, hook: HookHome
) -> None:
    server.block_from("high")
    with no_relay_can_start(hook.place, hook.home):
        answer = hook.tell("pre", _destructive())
    hook.flush()

    (call,) = server.calls()
    assert b"" == answer.stdout
    assert call.client_verdict is not None
    assert Decision.ALLOW == call.client_verdict.decision
    assert call.extra["hook_failed_open"] is True


def _destructive() -> dict[str, object]:
    return payload("PreToolUse-Bash", tool_input={"command": "rm -rf / --no-preserve-root"})


def _asked(item: dict[str, object]) -> dict[str, object]:
    return {key: item[key] for key in ("tool_name", "tool_input", "tool_use_id")}


def _all_tool_uses(told: list[dict[str, object]]) -> set[str]:
    batches = [one["tool_calls"] for one in told if "tool_calls" in one]
    listed = {item["tool_use_id"] for batch in batches for item in batch}  # type: ignore[attr-defined]
    return listed | {str(one["tool_use_id"]) for one in told if "tool_use_id" in one}


def _place(event: str, order: list[str]) -> int:
    base = "PostToolUse" if event == "PostToolUseFailure" else event
    return order.index(base) if base in order else len(order) + (event == "SessionEnd")


def _status_until(hook: HookHome, part: str) -> dict[str, dict[str, dict[str, str]]]:
    """The status once `part` has a problem to tell."""

    def status() -> dict[str, dict[str, dict[str, str]]]:
        told: dict[str, dict[str, dict[str, str]]] = json.loads(hook.run("status", "--json").stdout)
        return told

    assert eventually(lambda: part in (status()["relay"] or {}).get("problems", {}))
    return status()


def test_a_call_says_which_branch_and_commit_it_ran_on(
    server: HookServer, hook: HookHome, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "-b", "fix-login", str(project)], check=True)
    url = "https://alice:hunter2@git.example.com/shop/api.git"
    subprocess.run(["git", "-C", str(project), "remote", "add", "origin", url], check=True)

    hook.run("pre", stdin=json.dumps(payload("PreToolUse-Bash")).encode(), cwd=project)
    hook.flush()

    (event,) = server.events()
    assert isinstance(event.activity, ToolCall)
    assert "https://git.example.com/shop/api" == event.activity.extra[names.VCS_REPOSITORY_URL]
    assert "fix-login" == event.activity.extra[names.VCS_REF_NAME]
    assert not event.verdict_differs
    assert "hunter2" not in repr(event)


def test_a_call_carries_the_labels_of_its_repository(
    server: HookServer, hook: HookHome, tmp_path: Path
) -> None:
    text = 'base_url = "http://127.0.0.1:1"\n[labels]\nteam = "payments"\n'
    (tmp_path / ".agentaudit.toml").write_text(text)

    hook.run("pre", stdin=json.dumps(payload("PreToolUse-Bash")).encode(), cwd=tmp_path)
    hook.flush()

    (call,) = server.calls()
    assert {"team": "payments"} == call.extra["labels"]
