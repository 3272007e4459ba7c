"""What `agentaudit-hook install` writes into each agent's settings, as the set-up page shows it."""

from pathlib import Path

from agentaudit_hook.installing.clients import CLIENTS, Client
from agentaudit_hook.installing.entries import Wanted, diff, with_hooks
from agentaudit_hook.installing.json_text import JsonText

FOLDER = "backend/agentaudit_backend/templates/agent_settings"
COMMAND = "/home/you/.local/state/agentaudit/bin/agentaudit-hook"
_HOME = Path("/home/you")
_BEFORE = {
    "claude-code": '{\n  "model": "opus"\n}\n',
    "gemini-cli": '{\n  "theme": "GitHub"\n}\n',
}
"""Files that hold other settings too; the other agents' are for hooks alone."""


def settings_diff(client: Client) -> str:
    """The unified diff of a person's own settings, from an example of what was there before."""
    before = _BEFORE.get(client.name, "")
    hooked = with_hooks(
        JsonText(before or "{}\n", comments=client.comments),
        Wanted(client=client, command=COMMAND),
    )
    path = client.path("user", {"HOME": str(_HOME)}, _HOME)
    return diff(before, hooked.text, Path("~") / path.relative_to(_HOME))


FILES = {
    f"{FOLDER}/{name}.diff": lambda client=client: settings_diff(client)
    for name, client in CLIENTS.items()
}
