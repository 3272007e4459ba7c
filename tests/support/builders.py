"""Builders: valid shapes with every field defaulted; a test names only what it is about."""

from typing import Any

from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import (
    Action,
    Actor,
    EventKind,
    Fact,
    Outcome,
    Phase,
    ToolCall,
)

NOON_NS = 1_790_000_000_000_000_000  # 2026-09-21T14:13:20Z


def an_actor(**fields: Any) -> Actor:
    """An Actor: Alice on `lap-7` with Claude Code."""
    defaults: dict[str, Any] = {
        "agent_name": "claude-code",
        "agent_version": "2.1.330",
        "user_email": "alice@example.com",
        "user_name": "alice",
        "host_name": "lap-7",
    }
    return Actor(**defaults | fields)


def a_tool_call(tool: str = "Bash", **fields: Any) -> ToolCall:
    """A ToolCall that has ended well: `echo hello` in a shell, unless told otherwise."""
    session_id = fields.get("session_id", "session-1")
    call_id = fields.get("call_id", "toolu_1")
    defaults: dict[str, Any] = {
        "session_id": session_id,
        "call_id": call_id,
        "tool_name": tool,
        "action": Action.SHELL_COMMAND,
        "actor": an_actor(),
        "phase": Phase.ENDED,
        "trace_id": trace_id_of(session_id),
        "span_id": span_id_of(session_id, call_id),
        "arguments": {"command": "echo hello"},
        "result": {"stdout": "hello", "stderr": ""},
        "outcome": Outcome.SUCCESS,
        "exit_code": 0,
        "started_ns": NOON_NS,
        "ended_ns": NOON_NS + 60_000_000,
        "cwd": "/home/alice/project",
    }
    return ToolCall(**defaults | fields)


def a_request(tool: str = "Bash", **fields: Any) -> ToolCall:
    """The same call before it runs."""
    pending = {
        "phase": Phase.REQUESTED,
        "result": None,
        "outcome": Outcome.UNKNOWN,
        "exit_code": None,
        "ended_ns": None,
    }
    return a_tool_call(tool, **pending | fields)


def a_fact(**fields: Any) -> Fact:
    """A Fact: the start of a Session."""
    session_id = fields.get("session_id", "session-1")
    defaults: dict[str, Any] = {
        "fact_id": "fact-1",
        "kind": EventKind.SESSION,
        "action": Action.SESSION_START,
        "name": "SessionStart",
        "session_id": session_id,
        "actor": an_actor(),
        "trace_id": trace_id_of(session_id),
        "at_ns": NOON_NS,
        "data": {"source": "startup"},
    }
    return Fact(**defaults | fields)
