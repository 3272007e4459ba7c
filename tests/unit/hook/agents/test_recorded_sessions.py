"""Codex, Gemini and Copilot CLI: every recorded payload, and what is the same for all of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_hook.agents.recognise import AGENTS, agent_of, split_argument
from agentaudit_hook.agents.shape import Told, stem_of
from agentaudit_processor.model import EventKind
from tests.support.agents import COPILOT_CLI, RECORDINGS, Recording
from tests.support.builders import NOON_NS
from tests.support.hook import payload

FILES = [(one, path.stem) for one in RECORDINGS for path in sorted(one.folder.glob("*.json"))]
IDS = [f"{recording.agent}-{name}" for recording, name in FILES]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.agent)
def test_a_recorded_session_leaves_out_no_file(recording: Recording) -> None:
    assert sorted(path.stem for path in recording.folder.glob("*.json")) == sorted(recording.order)


@pytest.mark.parametrize(("recording", "name"), FILES, ids=IDS)
def test_a_recorded_payload_is_understood(recording: Recording, name: str) -> None:
    heard = recording.hear(name)

    told = recording.payload(name)
    assert name.partition("-")[0] == heard.event_name
    activities = [*heard.ended, *heard.facts, *([heard.requested] if heard.requested else [])]
    assert activities
    assert {told.get("session_id") or told.get("sessionId")} == {a.session_id for a in activities}
    assert {recording.agent} == {activity.actor.agent_name for activity in activities}
    assert EventKind.LOGGING_STATE not in {fact.kind for fact in heard.facts}


@pytest.mark.parametrize(("recording", "name"), FILES, ids=IDS)
def test_no_text_field_is_dropped(recording: Recording, name: str) -> None:
    told = recording.payload(name)

    known = repr(recording.hear(name))

    values = {value for value in told.values() if isinstance(value, str)}
    assert [] == sorted(value for value in values if repr(value)[1:-1] not in known)


@pytest.mark.parametrize(("recording", "name"), FILES, ids=IDS)
def test_the_shape_of_a_payload_tells_the_agent(recording: Recording, name: str) -> None:
    body = json.dumps(recording.payload(name)).encode()

    assert AGENTS[recording.agent] is agent_of("", body)


def test_an_id_of_raw_input_cannot_be_guessed_without_the_machines_key() -> None:
    body = json.dumps(RECORDINGS[1].payload("BeforeTool-replace")).encode()

    stems = set()
    for key in (b"one", b"other"):
        told = Told(verb="pre", body=body, at_ns=NOON_NS, cwd="", env={}, key=key)
        stems.add(stem_of(AGENTS["gemini-cli"].parse(told).requested.call_id))

    assert 2 == len(stems)


def test_deep_nesting_is_told_and_fails_nothing() -> None:
    deep = b"[" * 900 + b"]" * 900
    body = b'{"transcript_path": %s, "tool_input": %s, "hook_event_name": "PreToolUse"}' % (
        deep,
        deep,
    )

    told = Told(verb="pre", body=body, at_ns=NOON_NS, cwd="", env={})
    heard = [agent_of(name, body).parse(told) for name in ("", *AGENTS)]

    assert all(one.requested or one.facts for one in heard)


def test_what_is_said_goes_before_the_shape_and_what_is_unknown_is_no_agent() -> None:
    body = json.dumps(payload("PreToolUse-Bash")).encode()

    assert AGENTS["claude-code"] is agent_of("", body)
    assert AGENTS["codex"] is agent_of("codex", body)
    assert AGENTS["claude-code"] is agent_of("no-such-agent", body)
    assert AGENTS["claude-code"] is agent_of("", b"no JSON")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", ("", "")),
        ("PreCompact", ("", "PreCompact")),
        ("--agent codex", ("codex", "")),
        ("--agent=copilot-cli preCompact", ("copilot-cli", "preCompact")),
        ("preCompact --agent copilot-cli", ("copilot-cli", "preCompact")),
        ("--agent", ("", "")),
    ],
)
def test_agent_and_event_are_read_off_the_command_line(
    argument: str, expected: tuple[str, str]
) -> None:
    assert expected == split_argument(argument)


@pytest.mark.parametrize("agent", AGENTS)
@given(
    body=st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "tool_name",
                        "toolName",
                        "toolArgs",
                        "tool_response",
                        "error",
                        "toolResult",
                        "mcp_context",
                        "traceparent",
                        "llmContent",
                    ]
                ),
                inner,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_input_makes_a_module_fail(agent: str, body: bytes) -> None:
    for verb in ("pre", "post", "event"):
        told = Told(verb=verb, body=body, at_ns=NOON_NS, cwd="", env={})

        heard = AGENTS[agent].parse(told)

        assert heard.requested or heard.ended or heard.listed or heard.facts or heard.closes


@pytest.mark.parametrize(
    ("recording", "pre", "post"),
    [
        (RECORDINGS[1], "BeforeTool-replace", "AfterTool-replace"),
        (COPILOT_CLI, "preToolUse-create", "postToolUse-create"),
    ],
    ids=["gemini-cli", "copilot-cli"],
)
def test_a_call_without_an_id_has_one_stem_at_its_two_ends(
    recording: Recording, pre: str, post: str
) -> None:
    request = recording.hear(pre).requested
    (ended,) = recording.hear(post, NOON_NS + 1).ended
    again = recording.hear(pre, NOON_NS + 2).requested

    assert request is not None
    assert again is not None
    assert stem_of(request.call_id) == stem_of(ended.call_id) == stem_of(again.call_id) is not None
    assert 3 == len({request.call_id, ended.call_id, again.call_id})
