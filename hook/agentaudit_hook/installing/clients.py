"""Where each AI agent keeps its hooks, which events we register there, and how an entry looks.

Sources: CLI versions Claude Code 2.1.330, Codex 0.169.0, Gemini CLI 0.61.0, Copilot CLI 1.0.102 and
their documentation. Timeouts stand above the thin client's own deadlines.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentaudit_hook.places import home_folder

SCOPES = ("user", "project", "local", "managed")
TIMEOUT_SECONDS = 10
CODEX_SHORT_SECONDS = 3
"""Codex allows no more at the events below, and warns of more at every start."""
_CODEX_SHORT = ("SessionEnd", "Interrupt")
ENTRY_NAME = "agentaudit"
"""What Gemini CLI shows of a hook, and what its `hooksConfig.disabled` names."""

LINUX_SYSTEM = Path("/etc")
MACOS_SYSTEM = Path("/Library/Application Support")

Env = Mapping[str, str]
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One agent's hook settings."""

    name: str
    """As `--client` and `--agent` say it."""
    title: str
    verbs: Mapping[str, str]
    """Event → verb of the thin client, with the event's name where the payload tells none."""
    home: Callable[[Env], Path]
    """The user's folder of this agent."""
    files: Mapping[str, str]
    """Scope → file: below `home` for the user's scope, below `managed` for an administrator's, else
    below the project.
    """
    entry: Callable[[str, str], Entry]
    """Event and command line → hook entry."""
    matchers: Mapping[str, str] = field(default_factory=dict)
    is_flat: bool = False
    """Entries stand in an event's list themselves, not in groups with a matcher."""
    around: Mapping[str, Any] = field(default_factory=dict)
    """What the file holds beside `hooks`."""
    is_for_hooks_alone: bool = False
    """Without hooks the file is of no use, and goes."""
    managed: Callable[[], Path] = Path
    """The folder of what an administrator decides for all users of this machine."""
    comments: bool = False
    """It reads comments in its settings."""
    advice: str = ""
    """What a person has to do after `install`."""

    def path(self, scope: str, env: Env, cwd: Path) -> Path:
        """The file that holds the hooks of a scope.

        Raises:
            KeyError: the agent has no such scope.
        """
        file = self.files[scope]
        if scope == "managed":
            return self.managed() / file
        return (self.home(env) if scope == "user" else cwd) / file

    def command(self, hook: str, event: str) -> str:
        """The command line of an event; `hook` is quoted already."""
        agent = "" if self is CLAUDE_CODE else f" --agent {self.name}"
        return f"{hook} {self.verbs[event]}{agent}"

    def folders(self) -> list[Path]:
        """Folders from which an administrator's settings come, besides our own file there."""
        own = self.files.get("managed")
        return [self.managed(), (self.managed() / own).parent] if own else []

    def group(self, event: str, entry: Entry) -> dict[str, Any]:
        """What is appended to an event's list."""
        if self.is_flat:
            return entry
        matcher = {"matcher": self.matchers[event]} if event in self.matchers else {}
        return {**matcher, "hooks": [entry]}


def _folder(variable: str, name: str) -> Callable[[Env], Path]:
    """The folder that `variable` names, else `name` in the home folder."""

    def find(env: Env) -> Path:
        chosen = env.get(variable)
        return Path(chosen) if chosen else Path(home_folder(dict(env)) or "/") / name

    return find


def _system_folder(linux: str, macos: str) -> Callable[[], Path]:
    """Where an administrator puts things for every user of this machine."""
    return lambda: MACOS_SYSTEM / macos if sys.platform == "darwin" else LINUX_SYSTEM / linux


def _gemini_folder(env: Env) -> Path:
    return Path(env.get("GEMINI_CLI_HOME") or home_folder(dict(env)) or "/") / ".gemini"


def _claude_entry(_: str, command: str) -> Entry:
    return {"type": "command", "command": command, "timeout": TIMEOUT_SECONDS}


def _codex_entry(event: str, command: str) -> Entry:
    seconds = CODEX_SHORT_SECONDS if event in _CODEX_SHORT else TIMEOUT_SECONDS
    return {"type": "command", "command": command, "timeout": seconds}


def _gemini_entry(_: str, command: str) -> Entry:
    timeout_ms = TIMEOUT_SECONDS * 1000
    return {"type": "command", "name": ENTRY_NAME, "command": command, "timeout": timeout_ms}


def _copilot_entry(_: str, command: str) -> Entry:
    return {"type": "command", "bash": command, "timeoutSec": TIMEOUT_SECONDS}


_CLAUDE_EVENTS_WITH_MATCHER = (
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "PermissionDenied",
)

CLAUDE_CODE = Client(
    name="claude-code",
    title="Claude Code",
    verbs={
        "PreToolUse": "pre",
        "PostToolUse": "post",
        "PostToolUseFailure": "post",
        "PostToolBatch": "post",
        "PermissionRequest": "event",
        "PermissionDenied": "event",
        "UserPromptSubmit": "prompt",
        "SessionStart": "session-start",
        "SessionEnd": "session-end",
        "Stop": "stop",
        "SubagentStart": "event",
        "SubagentStop": "event",
        "ConfigChange": "event",
    },
    home=_folder("CLAUDE_CONFIG_DIR", ".claude"),
    files={
        "user": "settings.json",
        "project": ".claude/settings.json",
        "local": ".claude/settings.local.json",
        "managed": "managed-settings.d/50-agentaudit.json",
    },
    managed=_system_folder("claude-code", "ClaudeCode"),
    entry=_claude_entry,
    matchers=dict.fromkeys(_CLAUDE_EVENTS_WITH_MATCHER, ""),
)
CODEX = Client(
    name="codex",
    title="Codex CLI",
    verbs={
        "PreToolUse": "pre",
        "PostToolUse": "post",
        "PermissionRequest": "event",
        "UserPromptSubmit": "prompt",
        "SessionStart": "session-start",
        "SessionEnd": "session-end",
        "Stop": "stop",
        "SubagentStart": "event",
        "SubagentStop": "event",
        "Interrupt": "event",
    },
    home=_folder("CODEX_HOME", ".codex"),
    files={"user": "hooks.json", "project": ".codex/hooks.json"},
    entry=_codex_entry,
    is_for_hooks_alone=True,
    advice="Codex runs no hook that you have not trusted: start `codex`, review them in /hooks.",
)
GEMINI_CLI = Client(
    name="gemini-cli",
    title="Gemini CLI",
    verbs={
        "BeforeTool": "pre",
        "AfterTool": "post",
        "BeforeAgent": "prompt",
        "AfterAgent": "stop",
        "SessionStart": "session-start",
        "SessionEnd": "session-end",
        "Notification": "event",
    },
    home=_gemini_folder,
    files={
        "user": "settings.json",
        "project": ".gemini/settings.json",
        "managed": "settings.json",
    },
    managed=_system_folder("gemini-cli", "GeminiCli"),
    comments=True,
    entry=_gemini_entry,
    matchers=dict.fromkeys(("BeforeTool", "AfterTool"), "*"),
    advice="Gemini CLI runs hooks in trusted folders only: `agentaudit-hook doctor` there tells.",
)
COPILOT_CLI = Client(
    name="copilot-cli",
    title="Copilot CLI",
    verbs={
        "preToolUse": "pre",
        "postToolUse": "post",
        "postToolUseFailure": "event postToolUseFailure",
        "permissionRequest": "event permissionRequest",
        "userPromptSubmitted": "prompt",
        "sessionStart": "session-start",
        "sessionEnd": "session-end",
        "agentStop": "stop",
        "subagentStart": "event subagentStart",
        "subagentStop": "event subagentStop",
        "errorOccurred": "event errorOccurred",
    },
    home=_folder("COPILOT_HOME", ".copilot"),
    files={"user": "hooks/agentaudit.json", "project": ".github/hooks/agentaudit.json"},
    entry=_copilot_entry,
    is_flat=True,
    around={"version": 1},
    is_for_hooks_alone=True,
)
CLIENTS = {one.name: one for one in (CLAUDE_CODE, CODEX, GEMINI_CLI, COPILOT_CLI)}
