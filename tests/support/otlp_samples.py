"""Recorded OTLP, read as the receivers read it."""

from pathlib import Path
from typing import Any

from agentaudit_processor.dialects.normalise import (
    activity_of_log,
    activity_of_span,
    source_of_spans,
)
from agentaudit_processor.dialects.record import Source
from agentaudit_processor.model import Activity, ToolCall
from agentaudit_processor.otlp import LOGS, TRACES, Signal
from agentaudit_processor.receivers.decode import Media, decode

SAMPLES = Path(__file__).parents[1] / "conformance" / "otlp"


def signal_of(name: str) -> Signal:
    """Of a sample, by its file name."""
    return LOGS if "-logs." in name else TRACES


def request_of(name: str) -> Any:
    """A sample, decoded."""
    media = Media.JSON if name.endswith(".json") else Media.PROTOBUF
    return decode(signal_of(name), media, (SAMPLES / name).read_bytes())


def activities_of(name: str) -> tuple[list[Activity], int]:
    """What a sample tells, and of how many spans or log records it does."""
    request = request_of(name)
    found: list[Activity | None] = []
    if signal_of(name) is TRACES:
        for held in request.resource_spans:
            for scope in held.scope_spans:
                source = source_of_spans(held, scope)
                found += [activity_of_span(span, source) for span in scope.spans]
    else:
        for held in request.resource_logs:
            for scope in held.scope_logs:
                source = Source.of(held.resource, scope.scope)
                found += [activity_of_log(record, source) for record in scope.log_records]
    return [activity for activity in found if activity is not None], len(found)


def calls_of(name: str) -> list[ToolCall]:
    """The tool calls that a sample tells, in its order."""
    return [call for call in activities_of(name)[0] if isinstance(call, ToolCall)]
