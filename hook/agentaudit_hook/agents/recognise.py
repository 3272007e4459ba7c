"""Whose hook event is it: by what the hook's command says, else by the payload's shape."""

from types import ModuleType

from agentaudit_hook.agents import claude_code, codex, copilot_cli, gemini_cli, own
from agentaudit_hook.agents.contents import Unreadable, read_object

AGENTS: dict[str, ModuleType] = {
    agent.NAME: agent for agent in (claude_code, codex, gemini_cli, copilot_cli)
}
"""By the name that `--agent` gives, which is also the `service.name` of its records."""


def split_argument(argument: str) -> tuple[str, str]:
    """Agent and event name from what followed the verb, "" for what is not said.

    `--agent copilot-cli preCompact`, in any order; the client passes it on as it stands. Its own
    options are no event's name.
    """
    agent, event = "", ""
    words = iter(argument.replace("--agent=", "--agent ").split())
    for word in words:
        if word == "--agent":
            agent = next(words, "")
        elif not word.startswith("-"):
            event = event or word
    return agent, event


def agent_of(name: str, body: bytes) -> ModuleType:
    """The module of agent `name`; for a name that is none, of the one that writes such payloads."""
    return own if name == own.NAME else AGENTS.get(name) or _by_shape(body)


def _by_shape(body: bytes) -> ModuleType:
    try:
        payload = read_object(body)
    except Unreadable:
        return claude_code
    if "sessionId" in payload and "session_id" not in payload:
        return copilot_cli
    if isinstance(payload.get("timestamp"), str):
        return gemini_cli
    transcript = payload.get("transcript_path")
    name = transcript.rpartition("/")[2] if isinstance(transcript, str) else ""
    return codex if "turn_id" in payload or name.startswith("rollout-") else claude_code
