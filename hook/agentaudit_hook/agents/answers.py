"""What a hook prints to answer its agent, in the JSON that Claude Code began and others use too."""

import json

from agentaudit_processor.model import Json

BLOCKED = "Blocked by AgenticAudit"
ASKED = "AgenticAudit asks before this runs"
"""How the reasons begin, by which a refusal is known again when it is told once more."""


def pre_tool_use(decision: str, reason: str) -> bytes:
    """The answer to a call that is about to run: `deny` or `ask`; the model is shown `reason`."""
    output = {
        "hookEventName": "PreToolUse",
        "permissionDecision": decision,
        "permissionDecisionReason": reason,
    }
    return in_json({"hookSpecificOutput": output})


def post_tool_use(result: Json) -> bytes:
    """The answer to a call that has run: what the model is shown of it, in the tool's own shape."""
    output = {"hookEventName": "PostToolUse", "updatedToolOutput": result}
    return in_json({"hookSpecificOutput": output})


def in_json(answer: dict[str, object]) -> bytes:
    """One line, ASCII only: no text in it can end the JSON or steer a terminal."""
    return json.dumps(answer).encode() + b"\n"
