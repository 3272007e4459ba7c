"""A call to try the hook with, in each agent's own words. It is never run."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

COMMAND = "rm -rf /srv/data && cat .env"
SESSION_ID = "agentaudit-hook-test"
NOT_RUN = "A sample of `agentaudit-hook test`: it was not run."


def sample_request(client: str, cwd: str) -> bytes:
    """The stdin that the agent `client` would give its hook before such a call."""
    return json.dumps(_SHAPES[client](cwd)).encode()


def sample_end(request: bytes) -> bytes:
    """The stdin that tells Claude Code's call of `request` to have failed, for it was not run."""
    told = json.loads(request)
    return json.dumps(
        told | {"hook_event_name": "PostToolUseFailure", "error": NOT_RUN, "is_interrupt": False}
    ).encode()


def _claude_code(cwd: str) -> dict[str, Any]:
    return {
        "session_id": SESSION_ID,
        "cwd": cwd,
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": COMMAND, "description": NOT_RUN},
        "tool_use_id": f"sample_{uuid4().hex}",
    }


def _codex(cwd: str) -> dict[str, Any]:
    return _claude_code(cwd) | {"turn_id": "1", "tool_input": {"command": COMMAND}}


def _gemini(cwd: str) -> dict[str, Any]:
    return {
        "session_id": SESSION_ID,
        "cwd": cwd,
        "hook_event_name": "BeforeTool",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "tool_name": "run_shell_command",
        "tool_input": {"command": COMMAND, "description": NOT_RUN},
    }


def _copilot(cwd: str) -> dict[str, Any]:
    return {
        "sessionId": SESSION_ID,
        "timestamp": time.time_ns() // 1_000_000,
        "cwd": cwd,
        "toolName": "bash",
        "toolArgs": {"command": COMMAND, "description": NOT_RUN},
    }


_SHAPES: dict[str, Callable[[str], dict[str, Any]]] = {
    "claude-code": _claude_code,
    "codex": _codex,
    "gemini-cli": _gemini,
    "copilot-cli": _copilot,
}
