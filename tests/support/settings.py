"""Agents' settings with our hooks in them, as `install` would write them."""

import json
from typing import Any

from agentaudit_hook.installing.clients import CLAUDE_CODE, Client
from agentaudit_hook.installing.entries import Wanted, with_hooks, without_hooks
from agentaudit_hook.installing.json_text import JsonText


def hooked(
    settings: dict[str, Any],
    command: str,
    client: Client = CLAUDE_CODE,
    *,
    fail_closed: bool = False,
) -> dict[str, Any]:
    """`settings` with the recommended hooks in them."""
    wanted = Wanted(client=client, command=command, fail_closed=fail_closed)
    changed: dict[str, Any] = with_hooks(JsonText(json.dumps(settings)), wanted).value
    return changed


def unhooked(settings: dict[str, Any]) -> dict[str, Any]:
    """`settings` without any hook of ours."""
    changed: dict[str, Any] = without_hooks(JsonText(json.dumps(settings))).value
    return changed
