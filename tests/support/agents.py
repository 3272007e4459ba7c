"""Recorded sessions of the agents other than Claude Code, and how their hooks are called."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentaudit_hook.agents.recognise import AGENTS
from agentaudit_hook.agents.shape import Heard, Told
from tests.support.builders import NOON_NS

CONFORMANCE = Path(__file__).parents[1] / "conformance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one agent's hooks were given in one session."""

    agent: str
    order: tuple[str, ...]
    """Names of the recorded files, in the order of the session."""
    verbs: Mapping[str, str] = field(default_factory=dict)
    """Event → verb and what follows it, where the payload does not name the event."""

    @property
    def folder(self) -> Path:
        return CONFORMANCE / self.agent.replace("-", "_") / "payloads"

    def payload(self, name: str, **changes: Any) -> dict[str, Any]:
        """A recorded payload, with some fields changed."""
        told: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return told | changes

    def command(self, name: str) -> tuple[str, ...]:
        """The arguments with which `install` has the hook called at this event."""
        event = name.partition("-")[0]
        return (*self.verbs.get(event, "event").split(), "--agent", self.agent)

    def hear(self, name: str, at_ns: int = NOON_NS, **changes: Any) -> Heard:
        """What the agent's module makes of a payload."""
        verb, *rest = self.command(name)
        told = Told(
            verb=verb,
            argument=rest[0] if rest[0] != "--agent" else "",
            body=json.dumps(self.payload(name, **changes)).encode(),
            at_ns=at_ns,
            cwd="/hook/cwd",
            env={"TRACEPARENT": ""},
        )
        heard: Heard = AGENTS[self.agent].parse(told)
        return heard


CODEX = Recording(
    agent="codex",
    order=(
        "SessionStart",
        "UserPromptSubmit",
        "PreModelRequest",
        "PreToolUse-Bash",
        "PostToolUse-Bash",
        "PreToolUse-view_image",
        "PreToolUse-Bash-exit3",
        "PostToolUse-Bash-exit3",
        "PreToolUse-Bash-rm-rf",
        "Stop",
        "SessionEnd",
    ),
)
GEMINI_CLI = Recording(
    agent="gemini-cli",
    order=(
        "SessionStart",
        "BeforeAgent",
        "PreCompress",
        "BeforeModel",
        "BeforeToolSelection",
        "AfterModel",
        "BeforeTool-read_file",
        "AfterTool-read_file",
        "BeforeTool-run_shell_command",
        "AfterTool-run_shell_command",
        "BeforeTool-write_file",
        "AfterTool-write_file",
        "BeforeTool-replace",
        "AfterTool-replace",
        "BeforeTool-run_shell_command-exit3",
        "AfterTool-run_shell_command-exit3",
        "BeforeTool-run_shell_command-rm-rf",
        "AfterAgent",
        "SessionEnd",
    ),
)
COPILOT_CLI = Recording(
    agent="copilot-cli",
    order=(
        "sessionStart",
        "userPromptSubmitted",
        "preToolUse-view",
        "postToolUse-view",
        "preToolUse-bash",
        "permissionRequest-bash",
        "postToolUse-bash",
        "preToolUse-create",
        "permissionRequest-edit",
        "postToolUse-create",
        "preToolUse-bash-rm-rf",
        "preToolUse-bash-exit3",
        "permissionRequest-bash-exit3",
        "postToolUse-bash-exit3",
        "agentStop",
        "sessionEnd",
    ),
    verbs={
        "sessionStart": "session-start",
        "sessionEnd": "session-end",
        "userPromptSubmitted": "prompt",
        "preToolUse": "pre",
        "postToolUse": "post",
        "postToolUseFailure": "event postToolUseFailure",
        "permissionRequest": "event permissionRequest",
        "agentStop": "stop",
    },
)
RECORDINGS = (CODEX, GEMINI_CLI, COPILOT_CLI)
