"""How a hook entry makes its agent refuse a call that our hook cannot judge.

Each agent runs a call whose hook is missing, crashes or hangs. Claude Code has had a switch against
that since 2.1.295; for others the shell turns any failure into the exit code of a refusal.
"""

import json
import re
import subprocess
from pathlib import Path

from agentaudit_hook.installing.clients import CLAUDE_CODE, COPILOT_CLI, Client, Entry

OPTION = "--fail-closed"
"""Tells the thin client to fail, and not to stay silent, when it gets no answer."""
CLAUDE_CODE_BLOCKS_SINCE = (2, 1, 295)
_REASON = "AgenticAudit could not judge this call, and the policy refuses such calls."
TAIL = f" || {{ echo '{_REASON}' >&2; exit 2; }}"
_COPILOT_TAIL = (
    ' || echo \'{"permissionDecision":"deny","permissionDecisionReason":' + f'"{_REASON}"}}\''
)
_TAILS = (TAIL, _COPILOT_TAIL, " || exit 2", " || true", " || :")

Version = tuple[int, ...]


def closed(client: Client, event: str, entry: Entry, version: Version | None) -> Entry:
    """`entry` so that the agent refuses the call when it fails; of other events, as it is.

    Args:
        client: the agent.
        event: the event it is for.
        entry: what is registered there.
        version: the agent's, None if it is not known: then it is made safe for old and new ones.
    """
    if client.verbs[event] != "pre":
        return entry
    key = "bash" if "bash" in entry else "command"
    command = f"{entry[key]} {OPTION}"
    if client is CLAUDE_CODE:
        is_old = version is not None and version < CLAUDE_CODE_BLOCKS_SINCE
        is_new = version is not None and not is_old
        switch = {} if is_old else {"onFailure": "block"}
        return entry | {key: command if is_new else command + TAIL} | switch
    return entry | {key: command + (_COPILOT_TAIL if client is COPILOT_CLI else TAIL)}


def without_tail(command: str) -> str:
    """A command line without what makes its failure a refusal, or hides it."""
    stripped = command.strip()
    for tail in _TAILS:
        if stripped.endswith(tail):
            return stripped.removesuffix(tail)
    return stripped


def is_closed(entry: Entry) -> bool:
    """Whether a failing hook of this entry stops the call."""
    command = str(entry.get("bash", entry.get("command", "")))
    blocks = entry.get("onFailure") == "block"
    return blocks or command.endswith((TAIL, _COPILOT_TAIL, " || exit 2"))


def claude_code_version() -> Version | None:
    """The version of the `claude` on this PATH; None if there is none that tells."""
    try:
        told = subprocess.run(
            ["claude", "--version"],  # noqa: S607  the one that the user would start
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    found = re.match(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})\b", told)
    return tuple(map(int, found.groups())) if found else None


def policy_is_closed(state: Path) -> bool:
    """Whether the policy last fetched refuses what cannot be judged; False if there is none."""
    try:
        told = json.loads((state / "policy.json").read_bytes())["policy"]
        return bool(told.get("on_failure") == "closed")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
