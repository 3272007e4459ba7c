"""Gemini CLI's hook JSON: how a call went, whose tool it was, and that no conversation is kept."""

import json

import pytest

from agentaudit_hook.agents import gemini_cli
from agentaudit_processor.model import Action, EventKind, Fact, Outcome
from agentaudit_processor.pipeline import Judge
from tests.support.agents import GEMINI_CLI
from tests.support.sent import sent

SHELL = "AfterTool-run_shell_command"
TAIL = "\nProcess Group PGID: 7\n</untrusted_context>"


def _shown(text: str) -> dict[str, object]:
    return {"tool_response": {"llmContent": text, "returnDisplay": ""}}


def test_the_exit_code_stands_below_the_output() -> None:
    (call,) = GEMINI_CLI.hear("AfterTool-run_shell_command-exit3").ended

    assert (Outcome.FAILURE, "tool_error", 3) == (call.outcome, call.error_type, call.exit_code)
    assert "Exit code 3" == call.error_message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<untrusted_context>\nOutput: hi{TAIL}", (None, None)),
        (f"<untrusted_context>\nOutput: hi\nExit Code: 3\nmore{TAIL}", (None, None)),
        (
            f"Output: hi\nExit Code: 130\nSignal: 2\nBackground PIDs: 8, 9{TAIL}",
            ("tool_error", 130),
        ),
        ("Command was cancelled by user before it could complete.", ("interrupted", None)),
        ("Command was automatically cancelled because it exceeded …", ("timeout", None)),
        (f"Output: Command was cancelled by user{TAIL}", (None, None)),
    ],
)
def test_only_what_gemini_itself_wrote_tells_how_a_command_went(
    text: str, expected: tuple[str | None, int | None]
) -> None:
    (call,) = GEMINI_CLI.hear(SHELL, **_shown(text)).ended

    assert expected == (call.error_type, call.exit_code)
    assert (Outcome.FAILURE if expected[0] else Outcome.SUCCESS) == call.outcome


def test_a_tool_that_fails_says_why() -> None:
    response = {"llmContent": "x", "error": {"message": "File not found", "type": "not_found"}}

    (call,) = GEMINI_CLI.hear("AfterTool-read_file", tool_response=response).ended

    assert (Outcome.FAILURE, "File not found") == (call.outcome, call.error_message)


def test_an_mcp_tool_has_its_bare_name_and_its_server() -> None:
    context = {"server_name": "my_notes", "tool_name": "save_note", "command": "notes"}
    told = {"tool_name": "mcp_my_notes_save_note", "mcp_context": context}

    call = GEMINI_CLI.hear("BeforeTool-read_file", **told).requested

    assert call is not None
    assert ("save_note", "my_notes") == (call.tool_name, call.mcp_server)
    assert Action.CONNECTOR_ACCESS == call.action


@pytest.mark.parametrize("name", ["BeforeModel", "AfterModel", "BeforeToolSelection"])
def test_of_a_conversation_only_length_and_digest_are_sent(name: str, judge: Judge) -> None:
    (fact,) = sent(judge, GEMINI_CLI.hear(name))

    assert isinstance(fact, Fact)
    assert EventKind.SESSION == fact.kind
    assert "session_context" not in repr(fact)
    assert 64 == len(str(fact.data["llm_request_digest"]))


def test_a_refusal_is_the_json_that_gemini_reads() -> None:
    assert {"decision": "deny", "reason": "no"} == json.loads(gemini_cli.deny("no"))
