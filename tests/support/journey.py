"""The whole way on one machine: Claude Code with hooks, a server, and the API to look at it."""

import json
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.claude_code import SKIP_PERMISSIONS, ClaudeCode
from tests.support.markdown import ROOT, MarkdownPage
from tests.support.model_server import ModelServer, Script, ToolResults, Turn, says
from tests.support.relays import end_relays

GUIDE = MarkdownPage(ROOT / "docs" / "guides" / "audit-claude-code-session.md")
GUIDE_URL = "http://localhost:8000"
ARRIVAL_S = 90.0
FIRST = "toolu_main_00_00"
"""Id of the first call of a session's first turn."""
BYE = says("Bye.")

Event = dict[str, Any]


def guide_settings() -> dict[str, Any]:
    """The Claude Code settings, as the guide's JSON block has them."""
    parsed: dict[str, Any] = json.loads(GUIDE.blocks("json")[0])
    return parsed


def guide_exports(block: int) -> dict[str, str]:
    """The variables that one shell block of the guide exports, comments left out."""
    found = [body for body in GUIDE.blocks("sh") if "export " in body][block]
    words = shlex.split(found, comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


def guide_environment(url: str, key: str) -> dict[str, str]:
    """Step 2's environment with this test's server and key in the places of the guide's."""
    told = guide_exports(0)
    assert GUIDE_URL == told["AGENTAUDIT_BASE_URL"]
    return told | {"AGENTAUDIT_BASE_URL": url, "AGENTAUDIT_API_KEY": key}


def shell(command: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A use of the shell; `more` are other arguments of the tool."""
    return "Bash", {"command": command, "description": "As the test says"} | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A server at `url` with an admin `key`, and a Claude Code that reports to it."""

    url: str
    key: str
    claude: ClaudeCode
    session_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def api(self, method: str, path: str, **options: Any) -> Any:
        """Ask the API as the organisation's admin; gives the parsed JSON of a 2xx answer."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx.request(method, self.url + path, headers=headers, timeout=120, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def run(
        self,
        *turns: Turn,
        prompt: str = "Go",
        args: Sequence[str] = SKIP_PERMISSIONS,
        sub_agents: Mapping[str, Script] | None = None,
    ) -> ToolResults:
        """Run a session of these turns to its end; gives what the model was told of each call."""
        with ModelServer(turns, sub_agents=sub_agents or {}) as model:
            done = self.claude.run(model, prompt, session_id=self.session_id, args=args)
            assert 0 == done.exit_code, done.stdout + done.stderr
        self.flush()
        return model.tool_results()

    def talk(self, *turns: Turn, steps: Sequence[tuple[str, str]], mode: str) -> ToolResults:
        """The same at a terminal, where a person answers as `steps` say."""
        with ModelServer(turns) as model:
            self.claude.talk(model, "Go", steps, session_id=self.session_id, mode=mode)
        self.flush()
        return model.tool_results()

    def hook(self, *words: str) -> str:
        """Run `agentaudit-hook` as the developer would, in the project; gives what it printed."""
        done = subprocess.run(
            ["agentaudit-hook", *words],
            cwd=self.claude.project,
            env=self.claude.environment(),
            executable=Path(sys.executable).parent / "agentaudit-hook",
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    def flush(self) -> None:
        """Wait until the relay has delivered everything: what is not there now never comes."""
        self.hook("flush", "--timeout", str(ARRIVAL_S))

    def events(self, **filters: Any) -> list[Event]:
        """Events of this journey's session, oldest first, each with all its fields."""
        params = {"session_id": self.session_id, "limit": 200} | filters
        listed = self.api("GET", "/v1/events", params=params)["events"]
        return [self.api("GET", f"/v1/events/{event['id']}") for event in reversed(listed)]

    def tool_calls(self) -> list[Event]:
        """Those Events that are tool calls."""
        return [event for event in self.events() if "call_id" in event["context"]]

    def calls_by_id(self) -> dict[str, Event]:
        """Tool calls by call id; fails when one is there twice."""
        calls = self.tool_calls()
        by_id = {event["context"]["call_id"]: event for event in calls}
        assert len(by_id) == len(calls), f"one call, several events: {_brief(calls)}"
        return by_id

    def set_policy(self, **policy: Any) -> int:
        """Put a new Policy in force; gives its version."""
        version: int = self.api("PUT", "/v1/org/policy", json=policy)["version"]
        return version


def _brief(calls: list[Event]) -> list[tuple[str, str, str]]:
    return [(call["action"], call["risk_level"], call["decision"]) for call in calls]


@contextmanager
def a_journey(
    folder: Path, *, url: str, key: str, settings: Mapping[str, Any] | None = None, **env: str
) -> Iterator[Journey]:
    """Set a Claude Code up as the guide says, in `folder`; end its relays afterwards.

    `settings` replaces the guide's hooks, `env` adds to its environment.
    """
    patient = {"AGENTAUDIT_DEADLINE_MS": "15000"}  # a loaded machine must not make tests flaky
    claude = ClaudeCode.at(folder, **guide_environment(url, key) | patient | env)
    claude.settings(guide_settings() if settings is None else settings)
    try:
        yield Journey(url=url, key=key, claude=claude)
    finally:
        end_relays(claude.home)
