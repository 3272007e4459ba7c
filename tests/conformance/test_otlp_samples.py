"""What real clients sent, byte for byte: it is read, and tells what they did."""

from pathlib import Path

from agentaudit_processor.dialects.normalise import activity_of_log, activity_of_span
from agentaudit_processor.dialects.record import Source
from agentaudit_processor.model import Action, Activity, Outcome, ToolCall
from agentaudit_processor.otlp import LOGS, TRACES
from agentaudit_processor.receivers.decode import Media, decode

SAMPLES = Path(__file__).parent / "otlp"


def activities_of(name: str) -> tuple[list[Activity], int]:
    """What a sample tells, and of how many spans or log records it does."""
    media = Media.JSON if name.endswith(".json") else Media.PROTOBUF
    signal = LOGS if "-logs." in name else TRACES
    request = decode(signal, media, (SAMPLES / name).read_bytes())
    found: list[Activity | None] = []
    for held in getattr(request, "resource_spans", None) or request.resource_logs:  # type: ignore[union-attr]
        for scope in getattr(held, "scope_spans", None) or held.scope_logs:
            source = Source.of(held.resource, scope.scope)
            if signal is TRACES:
                found += [activity_of_span(span, source) for span in scope.spans]
            else:
                found += [activity_of_log(record, source) for record in scope.log_records]
    return [activity for activity in found if activity is not None], len(found)


def test_copilot_cli_tells_each_of_its_tool_calls() -> None:
    activities, _ = activities_of("copilot-cli-1.0.102-traces.json")
    calls = [call for call in activities if isinstance(call, ToolCall)]

    assert [(call.tool_name, call.action) for call in calls] == [
        ("view", Action.FILE_READ),
        ("bash", Action.SHELL_COMMAND),
        ("create", Action.FILE_WRITE),
        ("bash", Action.SHELL_COMMAND),
        ("bash", Action.SHELL_COMMAND),
    ]
    assert [call.outcome for call in calls].count(Outcome.FAILURE) == 1
    assert calls[3].error_type == "denied"
    assert calls[0].arguments == {"path": "/home/dev/project/a.txt"}
    assert calls[0].result == "alpha\n"
    assert {call.actor.agent_name for call in calls} == {"github-copilot"}
    assert len({call.session_id for call in calls}) == 1


def test_claude_codes_own_spans_never_stand_in_for_the_hooks_record() -> None:
    activities, spans = activities_of("claude-code-2.1.330-traces.json")

    assert activities == []
    assert spans == 16


def test_claude_codes_own_log_records_pass_through() -> None:
    activities, records = activities_of("claude-code-2.1.330-logs.bin")

    assert activities == []
    assert records > 20
