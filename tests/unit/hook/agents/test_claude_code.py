"""Claude Code's hook JSON: every recorded payload, and what is read out of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_hook.agents import claude_code
from agentaudit_hook.agents.shape import Closes, Heard, Told
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, EventKind, Outcome, Phase
from agentaudit_processor.pipeline import Judge
from tests.support.builders import NOON_NS
from tests.support.hook import PAYLOADS, payload
from tests.support.sent import sent

FILES = sorted(PAYLOADS.glob("[A-Z]*.json"))
ENVIRONMENT = json.loads((PAYLOADS.parent / "env-of-PreToolUse-hook.json").read_text())


def _heard(told: dict[str, object] | bytes, **changes: object) -> Heard:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    defaults = Told(
        verb="event", body=body, at_ns=NOON_NS, cwd="/hook/cwd", env=ENVIRONMENT, user_name="alice"
    )
    return claude_code.parse(replace(defaults, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_payload_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())

    heard = _heard(told)

    assert told["hook_event_name"] == heard.event_name
    activities = [*heard.ended, *heard.listed, *heard.facts]
    activities += [heard.requested] if heard.requested else []
    assert activities
    assert {told["session_id"]} == {activity.session_id for activity in activities}
    assert {"2.1.330"} == {activity.actor.agent_version for activity in activities}
    assert EventKind.LOGGING_STATE not in {fact.kind for fact in heard.facts}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_field_of_a_recorded_payload_is_dropped(path: Path) -> None:
    told = json.loads(path.read_text())
    known = repr(_heard(told))

    values = {v for v in told.values() if isinstance(v, str) and v}
    bare = {v.rpartition("__")[2] if v.startswith("mcp__") else v for v in values}
    escaped = {repr(v)[1:-1] for v in bare}
    assert [] == sorted(v for v in escaped if v not in known)


def test_a_request_waits_for_an_answer() -> None:
    told = payload("PreToolUse-Bash")

    call = _heard(told).requested

    assert call is not None
    assert (Phase.REQUESTED, Action.SHELL_COMMAND) == (call.phase, call.action)
    assert {"command": "exit 3", "description": "Fail"} == call.arguments
    assert trace_id_of(told["session_id"]) == call.trace_id
    assert span_id_of(told["session_id"], told["tool_use_id"]) == call.span_id
    assert (NOON_NS, None) == (call.started_ns, call.ended_ns)
    assert "/home/dev/project" == call.extra["claude_project_dir"]


def test_a_success_tells_its_result_and_when_it_began() -> None:
    (call,) = _heard(payload("PostToolUse-Bash")).ended

    assert Outcome.SUCCESS == call.outcome
    assert isinstance(call.result, dict)
    assert "/home/dev/project/sub" == call.result["stdout"]
    assert (NOON_NS - 60_000_000, NOON_NS) == (call.started_ns, call.ended_ns)
    assert call.exit_code is None


@pytest.mark.parametrize(
    ("error", "is_interrupt", "expected"),
    [
        ("Exit code 3", False, ("tool_error", 3)),
        ("Exit code 143\nCommand timed out after 0s", False, ("timeout", 143)),
        ("Exit code 1\nBoom", False, ("tool_error", 1)),
        ("Exit code 12 monkeys", False, ("tool_error", None)),
        ("File does not exist.", False, ("tool_error", None)),
        ("The user stopped it", True, ("interrupted", None)),
    ],
)
def test_a_failure_tells_its_kind_and_exit_code(
    error: str, is_interrupt: bool, expected: tuple[str, int | None]
) -> None:
    told = payload("PostToolUseFailure-Bash", error=error, is_interrupt=is_interrupt)

    (call,) = _heard(told).ended

    assert Outcome.FAILURE == call.outcome
    assert expected == (call.error_type, call.exit_code)
    assert error == call.error_message


def test_an_mcp_tool_has_its_bare_name_and_its_server() -> None:
    call = _heard(payload("PreToolUse-mcp__notes__save_note")).requested

    assert call is not None
    assert ("save_note", "notes") == (call.tool_name, call.mcp_server)
    assert Action.CONNECTOR_ACCESS == call.action


def test_a_batch_tells_unknown_tools_and_denials() -> None:
    unknown = _heard(payload("PostToolBatch-unknown-tool")).listed
    denied = _heard(payload("PostToolBatch-permission-denied")).listed
    fine = _heard(payload("PostToolBatch")).listed

    assert ["tool_error"] == [call.error_type for call in unknown]
    assert ["permission_denied"] == [call.error_type for call in denied]
    assert [(None, Outcome.UNKNOWN)] == [(call.error_type, call.outcome) for call in fine]


def test_a_denial_in_auto_mode_is_a_fact_and_ends_the_call() -> None:
    heard = _heard(payload("PermissionDenied-Bash"))

    (call,) = heard.ended
    (fact,) = heard.facts
    assert ("permission_denied", "Classifier unavailable") == (call.error_type, call.error_message)
    assert EventKind.PERMISSION == fact.kind


@pytest.mark.parametrize(
    ("name", "everything", "subagent"),
    [
        ("Stop", False, None),
        ("SubagentStop", False, "ae8b612560f4558a3"),
        ("SessionEnd-other", True, None),
    ],
)
def test_the_end_of_a_turn_closes_the_calls_of_whose_turn_it_was(
    name: str, everything: bool, subagent: str | None
) -> None:
    told = payload(name)

    closes = _heard(told).closes

    expected = Closes(session_id=told["session_id"], everything=everything, subagent_id=subagent)
    assert expected == closes


def test_a_sub_agent_without_a_name_ends_nobodys_calls() -> None:
    told = payload("SubagentStop")
    del told["agent_id"]

    heard = _heard(told)

    assert heard.closes is None
    assert ["SubagentStop"] == [fact.name for fact in heard.facts]


def test_what_people_and_models_said_is_named_as_such(judge: Judge) -> None:
    said = "a very private sentence"
    events = [
        payload("UserPromptSubmit", prompt=said),
        payload("Stop", last_assistant_message=said),
        payload("MessageDisplay", delta=said),
        payload("PostCompact", compact_summary=said),
    ]

    heard = [_heard(told) for told in events]
    facts = [fact for one in heard for fact in sent(judge, one)]

    assert len(events) == len(facts)
    assert said in repr(heard)
    assert said not in repr(facts)


def test_the_same_event_has_the_same_fact_id_and_another_one_has_not() -> None:
    told = payload("SessionStart-startup")

    once, again, later = (
        _heard(told, at_ns=at_ns).facts[0].fact_id for at_ns in (NOON_NS, NOON_NS, NOON_NS + 1)
    )

    assert once == again
    assert once != later


def test_a_valid_traceparent_gives_trace_and_parent() -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    told = payload("PreToolUse-Bash")

    call = _heard(told, env={"TRACEPARENT": f"00-{trace}-{parent}-01"}).requested
    broken = _heard(told, env={"TRACEPARENT": f"00-{'0' * 32}-{parent}-01"}).requested

    assert call is not None
    assert broken is not None
    assert (trace, parent) == (call.trace_id, call.parent_span_id)
    assert (trace_id_of(told["session_id"]), None) == (broken.trace_id, broken.parent_span_id)


def test_without_an_event_name_the_argument_and_then_the_verb_tell_it() -> None:
    told = payload("PreToolUse-Bash")
    del told["hook_event_name"]

    assert "PostToolUse" == _heard(told, verb="event", argument="PostToolUse").event_name
    assert "PreToolUse" == _heard(told, verb="pre").event_name


def test_a_call_without_a_number_has_the_same_one_before_and_after() -> None:
    before, after = payload("PreToolUse-Bash"), payload("PostToolUseFailure-Bash")
    del before["tool_use_id"], after["tool_use_id"]

    request, (end,) = _heard(before).requested, _heard(after).ended

    assert request is not None
    assert request.call_id == end.call_id


def test_a_refusal_is_json_that_claude_code_takes() -> None:
    outcomes = json.loads((PAYLOADS.parent / "pre-hook-outcomes.json").read_text())
    recorded = json.loads(outcomes["json_deny"]["hook_response"][0]["stdout"])

    ours = json.loads(claude_code.deny("policy R1: no"))

    assert recorded == ours


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_FIELDS = ["session_id", "tool_name", "tool_input", "tool_use_id", "tool_calls", "cwd", "error"]
_FIELDS += ["tool_response", "duration_ms", "prompt", "agent_id", "hook_event_name", "is_interrupt"]


@given(
    st.dictionaries(st.sampled_from(_FIELDS), _JSON),
    st.sampled_from(["PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "Stop"]),
)
def test_no_json_whatsoever_makes_it_fail(told: dict[str, object], event: str) -> None:
    heard = _heard({"hook_event_name": event} | told)

    assert heard.requested or heard.ended or heard.listed or heard.facts or event == "PostToolBatch"


@given(st.binary())
def test_no_bytes_whatsoever_make_it_fail(body: bytes) -> None:
    assert _heard(body).facts or body.strip().startswith(b"{")
