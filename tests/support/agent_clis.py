"""Runs the real Codex, Gemini CLI or Copilot CLI against a scripted model, in a throw-away home.

The environment is built from nothing, so that the machine's own set-up cannot leak in; each talks
to the model server on loopback alone.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.hook import HookHome
from tests.support.model_server import ModelServer
from tests.support.requirements import need

TIMEOUT_S = 120
_CODEX_CONFIG = """
model = "gpt-5-codex"
model_provider = "scripted"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
"""
_GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
}


def _codex(home: Path, url: str) -> dict[str, str]:
    (home / ".codex" / "config.toml").write_text(_CODEX_CONFIG.format(url=url))
    return {"SCRIPTED_KEY": "dummy"}


def _gemini(home: Path, url: str) -> dict[str, str]:
    path = home / ".gemini" / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | _GEMINI_SETTINGS))
    return {
        "GEMINI_API_KEY": "dummy",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_CLI_NO_RELAUNCH": "true",
    }


def _copilot(_: Path, url: str) -> dict[str, str]:
    return {
        "COPILOT_PROVIDER_BASE_URL": url,
        "COPILOT_PROVIDER_TYPE": "anthropic",
        "COPILOT_PROVIDER_API_KEY": "dummy",
        "COPILOT_MODEL": "claude-sonnet-4",
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCli:
    """One agent: how it is set up and started, and how its shell tool is used."""

    name: str
    words: tuple[str, ...]
    set_up: Callable[[Path, str], dict[str, str]]
    """Home folder and model's URL → environment; may write settings."""
    shell: Callable[[str], tuple[str, dict[str, Any]]]

    def run(self, hook: HookHome, project: Path, model: ModelServer) -> None:
        """Run one headless session to its end, with the hooks that are installed in that home."""
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        env: Mapping[str, str] = hook.env | path | self.set_up(hook.home, model.url)
        project.mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q", str(project)], check=True, env=dict(env))
        done = subprocess.run(
            [str(need(self.name)), *self.words],
            cwd=project,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr


AGENT_CLIS = (
    AgentCli(
        name="codex",
        words=(
            "exec",
            "--dangerously-bypass-approvals-and-sandbox",
            "--dangerously-bypass-hook-trust",
            "Go",
        ),
        set_up=_codex,
        shell=lambda command: ("exec_command", {"cmd": command}),
    ),
    AgentCli(
        name="gemini-cli",
        words=("-p", "Go", "--yolo", "-m", "gemini-2.5-pro"),
        set_up=_gemini,
        shell=lambda command: ("run_shell_command", {"command": command}),
    ),
    AgentCli(
        name="copilot-cli",
        words=("-p", "Go", "--allow-all"),
        set_up=_copilot,
        shell=lambda command: ("bash", {"command": command, "description": "As the test says"}),
    ),
)
