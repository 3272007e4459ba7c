"""What real agents and libraries sent, byte for byte: it is read, and tells what they did."""

from collections import Counter

import pytest

from agentaudit_processor.model import Action, Outcome, Phase
from tests.support.otlp_samples import activities_of, calls_of

SESSION = "claude-code-2.1.330-session"


def test_copilot_cli_tells_each_of_its_tool_calls() -> None:
    calls = calls_of("copilot-cli-1.0.102-traces.json")

    assert [
        ("view", Action.FILE_READ),
        ("bash", Action.SHELL_COMMAND),
        ("create", Action.FILE_WRITE),
        ("bash", Action.SHELL_COMMAND),
        ("bash", Action.SHELL_COMMAND),
    ] == [(call.tool_name, call.action) for call in calls]
    assert {"path": "/home/dev/project/a.txt"} == calls[0].arguments
    assert "alpha\n" == calls[0].result
    assert {"github-copilot"} == {call.actor.agent_name for call in calls}
    assert 1 == len({call.session_id for call in calls})


def test_copilot_cli_tells_a_call_that_was_denied() -> None:
    denied = calls_of("copilot-cli-1.0.102-traces.json")[3]

    assert (Outcome.FAILURE, "permission_denied") == (denied.outcome, denied.error_type)
    assert {"answer": "denied"} == denied.extra["permission"]


def test_claude_codes_log_events_tell_its_calls_and_who_let_them_through() -> None:
    calls = calls_of(f"{SESSION}-logs.bin")
    results = {call.call_id: call for call in calls if call.dialect == "claude_code"}
    decisions = {call.call_id: call for call in calls if call.dialect == "claude_code.decision"}

    assert (10, 11) == (len(results), len(decisions))
    [refused] = [call for call_id, call in decisions.items() if call_id not in results]
    assert "rm -rf /home/dev/victim" == refused.arguments["command"]
    assert (Phase.ENDED, Outcome.FAILURE) == (refused.phase, refused.outcome)
    assert {"answer": "reject", "source": "hook", "by": "hook"} == refused.extra["permission"]
    others = [call for call_id, call in decisions.items() if call_id in results]
    assert {Phase.REQUESTED} == {call.phase for call in others}
    assert {"bypass"} == {call.extra["permission"]["by"] for call in others}  # type: ignore[index,call-overload]


def test_a_claude_code_log_event_tells_when_its_call_began() -> None:
    calls = calls_of(f"{SESSION}-logs.bin")
    [failed] = [call for call in calls if call.error_type == "tool_error"]

    assert failed.ended_ns is not None
    assert 140_000_000 == failed.ended_ns - failed.started_ns
    assert ({"command": "exit 3"}, "Shell command failed") == (
        failed.arguments,
        failed.error_message,
    )


def test_claude_codes_spans_tell_one_call_each_with_what_the_spans_below_them_know() -> None:
    activities, spans = activities_of(f"{SESSION}-traces.bin")
    calls = calls_of(f"{SESSION}-traces.bin")

    assert (46, 11, 11) == (spans, len(activities), len({call.call_id for call in calls}))
    outcomes = Counter(call.outcome for call in calls)
    assert {Outcome.SUCCESS: 9, Outcome.FAILURE: 2} == outcomes
    by_tool = {call.tool_name: call for call in calls}
    note, agent = by_tool["save_note"], by_tool["Agent"]
    assert ("notes", Action.CONNECTOR_ACCESS) == (note.mcp_server, note.action)
    assert {"output": '{"ok":true}'} == note.result
    assert {"subagent_type": "general-purpose"} == agent.arguments
    [refused] = [call for call in calls if call.error_type == "permission_denied"]
    assert {"answer": "reject", "source": "hook", "by": "hook"} == refused.extra["permission"]


def test_logs_and_spans_of_a_claude_code_session_tell_of_the_same_calls() -> None:
    of_logs = {(call.session_id, call.call_id) for call in calls_of(f"{SESSION}-logs.bin")}
    of_spans = {(call.session_id, call.call_id) for call in calls_of(f"{SESSION}-traces.bin")}

    assert of_logs == of_spans


def test_a_call_within_a_sub_agent_belongs_to_the_session_of_its_parent() -> None:
    calls = calls_of(f"{SESSION}-traces.bin")
    [inner] = [call for call in calls if call.arguments.get("command") == "echo in-sub"]

    assert 1 == len({call.session_id for call in calls})
    assert inner.actor.subagent_id == "adcf3531c9b7c66f0"


def test_claude_code_over_json_tells_as_much_as_over_grpc() -> None:
    calls = calls_of("claude-code-2.1.330-traces.json")

    assert ["Read", "Bash", "Write", "Edit"] == [call.tool_name for call in calls]
    assert {Outcome.SUCCESS} == {call.outcome for call in calls}


def test_codex_tells_its_calls_in_log_events() -> None:
    calls = calls_of("codex-0.169.0-logs.bin")
    results = [call for call in calls if call.dialect == "codex"]
    decisions = [call for call in calls if call.dialect == "codex.decision"]

    assert (7, 5) == (len(results), len(decisions))
    first, second = results[:2]
    assert ("exec_command", Action.SHELL_COMMAND) == (first.tool_name, first.action)
    assert ("codex", "0.169.0") == (first.actor.agent_name, first.actor.agent_version)
    assert (Outcome.FAILURE, 3) == (second.outcome, second.exit_code)
    assert {"cmd": "exit 3"} == second.arguments
    assert {"config"} == {call.extra["permission"]["by"] for call in decisions}  # type: ignore[index,call-overload]


def test_a_codex_log_event_without_a_time_happened_when_it_was_observed() -> None:
    calls = [call for call in calls_of("codex-0.169.0-logs.bin") if call.dialect == "codex"]

    assert all(call.ended_ns is not None and call.ended_ns > 1.79e18 for call in calls)
    assert 98_000_000 == (calls[0].ended_ns or 0) - calls[0].started_ns


def test_codex_spans_are_its_inner_workings_and_tell_no_call() -> None:
    activities, spans = activities_of("codex-0.169.0-traces.bin")

    assert ([], 84) == (activities, spans)


def test_gemini_cli_tells_its_calls_in_logs_and_in_spans_under_the_same_ids() -> None:
    logged = {call.call_id: call for call in calls_of("gemini-cli-0.61.0-logs.bin")}
    spans = {call.call_id: call for call in calls_of("gemini-cli-0.61.0-traces.bin")}

    assert (6, 5) == (len(logged), len(spans))
    [refused] = [call for call_id, call in logged.items() if call_id not in spans]
    assert "permission_denied" == refused.error_type
    assert {"command": "rm -rf /home/dev/victim"} == refused.arguments
    assert all(call.arguments == logged[call_id].arguments for call_id, call in spans.items())
    assert 1 == len({call.session_id for call in [*logged.values(), *spans.values()]})


def test_gemini_cli_tells_what_came_back_and_a_commands_exit_code() -> None:
    spans = calls_of("gemini-cli-0.61.0-traces.bin")
    [failed] = [
        call
        for call in calls_of("gemini-cli-0.61.0-logs.bin")
        if call.arguments.get("command") == "exit 3"
    ]

    assert {"output": "alpha\n"} == spans[0].result
    assert (Outcome.FAILURE, 3) == (failed.outcome, failed.exit_code)


@pytest.mark.parametrize("version", ["v2", "v6"])
def test_pydantic_ai_tells_its_calls_under_legacy_and_new_names(version: str) -> None:
    weather, mail = calls_of(f"pydantic-ai-2.68.0-{version}-traces.bin")

    assert ("get_weather", "call_w1") == (weather.tool_name, weather.call_id)
    assert ({"city": "Prague"}, "sunny in Prague") == (weather.arguments, weather.result)
    assert (Outcome.FAILURE, "RuntimeError") == (mail.outcome, mail.error_type)
    assert mail.error_message == "SMTP refused"
    assert "weather-bot" == mail.actor.agent_name


@pytest.mark.parametrize("names", ["", "legacy-"])
def test_google_adk_tells_its_calls_once_under_legacy_and_new_names(names: str) -> None:
    book, hotel, cancel = calls_of(f"google-adk-2.13.0-{names}traces.bin")

    assert ({"to": "Oslo"}, {"ref": "X1"}) == (book.arguments, book.result)
    assert ("adk-2", {"hotel": "Grand"}) == (hotel.call_id, hotel.result)
    assert (Outcome.FAILURE, "RuntimeError") == (cancel.outcome, cancel.error_type)
    assert cancel.span_id == cancel.call_id


@pytest.mark.parametrize("names", ["", "latest-"])
def test_strands_tells_its_calls_in_events_or_in_attributes(names: str) -> None:
    lookup, drop = calls_of(f"strands-1.62.0-{names}traces.bin")

    assert ("ops-session-1", "tooluse_1") == (lookup.session_id, lookup.call_id)
    assert {"key": "db"} == lookup.arguments
    assert [{"text": "postgres://db.internal"}] == lookup.result
    assert {} == lookup.extra
    assert (Outcome.FAILURE, {"table": "users"}) == (drop.outcome, drop.arguments)
    assert "alice" == drop.actor.user_id


def test_openinference_tells_langchains_calls() -> None:
    sql, pay = calls_of("openinference-langchain-0.1.80-traces.bin")

    assert ("openinference", "shop-session-1") == (sql.dialect, sql.session_id)
    assert ("run_sql", "call_1") == (sql.tool_name, sql.call_id)
    assert {"input": "DELETE FROM carts"} == sql.arguments
    assert "3 rows deleted" == sql.result["data"]["content"]  # type: ignore[index,call-overload]
    assert (Outcome.FAILURE, {"input": "4111 1111 1111 1111"}) == (pay.outcome, pay.arguments)
    assert "alice" == pay.actor.user_id


def test_traceloop_tells_langchains_calls_without_their_wrapping() -> None:
    sql, pay = calls_of("traceloop-langchain-0.62.4-traces.bin")

    assert ("traceloop", "shop-session-1", "call_1") == (sql.dialect, sql.session_id, sql.call_id)
    assert ({"query": "DELETE FROM carts"}, "3 rows deleted") == (sql.arguments, sql.result)
    assert (Outcome.FAILURE, "RuntimeError") == (pay.outcome, pay.error_type)
    assert "shop" == pay.actor.agent_name


def test_langsmith_tells_langchains_calls_where_a_models_would_stand() -> None:
    order, shell, file = calls_of("langsmith-0.15.0-traces.bin")

    assert ("langsmith", "session-42", "call_1") == (order.dialect, order.session_id, order.call_id)
    assert {"order_id": "A-17"} == order.arguments
    assert "order A-17: shipped to alice@example.com" == order.result
    assert {"command": "rm -rf /srv/data"} == shell.arguments
    assert (Outcome.FAILURE, "RuntimeError('exit status 1')") == (
        shell.outcome,
        shell.error_message,
    )
    assert (None, "shop-bot") == (shell.result, shell.actor.agent_name)
    assert ({"path": "/srv/bot/a.txt"}, {"text": "hello"}) == (file.arguments, file.result)
    assert file.call_id == file.span_id


def test_fastmcp_tells_its_clients_calls_though_not_as_an_operation() -> None:
    note, failed = calls_of("fastmcp-4.1.2-traces.bin")

    assert ("semconv", "save_note", Outcome.SUCCESS) == (note.dialect, note.tool_name, note.outcome)
    assert Action.CONNECTOR_ACCESS == note.action
    assert ("fail", Outcome.FAILURE, "tool_error") == (
        failed.tool_name,
        failed.outcome,
        failed.error_type,
    )
    assert note.call_id == note.span_id
    assert "notes-bot" == note.actor.agent_name
