"""A call that nobody made: what `explain` and `classify` judge, and the policy it is judged by."""

import getpass
import json
import socket
from collections.abc import Mapping
from pathlib import Path

from agentaudit_hook.places import usable_place
from agentaudit_hook.settings import Settings
from agentaudit_processor.actions import action_of
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, Json, Phase, ToolCall
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_bundle import policy_of_bundle
from agentaudit_processor.policy_values import PolicyError

_SESSION = "explained"
_FILES = (Action.FILE_WRITE, Action.FILE_EDIT, Action.FILE_READ, Action.FILE_SEARCH)


def supposed_call(
    text: str | None,
    path: str | None,
    tool: str | None,
    *,
    settings: Settings,
    cwd: str | None,
    at_ns: int,
) -> ToolCall:
    """The request of a call: a shell command, unless a tool or a path says otherwise."""
    tool = tool or ("Bash" if path is None else "Read" if text is None else "Write")
    action = action_of(tool)
    return ToolCall(
        session_id=_SESSION,
        call_id=_SESSION,
        tool_name=tool,
        action=action,
        actor=_actor(settings),
        phase=Phase.REQUESTED,
        trace_id=trace_id_of(_SESSION),
        span_id=span_id_of(_SESSION, _SESSION),
        arguments=_arguments(action, text, path),
        started_ns=at_ns,
        cwd=cwd,
    )


def kept_policy(env: Mapping[str, str], settings: Settings) -> Policy:
    """The Policy that the relay fetched last; the usual one if there is none to be had."""
    place = usable_place(dict(env))
    if place is None:
        return Policy()
    try:
        kept = json.loads((Path(place.state) / "policy.json").read_bytes())
        if kept["url"] != settings.policy_url:
            return Policy()
        return policy_of_bundle(kept["policy"], settings.api_key)
    except (OSError, ValueError, KeyError, TypeError, PolicyError):
        return Policy()


def _arguments(action: Action, text: str | None, path: str | None) -> dict[str, Json]:
    named: dict[str, Json] = {} if path is None else {"file_path": path}
    if text is None:
        return named
    if action is Action.SHELL_COMMAND:
        return named | {"command": text}
    if action in (Action.WEB_FETCH, Action.WEB_SEARCH):
        return named | {"url": text}
    return named | ({"content": text} if action in _FILES else {"code": text})


def _actor(settings: Settings) -> Actor:
    try:
        login = getpass.getuser()
    except (OSError, KeyError):
        login = None
    return Actor(
        agent_name="claude-code",
        user_email=settings.user_email or None,
        user_id=settings.user_id or None,
        user_name=login,
        host_name=socket.gethostname(),
    )
