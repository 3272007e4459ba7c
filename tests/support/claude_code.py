"""Runs the real Claude Code CLI against a scripted model, in a throw-away HOME, offline.

The environment is built from nothing, so that the machine's own set-up (keys, settings, telemetry)
cannot leak in.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.model_server import ModelServer
from tests.support.requirements import need, shared_cache
from tests.support.terminal import converse

_QUIET = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}
_KEY = "dummy-key"
SKIP_PERMISSIONS = ("--dangerously-skip-permissions",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a run ended."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeCode:
    """A machine for Claude Code: a project folder, a home folder, and what its user exported."""

    project: Path
    home: Path
    env: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path, **env: str) -> "ClaudeCode":
        """Make project and home under `folder`; `env` is exported beside the clean minimum."""
        project, home = folder / "project", folder / "home"
        project.mkdir(parents=True)
        home.mkdir()
        return cls(project=project, home=home, env=env)

    def settings(self, settings: Mapping[str, Any]) -> Path:
        """Write the project's `.claude/settings.json`."""
        path = self.project / ".claude" / "settings.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(settings, indent=2))
        return path

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment: of the calling process only PATH, our own commands first."""
        ours = Path(sys.executable).parent
        clean = {"HOME": str(self.home), "PATH": f"{ours}:{os.environ['PATH']}", "IS_SANDBOX": "1"}
        clean["CLAUDE_CONFIG_DIR"] = str(self.home / ".claude")
        return clean | shared_cache() | _QUIET | dict(self.env) | more

    def start(
        self,
        model: ModelServer,
        prompt: str,
        *,
        session_id: str | None = None,
        args: Sequence[str] = SKIP_PERMISSIONS,
    ) -> subprocess.Popen[str]:
        """Start `claude -p PROMPT` in a session of its own, for the caller to wait for or kill."""
        command = [str(need("claude")), "-p", prompt, *args]
        command += ["--session-id", session_id or str(uuid.uuid4())]
        key = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": _KEY}
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=self.environment(**key),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def talk(
        self,
        model: ModelServer,
        prompt: str,
        steps: Sequence[tuple[str, str]],
        *,
        session_id: str,
        mode: str = "default",
    ) -> str:
        """Run `claude PROMPT` at a terminal, answering as `steps` say; gives what was painted.

        The questions of a first start count as answered: theme, key, trust in the folder.
        """
        answered = {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [_KEY], "rejected": []},
            "projects": {str(self.project): {"hasTrustDialogAccepted": True}},
        }
        config = self.home / ".claude" / ".claude.json"
        config.parent.mkdir(exist_ok=True)
        config.write_text(json.dumps(answered))
        key = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": _KEY}
        command = [str(need("claude")), "--permission-mode", mode, "--session-id", session_id]
        env = self.environment(**key, TERM="xterm-256color")
        seen, _ = converse([*command, prompt], env, steps, cwd=self.project)
        return seen

    def run(
        self,
        model: ModelServer,
        prompt: str,
        *,
        session_id: str | None = None,
        args: Sequence[str] = SKIP_PERMISSIONS,
        timeout_s: float = 90,
    ) -> Finished:
        """Run `claude -p PROMPT` to its end."""
        with self.start(model, prompt, session_id=session_id, args=args) as process:
            try:
                stdout, stderr = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Finished(exit_code=process.returncode, stdout=stdout, stderr=stderr)
