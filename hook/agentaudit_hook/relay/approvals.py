"""Asks the server whether a person lets a stopped call run, within the time that the agent gives.

Whatever goes wrong, the call stays stopped, with a reason that says where a person can answer: the
very same call, tried again, runs once somebody has said yes.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from agentaudit_hook.network import opener_of
from agentaudit_hook.relay.replies import Asked
from agentaudit_hook.relay.trouble import of_silence
from agentaudit_hook.settings import Settings
from agentaudit_processor.model import Decision, ToolCall
from agentaudit_processor.policy import Policy
from agentaudit_processor.redact import one_line

PATH = "/v1/hook/approvals"
MAX_BYTES = 256 * 1024
APPROVAL = "approval"
"""In a record's `extra`: the id of the approval that the call ran on."""
_ANSWER_SECONDS = 0.3
"""Left for the way back and the record."""
_LEAST_SECONDS = 0.2
_MAX_ARGUMENT_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said."""

    state: str
    """approved, denied, pending …; "" if it said nothing that helps."""
    approval_id: str = ""
    by: str = ""
    note: str = ""
    url: str = ""
    trouble: str = ""


AskPerson = Callable[[ToolCall, str, float, float], Answer]
"""The stopped call in its wire form, its key, how long to wait, how long for all → the answer."""


def asking(settings: Settings) -> AskPerson:
    """Asks the server of `settings`."""

    def ask(wire: ToolCall, key: str, wait_s: float, seconds: float) -> Answer:
        return _ask(settings, _question(wire, key, wait_s), seconds)

    return ask


def answered(
    asked: Asked, call: ToolCall, policy: Policy, ask: AskPerson, seconds_left: float
) -> Asked:
    """`asked` after a person was asked: it may run, or the refusal says how it stands.

    Args:
        call: as the agent told it, nothing masked: what its key is made of.
        seconds_left: until the agent's hook gives up.
    """
    seconds = seconds_left - _ANSWER_SECONDS
    if seconds < _LEAST_SECONDS:
        return asked
    wait_s = max(0.0, min(float(policy.approvals.wait_seconds), seconds - _LEAST_SECONDS))
    answer = ask(asked.wire, call_key(call, policy), wait_s, seconds)
    if answer.state == "approved":
        return Asked(_approved(asked.wire, answer.approval_id))
    return replace(asked, refusal=f"{_standing(answer)}\n{asked.refusal}")


def call_key(call: ToolCall, policy: Policy) -> str:
    """What makes a call the very same: who, which tool, where, with which input; keyed."""
    actor = call.actor
    who = [actor.user_email, actor.user_id, actor.user_name, actor.host_name, actor.agent_name]
    told = [who, call.mcp_server, call.tool_name, call.cwd, dict(call.arguments)]
    text = json.dumps(told, sort_keys=True, ensure_ascii=True, default=str)
    return hmac.digest(policy.digest_key or b"no key yet", text.encode(), "sha256").hex()


def _approved(wire: ToolCall, approval_id: str) -> ToolCall:
    assert wire.client_verdict is not None  # noqa: S101  a call without one is not stopped
    told = replace(wire.client_verdict, decision=Decision.APPROVED)
    return replace(wire, client_verdict=told, extra={**wire.extra, APPROVAL: approval_id})


def _standing(answer: Answer) -> str:
    if answer.state == "denied":
        why = f": {one_line(answer.note, 200)}" if answer.note else ""
        return f"Denied by {one_line(answer.by, 80)}{why}. Do not ask for it again."
    if answer.state == "pending":
        return (
            f"Waits for a person's approval at {answer.url}. Tell the user so. Once it is given, "
            "the very same call runs; until then go on with something else."
        )
    if answer.trouble:
        return f"A person could approve it, but could not be asked: {answer.trouble}"
    return "Blocked by AgenticAudit."


def _question(wire: ToolCall, key: str, wait_s: float) -> dict[str, Any]:
    arguments: Any = dict(wire.arguments)
    if len(json.dumps(arguments, default=str)) > _MAX_ARGUMENT_BYTES:
        arguments = {name: str(value)[:2000] for name, value in list(arguments.items())[:10]}
    return {
        "call_key": key,
        "session_id": wire.session_id,
        "call_id": wire.call_id,
        "tool_name": wire.tool_name,
        "action": wire.action.value,
        "arguments": arguments,
        "cwd": wire.cwd,
        "agent": wire.actor.agent_name,
        "user_email": wire.actor.user_email,
        "user_id": wire.actor.user_id,
        "user_name": wire.actor.user_name,
        "host": wire.actor.host_name,
        "wait_s": wait_s,
    }


def _ask(settings: Settings, question: dict[str, Any], seconds: float) -> Answer:
    base = settings.base_url.rstrip("/")
    url = f"{base}{PATH}"
    body = json.dumps(question, ensure_ascii=True, default=str).encode()
    headers = {
        "Authorization": f"Bearer {settings.api_key}",
        "Content-Type": "application/json",
    }
    request = Request(url, data=body, headers=headers)  # noqa: S310  settings allow http(s) only
    try:
        with opener_of(settings, url).open(request, timeout=seconds) as reply:
            told = json.loads(reply.read(MAX_BYTES))
        return Answer(
            state=str(told["state"]),
            approval_id=str(told["id"])[:64],
            by=str(told.get("decided_by") or ""),
            note=str(told.get("note") or ""),
            url=f"{base}{told['path']}",
        )
    except HTTPError as error:
        error.close()
        if error.code == 403:  # the server's policy is newer, or its judgement stricter
            return Answer(state="")
        return Answer(state="", trouble=f"the server answered {error.code}.")
    except (OSError, ValueError, KeyError, TypeError, HTTPException) as error:
        return Answer(state="", trouble=of_silence(url, error).sentence)
